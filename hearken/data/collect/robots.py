"""robots.txt as RFC 9309 has it: the longest rule counts, `*` and `$` are understood, the group of our own name goes first.

Python's `urllib.robotparser` takes the first rule that fits and knows no wildcards, so it would visit pages that a site
has asked not to be visited. Crawl-delay is no part of the RFC; it is kept to all the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

MAX_ROBOTS_BYTES = 512_000
"""What follows is not read; the RFC asks for 500 KiB at least."""
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_TOKEN = re.compile(r"[A-Za-z_-]+|\*")
_SAFE = "%/?#[]@!$&'()*+,;=:-._~|{}^\\\"<>`"


@dataclass(frozen=True)
class Robots:
    """What a site asks of a visitor: `rules` of (path, whether it may be visited), seconds between requests, its sitemaps."""

    rules: tuple[tuple[str, bool], ...] = ()
    crawl_delay_s: float = 0.0
    sitemaps: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Say whether `url` may be visited: the longest rule that fits it decides, for the visitor where two are as long."""
        parts = urlsplit(url)
        path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        fitting = [(len(rule), allowed) for rule, allowed in self.rules if _fits(rule, path)]
        return max(fitting)[1] if fitting else True


def parse_robots(text: str, product: str) -> Robots:
    """Return what `text` asks of the visitor called `product`, such as `Hearken`. Lines that are not understood are skipped."""
    groups: dict[str, list[tuple[str, str]]] = {}
    open_names: list[str] = []
    sitemaps, in_rules = [], False
    for key, value in _lines(text):
        if key == "sitemap":
            sitemaps.append(value)
        elif key == "user-agent":
            open_names = [] if in_rules else open_names
            name = _TOKEN.match(value)
            open_names.append(name[0].lower() if name else "")
            in_rules = False
            groups.setdefault(open_names[-1], [])
        else:
            in_rules = True
            for name_of_group in dict.fromkeys(open_names):
                groups[name_of_group].append((key, value))
    ours = groups.get(product.lower(), groups.get("*", []))
    rules = tuple((_normal(value), key == "allow") for key, value in ours if key in ("allow", "disallow") and value)
    return Robots(rules, max((_seconds(value) for key, value in ours if key == "crawl-delay"), default=0.0), tuple(sitemaps))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def _normal(path: str) -> str:
    """Return a path with each character written in the one way that comparing needs."""

    def plain(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if _UNRESERVED.match(char) else match[0].upper()

    return quote(_ESCAPE.sub(plain, path), safe=_SAFE)


def _fits(rule: str, path: str) -> bool:
    """Say whether `path` begins as `rule` says, in which `*` is anything and a last `$` is the end; in time linear in both."""
    whole = rule.endswith("$")
    first, *pieces = rule.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not pieces:
        return not whole or path == first
    place = len(first)
    for piece in pieces[:-1] if whole else pieces:
        found = path.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return not whole or (path.endswith(pieces[-1]) and len(path) - len(pieces[-1]) >= place)
