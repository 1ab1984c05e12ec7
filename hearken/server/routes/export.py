"""A list of results as a file for other programs, or the sounds themselves, cut out, in a zip."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from hearken.errors import AudioLimitError, AudioReadError, InputError
from hearken.library.records import FileRecord
from hearken.library.whereabouts import marks_of
from hearken.search import excerpts, listing
from hearken.search.browse import folder_of
from hearken.search.library import Library
from hearken.search.listing import Line
from hearken.server.files import is_servable
from hearken.server.problems import problem, without_folders
from hearken.server.ranged import disposition
from hearken.server.schemas import MAX_ID, Given
from hearken.server.state import LibraryDep, Shelved
from hearken.server.threads import threads_for

router = APIRouter(tags=["export"])
_MAX_ITEMS = 10_000
_MAX_CUTS = 1_000
_Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class ExportItem(Given):
    """A stretch of a sound; without `start_s` and `end_s` all of it."""

    id: int = Field(ge=1, le=MAX_ID)
    start_s: _Seconds | None = None
    end_s: _Seconds | None = None
    score: Annotated[float, Field(allow_inf_nan=False)] | None = None


class ExportIn(Given):
    """What to export: `pad_s` seconds more on either side; a zip holds the stretches as FLAC, and a list."""

    format: Literal["csv", "json", "m3u", "labels", "raven", "zip"]
    items: list[ExportItem] = Field(min_length=1, max_length=_MAX_ITEMS)
    pad_s: float = Field(0.0, ge=0, le=60)


@dataclass(frozen=True)
class Stretch(Line):
    """A line with the place of its file, "" where that may not be read (any more)."""

    real: str = ""


@router.post(
    "/libraries/{lib}/export",
    summary="Results as a file",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {kind: {} for kind in sorted(set(listing.MEDIA_TYPES.values()))}}},
)
async def export(shelved: LibraryDep, asked: ExportIn, request: Request) -> Response:
    """Return the list, or the zip, as a file to keep. A sound whose file cannot be read is told in the list of the zip."""
    if asked.format == "zip" and len(asked.items) > _MAX_CUTS:
        raise problem(413, f"At most {_MAX_CUTS} sounds go into one zip.")
    lines = await shelved.run(lambda library: _lines(shelved, library, asked))
    name = f"hearken-{shelved.name}-{len(lines)}{listing.SUFFIXES[asked.format]}"
    headers = {"Content-Disposition": disposition(name, download=True)}
    if asked.format == "zip":
        return StreamingResponse(_zip(lines, threads_for(request, "zip")), media_type="application/zip", headers=headers)
    return Response(listing.text_of(asked.format, lines, title=shelved.name), media_type=listing.MEDIA_TYPES[asked.format], headers=headers)


async def _zip(lines: Sequence[Stretch], threads: CapacityLimiter) -> AsyncIterator[bytes]:
    chunks = excerpts.zip_chunks(lines, _cut)
    while (chunk := await run_sync(next, chunks, None, limiter=threads)) is not None:
        yield chunk


def _cut(line: Line) -> bytes:
    from hearken.audio import viewing

    real = getattr(line, "real", "")
    if not real:
        raise AudioReadError("The file is not there any more.")
    try:
        return viewing.cut(real, line.start_s, line.end_s, format="flac")
    except InputError as error:  # which names the whole path: the reader may be elsewhere
        raise type(error)(without_folders(error.message), error.hint) from error
    except TimeoutError as error:
        raise AudioLimitError("Too much else was being decoded.", "Ask for it again.") from error


def _lines(shelved: Shelved, library: Library, asked: ExportIn) -> list[Stretch]:
    store = library.parts().store
    with store.snapshot():
        wanted = list(dict.fromkeys(item.id for item in asked.items))
        records = {record.id: record for record in store.files(wanted)}
        versions = store.browser.versions(wanted)
        captions = store.captions_of(sorted(set(versions.values())))
        roots = store.roots()
    missing = [file_id for file_id in wanted if file_id not in records]
    if missing:
        raise InputError(f"There is no sound with the id {missing[0]} in the library.", "It may have been removed meanwhile.")
    marks = marks_of(store, list(records.values()))
    made = []
    for item in asked.items:
        record = records[item.id]
        start_s, end_s = _bounds(item, record, asked.pad_s)
        known = marks.get(record.id)
        made.append(
            Stretch(
                path=_told_path(record, roots, is_local=shelved.settings.is_local),
                start_s=start_s,
                end_s=end_s,
                duration_s=round(record.duration_s, 3),
                score=item.score,
                labels=tuple(dict.fromkeys(label.label for label in known.labels)) if known else (),
                caption=captions.get(versions[record.id], ""),
                note=known.note if known else "",
                real=record.path if asked.format == "zip" and is_servable(record.path, roots) else "",
            )
        )
    return made


def _bounds(item: ExportItem, record: FileRecord, pad_s: float) -> tuple[float, float]:
    """Return the stretch that is meant, with what is added on either side, inside the sound. Raises InputError."""
    start_s = 0.0 if item.start_s is None else item.start_s
    end_s = record.duration_s if item.end_s is None else item.end_s
    if not start_s < end_s or start_s >= record.duration_s:
        raise InputError(f"The sound {record.id} has no stretch from {start_s:g} s to {end_s:g} s.")
    return listing.rounded(max(0.0, start_s - pad_s), min(record.duration_s, end_s + pad_s))


def _told_path(record: FileRecord, roots: list[str], *, is_local: bool) -> str:
    """Return the path as the reader may know it: absolute on this machine, below its root elsewhere."""
    if is_local:
        return record.path
    name = record.path.rpartition("/")[2]
    folder = folder_of(record.path, roots)
    return f"{folder}/{name}" if folder else name
