"""Running the server in this process until it is told to end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hearken.server.app import create_app
from hearken.server.patience import Patience
from hearken.server.settings import Settings

_KEEP_ALIVE_S = 15
_BACKLOG = 512
_LOOK_EVERY_S = 1


def run(settings: Settings, listening: socket.socket, *, grace_s: int) -> None:
    """Serve on an open socket until SIGINT or SIGTERM; then requests at work have `grace_s` seconds to finish. Both are a normal end."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=grace_s,
        backlog=_BACKLOG,
        ws="none",
        timeout_notify=_LOOK_EVERY_S,
    )
    server = _Server(config, app)
    config.callback_notify = Patience(lambda: list(server.server_state.connections)).look
    # searches run side by side already: threads of one that wait for each other, spinning, made them take three times as long
    with threadpool_limits(1, user_api="blas"), _ending_normally():
        server.run(sockets=[listening])


@contextmanager
def _ending_normally() -> Iterator[None]:
    """Let nothing come of a signal that uvicorn, when it has ended because of it, raises once more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Server(uvicorn.Server):
    """Ends the streams of events at once when it is told to end: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self.app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        lives = getattr(self.app.state, "lives", None)
        if lives is not None:
            lives.end_streams()
        super().handle_exit(sig, frame)
