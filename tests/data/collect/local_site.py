"""The two sites on this machine, in the structure that public programs have seen, with all that can go wrong on them.

`LocalSites` answers for both; `log` holds what was asked, and when by the clock that the test hands in. An answer in
`first` is given once, before the usual one: so a fault is injected.
"""

from __future__ import annotations

import gzip
import http.server
import io
import json
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, Self

import numpy as np

from hearken.data.collect.polite import Clock, Manners
from tests.local_server import LocalServer, send_head

HOSTS = {"bigsoundbank": "bigsoundbank.com", "soundbible": "soundbible.com"}


@dataclass(frozen=True)
class Answer:
    """What a server says; of the body only `cut` bytes are sent, and after `stall_s` seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall_s: float = 0.0
    ranges: bool = False


class Asked(NamedTuple):
    """A request: to which site, for what, when, and with which headers."""

    site: str
    path: str
    time_s: float
    headers: dict[str, str]


@dataclass
class FakeClock:
    """Time that passes only while somebody sleeps."""

    time_s: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += seconds

    def clock(self) -> Clock:
        start = datetime(2020, 1, 1, tzinfo=UTC)
        return Clock(lambda: self.time_s, self.sleep, lambda: start + timedelta(seconds=self.time_s))


def wav(duration_s: float = 0.2, rate_hz: int = 8_000, channels: int = 1, pitch_hz: float = 440.0) -> bytes:
    """A tone as a WAV file of 16 bits."""
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    samples = np.round(8_000 * np.sin(2 * np.pi * pitch_hz * times)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(np.repeat(samples, channels).tobytes())
    return file.getvalue()


def page(body: str, *, head: str = "", encoding: str = "utf-8", headers: dict[str, str] | None = None) -> Answer:
    """An HTML page."""
    text = f"<!DOCTYPE html><html><head><meta charset='{encoding}'>{head}</head><body>{body}</body></html>"
    return Answer(text.encode(encoding), headers={"Content-Type": "text/html"} | (headers or {}))


def bank_page(number: str, title: str, description: str, keywords: str = "", extra: str = "") -> Answer:
    """A page of BigSoundBank as it is now."""
    about = {"@context": "https://schema.org", "@type": "AudioObject", "name": f"{title} — free sound", "description": description}
    about |= {"keywords": keywords, "duration": "PT1M20S", "contentUrl": f"https://bigsoundbank.com/UPLOAD/mp3/{number}.mp3"}
    return page(
        f"<h1>{title}</h1><p>Author : <b>Joseph Example</b></p><p>Sound number : {number}</p><p>License: CC0 (public domain)</p>"
        f"<a href='//bigsoundbank.com/UPLOAD/wav/{number}.wav'>WAV</a>{extra}",
        head=f"<script type='application/ld+json'>{json.dumps(about)}</script><title>{title} | BigSoundBank</title>",
    )


def bible_page(number: str, title: str, description: str, tags: tuple[str, ...] = ()) -> Answer:
    """A page of SoundBible as it was when WavText5K was collected."""
    items = "".join(f'<li><i class="icofont-sound-wave"></i> <a href="tags-{tag.replace(" ", "-")}.html">{tag}</a></li>' for tag in tags)
    return page(
        f'<h2>{title}</h2><section id="course-details"><div class="col-lg-8"><p>{description}</p></div><ul>{items}</ul></section>'
        f"<p>License: Attribution 3.0 | File Size: 2 MB</p><a href='grab.php?id={number}&type=wav'>Wav</a>",
        head=f"<title>{title} Sounds | SoundBible.com</title>",
    )


def bible_list(*links: str, pages: tuple[int, ...] = ()) -> Answer:
    """A page of SoundBible's list."""
    items = "".join(f"<div><h3><a href='{link}'>{link}</a></h3></div>" for link in links)
    pager = "".join(f"<a href='free-sound-effects-{number}.html'>{number}</a>" for number in pages)
    return page(items + pager + "<a href='https://elsewhere.example/9-Not-Ours.html'>x</a><a href='tags-dog.html'>dog</a>")


def sitemap(*links: str) -> Answer:
    """A sitemap of BigSoundBank."""
    rows = "".join(f"<url><loc>https://bigsoundbank.com{link}</loc></url>" for link in links)
    return Answer(f"<?xml version='1.0'?><urlset>{rows}</urlset>".encode(), headers={"Content-Type": "application/xml"})


