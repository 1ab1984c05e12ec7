"""The real page in Debian's Chromium, over a real server with the real model and sounds that are made from numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.audio.sounds import synthesise, write_sounds
from hearken.audio.synth import RATE_HZ, save_wav, silence
from hearken.search.library import Library
from hearken.server.app import create_app
from hearken.server.settings import Settings
from tests.server.serving import running

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--hide-scrollbars", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LATE_BARK_S = 60.0  # where the dog barks in `long_evening.wav`


def browser_path() -> str | None:
    """The browser that the system has, if any."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass(frozen=True)
class Served:
    """A server that runs: its address, the folder of its sounds, and that of its library."""

    address: str
    sounds: Path
    library: Path


def make_sounds(folder: Path) -> Path:
    """Two dozen sounds in two folders, and a long one with a single bark in it."""
    sounds = folder / "Sounds"
    write_sounds(sounds / "synthetic")
    long = np.concatenate([0.02 * synthesise("wind"), silence(LATE_BARK_S - 9.0), synthesise("dog_bark"), silence(15.0)])
    (sounds / "long").mkdir()
    save_wav(sounds / "long" / "long_evening.wav", long)
    (sounds / "long" / "broken.wav").write_bytes(b"RIFF, but no sound follows")
    return sounds


def duration_of(name: str) -> float:
    """Length of a synthetic sound in seconds."""
    return len(synthesise(name)) / RATE_HZ


@contextmanager
def listening(*libraries: Path, **settings) -> Iterator[int]:
    """The server on a free port, in a thread of its own; yields the port."""
    with running(lambda port: create_app(Settings(libraries, port=port, **settings)), timeout_graceful_shutdown=2) as port:
        yield port


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A server over freshly indexed sounds."""
    sounds = make_sounds(folder)
    with Library(folder / "evening.hearken") as library:
        library.index([sounds])
    with listening(folder / "evening.hearken", roots=(sounds,)) as port:
        yield Served(f"http://127.0.0.1:{port}", sounds, folder / "evening.hearken")
