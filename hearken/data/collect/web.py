"""One request and its answer: nothing is followed, nothing is asked twice, and what comes is bounded in bytes and in time."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CHUNK_BYTES = 1 << 16


class BrokenError(Exception):
    """The connection failed, hung, or brought less than was announced; the text says how."""


class TooLargeError(Exception):
    """More came than was wanted."""


@dataclass(frozen=True)
class Response:
    """An answer whose body has not been read yet. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    stream: Any
    deadline_s: float

    def chunks(self, max_bytes: int, *, cut: bool = False) -> Iterator[bytes]:
        """Yield the body, unpacked if the server packed it. Raises BrokenError; beyond `max_bytes` TooLargeError, or ends if `cut`."""
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > max_bytes and not cut:
            raise TooLargeError(f"{announced} bytes are announced, more than {max_bytes}")
        encoding = self.headers.get("content-encoding", "identity").lower()
        unpack = zlib.decompressobj(47) if encoding in ("gzip", "x-gzip", "deflate") else None
        total = 0
        for raw in self._raw():
            for chunk in _unpacked(unpack, raw):
                total += len(chunk)
                if total > max_bytes and cut:
                    yield chunk[: max_bytes - total]
                    return
                if total > max_bytes:
                    raise TooLargeError(f"more than {max_bytes} bytes came")
                yield chunk
        if unpack is not None and not unpack.eof:
            raise BrokenError("the packed body ends too early")

    def _raw(self) -> Iterator[bytes]:
        announced = "" if "transfer-encoding" in self.headers else self.headers.get("content-length", "")
        left = int(announced) if announced.isdecimal() else None
        while True:
            try:
                chunk = self.stream.read1(_CHUNK_BYTES)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise BrokenError(_words(error)) from error
            if not chunk:
                break
            left = None if left is None else left - len(chunk)
            yield chunk
            if time.monotonic() > self.deadline_s:
                raise BrokenError("it took too long")
        if left:
            raise BrokenError(f"{left} bytes are missing")
        if time.monotonic() > self.deadline_s:
            raise BrokenError("it took too long")  # the end may be that we hung up


def _unpacked(unpack: Any, raw: bytes) -> Iterator[bytes]:  # noqa: ANN401 - zlib does not name its type
    if unpack is None:
        yield raw
        return
    try:
        while raw and not unpack.eof:
            yield unpack.decompress(raw, _CHUNK_BYTES)
            raw = unpack.unconsumed_tail
    except zlib.error as error:
        raise BrokenError(f"the packed body is damaged: {error}") from error


@contextlib.contextmanager
def ask(url: str, headers: Mapping[str, str], *, timeout_s: float, longest_s: float) -> Iterator[Response]:
    """Send one GET and give its answer, of any status, as a context manager.

    `timeout_s` bounds each wait for the server, `longest_s` all of it. Raises BrokenError when no answer comes.
    """
    deadline_s = time.monotonic() + longest_s
    with _hanging_up(longest_s) as connections:
        try:
            request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - the opener knows http and https alone
            stream: Any = _opener(connections).open(request, timeout=timeout_s)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BrokenError(_words(error)) from error
        with stream:
            yield Response(stream.status, {name.lower(): value for name, value in stream.headers.items()}, stream, deadline_s)


@contextlib.contextmanager
def _hanging_up(longest_s: float) -> Iterator[list[socket.socket]]:
    """Hang up on the sockets in the list when time is over: a server can drip headers, or marks between chunks, for ever."""
    connections: list[socket.socket] = []

    def hang_up() -> None:
        for connection in connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not TLS's own, which would wait for the server

    timer = threading.Timer(max(0.0, longest_s), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield connections
    finally:
        timer.cancel()


def _words(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(error).__name__


def _opener(connections: list[socket.socket]) -> urllib.request.OpenerDirector:
    """An opener that gives every answer as it is (no redirect is followed, no status is an error) and tells its sockets."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            connections.append(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            connections.append(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, req)

    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), PlainHandler(), SecureHandler(), urllib.request.UnknownHandler()):
        opener.add_handler(handler)
    return opener
