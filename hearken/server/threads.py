"""Threads by what they are for: what takes long, or waits for others, never has those that everything else needs."""

from __future__ import annotations

from typing import Literal

import anyio
from fastapi import Request

Work = Literal["send", "zip", "picture", "long picture"]
_NUM: dict[Work, int] = {"send": 16, "zip": 2, "picture": 8, "long picture": 3}


def threads_for(request: Request, work: Work) -> anyio.CapacityLimiter:
    """Return the bound on threads for a kind of work, the same to all requests of a server. To be called in its event loop."""
    state = request.app.state
    if not hasattr(state, "threads"):
        state.threads = {}
    threads: dict[Work, anyio.CapacityLimiter] = state.threads
    if work not in threads:
        threads[work] = anyio.CapacityLimiter(_NUM[work])
    return threads[work]
