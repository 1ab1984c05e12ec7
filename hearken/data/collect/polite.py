"""A visitor with manners: asks robots.txt first, waits between requests, says who it is, and comes back later when told to.

To each host goes one request at a time, with a pause after every answer: the longer of what the user and what the host's
Crawl-delay say. A host that is busy or broken for a moment is asked again after a while that grows, or that it names itself;
one that asks for more patience than `MAX_WAIT_S` is left in peace for that long. robots.txt is dealt with as RFC 9309 says:
one that is not there (4xx) forbids nothing, one that cannot be had (5xx, no answer) forbids everything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

from hearken import __version__
from hearken.data import partial
from hearken.data.collect.robots import MAX_ROBOTS_BYTES, Robots, parse_robots
from hearken.data.collect.web import BrokenError, Response, TooLargeError, ask
from hearken.data.patience import MAX_WAIT_S, PASSING, wait_s
from hearken.errors import show

PRODUCT = "Hearken"
"""The name by which a site can address us in its robots.txt."""
DEFAULT_DELAY_S = 1.0
MAX_DELAY_S = 3_600.0
"""A host with a longer Crawl-delay is not visited."""
_ROBOTS_AGE_S = 86_400.0
_MAX_REDIRECTS = 5
_MAX_GOES = 100  # in which one file may come bit by bit
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_PAGE_BYTES = 16_000_000
_SOUND_BYTES = 2_000_000_000
_PAGE_LONGEST_S, _SOUND_LONGEST_S = 120.0, 3_600.0

Kind = Literal["gone", "robots", "refused", "broken", "too_large"]


class VisitError(Exception):
    """A visit came to nothing. `kind` says why, the text says it to people.

    `gone`: nothing is there; `robots`: the site asks not to be visited there; `refused`: the site will not have us;
    `broken`: no whole answer came, another day it may; `too_large`: more came than we take.
    """

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True)
class Clock:
    """How time is told and spent; tests hand in one that does not wait."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    date: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Manners:
    """`delay_s` between two requests to a host, `timeout_s` for each of its answers, `attempts` for one thing.

    `contact` (an address that a site's owner can write to) is part of what we call ourselves. `mirrors` maps hosts to the
    base address that stands in for them.
    """

    delay_s: float = DEFAULT_DELAY_S
    timeout_s: float = 30.0
    attempts: int = 5
    contact: str = ""
    mirrors: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_agent(self) -> str:
        """What we call ourselves, such as `Hearken/0.1.0 (corpus collector; +mailto:me@example.org)`."""
        return f"{PRODUCT}/{__version__} (corpus collector{f'; +{self.contact}' if self.contact else ''})"


