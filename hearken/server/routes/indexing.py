"""Indexing from the page: how far it is, start and stop. Only folders that the library has, or the server was given, are indexed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.concurrency import run_in_threadpool

from hearken.server.jobs import BusyError, locked_by_another
from hearken.server.live import Live, LiveDep
from hearken.server.problems import problem
from hearken.server.schemas import Given, Job

router = APIRouter(tags=["indexing"])


class IndexingIn(Given):
    """How to index: also write captions by machine, also try files again that failed."""

    captions: bool = False
    retry_failed: bool = False


@router.get("/libraries/{lib}/indexing", summary="How far indexing is")
async def state(live: LiveDep) -> Job:
    """Return the state of the run that this server started, or of the last one."""
    return live.indexing.job


@router.post("/libraries/{lib}/indexing", status_code=202, summary="Start indexing")
async def start(live: LiveDep, wanted: Annotated[IndexingIn | None, Body()] = None) -> Job:
    """Bring the library up to date with its folders. 409 while that is being done, here or by another process."""
    return await run_in_threadpool(_start, live, wanted or IndexingIn())


@router.delete("/libraries/{lib}/indexing", status_code=202, summary="Stop indexing")
async def stop(live: LiveDep) -> Job:
    """Have the run stop soon. What is done stays, and the next run goes on from there; without a run nothing happens."""
    return live.indexing.stop()


def _start(live: Live, wanted: IndexingIn) -> Job:
    try:
        if not live.indexing.is_running:
            locked = locked_by_another(live.shelved.path)
            if locked is not None:
                raise locked
        return live.start_indexing(captions=wanted.captions, retry_failed=wanted.retry_failed)
    except BusyError as error:
        raise problem(409, "The library is being indexed already.", "Wait until it is done, or stop it first.", code="busy") from error
