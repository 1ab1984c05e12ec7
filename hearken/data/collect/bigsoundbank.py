"""The pages of BigSoundBank: a sitemap of all sounds, and a page for each.

What is known of them comes from public programs that read them and from the public WavText5K.csv, not from the site itself:
a sound's page was `detail-0100-forest.html` when the paper was written and is `forest-s0100.html` now; it describes the sound
in JSON-LD (an AudioObject with name, description, keywords), and names author and licence in its text; the sound is
`UPLOAD/wav/0100.wav`. All pages are in `sitemap_bsb.xml`. Where a page has none of these, its general marks are taken.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from hearken.data.collect.markup import Detail, absolute, clean, first_text, linked_data, links, parse, text_lines, words

HOME = "https://bigsoundbank.com"
SITEMAP = f"{HOME}/sitemap_bsb.xml"
_SOUND = re.compile(r"/(?:detail-(\d{3,6})-[^/]*|[^/]*-s(\d{3,6}))\.html", re.IGNORECASE)
_TITLES = ("meta[property='og:title']", "h1", "title")
_DESCRIPTIONS = ("[itemprop=description]", "meta[property='og:description']", "meta[name=description]")
_SITE = re.compile(r"\s*(?:[|—].*|[-–]\s*(?:free\b|big\s?sound\s?bank\b).*)$", re.IGNORECASE)
_LABEL = re.compile(r"^description\s*:\s*", re.IGNORECASE)
_AUTHOR = re.compile(r"\bauthor\s*:\s*([^\n|]{1,80}?)\s*(?:sound number\b|\||\n|$)", re.IGNORECASE)


def sound_number(url: str) -> str:
    """Return the number of the sound that a page is about, with its zeros in front; "" if it is no page of a sound."""
    found = _SOUND.fullmatch(urlsplit(url).path)
    return (found[1] or found[2]).zfill(4) if found else ""


def download_link(number: str) -> str:
    """Return the address of the sound itself, by its number."""
    return f"{HOME}/UPLOAD/wav/{number}.wav"


def read_detail(text: str, url: str) -> Detail:
    """Return what the page `text` at `url` says of its sound."""
    soup = parse(text)
    data = linked_data(soup, "AudioObject")
    body = text_lines(soup)
    author = _AUTHOR.search(re.sub(r"\n(?=:)|(?<=:)\n", " ", body))
    return Detail(
        title=_SITE.sub("", _string(data, "name") or first_text(soup, _TITLES)).strip(),
        description=_LABEL.sub("", _string(data, "description") or first_text(soup, _DESCRIPTIONS)),
        tags=words(data.get("keywords")),
        download_link=_wav(_string(data, "contentUrl"), url) or next((a for a, _ in links(soup, url) if _wav(a, url)), ""),
        licence="CC0-1.0" if re.search(r"\bCC0\b", body) else "",
        author=clean(author[1]) if author else "",
    )


def _string(data: dict[str, object], name: str) -> str:
    value = data.get(name)
    return clean(value) if isinstance(value, str) else ""


def _wav(address: str, url: str) -> str:
    """Return `address` if it is the WAV file of the sound that the page `url` is about, else ""."""
    found = absolute(url, address)
    return found if urlsplit(found).path.lower().endswith(f"{sound_number(url)}.wav") and sound_number(url) else ""
