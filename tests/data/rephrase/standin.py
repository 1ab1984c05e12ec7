"""A server on 127.0.0.1 that speaks OpenAI's chat completions and breaks on command."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.local_server import LocalServer, send_head

KEY = "sk-very-secret-0123456789"
MODEL = "parrot-1"
_QUOTED = re.compile(r"'(.*)'(?: \[.*\])?$", re.DOTALL)
_WAYS = ("Once more: {}", "In other words, {}", "{}, as it were", "So to speak, {}", "That is, {}", "Again, {}", "Or {}")


def five(query: str, num: int = 5) -> str:
    """Numbered answers, different for every caption."""
    found = _QUOTED.search(query)
    caption = found[1].rstrip(".") if found else str(abs(hash(query)))
    return "\n".join(f"{number}. {_WAYS[number - 1].format(caption)}." for number in range(1, num + 1))


class StandIn:
    """`fault(number, query)` says what happens to request `number` (from 0): "" for an answer, or a name of `_send`.

    `seen` are the queries in order of arrival, `answered` those that got a whole good response.
    """

    def __init__(self) -> None:
        self.fault: Callable[[int, str], str] = lambda number, query: ""
        self.answer: Callable[[str], str] = five
        self.seen: list[str] = []
        self.answered: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.delay_s = 0.0
        self.finish_reason = "stop"
        self.guard = threading.Lock()
        self._server = LocalServer(self._take, "HTTP/1.1")
        self.base = f"{self._server.address}/v1"

    def close(self) -> None:
        self._server.close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        query = body["messages"][-1]["content"]
        with self.guard:
            number = len(self.seen)
            self.seen.append(query)
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
        time.sleep(self.delay_s)
        self._send(request, query, self.fault(number, query))

    def _send(self, request: BaseHTTPRequestHandler, query: str, fault: str) -> None:
        name, _, rest = fault.partition(":")
        if name == "late":
            time.sleep(float(rest))
        if name == "status":
            status, _, wait = rest.partition(":")
            return send(
                request, int(status), {"error": {"message": f"no: {status} for {KEY}", "code": wait}}, {"Retry-After": wait} if wait else {}
            )
        if name == "moved":
            return send(request, 302, {}, {"Location": f"http://elsewhere.example/?k={KEY}"})
        if name == "text":
            return self._good(request, query, rest.replace("|", "\n"))
        if name == "body":
            return send_bytes(request, 200, rest.encode())
        if name == "truncate":
            return send_bytes(request, 200, b'{"choices": [', announced=10_000)
        if name == "reset":
            return hang_up(request)
        if name == "drip":
            return drip(request)
        return self._good(request, query, self.answer(query))

    def _good(self, request: BaseHTTPRequestHandler, query: str, text: str) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.finish_reason}
        usage = {"prompt_tokens": len(query) // 4, "completion_tokens": len(text) // 4, "total_tokens": (len(query) + len(text)) // 4}
        send(request, 200, {"id": "x", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage})
        with self.guard:
            self.answered.append(query)


def send(request: BaseHTTPRequestHandler, status: int, value: object, headers: dict[str, str] | None = None) -> None:
    send_bytes(request, status, json.dumps(value).encode(), headers=headers)


def send_bytes(
    request: BaseHTTPRequestHandler, status: int, content: bytes, announced: int | None = None, headers: dict[str, str] | None = None
) -> None:
    send_head(request, status, {"Content-Length": str(len(content) if announced is None else announced)} | (headers or {}))
    request.wfile.write(content)
    if announced is not None:
        request.wfile.flush()
        hang_up(request)


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)


def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then, never ending."""
    send_head(request, 200, {"Content-Length": "1000000"})
    for _ in range(200):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.02)


@contextmanager
def standing_in() -> Iterator[StandIn]:
    server = StandIn()
    try:
        yield server
    finally:
        server.close()
