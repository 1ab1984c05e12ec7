"""The pages of SoundBible: lists of sounds, and a page for each.

What is known of them comes from public programs that read them and from the public WavText5K.csv, not from the site itself:
lists are `free-sound-effects-N.html` with the sounds' names in `h3 a` (earlier: a table with `tr.row-b`); a sound's page has
its tags as links to `tags-WORD.html` (pieces of that markup have got into three rows of the CSV) and in
`meta[name=keywords]`, its description in `#course-details p` (earlier: `span[property="v:summary"]`), and the sound is
`grab.php?id=N&type=wav`. Where a page has none of these, its general marks (headings, `meta`) are taken.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hearken.data.collect.markup import MAX_TAGS, Detail, clean, first_text, links, parse, text_lines, words

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

HOME = "https://soundbible.com"
_SOUND = re.compile(r"/(\d{1,7})-[^/]*\.html", re.IGNORECASE)
_LIST = re.compile(r"/free-sound-effects-(\d{1,5})\.html", re.IGNORECASE)
_TAG = re.compile(r"/tags-[^/]+\.html", re.IGNORECASE)
_TITLES = ("meta[property='og:title']", "#main h2", "h1", "#course-details h2", "h2", "title")
_DESCRIPTIONS = (
    "[property='v:summary']", "#course-details .col-lg-8 p", "#course-details p", "[itemprop=description]",
    "meta[property='og:description']", "meta[name=description]",
)  # fmt: skip
_LABEL = re.compile(r"^(?:sound\s+)?description\s*:\s*", re.IGNORECASE)
_ADVERT = re.compile(r"\bfree\.\s*get\s+(.+?)\s+in wav or mp3\b", re.IGNORECASE)
_SITE = re.compile(r"\s*[|\-–—:]?\s*\bsound\s?bible(?:\.com)?\b\s*[|\-–—:]?\s*|\s+sounds?(?: effects?)?\s*(?:\||$)", re.IGNORECASE)
_LICENCE = re.compile(r"\blicen[cs]e\s*:\s*([^|\n]{1,60}?)\s*(?:\||\n|$)", re.IGNORECASE)


def sound_number(url: str) -> str:
    """Return the number of the sound that a page is about, "" if it is no page of a sound."""
    found = _SOUND.fullmatch(urlsplit(url).path)
    return found[1] if found else ""


def list_number(url: str) -> int:
    """Return the number of a page of the list, 0 if it is none."""
    found = _LIST.fullmatch(urlsplit(url).path)
    return int(found[1]) if found else 0


def list_page(number: int) -> str:
    """Return the address of page `number` (from 1) of the list."""
    return f"{HOME}/free-sound-effects-{number}.html"


def download_link(number: str) -> str:
    """Return the address of the sound itself, by its number."""
    return f"{HOME}/grab.php?id={number}&type=wav"


def title_of(url: str) -> str:
    """Return the title as the address of a page has it: the same in 99 of 100 rows of the public CSV, but for hyphens."""
    return clean(unquote(urlsplit(url).path).rpartition("/")[2].removesuffix(".html").partition("-")[2].replace("-", " "))


def read_detail(text: str, url: str) -> Detail:
    """Return what the page `text` at `url` says of its sound."""
    soup = parse(text)
    licence = _LICENCE.search(text_lines(soup))
    return Detail(
        title=_title(soup, url),
        description=_description(soup),
        tags=_tags(soup, url),
        download_link=next((address for address, _ in links(soup, url) if _is_download(address, url)), ""),
        licence=clean(licence[1]) if licence else "",
    )


def _title(soup: BeautifulSoup, url: str) -> str:
    """Return the title: as a heading says it if that agrees with the page's address, else as the address has it."""
    of_address = title_of(url)
    for selector in _TITLES:
        found = _SITE.sub(" ", first_text(soup, [selector])).strip()
        if found and (not of_address or _letters(found) == _letters(of_address)):
            return found
    return of_address


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _description(soup: BeautifulSoup) -> str:
    found = _LABEL.sub("", first_text(soup, _DESCRIPTIONS))
    advert = _ADVERT.search(found)
    return clean(advert[1]) if advert else found


def _tags(soup: BeautifulSoup, url: str) -> tuple[str, ...]:
    """Return the tags: those of `meta`, or else the links to pages of tags."""
    named = words(first_text(soup, ["meta[name=keywords]"]))
    tags = (element.get_text(" ") for address, element in links(soup, url) if _TAG.fullmatch(urlsplit(address).path))
    return named or words(list(itertools.islice(tags, MAX_TAGS)))


def _is_download(address: str, url: str) -> bool:
    parts = urlsplit(address)
    number = sound_number(url)
    is_grab = parts.path.lower().endswith("/grab.php") and "type=wav" in parts.query and f"id={number}" in parts.query.split("&")
    return is_grab or parts.path.lower().endswith(".wav")
