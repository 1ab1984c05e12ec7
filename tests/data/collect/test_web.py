"""One request: what comes is given as it is, within its bounds, and what does not come whole is an error."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator

import pytest

from hearken.data.collect.web import BrokenError, TooLargeError, ask
from tests.data.collect.local_site import Answer, LocalSites
from tests.local_server import without_proxies

DATA = b"0123456789" * 30_000


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSites]:
    without_proxies(monkeypatch)
    with LocalSites() as sites:
        yield sites


def get(sites: LocalSites, answer: Answer, max_bytes: int = 10**6, longest_s: float = 10.0) -> tuple[int, bytes]:
    sites.routes["soundbible", "/x"] = answer
    with ask(sites.urls["soundbible"] + "/x", {"X-Name": "v"}, timeout_s=0.3, longest_s=longest_s) as response:
        return response.status, b"".join(response.chunks(max_bytes))


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_every_status_comes_as_it_is(sites: LocalSites, status: int) -> None:
    assert get(sites, Answer(DATA, status, {"Location": "/y"})) == (status, DATA)
    assert sites.log[0].headers["x-name"] == "v"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bodies_are_unpacked(sites: LocalSites, pack) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    assert get(sites, Answer(pack(DATA), headers={"Content-Encoding": name}))[1] == DATA
    with pytest.raises(BrokenError, match="ends too early"):
        get(sites, Answer(pack(DATA)[:-20], headers={"Content-Encoding": name}))
    with pytest.raises(BrokenError, match="is damaged"):
        get(sites, Answer(b"plain", headers={"Content-Encoding": name}))


def test_what_is_too_large_is_refused_packed_or_not(sites: LocalSites) -> None:
    with pytest.raises(TooLargeError, match="300000 bytes are announced, more than 1000"):
        get(sites, Answer(DATA), 1000)
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLargeError, match="more than 100000 bytes came"):
        get(sites, Answer(bomb, headers={"Content-Encoding": "gzip"}), 100_000)


def test_broken_answers(sites: LocalSites) -> None:
    with pytest.raises(BrokenError, match="299900 bytes are missing"):
        get(sites, Answer(DATA, cut=100))
    with pytest.raises(BrokenError, match="timed out"):
        get(sites, Answer(DATA, stall_s=0.6))
    with pytest.raises(BrokenError, match="took too long"):
        get(sites, Answer(DATA), longest_s=-1.0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/passwd", "http://[::1", "http://127.0.0.1:1/a b"])
def test_addresses_that_lead_nowhere(url: str) -> None:
    with pytest.raises(BrokenError), ask(url, {}, timeout_s=0.3, longest_s=1.0):
        pass


DRIPS = {
    "headers": (b"", b"H"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0"),
    "trailer": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", b"a: b\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("drip", DRIPS)
def test_a_server_that_drips_for_ever_is_left(sites: LocalSites, drip: str) -> None:
    first, then = DRIPS[drip]
    stayed: list[bool] = []

    def answer(server: socket.socket) -> None:
        with server, contextlib.suppress(OSError):
            connection = server.accept()[0]
            with connection:
                connection.recv(4096)
                connection.sendall(first)
                for _ in range(6_000):
                    connection.sendall(then)
                    time.sleep(0.01)
                stayed.append(True)

    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    thread = threading.Thread(target=answer, args=(server,))
    thread.start()
    with pytest.raises(BrokenError), ask(url, {}, timeout_s=1.0, longest_s=0.1) as response:
        b"".join(response.chunks(10**6))
    thread.join()
    assert stayed == []


def test_the_length_of_what_comes_in_chunks_does_not_count(sites: LocalSites) -> None:
    answer = Answer(b"5\r\nhello\r\n0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    assert get(sites, answer) == (200, b"hello")  # its Content-Length is 15