@dataclass(frozen=True)
class Page:
    """An answer with its body. `url` is where it came from in the end; status is 200, 304, 404 or 410."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class _Host:
    """What is known of one host: what it asks for, and when it may be asked again."""

    delay_s: float
    ready_s: float = 0.0
    closed_until_s: float = 0.0
    robots: Robots | None = None
    robots_s: float = 0.0
    trouble: str = ""


def _whole(response: Response) -> bytes:
    return b"".join(response.chunks(_PAGE_BYTES))


def _beginning(response: Response) -> bytes:
    return b"".join(response.chunks(MAX_ROBOTS_BYTES, cut=True))


@dataclass(frozen=True)
class _Ask:
    """How to ask for something: with which headers, what to do with the answer's body, and how long it may take at most.

    `size` tells how much is there of what comes in several goes.
    """

    headers: Callable[[], Mapping[str, str]]
    take: Callable[[Response], bytes] = _whole
    longest_s: float = _PAGE_LONGEST_S
    size: Callable[[], int] = int


class Visitor:
    """Visits pages and files, one at a time."""

    def __init__(self, manners: Manners | None = None, clock: Clock | None = None) -> None:
        self.manners = manners or Manners()
        self._clock = clock or Clock()
        self._hosts: dict[str, _Host] = {}

    def page(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """Return the page at `url`; a page that is gone (404, 410) or has not changed (304) comes back as such. Raises VisitError."""
        wanted = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5", "Accept-Encoding": "gzip"}
        return self._visit(url, _Ask(lambda: wanted | dict(headers or {})))

    def file(self, url: str, path: Path) -> Page:
        """Bring the file at `url` to `path`, whole or not at all; a broken-off one goes on where it was, if the server can.

        Returns the answer, without a body. Raises VisitError, also where a web page comes in the place of a file.
        """
        part = partial.part_of(path)
        wish = _Ask(
            lambda: _resuming(url, part), lambda response: _keep(response, url, part), _SOUND_LONGEST_S, lambda: partial.num_bytes(part)
        )
        done = self._visit(url, wish)
        if done.status in _GONE:
            raise VisitError("gone", f"{show(url)} is not there ({done.status})")
        partial.finish(part, path)
        return done

    def sitemaps(self, url: str) -> tuple[str, ...]:
        """Return the sitemaps that the robots.txt of the host of `url` names. Raises VisitError."""
        return self._robots(self._real(url)).sitemaps

    def _visit(self, url: str, wish: _Ask) -> Page:
        public = url
        for _ in range(_MAX_REDIRECTS + 1):
            real = self._real(public)
            if not self._robots(real).allows(real):
                raise VisitError("robots", f"robots.txt asks not to visit {show(public)}")
            page = self._patiently(real, wish)
            if page.status not in _REDIRECTS:
                return Page(public, page.status, page.headers, page.body)
            public = _next(public, page)
        raise VisitError("gone", f"{show(url)} leads on and on")

    def _real(self, url: str) -> str:
        """Return the address to ask for `url`: itself, or one on the mirror of its host."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", "" if parts.port is None else f":{parts.port}"
        except ValueError:
            parts, host, port = urlsplit(""), "", ""
        if parts.scheme not in ("http", "https") or not host:
            raise VisitError("gone", f"{show(url)} is no web address")
        base = self.manners.mirrors.get(host.removeprefix("www."))
        rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        plain = f"[{host}]" if ":" in host else host  # in small letters and without a name before it: one host has one pace
        return (base.rstrip("/") if base else f"{parts.scheme}://{plain}{port}") + _ascii(rest)

    def _robots(self, real: str) -> Robots:
        """Return the rules of the host of `real`, asked for once a day at most."""
        parts = urlsplit(real)
        host = self._hosts.setdefault(parts.netloc, _Host(self.manners.delay_s))
        if host.trouble:
            raise VisitError("broken", host.trouble)
        if host.robots is None or self._clock.now_s() - host.robots_s > _ROBOTS_AGE_S:
            host.robots = self._fetch_robots(f"{parts.scheme}://{parts.netloc}/robots.txt", host)
            host.robots_s = self._clock.now_s()
            host.delay_s = max(self.manners.delay_s, host.robots.crawl_delay_s)
        if host.delay_s > max(MAX_DELAY_S, self.manners.delay_s):
            host.trouble = f"{parts.netloc} asks for {host.delay_s:g} s between two visits, so nothing is asked there"
            raise VisitError("broken", host.trouble)
        return host.robots

    def _fetch_robots(self, url: str, host: _Host) -> Robots:
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                page = self._patiently(url, _Ask(dict, _beginning))
                if page.status not in _REDIRECTS:
                    return parse_robots(page.body.decode("utf-8", "replace"), PRODUCT) if page.status == HTTPStatus.OK else Robots()
                url = _next(url, page)
        except VisitError as error:
            if error.kind == "broken":
                host.trouble = f"{show(url)} cannot be read, so nothing may be asked there: {error.text}"
                raise VisitError("broken", host.trouble) from error
        return Robots()  # refused, gone, or leading nowhere: it forbids nothing

    def _patiently(self, url: str, wish: _Ask) -> Page:
        """Ask for `url`, again where that may help; what brings something on does not count as failed. Raises VisitError."""
        host = self._hosts.setdefault(urlsplit(url).netloc, _Host(self.manners.delay_s))
        failures, trouble = 0, ""
        for _ in range(_MAX_GOES):
            if failures == self.manners.attempts:
                break
            self._wait(host, url)
            answer: Mapping[str, str] = {}
            before = wish.size()
            try:
                sent = {"User-Agent": self.manners.user_agent, "Connection": "close"} | dict(wish.headers())
                with ask(url, sent, timeout_s=self.manners.timeout_s, longest_s=wish.longest_s) as response:
                    answer = response.headers
                    if response.status not in PASSING:
                        return _answered(url, response, wish)
                    trouble = f"{show(url)} is busy or broken ({response.status})"
            except BrokenError as error:
                trouble = f"{show(url)} did not come whole: {show(str(error))}"
            except TooLargeError as error:
                raise VisitError("too_large", f"{show(url)} is too large: {error}") from error
            finally:
                host.ready_s = self._clock.now_s() + host.delay_s
            failures = 0 if wish.size() > before else failures + 1
            self._put_off(host, url, wait_s(max(1, failures), answer, now=self._clock.date()))
        raise VisitError("broken", trouble)

    def _wait(self, host: _Host, url: str) -> None:
        now_s = self._clock.now_s()
        if now_s < host.closed_until_s:
            raise VisitError("broken", f"{show(url)}: the site asks to come back in {host.closed_until_s - now_s:.0f} s")
        if now_s < host.ready_s:
            self._clock.sleep(host.ready_s - now_s)

    def _put_off(self, host: _Host, url: str, seconds: float) -> None:
        """Have the next request to `host` wait for `seconds` at least, or give up where that is too long."""
        if seconds > MAX_WAIT_S:
            host.closed_until_s = self._clock.now_s() + seconds
            raise VisitError("broken", f"{show(url)}: the site asks to come back in {seconds:.0f} s")
        host.ready_s = max(host.ready_s, self._clock.now_s() + seconds)


