"""News of a library as server-sent events: indexing, changes by anybody, a new map."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from hearken.errors import HearkenError
from hearken.server.live import Live, LiveDep

HEARTBEAT_S = 15.0
LOOK_S = 2.0
_RETRY_MS = 3_000

router = APIRouter(tags=["indexing"])


@router.get(
    "/libraries/{lib}/events",
    summary="News as they come",
    response_class=StreamingResponse,
    responses={200: {"description": "Events `indexing` (a Job), `library` and `map`, without end.", "content": {"text/event-stream": {}}}},
)
async def events(live: LiveDep) -> StreamingResponse:
    """Return a stream of events: first the state of things, then what changes, and a heartbeat each 15 s."""
    return StreamingResponse(stream(live), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def stream(live: Live) -> AsyncIterator[str]:
    """Yield the events for one listener until it goes or the server ends."""
    async with live.news.listening() as box:
        yield f"retry: {_RETRY_MS}\n\n"
        heard_s = time.monotonic()
        while not box.has_ended:
            if live.is_look_due:
                with contextlib.suppress(HearkenError):  # a library that cannot be read just now is told elsewhere
                    await run_in_threadpool(live.look)
            news = await box.take(LOOK_S)
            if news:
                yield "".join(f"event: {kind}\ndata: {text}\n\n" for kind, text in news.items())
                heard_s = time.monotonic()
                await asyncio.sleep(0)
            elif time.monotonic() - heard_s >= HEARTBEAT_S:
                yield ": heartbeat\n\n"
                heard_s = time.monotonic()
