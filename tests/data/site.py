"""A publisher's web site on this machine, with what can go wrong there; and an invented corpus that lives on it."""

from __future__ import annotations

import csv
import hashlib
import http.server
import io
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import read_csv
from hearken.data.table import CORPORA
from tests.data.archives import seven_bytes, split_zip, tar_bytes
from tests.local_server import LocalServer, send_head, without_proxies

RATE_HZ = 8_000


class Site:
    """Serves `files` by path, with ranges. `ills` are what happens to the next requests of a path, in order:

    a status with headers, a number of bytes after which the connection ends, "stall", or "page" (a web page instead).
    `delay` slows every answer down, by so many seconds for each 64 kB. `seen` are the paths and ranges asked for.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ills: dict[str, list[tuple[int, dict[str, str]] | int | str]] = {}
        self.seen: list[tuple[str, str | None]] = []
        self.delay_s = 0.0
        self.released = threading.Event()
        self._server = LocalServer(self.answer)
        self.address = self._server.address

    def close(self) -> None:
        self.released.set()
        self._server.close()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        path, asked = unquote(request.path.split("?")[0]).lstrip("/"), request.headers.get("Range")
        self.seen.append((path, asked))
        ills = self.ills.get(path, [])
        ill = ills.pop(0) if ills else None
        if path not in self.files or isinstance(ill, tuple):
            status, headers = ill if isinstance(ill, tuple) else (404, {})
            send_head(request, status, headers)
            return
        data = self.files[path]
        start = int(asked[6:-1]) if asked else 0
        kind = "text/html" if ill == "page" else "application/octet-stream"
        headers = {"Content-Length": str(len(data) - start), "ETag": f'"{hashlib.sha1(data).hexdigest()}"', "Content-Type": kind}
        send_head(
            request, 206 if start else 200, headers | ({"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {})
        )
        end = start + ill if isinstance(ill, int) else len(data)
        step = 65_536 if not self.delay_s else max(1, len(data) // 4)  # slow means in several pieces, however short
        for at in range(start, end, step):
            request.wfile.write(data[at : min(at + step, end)])
            if ill == "stall" or self.delay_s:
                request.wfile.flush()
                self.released.wait(10 if ill == "stall" else self.delay_s)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    without_proxies(monkeypatch)
    made = Site()
    yield made
    made.close()


def wav(seed: int, duration_s: float = 0.25) -> bytes:
    """A WAV file of noise of its own."""
    generator = np.random.default_rng(seed)
    samples = (0.1 * generator.standard_normal(round(duration_s * RATE_HZ))).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()


def table(names: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("file", "caption"))
    writer.writerows((name, f"A sound, called {name}.") for name in names)
    return text.getvalue().encode()


TRAIN = [f"rain {number}: roof.wav" for number in range(6)]
TEST = [f"dog {number}.wav" for number in range(3)]
EXTRA = [f"far {number}.wav" for number in range(2)]
SOUNDS = {f"train/{name}": wav(number) for number, name in enumerate(TRAIN)} | {
    f"test/{name}": wav(100 + number) for number, name in enumerate(TEST)
}


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    for split in splits:
        for row in read_csv(folder / f"{split}.csv", ("file", "caption")):
            name = row.text("file")
            yield Clip(f"{split}/{name}", split, f"{split}/{name}", (row.text("caption"),), duration_s=0.25)


def _file(site: Site, path: str, content: bytes, *, md5: bool = True, **options: object) -> File:
    site.files[f"x/{path}"] = content
    digest = hashlib.md5(content).hexdigest() if md5 else None
    return File(path, (f"{site.address}/x/{path}?download=1",), len(content), digest, **options)  # type: ignore[arg-type]


def publish(site: Site, folder: Path) -> Card:
    """Put an invented corpus on `site`: two tables, a 7z for train, a zip in three volumes for test, sound by hand for extra.

    Its archives are made in `folder`, once: they hold the time.
    """
    seven = folder / "train.7z"
    if not seven.exists():
        seven.write_bytes(seven_bytes({name: content for name, content in SOUNDS.items() if name.startswith("train/")}))
        split_zip(folder, {name: content for name, content in SOUNDS.items() if name.startswith("test/")})
        (folder / "tables.tar.gz").write_bytes(tar_bytes({"extra.csv": table(EXTRA)}, "gz"))
    train, path = seven.read_bytes(), folder / "x.zip"
    volumes = [path.with_name("x.z01"), path.with_name("x.z02"), path]
    return Card(
        name="tiny",
        title="Tiny",
        summary="an invented corpus",
        licence="CC0",
        audio_licence="CC0",
        homepage="http://tiny",
        citation="nobody",
        splits=(Split("train", 6, 6), Split("test", 3, 3), Split("extra", 2, 2)),
        files=(
            _file(site, "train.csv", table(TRAIN), splits=("train",)),
            _file(site, "test.csv", table(TEST), md5=False, splits=("test",)),
            _file(site, "tables.tar.gz", (folder / "tables.tar.gz").read_bytes(), unpack_to=".", splits=("extra",)),
            _file(site, "train.7z", train, holds="audio", unpack_to=".", splits=("train",)),
            _file(site, "test.zip", volumes[2].read_bytes(), holds="audio", unpack_to=".", splits=("test",)),
            _file(site, "test.z01", volumes[0].read_bytes(), holds="audio", splits=("test",)),
            _file(site, "test.z02", volumes[1].read_bytes(), holds="audio", splits=("test",)),
            File("extra", holds="audio", how="Ask the author for the clips.", splits=("extra",)),
        ),
    )


@pytest.fixture
def card(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """The corpus `tiny`, known to Hearken for one test."""
    folder = tmp_path / "publisher"
    folder.mkdir()
    made = publish(site, folder)
    know(made, monkeypatch)
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HEARKEN_MIRROR", raising=False)
    return made


def know(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `card` into the table of corpora."""
    module = types.ModuleType("hearken.data.sets.tiny")
    module.TINY = Definition(card, read)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hearken.data.sets.tiny", module)
    monkeypatch.setitem(CORPORA, "tiny", "tiny:TINY")


def save_silence(path: Path, num_samples: int = 2_000) -> None:
    """A WAV file without a sound in it."""
    soundfile.write(path, np.zeros(num_samples, np.float32), RATE_HZ, subtype="PCM_16")
