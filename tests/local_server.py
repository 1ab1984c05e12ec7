"""Web servers on this machine, for tests of what goes over the web."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class LocalServer(ThreadingHTTPServer):
    """Serves at `address` at once: each GET and POST is handed to `answer`, in a thread of its own."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None], protocol: str = "HTTP/1.0") -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = protocol

            def do_GET(self) -> None:
                answer(self)

            def do_POST(self) -> None:
                answer(self)

            def log_message(self, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *args: object) -> None:  # type: ignore[override]
        """A client that has gone is no news."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(*args)  # type: ignore[arg-type]


def send_head(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    """Send everything but the body."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no proxy between a test and its server."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
