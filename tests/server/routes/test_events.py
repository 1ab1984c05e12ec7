from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hearken.search.library import Library
from hearken.server.routes import events
from tests.server.serving import FakeModel, get, listening, make_library

TARGET = "/api/v1/libraries/small/events"


@contextmanager
def stream(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET {TARGET} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        yield connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        part = connection.recv(65536)
        assert part, f"the stream ended without {wanted!r}: {data!r}"
        data += part
    return data


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path)


def test_the_state_of_things_comes_first_then_what_changes(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_S", 0.1)
    monkeypatch.setattr("hearken.server.live._LOOK_INTERVAL_S", 0.05)
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.3)
    with listening(library) as port, stream(port) as connection:
        data = read_until(connection, b"event: library")
        assert b"text/event-stream" in data
        assert b'event: indexing\ndata: {"state":"idle"' in data
        assert read_until(connection, b": heartbeat\n\n")
        (library.parent / "Sounds" / "new.wav").write_bytes(b"new" * 300)
        with Library(library, FakeModel()) as writer:  # as another process would
            writer.index(library.parent / "Sounds", jobs=1)
        line = next(line for line in read_until(connection, b'"num_files": 6').split(b"\n") if b'"num_files": 6' in line)
        assert json.loads(line.removeprefix(b"data: "))["generation"] == 2


def test_many_listeners_hear_of_a_run_and_those_that_vanish_are_dropped(library: Path) -> None:
    with listening(library) as port:
        sockets = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(40)]
        for each in sockets:
            each.sendall(f"GET {TARGET} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        for each in sockets:
            read_until(each, b"event: indexing")
        for each in sockets[20:]:
            each.close()
        status, _, _ = get(port, "/api/v1/libraries/small/indexing", "Content-Length: 0", method="POST")
        assert status == 202
        for each in sockets[:20]:
            assert read_until(each, b'"state":"done"')
            each.close()
        deadline = time.monotonic() + 10
        while get(port, "/api/v1")[0] != 200:
            assert time.monotonic() < deadline


def test_a_head_request_is_not_offered(library: Path) -> None:
    with listening(library) as port:
        assert get(port, TARGET, method="HEAD")[0] == 405
        assert get(port, "/api/v1/libraries/none/events")[0] == 404
