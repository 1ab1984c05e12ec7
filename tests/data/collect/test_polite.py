"""Manners: what is asked, when, how often, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from hearken.data.collect.polite import Manners, VisitError, Visitor
from tests.data.collect.local_site import Answer, FakeClock, LocalSites, packed, page, sound, wav
from tests.local_server import without_proxies

BIBLE, BANK = "https://soundbible.com", "https://bigsoundbank.com"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sites(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSites]:
    without_proxies(monkeypatch)
    with LocalSites(lambda: clock.time_s) as sites:
        yield sites


@pytest.fixture
def visitor(sites: LocalSites, clock: FakeClock) -> Visitor:
    return Visitor(sites.manners(timeout_s=0.3), clock.clock())


def put(sites: LocalSites, path: str, *answers: Answer, site: str = "soundbible") -> None:
    *first, usual = answers
    sites.first[site, path], sites.routes[site, path] = first, usual


def kind_of(visitor: Visitor, url: str) -> tuple[str, str]:
    with pytest.raises(VisitError) as caught:
        visitor.page(url)
    return caught.value.kind, caught.value.text


def test_a_page_comes_with_its_headers(sites: LocalSites, visitor: Visitor) -> None:
    put(sites, "/a%20b?q=%C3%A9", page("hello", headers={"ETag": '"1"'}))
    found = visitor.page(f"{BIBLE}/a b?q=é#part", {"If-None-Match": '"0"'})
    assert (found.status, found.headers["etag"], found.url) == (200, '"1"', f"{BIBLE}/a b?q=é#part")
    assert b"hello" in found.body
    sent = sites.log[-1].headers
    assert (sent["if-none-match"], sent["accept-encoding"], sent["connection"]) == ('"0"', "gzip", "close")
    assert sent["user-agent"].startswith("Hearken/")
    assert Manners(contact="mailto:a@b.c").user_agent.endswith("(corpus collector; +mailto:a@b.c)")
    assert visitor.page(f"{BIBLE}/a b?q=é", {"If-None-Match": '"1"'}).status == 304


def test_each_host_has_its_own_pause(sites: LocalSites, visitor: Visitor, clock: FakeClock) -> None:
    put(sites, "/robots.txt", Answer(b"User-agent: *\nCrawl-delay: 5"))
    for path in ("/1", "/2", "/3"):
        for site in ("soundbible", "bigsoundbank"):
            put(sites, path, page("x"), site=site)
            visitor.page(f"https://{site}.com{path}")
    times = {site: [asked.time_s - 1000 for asked in sites.log if asked.site == site] for site in ("soundbible", "bigsoundbank")}
    assert times["soundbible"] == [0.0, 1.0, 6.0, 11.0]  # robots.txt, then by its Crawl-delay
    assert times["bigsoundbank"] == [1.0, 2.0, 6.0, 11.0]  # while the other rests, this one is asked


@pytest.mark.parametrize("status", [404, 401, 403, 410])
def test_robots_that_is_not_there_forbids_nothing(sites: LocalSites, visitor: Visitor, status: int) -> None:
    put(sites, "/robots.txt", Answer(b"User-agent: *\nDisallow: /", status))
    put(sites, "/x", page("x"))
    assert visitor.page(f"{BIBLE}/x").status == 200
    visitor.page(f"{BIBLE}/x")
    assert sites.paths() == ["/robots.txt", "/x", "/x"]


@pytest.mark.parametrize("answer", [Answer(b"", 500), Answer(b"", 429), Answer(b"x" * 100, cut=3)])
def test_robots_that_cannot_be_had_forbids_everything(sites: LocalSites, visitor: Visitor, answer: Answer) -> None:
    put(sites, "/robots.txt", answer)
    for _ in range(2):
        kind, text = kind_of(visitor, f"{BIBLE}/x")
        assert (kind, "cannot be read, so nothing may be asked there" in text) == ("broken", True)
    assert sites.paths() == ["/robots.txt"] * 5


def test_robots_moves_is_long_and_grows_old(sites: LocalSites, visitor: Visitor, clock: FakeClock) -> None:
    put(sites, "/robots.txt", Answer(b"", 301, {"Location": "/rules"}))
    put(sites, "/rules", Answer(b"User-agent: *\nDisallow: /no\n" + b"#" * 600_000 + b"\nDisallow: /late\n"))
    put(sites, "/late", page("x"))
    assert visitor.page(f"{BIBLE}/late").status == 200
    assert kind_of(visitor, f"{BIBLE}/no")[0] == "robots"
    assert sites.paths().count("/rules") == 1
    clock.time_s += 90_000
    visitor.page(f"{BIBLE}/late")
    assert sites.paths().count("/rules") == 2


def test_sitemaps_are_told(sites: LocalSites, visitor: Visitor) -> None:
    put(sites, "/robots.txt", Answer(b"Sitemap: https://soundbible.com/s.xml\n"))
    assert visitor.sitemaps(BIBLE + "/") == ("https://soundbible.com/s.xml",)


def test_failures_are_waited_for_longer_and_longer(sites: LocalSites, visitor: Visitor) -> None:
    put(sites, "/x", *[Answer(b"", 503)] * 4, page("x"))
    assert visitor.page(f"{BIBLE}/x").status == 200
    times = [asked.time_s for asked in sites.log[1:]]
    assert [after - before for before, after in pairwise(times)] == [1.0, 1.0, 2.0, 4.0]


def test_after_five_failures_it_is_enough(sites: LocalSites, visitor: Visitor) -> None:
    put(sites, "/x", Answer(b"", 500))
    kind, text = kind_of(visitor, f"{BIBLE}/x")
    assert (kind, "is busy or broken (500)" in text) == ("broken", True)
    assert sites.paths().count("/x") == 5


def test_retry_after_is_kept_to_in_seconds_and_as_a_date(sites: LocalSites, visitor: Visitor, clock: FakeClock) -> None:
    now = clock.clock().date()
    date = now.replace(minute=now.minute + 1).strftime("%a, %d %b %Y %H:%M:%S GMT")
    put(sites, "/x", Answer(b"", 429, {"Retry-After": "30"}), Answer(b"", 503, {"Retry-After": date}), page("x"))
    visitor.page(f"{BIBLE}/x")
    times = [asked.time_s - 1000 for asked in sites.log]
    assert times == [0.0, 1.0, 31.0, 60.0]


def test_a_host_that_asks_for_much_patience_is_left_in_peace(sites: LocalSites, visitor: Visitor, clock: FakeClock) -> None:
    put(sites, "/x", Answer(b"", 429, {"Retry-After": "3600"}), page("x"))
    assert kind_of(visitor, f"{BIBLE}/x") == ("broken", f"{sites.urls['soundbible']}/x: the site asks to come back in 3600 s")
    clock.time_s += 600
    assert kind_of(visitor, f"{BIBLE}/x")[1].endswith("in 3000 s")
    assert sites.paths().count("/x") == 1
    clock.time_s += 3000
    assert visitor.page(f"{BIBLE}/x").status == 200


def test_redirects_within_the_web_are_followed_by_the_rules_of_each_host(sites: LocalSites, visitor: Visitor) -> None:
    put(sites, "/a", Answer(b"", 301, {"Location": "b"}))
    put(sites, "/b", Answer(b"", 302, {"Location": f"{BANK}/c"}))
    put(sites, "/c", page("there"), site="bigsoundbank")
    found = visitor.page(f"{BIBLE}/a")
    assert (found.url, b"there" in found.body) == (f"{BANK}/c", True)
    assert [(asked.site, asked.path) for asked in sites.log][-2:] == [("bigsoundbank", "/robots.txt"), ("bigsoundbank", "/c")]
    put(sites, "/b", Answer(b"", 302, {"Location": f"{BANK}/no"}))
    put(sites, "/robots.txt", Answer(b"User-agent: *\nDisallow: /no"), site="bigsoundbank")
    assert kind_of(Visitor(visitor.manners, visitor._clock), f"{BIBLE}/a")[0] == "robots"
    assert "/no" not in sites.paths()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "leads to file:///etc/passwd, which is not followed"),
        ("http://soundbible.com/y", "which is not followed"),  # from https
        ("javascript:alert(1)", "which is not followed"),
        ("/x", "leads on and on"),
        ("http://[::1", "leads nowhere"),
    ],
)
def test_redirects_that_are_not_followed(sites: LocalSites, visitor: Visitor, target: str, words: str) -> None:
    put(sites, "/x", Answer(b"", 302, {"Location": target}))
    kind, text = kind_of(visitor, f"{BIBLE}/x")
    assert (kind, words in text) == ("gone", True)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(Answer(b"", 403), "refused"), (Answer(b"", 400), "refused"), (Answer(b"", 302), "refused"), (Answer(bytes(16_000_001)), "too_large")],
)
def test_refusals_are_not_asked_for_again(sites: LocalSites, visitor: Visitor, answer: Answer, kind: str) -> None:
    put(sites, "/x", answer)
    assert kind_of(visitor, f"{BIBLE}/x")[0] == kind
    assert sites.paths() == ["/robots.txt", "/x"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_an_answer_and_a_file_is_not(sites: LocalSites, visitor: Visitor, tmp_path: Path, status: int) -> None:
    put(sites, "/x", Answer(b"no", status))
    assert (visitor.page(f"{BIBLE}/x").status, visitor.page(f"{BIBLE}/x").body) == (status, b"")
    with pytest.raises(VisitError, match=f"is not there \\({status}\\)") as caught:
        visitor.file(f"{BIBLE}/x", tmp_path / "x")
    assert caught.value.kind == "gone"
    assert list(tmp_path.iterdir()) == []


def test_addresses_that_are_none(visitor: Visitor) -> None:
    for url in ("ftp://soundbible.com/x", "/x", "https:///x", "http://[::1"):
        assert kind_of(visitor, url) == ("gone", f"{url} is no web address")


def test_a_file_comes_whole_in_several_goes(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    whole = sound(wav(1.0), etag='"v1"')
    cut = [Answer(whole.body, headers=whole.headers, ranges=True, cut=4_000) for _ in range(3)]
    put(sites, "/x.wav", *cut, whole)
    visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == whole.body
    assert [asked.headers.get("range") for asked in sites.log[1:]] == [None, "bytes=4000-", "bytes=8000-", "bytes=12000-"]
    assert {asked.headers["accept-encoding"] for asked in sites.log[1:]} == {"identity"}
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_of_another_version_or_place_starts_anew(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    whole = sound(wav(1.0), etag='"v2"')
    put(sites, "/x.wav", whole)
    url = f"{sites.urls['soundbible']}/x.wav"
    for marks in (
        {"url": f"{BIBLE}/x.wav", "version": '"v1"'},
        {"url": f"{BIBLE}/y.wav", "version": '"v2"'},
        "torn",
        {"url": url, "version": ""},
    ):
        (tmp_path / "x.part").write_bytes(b"old")
        (tmp_path / "x.part.json").write_text(marks if isinstance(marks, str) else json.dumps(marks))
        visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == whole.body
    (tmp_path / "x.part").write_bytes(whole.body + b"more")  # the server says 416
    (tmp_path / "x.part.json").write_text(json.dumps({"url": f"{BIBLE}/x.wav", "version": '"v2"'}))
    visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == whole.body


def test_a_wrong_part_is_not_put_behind_what_is_there(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    whole = sound(wav(1.0), etag='"v1"')
    put(sites, "/x.wav", Answer(whole.body, 206, {"Content-Range": "bytes 7-99/100"}), whole)
    visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == whole.body


def test_a_web_page_is_no_file(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    put(sites, "/x.wav", page("sorry"))
    with pytest.raises(VisitError, match="is a web page, not a sound") as caught:
        visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
    assert caught.value.kind == "gone"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_without_end_is_given_up(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    put(sites, "/x.wav", Answer(wav(1.0), headers={"ETag": '"v"'}, cut=10))
    with pytest.raises(VisitError, match="did not come whole") as caught:
        visitor.file(f"{BIBLE}/x.wav", tmp_path / "x")
    assert caught.value.kind == "broken"
    assert (tmp_path / "x.part").stat().st_size == 10
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("delay", ["3601", "1e300"])
def test_who_asks_for_hours_between_visits_is_not_visited(sites: LocalSites, visitor: Visitor, clock: FakeClock, delay: str) -> None:
    put(sites, "/robots.txt", Answer(f"User-agent: *\nCrawl-delay: {delay}".encode()))
    for _ in range(2):
        kind, text = kind_of(visitor, f"{BIBLE}/x")
        assert (kind, "s between two visits, so nothing is asked there" in text) == ("broken", True)
    assert sites.paths() == ["/robots.txt"]
    assert clock.slept == []


def test_one_host_has_one_pace_however_it_is_written(sites: LocalSites, clock: FakeClock) -> None:
    visitor = Visitor(Manners(), clock.clock())
    for name in ("127.0.0.1", "me@127.0.0.1"):
        put(sites, "/x", page("x"))
        assert visitor.page(sites.urls["soundbible"].replace("127.0.0.1", name) + "/x").status == 200
    assert sites.paths() == ["/robots.txt", "/x", "/x"]
    assert [after.time_s - before.time_s for before, after in pairwise(sites.log)] == [1.0, 1.0]
    with pytest.raises(VisitError, match="is no web address"):
        visitor.page("http://127.0.0.1:x/")


def test_a_packed_file_is_not_gone_on_with(sites: LocalSites, visitor: Visitor, tmp_path: Path) -> None:
    whole = packed(sound(wav(), etag='"1"'))
    put(
        sites,
        "/f",
        Answer(whole.body, headers=whole.headers, cut=len(whole.body) - 3),
        Answer(whole.body, headers=whole.headers, ranges=True),
    )
    visitor.file(f"{BIBLE}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == wav()
    assert [asked.headers.get("range") for asked in sites.log if asked.path == "/f"] == [None, None]
