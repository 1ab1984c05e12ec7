"""A server over a small library: files with fake contents, indexed by a fake model, asked by a test client or through a socket."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from hearken.audio.synth import save_wav
from hearken.search.library import Library
from hearken.server.app import create_app
from hearken.server.settings import Ceilings, Settings
from hearken.server.state import Models
from tests.fakes import FakeEmbedder, near_words

ADDRESS = "http://127.0.0.1:8642"
NAMES = ("pets/dog.wav", "pets/bird.flac", "rain.wav", "siren 48k.wav", "water stereo.mp3")
STRANGE = os.fsdecode(b"bell \xff\r\nSet-Cookie: evil=1.wav")


def save_tone(path: Path, seconds: float = 1.0) -> None:
    """Write a real sound, quickly."""
    save_wav(path, (0.3 * np.sin(np.arange(int(48_000 * seconds)) * 0.05)).astype(np.float32))


class FakeModel(FakeEmbedder):
    """The fake embedder, which can also encode the sounds of queries."""

    def encode_audio(self, sounds, sample_rate=None):
        return np.stack([near_words("dog", b"sound", self.dim) for _ in sounds])


def make_library(folder: Path, names: Sequence[str] = NAMES, name: str = "small") -> Path:
    """Index files of these names, whose contents are their numbers, and return the library's folder."""
    sounds = folder / "Sounds"
    for index, each in enumerate(names):
        path = sounds / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([65 + index]) * (500 + 100 * index))
    (sounds / "broken.wav").write_bytes(b"x")
    with Library(folder / f"{name}.hearken", FakeModel()) as made:
        made.index(sounds, jobs=1)
    return folder / f"{name}.hearken"


def app_of(*libraries: Path, ceilings: Ceilings | None = None, **settings):
    """The application over libraries of the fake model."""
    return create_app(Settings(libraries, ceilings=ceilings or Ceilings(), num_searchers=2, **settings), Models(FakeModel()))


@contextmanager
def client_of(*libraries: Path, raises: bool = True, **settings) -> Iterator[TestClient]:
    """A client of a server that runs in this process, without a socket."""
    with TestClient(app_of(*libraries, **settings), base_url=ADDRESS, raise_server_exceptions=raises) as client:
        yield client


@contextmanager
def listening(*libraries: Path, **settings) -> Iterator[int]:
    """A server over libraries of the fake model behind a real socket; yields its port."""
    with running(lambda port: app_of(*libraries, port=port, **settings)) as port:
        yield port


@contextmanager
def running(make: Callable[[int], FastAPI], **options) -> Iterator[int]:
    """What `make` makes for a free port, in a thread of its own; yields the port. `options` are uvicorn's."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make(port), log_level="error", access_log=False, ws="none", **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.02)
            yield port
        finally:
            server.should_exit = True
            thread.join(30)


def raw(port: int, request: bytes, *, timeout_s: float = 20.0) -> bytes:
    """Send bytes as they are and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def get(port: int, target: str | bytes, *headers: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Ask for a target as it stands, which no client library would leave alone; return status, headers and body."""
    target = target if isinstance(target, bytes) else target.encode("latin-1")
    lines = [f"Host: 127.0.0.1:{port}", "Connection: close", *headers]
    answer = raw(port, method.encode() + b" " + target + b" HTTP/1.1\r\n" + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    told = dict(line.partition(": ")[::2] for line in rest)
    return int(first.split()[1]), {name.lower(): value for name, value in told.items()}, body
