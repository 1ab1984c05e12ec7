"""Saved searches: parameters under a name, to be searched with again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import Field

from hearken.errors import show
from hearken.library.notebook import Notebook, SavedSearch
from hearken.server.problems import not_found
from hearken.server.schemas import MAX_ID, Given, Schema
from hearken.server.state import LibraryDep
from hearken.server.times import when

router = APIRouter(tags=["searches"])
SearchPath = Annotated[int, Path(ge=1, le=MAX_ID, description="id of a saved search")]


class SearchIn(Given):
    """A search to keep; one of the same name is replaced."""

    name: str = Field(min_length=1, max_length=200)
    query: dict[str, Any] = Field(description="parameters of /search", max_length=50)


class SavedOut(Schema):
    """A saved search."""

    id: int
    name: str
    query: dict[str, Any]
    made: str


class Searches(Schema):
    """All saved searches."""

    searches: list[SavedOut]


@router.get("/libraries/{lib}/searches", summary="Saved searches")
def searches(shelved: LibraryDep) -> Searches:
    """Return all saved searches in the order in which they were made."""
    with Notebook(shelved.path) as notebook:
        return Searches(searches=[_shown(each) for each in notebook.searches()])


@router.post("/libraries/{lib}/searches", status_code=201, summary="Save a search")
def save(shelved: LibraryDep, wanted: Annotated[SearchIn, Body()]) -> SavedOut:
    """Keep a search under its name."""
    with Notebook(shelved.path) as notebook:
        return _shown(notebook.put_search(wanted.name, wanted.query))


@router.delete("/libraries/{lib}/searches/{sid}", status_code=204, response_class=Response, summary="Forget a saved search")
def forget(shelved: LibraryDep, sid: SearchPath) -> Response:
    """Forget a saved search."""
    with Notebook(shelved.path) as notebook:
        if not notebook.delete_search(sid):
            raise not_found()
    return Response(status_code=204)


def _shown(each: SavedSearch) -> SavedOut:
    return SavedOut(id=each.id, name=show(each.name), query=dict(each.query), made=when(each.made_s))
