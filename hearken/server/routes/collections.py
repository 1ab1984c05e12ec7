"""Collections: named lists of sounds and spans of sounds. Favourites, number 1, is always there."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import Field

from hearken.errors import show
from hearken.library.notebook import Collection, Item, Notebook
from hearken.library.records import FileRecord
from hearken.library.whereabouts import bounds_in, contents_here, find_files
from hearken.search.library import Library
from hearken.server.filters import Length, LongPaging
from hearken.server.present import Presenter
from hearken.server.problems import not_found, problem
from hearken.server.routes.notes import key_of, record_of
from hearken.server.schemas import MAX_ID, Given, HitOut, Schema, SoundId
from hearken.server.state import LibraryDep, Shelved
from hearken.server.times import when
from hearken.types import Hit, Span

router = APIRouter(tags=["collections"])
CollectionPath = Annotated[int, Path(ge=1, le=MAX_ID, description="id of a collection")]
_MIN_SPAN_S = 1e-3


class NameIn(Given):
    """The name of a collection."""

    name: str = Field(min_length=1, max_length=200)


class ItemIn(Given):
    """What to put in: a sound, or the stretch of it from `start_s` to `end_s`."""

    id: SoundId
    start_s: Length | None = None
    end_s: Length | None = None


class CollectionOut(Schema):
    """A collection."""

    id: int
    name: str
    num_items: int
    made: str


class Collections(Schema):
    """All collections."""

    collections: list[CollectionOut]


class ItemOut(Schema):
    """An item of a collection. Where the sound is not in the library any more, `hit` is null; it comes back when the sound does."""

    item: int
    added: str
    start_s: float | None
    end_s: float | None
    name: str
    hit: HitOut | None


class CollectionInFull(CollectionOut):
    """A collection with a page of its items, newest first."""

    total: int
    offset: int
    limit: int
    items: list[ItemOut]


class Removed(Schema):
    """How many items were taken out."""

    num_removed: int


@router.get("/libraries/{lib}/collections", summary="All collections")
def collections(shelved: LibraryDep) -> Collections:
    """Return all collections, Favourites first."""
    with Notebook(shelved.path) as notebook:
        return Collections(collections=[_shown(each) for each in notebook.collections()])


@router.post("/libraries/{lib}/collections", status_code=201, summary="Make a collection")
def create(shelved: LibraryDep, wanted: Annotated[NameIn, Body()]) -> CollectionOut:
    """Make an empty collection."""
    with Notebook(shelved.path) as notebook:
        return _shown(notebook.create_collection(wanted.name))


@router.get("/libraries/{lib}/collections/{cid}", summary="One collection")
async def collection(shelved: LibraryDep, cid: CollectionPath, paging: Annotated[LongPaging, Query()]) -> CollectionInFull:
    """Return a collection with its items."""

    def work(library: Library) -> CollectionInFull:
        with Notebook(shelved.path) as notebook:
            found = notebook.collection(cid)
            if found is None:
                raise not_found()
            items = notebook.items(cid, paging.limit, paging.offset)
        shown = _items(shelved, library, items)
        return CollectionInFull(**_shown(found).model_dump(), total=found.num_items, offset=paging.offset, limit=paging.limit, items=shown)

    return await shelved.run(work)


@router.patch("/libraries/{lib}/collections/{cid}", summary="Rename a collection")
def rename(shelved: LibraryDep, cid: CollectionPath, wanted: Annotated[NameIn, Body()]) -> CollectionOut:
    """Give a collection another name."""
    with Notebook(shelved.path) as notebook:
        found = notebook.rename_collection(cid, wanted.name)
    if found is None:
        raise not_found()
    return _shown(found)


@router.delete("/libraries/{lib}/collections/{cid}", status_code=204, response_class=Response, summary="Delete a collection")
def delete(shelved: LibraryDep, cid: CollectionPath) -> Response:
    """Delete a collection; the sounds in it are not touched."""
    with Notebook(shelved.path) as notebook:
        if not notebook.delete_collection(cid):
            raise not_found()
    return Response(status_code=204)


@router.post("/libraries/{lib}/collections/{cid}/items", status_code=201, summary="Put a sound into a collection")
async def add(shelved: LibraryDep, cid: CollectionPath, wanted: Annotated[ItemIn, Body()]) -> ItemOut:
    """Put a sound, or a stretch of it, into a collection; what is in it already stays as it is."""

    def work(library: Library) -> ItemOut:
        record = record_of(library, wanted.id)
        span = _span(wanted, record)
        with Notebook(shelved.path) as notebook:
            item = notebook.add_item(cid, key_of(record), span)
        if item is None:
            raise not_found()
        return _items(shelved, library, [item])[0]

    return await shelved.run(work)


@router.delete("/libraries/{lib}/collections/{cid}/items", summary="Take a sound out of a collection")
async def remove(
    shelved: LibraryDep,
    cid: CollectionPath,
    id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="id of a sound: all its items")] = None,  # noqa: A002
    item: Annotated[int | None, Query(ge=1, le=MAX_ID, description="one item")] = None,
) -> Removed:
    """Take out one item, or all items of a sound. What is not in it is no error."""
    if (id is None) == (item is None):
        raise problem(422, "Name either a sound (id) or an item.")

    def work(library: Library) -> Removed:
        record = None if id is None else record_of(library, id)
        with Notebook(shelved.path) as notebook:
            if notebook.collection(cid) is None:
                raise not_found()
            if record is None:
                return Removed(num_removed=notebook.remove_item(cid, item or 0))
            return Removed(num_removed=notebook.remove_sounds(cid, [key_of(record)], partial(contents_here, library.parts().store)))

    return await shelved.run(work)


def _span(wanted: ItemIn, record: FileRecord) -> Span | None:
    """Return the stretch that is meant, within the sound. Raises the 422 of `problems` for one that makes no sense."""
    if wanted.start_s is None and wanted.end_s is None:
        return None
    start_s = round(wanted.start_s or 0.0, 3)
    end_s = round(min(record.duration_s if wanted.end_s is None else wanted.end_s, record.duration_s), 3)
    if end_s - start_s < _MIN_SPAN_S:
        raise problem(422, f"From {start_s:g} s to {end_s:g} s there is nothing of this sound.", "Give times within it, the earlier first.")
    return Span(start_s, end_s)


def _items(shelved: Shelved, library: Library, items: list[Item]) -> list[ItemOut]:
    records = find_files(library.parts().store, [item.sound for item in items])
    here = [item for item in items if item.sound in records]
    hits = [_hit(records[item.sound], item.span) for item in here]
    shown = dict(
        zip([item.id for item in here], Presenter(shelved, library).hits(hits, [records[item.sound] for item in here]), strict=True)
    )
    return [
        ItemOut(
            item=item.id,
            added=when(item.added_s),
            start_s=item.span.start_s if item.span else None,
            end_s=item.span.end_s if item.span else None,
            name=show(os.path.basename(records[item.sound].path if item.sound in records else item.sound.path)),
            hit=shown.get(item.id),
        )
        for item in items
    ]


def _hit(record: FileRecord, span: Span | None) -> Hit:
    inside = bounds_in(span, record.duration_s)
    return Hit(record.path, inside.start_s, inside.end_s, 0.0, record.duration_s)


def _shown(each: Collection) -> CollectionOut:
    return CollectionOut(id=each.id, name=show(each.name), num_items=each.num_items, made=when(each.made_s))
