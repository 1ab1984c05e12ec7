"""The lists of the two sites: all sounds, each once, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hearken.data.collect.cache import PageCache
from hearken.data.collect.polite import Page, VisitError
from hearken.data.collect.sites import SITES, Listing, text_of
from tests.data.collect.local_site import Answer, bible_list, page, sitemap

pytest.importorskip("bs4")


class FakeVisitor:
    def __init__(self, answers: dict[str, Answer | VisitError], sitemaps: tuple[str, ...] | VisitError = ()) -> None:
        self.answers, self.maps, self.asked = answers, sitemaps, []

    def page(self, url: str, headers: object) -> Page:
        self.asked.append(url)
        answer = self.answers.get(url, Answer(status=404))
        if isinstance(answer, VisitError):
            raise answer
        return Page(url, answer.status, answer.headers, answer.body)

    def sitemaps(self, url: str) -> tuple[str, ...]:
        if isinstance(self.maps, VisitError):
            raise self.maps
        return self.maps


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., list[Listing]]:
    def read(name: str, visitor: FakeVisitor) -> list[Listing]:
        return list(SITES[name].listings(visitor, PageCache(tmp_path, visitor)))  # type: ignore[arg-type]

    return read


def numbers(listings: list[Listing]) -> list[list[str]]:
    return [[link.number for link in listing.links] for listing in listings]


def bible(number: int) -> str:
    return f"https://soundbible.com/free-sound-effects-{number}.html"


def test_owners() -> None:
    site = SITES["soundbible"]
    urls = ("https://soundbible.com/x", "http://www.soundbible.com/", "https://soundbible.com.evil.org/", "http://[::1", "/x")
    assert [site.owns(url) for url in urls] == [True, True, False, False, False]
    assert list(SITES) == ["bigsoundbank", "soundbible"]


def test_text_of_a_page() -> None:
    assert text_of(Page("u", 200, {"content-type": "text/html; charset=latin-1"}, b"\xe9")) == "é"


def test_soundbible_is_read_to_its_end(listed) -> None:
    visitor = FakeVisitor({
        bible(1): bible_list("/9-A.html", "/8-B.html", "/9-A.html", pages=(2, 5)),
        bible(2): bible_list("/7-C.html"),
        bible(3): bible_list("/6-D.html", "http://www.soundbible.com/5-E.html"),
        bible(5): bible_list("/4-F.html", "/9-A.html"),
    })  # fmt: skip
    assert numbers(listed("soundbible", visitor)) == [["8", "9"], ["7"], ["5", "6"], [], ["4", "9"], []]
    assert visitor.asked == [bible(number) for number in (1, 2, 3, 4, 5, 6)]  # 6: whether there is more


def test_soundbible_repeating_its_last_page_comes_to_an_end(listed) -> None:
    visitor = FakeVisitor({bible(number): bible_list("/9-A.html") for number in range(1, 100)})
    assert numbers(listed("soundbible", visitor)) == [["9"], ["9"]]


def test_soundbible_in_trouble(listed) -> None:
    broken = VisitError("broken", "busy")
    visitor = FakeVisitor({bible(1): bible_list("/9-A.html", pages=(3,)), bible(2): broken, bible(3): page("<p>" * 60_000)})
    found = listed("soundbible", visitor)
    assert [listing.trouble for listing in found] == ["", "busy", f"{bible(3)}: The page has more than 50000 elements."]


def test_soundbible_without_a_first_page(listed) -> None:
    assert [listing.trouble for listing in listed("soundbible", FakeVisitor({bible(1): VisitError("broken", "busy")}))] == ["busy"]
    assert [listing.trouble for listing in listed("soundbible", FakeVisitor({}))] == [f"{bible(1)} is not there"]


def test_bigsoundbank_by_its_sitemaps(listed) -> None:
    home = "https://bigsoundbank.com"
    visitor = FakeVisitor(
        {
            f"{home}/sitemap_bsb.xml": sitemap("/forest-s0100.html", "/detail-0100-forest.html", "/more.xml", "/about.html"),
            f"{home}/more.xml": sitemap("/rain-s0740.html", "/sitemap_bsb.xml"),
        },
        (f"{home}/more.xml", "https://elsewhere.example/s.xml"),
    )
    found = listed("bigsoundbank", visitor)
    assert numbers(found) == [["0100"], ["0740"]]
    assert found[0].links[0].url == f"{home}/forest-s0100.html"
    assert visitor.asked == [f"{home}/sitemap_bsb.xml", f"{home}/more.xml"]


def test_bigsoundbank_in_trouble(listed) -> None:
    home = "https://bigsoundbank.com"
    visitor = FakeVisitor({f"{home}/sitemap_bsb.xml": VisitError("broken", "busy")}, (f"{home}/gone.xml",))
    assert [listing.trouble for listing in listed("bigsoundbank", visitor)] == ["busy", f"{home}/gone.xml is not there"]
    refused = FakeVisitor({}, VisitError("broken", "no robots"))
    assert [listing.trouble for listing in listed("bigsoundbank", refused)] == ["no robots"]
    assert refused.asked == []
