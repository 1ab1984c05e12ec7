"""Browsing: pages of sounds, one sound in full, folders, and what could not be indexed."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from hearken.errors import show
from hearken.search import browse
from hearken.search.library import Library
from hearken.search.query import SearchRequest
from hearken.server.filters import FilterParams, LongPaging, SoundPath
from hearken.server.present import Presenter
from hearken.server.problems import not_found, without_folders
from hearken.server.schemas import FailureOut, Failures, Folder, Folders, SoundInFull, Sounds
from hearken.server.state import LibraryDep

router = APIRouter(tags=["sounds"])


class BrowseParams(LongPaging, FilterParams):
    """Which sounds, and in which order."""

    sort: Literal["name", "duration", "added"] = Field("name", description="by path, the shortest first, or the newest first")


@router.get("/libraries/{lib}/sounds", summary="Browse the sounds")
async def sounds(shelved: LibraryDep, params: Annotated[BrowseParams, Query()]) -> Sounds:
    """Return a page of the sounds that pass the filters."""
    filters = SearchRequest(filters=params.filters()).filters  # checked

    def work(library: Library) -> Sounds:
        with library.parts().store.snapshot():
            total, records = browse.sounds(library, filters, params.sort, params.offset, params.limit, only=params.only(library))
            shown = Presenter(shelved, library).sounds(records)
        return Sounds(total=total, offset=params.offset, limit=params.limit, sounds=shown)

    return await shelved.run(work)


@router.get("/libraries/{lib}/sounds/{id}", summary="One sound")
async def sound(shelved: LibraryDep, id: SoundPath) -> SoundInFull:  # noqa: A002  the name in the address
    """Return all that is known of a sound."""

    def work(library: Library) -> SoundInFull:
        found = library.parts().store.files([id])
        if not found:
            raise not_found()
        return Presenter(shelved, library).sound(found[0])

    return await shelved.look(work)


@router.get("/libraries/{lib}/folders", summary="The folders")
async def folders(shelved: LibraryDep) -> Folders:
    """Return the folders that hold sounds, themselves or below, with how many."""

    found = await shelved.run(browse.folders)
    return Folders(folders=[Folder(**asdict(each)) for each in found])


@router.get("/libraries/{lib}/failures", summary="What could not be indexed")
async def failures(shelved: LibraryDep, params: Annotated[LongPaging, Query()]) -> Failures:
    """Return a page of the ledger: every file that is not in the library, and why."""

    def work(library: Library) -> Failures:
        ledger, roots = library.failures(), library.parts().store.roots()
        shown = [
            FailureOut(
                name=show(os.path.basename(each.path)),
                folder=browse.folder_of(each.path, roots),
                stage=each.stage,
                error=each.error,
                message=without_folders(each.message),
                hint=without_folders(each.hint),
            )
            for each in ledger[params.offset : params.offset + params.limit]
        ]
        return Failures(total=len(ledger), offset=params.offset, limit=params.limit, failures=shown)

    return await shelved.run(work)
