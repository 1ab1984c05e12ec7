"""robots.txt: the examples of RFC 9309, and files as people write them."""

from __future__ import annotations

import time

import pytest

from hearken.data.collect.robots import Robots, parse_robots

HOST = "https://example.com"


def allowed(rules: str, path: str, product: str = "Hearken") -> bool:
    return parse_robots(rules, product).allows(HOST + path)


# RFC 9309, 5.1: several groups, one for two names, one that allows nothing, one that allows all
SIMPLE = """
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""


@pytest.mark.parametrize(
    ("product", "path", "wanted"),
    [
        ("Hearken", "/publications/x.html", True),
        ("Hearken", "/example/x.html", False),
        ("Hearken", "/a/b.gif", False),
        ("Hearken", "/a/b.gif?x", True),
        ("Hearken", "/", True),
        ("FooBot", "/", False),
        ("FooBot", "/example/page.html", True),
        ("FooBot", "/example/allowed.gif", True),
        ("barbot", "/example/page.html", False),
        ("bazbot", "/example/page.html", False),
        ("bazbot", "/example/other.html", True),
        ("quxbot", "/example/page.html", True),
    ],
)
def test_the_simple_example(product: str, path: str, wanted: bool) -> None:
    assert allowed(SIMPLE, path, product) is wanted


def test_the_longest_match_counts() -> None:  # RFC 9309, 5.2; urllib.robotparser takes the first
    rules = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif"
    assert not allowed(rules, "/example/page/disallowed.gif", "foobot")
    assert allowed("User-agent: *\nDisallow: /page\nAllow: /page", "/page")


@pytest.mark.parametrize(
    ("rule", "path", "wanted"),  # RFC 9309, 2.2.2 and 2.2.3
    [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", False),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", False),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", False),
        ("/foo/bar/%E3%83%84", "/foo/bar/ツ", False),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", False),
        ("/this/path/exactly$", "/this/path/exactly", False),
        ("/this/path/exactly$", "/this/path/exactly/not", True),
        ("/this/*/exactly", "/this/long/path/exactly/and", False),
        ("/*.php$", "/a.php", False),
        ("/*.php$", "/a.php?x=1", True),
        ("/a*b*$", "/axxbyy", False),
        ("*", "/anything", False),
        ("/a$b", "/a$b", False),
        ("/aa*a$", "/aa", True),
        ("/%2f", "/%2F", False),
        ("", "/anything", True),
    ],
)
def test_paths(rule: str, path: str, wanted: bool) -> None:
    assert allowed(f"User-agent: *\nDisallow: {rule}", path) is wanted


def test_groups_of_one_name_are_one_and_delay_is_the_longest() -> None:
    found = parse_robots(
        "\ufeffuser-agent: HEARKEN/2.0\nDisallow: /a # why\nCrawl-delay: 2\n\nUser-agent: *\nDisallow: /\nCrawl-delay: 60\n"
        "nonsense\nUser-agent: hearken\nUser-agent: other\ndisallow: /b\ncrawl-delay: 4.5\nSitemap: https://x/s.xml\nDisallow: /c\n",
        "Hearken",
    )
    assert [found.allows(HOST + path) for path in ("/a", "/b", "/c", "/d")] == [False, False, False, True]
    assert (found.crawl_delay_s, found.sitemaps) == (4.5, ("https://x/s.xml",))


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", ""])
def test_a_senseless_delay_is_none(text: str) -> None:
    assert parse_robots(f"User-agent: *\nCrawl-delay: {text}", "x").crawl_delay_s == 0.0


def test_robots_itself_may_always_be_read_and_rules_before_a_name_are_nobodys() -> None:
    assert allowed("User-agent: *\nDisallow: /", "/robots.txt")
    assert allowed("Disallow: /\n", "/x")
    assert Robots().allows(HOST)


def test_hostile_wildcards_take_no_time() -> None:
    start_s = time.thread_time()
    assert allowed("User-agent: *\nDisallow: /" + "*a" * 5_000 + "*b$", "/" + "a" * 20_000)
    assert time.thread_time() - start_s < 2.0
