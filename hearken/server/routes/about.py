"""What this server is, and the token for who may not send headers."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Response

from hearken import __version__
from hearken.limits import MAX_HITS, MAX_QUERY_CHARS
from hearken.server import guard
from hearken.server.problems import problem
from hearken.server.schemas import About, Features, Given
from hearken.server.state import SettingsDep, ShelfDep

router = APIRouter()


class TokenIn(Given):
    """The token of the server."""

    token: str


@router.get("", summary="What this server is")
def about(shelf: ShelfDep) -> About:
    """Return name, version, the names of the libraries, the limits and what can be done here."""
    settings = shelf.settings
    limits = {**asdict(settings.ceilings), "max_query_chars": MAX_QUERY_CHARS, "max_hits": MAX_HITS}
    can_map = importlib.util.find_spec("sklearn") is not None
    return About(
        version=__version__, libraries=shelf.names, local=settings.is_local, limits=limits, features=Features(map=can_map, tags=True)
    )


@router.post("/token", status_code=204, response_class=Response, summary="Enter the token")
def enter(given: Annotated[TokenIn, Body()], settings: SettingsDep) -> Response:
    """Set the cookie that stands for the token. 401 for a wrong one; where none is needed, nothing happens."""
    if not guard.knows_token(given.token, settings):
        raise problem(401, "The token is wrong.")
    answer = Response(status_code=204)
    if settings.token is not None:
        guard.set_cookie(answer, settings.token, settings.port)
    return answer