def _answered(url: str, response: Response, wish: _Ask) -> Page:
    status, headers = response.status, response.headers
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return Page(url, HTTPStatus.OK, headers, wish.take(response))
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        wish.take(response)
        raise BrokenError("what was there of it does not fit any more")
    if status in (HTTPStatus.NOT_MODIFIED, *_GONE) or (status in _REDIRECTS and headers.get("location")):
        return Page(url, status, headers)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BrokenError(f"the server failed ({status})")
    raise VisitError("refused", f"{show(url)} is refused ({status})")


def _next(url: str, page: Page) -> str:
    """Return where a redirect leads. Raises VisitError for other protocols, and from https to http."""
    try:
        target = urljoin(url, _as_sent(page.headers["location"]))
        scheme = urlsplit(target).scheme
    except ValueError as error:
        raise VisitError("gone", f"{show(url)} leads nowhere") from error
    if scheme not in ("http", "https") or (scheme == "http" and url.startswith("https:")):
        raise VisitError("gone", f"{show(url)} leads to {show(target)}, which is not followed")
    return target


def _as_sent(header: str) -> str:
    """Return a header's text; some servers send UTF-8 as it is, which arrives as if it were Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _resuming(url: str, part: Path) -> dict[str, str]:
    """Return the headers that ask for the rest of what is in `part`, if it is known to be of the same version."""
    headers = {"Accept-Encoding": "identity"}
    have, version = partial.kept(part, url)
    return headers | ({"Range": f"bytes={have}-", "If-Range": version} if have and version else {})


def _keep(response: Response, url: str, part: Path) -> bytes:
    """Write a body to `part`, behind what is there if the server goes on from there."""
    if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        part.unlink(missing_ok=True)
        return b""
    if "html" in response.headers.get("content-type", "").lower():
        raise VisitError("gone", f"{show(url)} is a web page, not a sound")
    have = partial.num_bytes(part)
    resumed = response.status == HTTPStatus.PARTIAL_CONTENT
    packed = response.headers.get("content-encoding", "identity").lower() != "identity"  # then bytes here are not bytes there
    if resumed and (packed or not response.headers.get("content-range", "").startswith(f"bytes {have}-")):
        part.unlink(missing_ok=True)
        raise BrokenError("another part came than was asked for")
    if not resumed:
        version = partial.version_of(response.headers.get("etag"), response.headers.get("last-modified"))
        partial.begin(part, url, "" if packed else version)
    with part.open("ab" if resumed else "wb") as file:
        for chunk in response.chunks(_SOUND_BYTES):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return b""


def _ascii(path: str) -> str:
    """Return a path and query as they may be sent: what is no plain ASCII becomes UTF-8 in escapes, and so do blanks."""
    return "".join(char if "!" <= char <= "~" else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace")) for char in path)
