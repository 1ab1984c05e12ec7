"""Pages that were visited, kept on disk: what is here is not asked for again, and asked conditionally where that is wished.

A page is one file, written whole or not at all: a line of JSON about it, and then its body as it came.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from hearken.data.collect.polite import Page, Visitor
from hearken.files import write_whole

_KEPT_HEADERS = ("content-type", "etag", "last-modified")


class PageCache:
    """Pages by the address that was asked for, below `folder`. With `refresh`, the site is asked whether each has changed."""

    def __init__(self, folder: Path, visitor: Visitor, *, refresh: bool = False) -> None:
        self._folder, self._visitor, self._refresh = folder, visitor, refresh
        self._fresh: set[str] = set()

    def page(self, url: str) -> Page:
        """Return the page at `url`, also one that is gone. Raises VisitError, and then nothing is kept."""
        kept = self.kept(url)
        if kept is not None and (not self._refresh or url in self._fresh):
            return kept
        page = self._visitor.page(url, _conditions(kept))
        if kept is not None and page.status == 304:
            page = kept
        else:
            self._keep(url, page)
        self._fresh.add(url)
        return page

    def kept(self, url: str) -> Page | None:
        """Return the page as it was kept, None where it is not here or its file is damaged."""
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            about = json.loads(head)
            if about["asked"] == url and about["num_bytes"] == len(body):
                return Page(str(about["url"]), int(about["status"]), {str(k): str(v) for k, v in about["headers"].items()}, body)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return None

    def _keep(self, url: str, page: Page) -> None:
        headers = {name: page.headers[name] for name in _KEPT_HEADERS if name in page.headers}
        about = {"asked": url, "url": page.url, "status": int(page.status), "headers": headers, "num_bytes": len(page.body)}
        path = self._path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, [json.dumps(about).encode(), b"\n", page.body], alone=True)

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / name[:2] / f"{name}.page"


def _conditions(kept: Page | None) -> Mapping[str, str]:
    headers = {} if kept is None else kept.headers
    pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {name: value for name, value in pairs.items() if value}
