"""What a server does not take on: bodies that are too large or too slow, and more requests at once than it can serve."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hearken.server.problems import Refusal, problem, respond
from hearken.server.settings import Ceilings

_RETRY_AFTER = {"Retry-After": "2"}
_CLOSE = {"Connection": "close"}
_DRAIN_S, _DRAIN_FACTOR = 2.0, 4


class Busy:
    """Answers 503 to requests above `Ceilings.max_requests` at once, to event streams above `max_streams` and to uploads above `max_uploads`.

    What is refused has cost nothing yet, so a page that tries again soon gets its answer.
    """

    def __init__(self, app: ASGIApp, ceilings: Ceilings) -> None:
        self._app = app
        self._room = {"request": ceilings.max_requests, "stream": ceilings.max_streams, "upload": ceilings.max_uploads}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kind = "stream" if scope["path"].endswith("/events") else "upload" if is_upload(scope) else "request"
        if not self._room[kind]:
            await respond(problem(503, "The server is busy.", "Try again in a moment.", _RETRY_AFTER))(scope, receive, send)
            return
        self._room[kind] -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._room[kind] += 1


def is_upload(scope: Scope) -> bool:
    """Say whether a request brings a sound."""
    path: str = scope["path"]
    return scope["method"] == "POST" and path.endswith("/search")


class BodyLimit:
    """Answers 413 to bodies that announce or bring too much, and 408 to those that take too long to come."""

    def __init__(self, app: ASGIApp, ceilings: Ceilings) -> None:
        self._app, self._ceilings = app, ceilings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._ceilings.max_upload_bytes if is_upload(scope) else self._ceilings.max_body_bytes
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        comes = announced != b"0" or b"transfer-encoding" in headers
        body = _Body(receive, limit, self._ceilings.body_timeout_s, comes=comes, is_held_back=b"expect" in headers)
        if not announced.isdigit() or int(announced[:20]) > limit:
            await respond(_too_large(limit))(scope, receive, body.sender(send))
            return
        await self._app(scope, body.receive, body.sender(send))


class _Body:
    """A body that is counted while it comes, if one `comes`. What nobody has read of it is thrown away before the answer ends, as long as
    that is not too much: a connection that is closed before would break off, and who sends would never see the answer. But one that
    `is_held_back` until somebody asks for it (Expect: 100-continue) does not come when nobody has.
    """

    def __init__(self, receive: Receive, limit: int, timeout_s: float, *, comes: bool, is_held_back: bool = False) -> None:
        self._receive, self._limit, self._left = receive, limit, limit
        self._ends_s = time.monotonic() + timeout_s
        self._is_complete, self._is_held_back = not comes, is_held_back

    async def receive(self) -> Message:
        """Return what comes next. Raises the 413 of `problems` above the limit, and the 408 when the body is not there in time."""
        if self._is_complete:  # what comes now is that the client has gone, whenever that may be
            return await self._receive()
        self._is_held_back = False
        try:
            async with asyncio.timeout(max(0.0, self._ends_s - time.monotonic())):
                message = await self._receive()
        except TimeoutError as error:
            raise problem(408, "What was sent took too long to come.", headers=_CLOSE) from error
        self._left -= len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._left < 0:
            raise _too_large(self._limit)
        return message

    def sender(self, send: Send) -> Send:
        """Return `send` that ends the answer only when the body is there, or too much of it."""

        async def sending(message: Message) -> None:
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_last and not (self._is_complete or self._is_held_back):
                await send({**message, "more_body": True})
                await self._drain()
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        return sending

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while not self._is_complete and self._left > -_DRAIN_FACTOR * self._limit:
                    message = await self._receive()
                    self._left -= len(message.get("body", b""))
                    self._is_complete = not message.get("more_body", False)


def _too_large(limit: int) -> Refusal:
    return problem(413, f"At most {limit / 1e6:g} MB may be sent here.", headers=_CLOSE)
