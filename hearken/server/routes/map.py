"""The map: every sound at a place in the plane, what sounds alike close together."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from hearken.server.live import LiveDep
from hearken.server.schemas import Schema

router = APIRouter(tags=["map"])


class Points(Schema):
    """Columns of the same length: ids of sounds, places from 0 to 1, and indices into `groups`."""

    id: list[int]
    x: list[float]
    y: list[float]
    group: list[int]


class Group(Schema):
    """A region of the map: its name, its middle, and how many sounds it has."""

    name: str
    x: float
    y: float
    num: int


class MapOut(Schema):
    """The map. While it is `computing` there are no points yet; `empty` is a library of too few sounds."""

    state: Literal["ready", "computing", "empty"]
    generation: int = Field(description="of the library when the map was made")
    stale: bool = Field(description="much has changed since; a newer map is on its way, and the event `map` tells when it is there")
    points: Points | None
    groups: list[Group]


@router.get(
    "/libraries/{lib}/map",
    summary="The map",
    response_model=MapOut,
    responses={202: {"model": MapOut, "description": "It is being made; the event `map` tells when it is there."}},
)
async def the_map(live: LiveDep) -> Response:
    """Return the map of the library, or start making it."""
    status, body = await run_in_threadpool(live.maps.answer)
    return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})
