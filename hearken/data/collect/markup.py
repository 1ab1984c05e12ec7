"""HTML as it comes: bytes to text, and the few questions that the parsers of the sites ask of a page."""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from hearken.errors import DataError, MissingExtraError, extra_hint

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.ASCII)
_META_BYTES = 4_096
_LOCATION = re.compile(r"<(/?)loc>", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MARKED_SECTION = re.compile(r"<!\[[^>]*>?")  # html.parser gives up on those that it does not know
_MAX_ELEMENTS = 50_000  # in a page; real ones have a few thousand
_MAX_TRIED = 20
MAX_TAGS = 1_000
MAX_TEXT_CHARS = 10_000


@dataclass(frozen=True)
class Detail:
    """What the page of one sound says of it; empty where it says nothing."""

    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    download_link: str = ""
    licence: str = ""
    author: str = ""


def decode_page(body: bytes, content_type: str = "") -> str:
    """Return a page as text: in the encoding that it or its server names, or else UTF-8, or else Windows-1252."""
    named = [_CHARSET.search(content_type), _CHARSET.search(body[:_META_BYTES].decode("ascii", "replace"))]
    for encoding in [*(match[1] for match in named if match), "utf-8"]:
        try:
            name = codecs.lookup(encoding).name
            return body.decode("utf-8-sig" if name == "utf-8" else "cp1252" if name == "iso8859-1" else name)
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", "replace")


def parse(text: str) -> BeautifulSoup:
    """Return the tree of a page. Raises DataError for what is no page, MissingExtraError without Beautiful Soup."""
    try:
        from bs4 import BeautifulSoup
        from bs4.exceptions import ParserRejectedMarkup
    except ImportError as error:
        raise MissingExtraError("Reading web pages needs Beautiful Soup.", extra_hint("data")) from error
    if text.count("<") > _MAX_ELEMENTS:
        raise DataError(f"The page has more than {_MAX_ELEMENTS} elements.", "Look at it in a browser.")
    try:
        return BeautifulSoup(_MARKED_SECTION.sub("", text), "html.parser")
    except (ParserRejectedMarkup, RecursionError) as error:
        raise DataError("The page cannot be parsed.", "Look at it in a browser.") from error


def clean(text: str) -> str:
    """Return `text` with entities as characters, runs of white space as one blank, and no control characters."""
    return " ".join(_UNPRINTABLE.sub(" ", html.unescape(text)).split())[:MAX_TEXT_CHARS]


def first_text(soup: BeautifulSoup, selectors: Iterable[str]) -> str:
    """Return the text (or `content`) of the first element that fits a selector and is not empty; "" if none is."""
    for selector in selectors:
        for element in soup.select(selector, limit=_MAX_TRIED):
            if found := clean(str(element.get("content") or "") if element.name == "meta" else element.get_text(" ")):
                return found
    return ""


def links(soup: BeautifulSoup, base: str) -> Iterator[tuple[str, Tag]]:
    """Yield every link to the web: the absolute address, without fragment, and the element."""
    for element in soup.find_all("a", href=True):
        if address := absolute(base, str(element["href"])):
            yield address, element


def absolute(base: str, href: str) -> str:
    """Return where `href` leads from `base`, without fragment; "" if that is nowhere on the web."""
    try:
        address = urljoin(base, href.strip()).partition("#")[0]
        parts = urlsplit(address)
        return address if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def sitemap_locations(text: str) -> tuple[str, ...]:
    """Return the addresses in a sitemap, or in an index of sitemaps; in time linear in its length."""
    pieces = _LOCATION.split(text)  # text, mark, text, mark ...: the mark is "" where an address begins, "/" where it ends
    found = (pieces[at + 1].strip() for at in range(1, len(pieces) - 2, 2) if (pieces[at], pieces[at + 2]) == ("", "/"))
    return tuple(html.unescape(each.removeprefix("<![CDATA[").removesuffix("]]>").strip()) for each in found)


def text_lines(soup: BeautifulSoup) -> str:
    """Return the text of a page, a line for each piece that is not empty, with single blanks: what follows cannot be slow on it."""
    lines = (" ".join(line.split()) for line in soup.get_text("\n").splitlines())
    return "\n".join(line for line in lines if line)


def linked_data(soup: BeautifulSoup, kind: str) -> dict[str, Any]:
    """Return the first object of `kind`, such as AudioObject, in the page's JSON-LD; empty if there is none."""
    for script in soup.find_all("script", type="application/ld+json"):
        try:
            value = json.loads(script.get_text())
        except (ValueError, RecursionError):
            continue
        for item in _objects(value):
            if item.get("@type") == kind:
                return item
    return {}


def _objects(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and depth < 8:
        for item in value:
            yield from _objects(item, depth + 1)


def words(value: object) -> tuple[str, ...]:
    """Return keywords, as a list or as a text with commas, each once and in order."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    found = dict.fromkeys(clean(part) for part in parts if isinstance(part, str))
    return tuple(word for word in found if word)[:MAX_TAGS]