def packed(answer: Answer) -> Answer:
    """The same, packed by gzip."""
    return Answer(gzip.compress(answer.body), answer.status, answer.headers | {"Content-Encoding": "gzip"})


class LocalSites:
    """Both sites, each on a port of its own; `routes` and `first` are by (site, path with query)."""

    def __init__(self, now_s: Callable[[], float] = lambda: 0.0) -> None:
        self.routes: dict[tuple[str, str], Answer] = {}
        self.first: dict[tuple[str, str], list[Answer]] = {}
        self.log: list[Asked] = []
        self.pause_s = 0.0
        self._now_s = now_s
        self._servers = {site: LocalServer(partial(self._answer, site)) for site in HOSTS}
        self.urls = {site: server.address for site, server in self._servers.items()}

    def manners(self, **more: float | str) -> Manners:
        """Manners of a visitor who comes here instead of to the real sites."""
        return Manners(mirrors={HOSTS[site]: url for site, url in self.urls.items()}, **more)  # type: ignore[arg-type]

    def paths(self, site: str | None = None) -> list[str]:
        return [asked.path for asked in self.log if site in (None, asked.site)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for server in self._servers.values():
            server.close()

    def _answer(self, site: str, request: http.server.BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.log.append(Asked(site, request.path, self._now_s(), headers))
        time.sleep(self.pause_s)
        waiting = self.first.get((site, request.path))
        usual = self.routes.get((site, request.path), Answer(b"not here", 404, {"Content-Type": "text/html"}))
        answer = waiting.pop(0) if waiting else usual
        time.sleep(answer.stall_s)
        body, status, extra = answer.body, answer.status, {}
        if answer.headers.get("ETag") and headers.get("if-none-match") == answer.headers["ETag"]:
            body, status = b"", 304
        if answer.ranges and "range" in headers and headers.get("if-range") == answer.headers.get("ETag"):
            start = int(headers["range"].removeprefix("bytes=").removesuffix("-"))
            extra = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            body, status = body[start:], 206
            if not body:
                body, status = b"", 416
        send_head(request, status, answer.headers | extra | {"Content-Length": str(len(body))})
        request.wfile.write(body[: answer.cut])


def sound(content: bytes, *, etag: str = "") -> Answer:
    """A sound file, which can be had in parts if it has a mark of its version."""
    headers = {"Content-Type": "audio/x-wav"} | ({"ETag": etag} if etag else {})
    return Answer(content, headers=headers, ranges=bool(etag))


def fill(sites: LocalSites) -> None:
    """Fill both sites: 8 sounds on the one, 9 on the other, some of which are not to be had."""
    bank = {
        "/robots.txt": Answer(b"User-agent: *\nDisallow: /private-\nSitemap: https://bigsoundbank.com/more.xml\n"),
        "/sitemap_bsb.xml": sitemap(
            "/forest-s0100.html", "/detail-0740-rain-and-storm-2.html", "/wind-s0595.html", "/licenses.html", "/gone-s0900.html",
            "/nothing-s0901.html", "/private-secret-s0902.html",
        ),
        "/more.xml": sitemap("/forest-s0100.html", "/caf%C3%A9-s0903.html", "/bell-s0904.html"),
        "/forest-s0100.html": packed(bank_page("0100", "Forest", "Birds singing, drive away, fly.", "forest, birds")),
        "/detail-0740-rain-and-storm-2.html": page(
            "<h1>Rain and Storm 2</h1>", head="<meta name='description' content='Heavy rain and thunderstorms.'>"
        ),
        "/wind-s0595.html": bank_page("0595", "Wind", ""),
        "/nothing-s0901.html": page("<p>Sound number : 901</p>"),
        "/caf%C3%A9-s0903.html": page(
            "<h1>Caf\xe9 d'\xe9t\xe9</h1>", head="<meta name='description' content='\xc0 table &amp; co.'>", encoding="iso-8859-1",
            headers={"Content-Type": "text/html; charset=ISO-8859-1"},
        ),
        "/bell-s0904.html": bank_page("0904", "Bell", "A bell rings once."),
        "/UPLOAD/wav/0100.wav": sound(wav(0.5, 48_000, 2), etag='"v1"'),
        "/UPLOAD/wav/0740.wav": sound(wav(0.25, 22_050)),
        "/UPLOAD/wav/0595.wav": sound(wav(0.2)),
        "/UPLOAD/wav/0903.wav": sound(wav(0.2, 44_100)),
        "/UPLOAD/wav/0904.wav": sound(b""),
    }  # fmt: skip
    bible = {
        "/robots.txt": Answer(b"User-agent: Hearken\nCrawl-delay: 3\nDisallow: /grab.php?id=8&\nUser-agent: *\nDisallow: /\n"),
        "/free-sound-effects-1.html": bible_list("2219-Airplane-Landing-Airport.html", "12-Bear-Growling.html", pages=(2, 3)),
        "/free-sound-effects-2.html": bible_list("11-Bat-Sonar.html", "10-A-Z-Vocalized.html", "9-Baby-Monitor.html", "8-Dog.html"),
        "/free-sound-effects-3.html": bible_list("7-Cat.html", "6-Owl-.html", "5-Fly.html", "12-Bear-Growling.html"),
        "/2219-Airplane-Landing-Airport.html": bible_page(
            "2219", "Airplane Landing Airport", "<b>Description:</b> Large commercial airplane landing.", ("airport", "big plane", "airport")
        ),
        "/12-Bear-Growling.html": page(
            "<div id='wrap'><div id='content'><div id='main'><h2>Bear Growling</h2></div></div></div><div typeof='v:Review-aggregate'>"
            "<span property='v:summary'>2 Bear Growls</span>License: Public Domain | File Size: 1 MB</div>",
            head="<meta name='keywords' content='bear, growl'>",
        ),
        "/11-Bat-Sonar.html": bible_page("11", "Bat Sonar", "Bat sonar chirping clicks"),
        "/10-A-Z-Vocalized.html": bible_page("10", "A-Z Vocalized", "The letters."),
        "/9-Baby-Monitor.html": bible_page("9", "Baby Monitor", "Static."),
        "/8-Dog.html": bible_page("8", "Dog", "A dog."),
        "/7-Cat.html": bible_page("7", "Cat", "A cat."),
        "/6-Owl-.html": bible_page("6", "Owl", "An owl."),
        "/5-Fly.html": bible_page("5", "Fly", "A fly."),
        "/grab.php?id=2219&type=wav": sound(wav(0.3, 11_025)),
        "/grab.php?id=12&type=wav": sound(wav(0.3, 16_000)),
        "/grab.php?id=11&type=wav": Answer(b"", 302, {"Location": "/wav/Bat Sonar\xe9.wav".encode().decode("latin-1")}),
        "/wav/Bat%20Sonar%C3%A9.wav": sound(wav(0.2)),
        "/grab.php?id=10&type=wav": page("<h1>Sorry</h1>"),
        "/grab.php?id=9&type=wav": Answer(b"<html>moved</html>" * 3, headers={"Content-Type": "audio/wav"}),
        "/grab.php?id=8&type=wav": sound(wav(0.2)),
        "/grab.php?id=7&type=wav": Answer(b"RIFF\x00\x00\x00\x00WAVEfmt junk", headers={"Content-Type": "audio/wav"}),
        "/grab.php?id=6&type=wav": sound(wav(0.0)),
        "/grab.php?id=5&type=wav": Answer(b"", 302, {"Location": "file:///etc/passwd"}),
    }  # fmt: skip
    sites.routes |= {("bigsoundbank", path): answer for path, answer in bank.items()}
    sites.routes |= {("soundbible", path): answer for path, answer in bible.items()}


KEPT = {
    "bigsoundbank:0100", "bigsoundbank:0595", "bigsoundbank:0740", "bigsoundbank:0903", "soundbible:11", "soundbible:12", "soundbible:2219",
}  # fmt: skip
REMOVED = {
    "bigsoundbank:0900": "dead_link",
    "bigsoundbank:0901": "empty_metadata",
    "bigsoundbank:0902": "robots",
    "bigsoundbank:0904": "empty_audio",
    "soundbible:5": "dead_link",
    "soundbible:6": "empty_audio",
    "soundbible:7": "unreadable_audio",
    "soundbible:8": "robots",
    "soundbible:9": "dead_link",
    "soundbible:10": "dead_link",
}
"""What becomes of the sounds of `fill`."""
