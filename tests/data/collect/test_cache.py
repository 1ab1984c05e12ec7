"""Kept pages: asked for once, damaged ones again, and conditionally where that is wished."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hearken.data.collect.cache import PageCache
from hearken.data.collect.polite import Page, VisitError

URL = "https://soundbible.com/1-A.html"


class FakeVisitor:
    def __init__(self, *answers: Page | VisitError) -> None:
        self.answers, self.asked = list(answers), []

    def page(self, url: str, headers: Mapping[str, str]) -> Page:
        self.asked.append((url, dict(headers)))
        answer = self.answers.pop(0)
        if isinstance(answer, VisitError):
            raise answer
        return answer


def cache(tmp_path: Path, visitor: Any, *, refresh: bool = False) -> PageCache:
    return PageCache(tmp_path / "pages", visitor, refresh=refresh)


def test_a_page_is_asked_for_once(tmp_path: Path) -> None:
    page = Page(URL, 200, {"content-type": "text/html", "etag": '"1"', "server": "x"}, b"a\nb\n")
    visitor = FakeVisitor(page)
    wanted = Page(URL, 200, {"content-type": "text/html", "etag": '"1"'}, b"a\nb\n")
    assert cache(tmp_path, visitor).page(URL) == page
    assert [cache(tmp_path, visitor).page(URL) for _ in range(2)] == [wanted, wanted]
    assert visitor.asked == [(URL, {})]


def test_a_page_that_is_gone_is_kept_and_a_failure_is_not(tmp_path: Path) -> None:
    visitor = FakeVisitor(VisitError("broken", "no"), Page(URL, 404, {}))
    with pytest.raises(VisitError):
        cache(tmp_path, visitor).page(URL)
    assert [cache(tmp_path, visitor).page(URL).status for _ in range(2)] == [404, 404]
    assert len(visitor.asked) == 2


def test_refresh_asks_once_a_run_whether_it_has_changed(tmp_path: Path) -> None:
    old = Page(URL, 200, {"etag": '"1"', "last-modified": "Mon"}, b"old")
    cache(tmp_path, FakeVisitor(old)).page(URL)
    visitor = FakeVisitor(Page(URL, 304, {}))
    fresh = cache(tmp_path, visitor, refresh=True)
    assert [fresh.page(URL), fresh.page(URL)] == [old, old]
    assert visitor.asked == [(URL, {"If-None-Match": '"1"', "If-Modified-Since": "Mon"})]
    assert cache(tmp_path, FakeVisitor(Page(URL, 200, {}, b"new")), refresh=True).page(URL).body == b"new"
    assert cache(tmp_path, FakeVisitor()).page(URL).body == b"new"


@pytest.mark.parametrize(
    "harm", [lambda content: content[:-1], lambda content: b"", lambda content: b"{" + content, lambda content: b"[]\n"]
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, harm) -> None:
    cache(tmp_path, FakeVisitor(Page(URL, 200, {}, b"body"))).page(URL)
    (file,) = (tmp_path / "pages").rglob("*.page")
    file.write_bytes(harm(file.read_bytes()))
    assert cache(tmp_path, FakeVisitor()).kept(URL) is None
    assert cache(tmp_path, FakeVisitor(Page(URL, 200, {}, b"again"))).page(URL).body == b"again"


def test_a_page_that_cannot_be_written_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError("full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="full"):
        cache(tmp_path, FakeVisitor(Page(URL, 200, {}, b"body"))).page(URL)
    assert [path for path in (tmp_path / "pages").rglob("*") if path.is_file()] == []
