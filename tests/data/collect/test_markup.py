"""Bytes to text, and questions asked of pages, of broken and hostile ones too."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from hearken.data.collect import bigsoundbank, soundbible
from hearken.data.collect.markup import (
    absolute,
    clean,
    decode_page,
    first_text,
    linked_data,
    links,
    parse,
    sitemap_locations,
    text_lines,
    words,
)
from hearken.errors import DataError, MissingExtraError, extra_hint
from tests.data.collect.local_site import bank_page, bible_page

pytest.importorskip("bs4")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "", "é"),
        (b"\xef\xbb\xbf\xc3\xa9", "", "é"),
        (b"\xe9", "text/html; charset=ISO-8859-1", "é"),
        (b"\x93x\x94", "text/html; charset=latin1", "“x”"),  # as browsers read it
        (b"\xe9", "", "é"),
        (b"<meta charset='windows-1251'>\xe9", "", "<meta charset='windows-1251'>й"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">\xe9', "", None),
        (b"\xe9", "text/html; charset=utf-8", "é"),
        ("é".encode(), "text/html; charset=nonsense", "é"),
        ("é".encode(), "text/html; charset=zlib", "é"),
        ("é".encode(), "text/html; charset=rot13", "é"),
        (b"\x81", "", "\ufffd"),
    ],
)
def test_bytes_become_text(body: bytes, content_type: str, text: str | None) -> None:
    found = decode_page(body, content_type)
    assert found == text if text is not None else found.endswith("é")


def test_text_is_cleaned() -> None:
    assert clean(" a &amp;\n\t b\x00\x1b[31m\u00a0c ") == "a & b [31m c"
    assert len(clean("x" * 20_000)) == 10_000


def test_the_first_text_that_is_not_empty() -> None:
    soup = parse("<meta name=d content=' '><h1> </h1><h1>A <b>b</b></h1><meta name=e content='E &amp; f'>")
    assert first_text(soup, ["meta[name=d]", "h1"]) == "A b"
    assert first_text(soup, ["h2", "meta[name=e]", "h1"]) == "E & f"
    assert first_text(soup, ["h2"]) == ""


def test_links_to_the_web_alone() -> None:
    soup = parse(
        "<a href=' b.html#x'>B</a><a>no</a><a href='mailto:x@y'>m</a><a href='//o.org/c'>c</a><a href='http://[::1'>d</a><a href=''>e</a>"
    )
    assert [address for address, _ in links(soup, "https://x.org/a/")] == ["https://x.org/a/b.html", "https://o.org/c", "https://x.org/a/"]
    assert absolute("https://x.org", "javascript:1") == ""


def test_sitemaps() -> None:
    text = "<urlset><url><loc> https://x/a?b=1&amp;c=2 </loc></url><url><LOC><![CDATA[https://x/d]]></LOC></url></urlset>"
    assert sitemap_locations(text) == ("https://x/a?b=1&c=2", "https://x/d")


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ('{"@type": "AudioObject", "name": "a"}', "a"),
        ('[{"@type": "WebPage"}, {"@type": "AudioObject", "name": "b"}]', "b"),
        ('{"@graph": [{"@type": "AudioObject", "name": "c"}]}', "c"),
        ("{broken", None),
        ('{"@type": ["AudioObject"]}', None),
        ("[" * 5_000, None),
        ("[" * 50 + '{"@type": "AudioObject", "name": "deep"}' + "]" * 50, None),
    ],
)
def test_linked_data(script: str, name: str | None) -> None:
    soup = parse(f"<script type='application/ld+json'>{{</script><script type='application/ld+json'>{script}</script>")
    assert linked_data(soup, "AudioObject").get("name") == name


def test_words() -> None:
    assert words("a, b ,,a,c d") == ("a", "b", "c d")
    assert words(["a", 1, " b "]) == ("a", "b")
    assert words(None) == words(3) == ()
    assert len(words(",".join(map(str, range(2000))))) == 1000


def test_without_beautiful_soup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bs4", None)
    with pytest.raises(MissingExtraError, match="needs Beautiful Soup") as caught:
        parse("<p>")
    assert extra_hint("data") in caught.value.hint


def test_what_is_no_page() -> None:
    with pytest.raises(DataError, match="more than 50000 elements"):
        parse("<p>" * 50_001)
    assert first_text(parse("<![if IE]><h1>a</h1><![CDATA[x]]><![temp"), ["h1"]) == "a"


def test_broken_pages_give_something_or_a_named_error() -> None:
    pages = [bank_page("0100", "Forest", "Birds", "a, b").body, bible_page("12", "Bear", "Growls", ("a", "b")).body]
    bits = [
        b"<",
        b">",
        b"<![",
        b"</",
        b'"',
        b"<!--",
        b"-->",
        b"\0",
        b"\xff",
        b"&#x110000;",
        b"&#xd800;",
        b"<!DOCTYPE [",
        b"<?",
        b"charset=idna",
    ]
    generator = np.random.default_rng(0)
    for _ in range(400):
        body = bytearray(pages[generator.integers(2)])
        for _ in range(generator.integers(1, 6)):
            place = int(generator.integers(len(body)))
            if generator.random() < 0.5:
                body[place:place] = bits[generator.integers(len(bits))]
            else:
                del body[place : place + int(generator.integers(1, 40))]
        text = decode_page(bytes(body))
        for module, url in ((soundbible, "https://soundbible.com/12-Bear.html"), (bigsoundbank, "https://bigsoundbank.com/f-s0100.html")):
            detail = module.read_detail(text, url)
            assert detail.title.isprintable()
            assert detail.description.isprintable() or not detail.description


def test_hostile_nesting_takes_no_time() -> None:
    start_s = time.thread_time()
    for piece in ("<div>", "<a href=tags-x.html>", "<h1>"):
        soundbible.read_detail(piece * 3_000, "https://soundbible.com/1-A.html")
    assert time.thread_time() - start_s < 10.0


def test_sitemaps_of_any_length_are_read_in_their_own_time() -> None:
    assert sitemap_locations("<LOC> <![CDATA[ /a&amp;b ]]> </LOC><loc>/c</loc><loc>/d<loc>/e</loc>") == ("/a&b", "/c", "/e")
    start_s = time.thread_time()
    assert sitemap_locations("<loc>" * 200_000 + "<loc>" + " " * 200_000) == ()
    assert time.thread_time() - start_s < 5.0


def test_empty_lines_take_no_time() -> None:
    assert text_lines(parse("<p> Author \n\n <b>:\tx</b>" + "\n" * 100_000 + "</p>")) == "Author\n: x"
