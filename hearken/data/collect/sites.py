"""The sites that WavText5K was collected from, and how their sounds are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hearken.data.collect import bigsoundbank, soundbible
from hearken.data.collect.cache import PageCache
from hearken.data.collect.markup import Detail, absolute, decode_page, links, parse, sitemap_locations
from hearken.data.collect.polite import Page, VisitError, Visitor
from hearken.errors import DataError

MAX_LISTS = 5_000
"""Most pages of lists, or sitemaps, that are read of one site."""


@dataclass(frozen=True)
class Link:
    """The page of a sound: its address, and the site's number of the sound."""

    url: str
    number: str


@dataclass(frozen=True)
class Listing:
    """A page of a list: the sounds on it, or what went wrong (`trouble`)."""

    links: tuple[Link, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Site:
    """One site. `listings` yields its lists, page by page; the other fields are the functions of its module."""

    name: str
    home: str
    terms: str
    listings: Callable[[Visitor, PageCache], Iterator[Listing]]
    sound_number: Callable[[str], str]
    download_link: Callable[[str], str]
    read_detail: Callable[[str, str], Detail]

    def owns(self, url: str) -> bool:
        """Say whether `url` is on this site."""
        try:
            return (urlsplit(url).hostname or "").removeprefix("www.") == urlsplit(self.home).hostname
        except ValueError:
            return False


def text_of(page: Page) -> str:
    """Return a page as text."""
    return decode_page(page.body, page.headers.get("content-type", ""))


def _sitemap_listings(visitor: Visitor, cache: PageCache) -> Iterator[Listing]:
    """Read the sitemaps of BigSoundBank: the known one, and those that its robots.txt names."""
    waiting, seen = [bigsoundbank.SITEMAP], set[str]()
    try:
        waiting += visitor.sitemaps(bigsoundbank.HOME + "/")
    except VisitError as error:
        yield Listing(trouble=error.text)
        return
    while waiting and len(seen) < MAX_LISTS:
        url = waiting.pop(0)
        if url in seen or not SITES["bigsoundbank"].owns(url):
            continue
        seen.add(url)
        try:
            page = cache.page(url)
        except VisitError as error:
            yield Listing(trouble=error.text)
            continue
        found = [absolute(page.url, location) for location in sitemap_locations(text_of(page))]
        waiting += [location for location in found if urlsplit(location).path.lower().endswith(".xml")]
        yield Listing(_links(found, SITES["bigsoundbank"]), "" if page.body else f"{url} is not there")


def _numbered_listings(visitor: Visitor, cache: PageCache) -> Iterator[Listing]:  # noqa: ARG001 - all sites are listed alike
    """Read the pages of SoundBible's list: those that others link to, and the next one as long as there are new sounds."""
    waiting, seen, known = {1}, set[int](), set[str]()
    while waiting and len(seen) < MAX_LISTS:
        number = min(waiting)
        waiting.remove(number)
        seen.add(number)
        try:
            page = cache.page(soundbible.list_page(number))
            addresses = [address for address, _ in links(parse(text_of(page)), page.url)] if page.body else []
        except VisitError as error:
            yield Listing(trouble=error.text)
            continue
        except DataError as error:
            yield Listing(trouble=f"{soundbible.list_page(number)}: {error.message}")
            continue
        found = _links(addresses, SITES["soundbible"])
        onward = {soundbible.list_number(address) for address in addresses if SITES["soundbible"].owns(address)}
        if {link.number for link in found} - known:
            onward.add(number + 1)
        known |= {link.number for link in found}
        waiting |= onward - seen - {0}
        yield Listing(found, "" if page.body or number > 1 else f"{soundbible.list_page(1)} is not there")


def _links(addresses: list[str], site: Site) -> tuple[Link, ...]:
    """Return the pages of sounds among `addresses`, each sound once."""
    found = {number: Link(url, number) for url in reversed(addresses) if site.owns(url) and (number := site.sound_number(url))}
    return tuple(sorted(found.values(), key=lambda link: int(link.number)))


SITES = {
    "bigsoundbank": Site(
        "bigsoundbank", bigsoundbank.HOME, "https://bigsoundbank.com/licenses.html", _sitemap_listings,
        bigsoundbank.sound_number, bigsoundbank.download_link, bigsoundbank.read_detail,
    ),
    "soundbible": Site(
        "soundbible", soundbible.HOME, "https://soundbible.com/about.php", _numbered_listings,
        soundbible.sound_number, soundbible.download_link, soundbible.read_detail,
    ),
}  # fmt: skip
"""By name, in the order of the public CSV."""
