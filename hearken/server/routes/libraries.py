"""The libraries: what each one holds."""

from __future__ import annotations

import hashlib
import os
from typing import Annotated

from fastapi import APIRouter, Depends

from hearken.errors import HearkenError, show
from hearken.search.library import Library
from hearken.server import problems
from hearken.server.examples import examples
from hearken.server.live import Lives, the_lives
from hearken.server.schemas import ErrorOut, Libraries, LibraryOut, ModelOut, Root
from hearken.server.state import LibraryDep, ShelfDep, Shelved

router = APIRouter(tags=["libraries"])
LivesDep = Annotated[Lives, Depends(the_lives)]


@router.get("/libraries", summary="All libraries")
async def libraries(shelf: ShelfDep, lives: LivesDep) -> Libraries:
    """Return every library of the server, those that are not there yet, or cannot be read, too."""
    return Libraries(libraries=[await _status(shelf.get(name), lives) for name in shelf.names])


@router.get("/libraries/{lib}", summary="One library")
async def library(shelved: LibraryDep, lives: LivesDep) -> LibraryOut:
    """Return what a library holds, and how far indexing it is."""
    return await _status(shelved, lives)


async def _status(shelved: Shelved, lives: Lives) -> LibraryOut:
    """Return what a library holds, or why that cannot be said, and how far indexing it is."""
    told = await _holding(shelved)
    return told.model_copy(update={"indexing": lives.of(shelved).indexing.job})


async def _holding(shelved: Shelved) -> LibraryOut:
    if not shelved.exists:
        return LibraryOut(name=shelved.name, state="absent", roots=[_root(str(path)) for path in shelved.roots])
    try:
        return await shelved.run(lambda opened: _ready(shelved, opened))
    except HearkenError as error:
        told = problems.told(error)
        return LibraryOut(name=shelved.name, state="broken", problem=ErrorOut(**told["error"]))


def _ready(shelved: Shelved, opened: Library) -> LibraryOut:
    info, store = opened.info(), opened.parts().store
    stats = info.stats
    roots = dict.fromkeys([*stats.roots, *map(str, shelved.roots)])
    return LibraryOut(
        name=shelved.name,
        state="ready",
        model=ModelOut(name=info.model.name, digest=info.model.digest, dim=info.model.dim),
        num_files=stats.num_files,
        num_sounds=stats.num_sounds,
        num_windows=stats.num_windows,
        duration_s=stats.duration_s,
        num_failed=stats.num_failed,
        num_skipped=stats.num_skipped,
        size_bytes=stats.size_bytes + info.cache_bytes,
        generation=store.generation,
        roots=[_root(path) for path in roots],
        formats=dict(stats.containers),
        rates_hz=store.browser.counts("rate_hz"),
        channels=store.browser.counts("num_channels"),
        num_captioned=sum(each.num_sounds for each in stats.captioners),
        examples=examples(store),
    )


def _root(path: str) -> Root:
    digest = hashlib.blake2b(os.fsencode(path), digest_size=6).hexdigest()
    return Root(id=digest, name=show(os.path.basename(path) or path), present=os.path.exists(path))
