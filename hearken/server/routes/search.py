"""Searching: by words, by a sound of the library, by both, by a sound that is sent along."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from hearken.errors import QueryError
from hearken.search.answer import Answer, Wish
from hearken.search.browse import span_of
from hearken.search.library import Library
from hearken.search.query import SearchRequest
from hearken.search.wording import Understood as Read
from hearken.server import uploads
from hearken.server.filters import SearchParams, TextSearchParams
from hearken.server.present import Presenter, show_text
from hearken.server.schemas import Asked, SearchOut, Understood
from hearken.server.state import LibraryDep, Shelved
from hearken.types import Span

router = APIRouter(tags=["search"])


@router.get("/libraries/{lib}/search", summary="Search by words, or by a sound of the library")
async def search(shelved: LibraryDep, params: Annotated[TextSearchParams, Query()]) -> SearchOut:
    """Return the sounds that fit a description `q`, that are like the sound `like`, or both; best first."""
    wish = Wish(
        params.q,
        params.not_,
        params.like,
        _span(params),
        names=not params.sound_only,
        captions=not params.sound_only,
        as_typed=params.as_typed,
    )
    told = ("q", "like", "like_start_s", "like_end_s")
    asked = Asked.model_validate({**{name: getattr(params, name) for name in told}, "sound": None, "not": params.not_})
    return await shelved.run(lambda library: _found(shelved, library, wish, params, asked, time.perf_counter()))


@router.post(
    "/libraries/{lib}/search",
    summary="Search by a sound that is sent along",
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": uploads.SCHEMA}}}},
)
async def search_by_sound(shelved: LibraryDep, params: Annotated[SearchParams, Query()], request: Request) -> SearchOut:
    """Return the sounds that are like the one in the field `sound`: a file, or what was recorded. It is not kept."""
    started_s = time.perf_counter()
    async with uploads.received(request) as upload:
        rate_hz, samples = await run_in_threadpool(uploads.decoded, upload, shelved.settings.ceilings.max_upload_s)
    asked = Asked.model_validate({"sound": show_text(upload.name), "not": params.not_})

    encoder, _ = await shelved.look(lambda library: library.parts().ready())
    vectors = await run_in_threadpool(encoder.encode_audio, [samples], rate_hz)
    sought = Wish(not_text=params.not_, vector=vectors[0], names=not params.sound_only, captions=not params.sound_only)
    return await shelved.run(lambda library: _found(shelved, library, sought, params, asked, started_s))


def _span(params: TextSearchParams) -> Span | None:
    span = span_of(params.like_start_s, params.like_end_s)
    if span is not None and params.like is None:
        raise QueryError("A stretch is one of the sound `like`, which is missing.")
    return span


def _found(shelved: Shelved, library: Library, wish: Wish, params: SearchParams, asked: Asked, started_s: float) -> SearchOut:
    last = params.offset + params.limit
    request = SearchRequest(last + 1, params.moments, filters=params.filters(), only=params.only(library))
    with library.parts().store.snapshot():
        answer = library.answer(wish, request)
        part = slice(params.offset, last)
        hits = Presenter(shelved, library).hits(answer.hits[part], answer.records[part])
    return SearchOut(
        query=asked,
        understood=_understood(answer.understood) if wish.text is not None else None,
        took_ms=round(1000 * (time.perf_counter() - started_s), 1),
        offset=params.offset,
        limit=params.limit,
        has_more=len(answer.hits) > last,
        nothing_fits=_nothing_fits(answer),
        hits=hits,
    )


def _nothing_fits(answer: Answer) -> bool:
    """Say whether none of the hits seems to be what was asked for, as far as anybody knows."""
    known = [hit for hit in answer.hits if hit.confidence is not None]
    return bool(known) and all(hit.weak for hit in known)


def _understood(read: Sequence[Read]) -> Understood:
    wanted, *unwanted = read
    against = [text for text in (*(each.text for each in unwanted), wanted.not_text) if text]
    notes = dict.fromkeys(show_text(told) for each in read for told in each.notes)
    return Understood(text=wanted.text, parts=list(wanted.parts), not_text=" or ".join(against) or None, notes=list(notes))
