"""What is to be heard and seen of a sound: a stretch that any browser plays, its waveform, its spectrogram."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from hearken.audio import viewing
from hearken.audio.peaks import Columns, could_serve
from hearken.audio.picture import MIN_HZ, PictureRequest, max_hz
from hearken.errors import AudioLimitError, InputError
from hearken.library.store import CACHE_NAME
from hearken.limits import MAX_EXCERPT_S
from hearken.server.files import Located, locate
from hearken.server.filters import SoundPath
from hearken.server.pictures import FOLDER_NAME, PictureCache, key_of, packed, unpacked
from hearken.server.problems import not_found, problem
from hearken.server.ranged import BytesSource, Ranged, Source
from hearken.server.schemas import Schema
from hearken.server.sounding import WavSource
from hearken.server.state import LibraryDep, Shelved
from hearken.server.threads import threads_for

router = APIRouter(tags=["media"])

_Found = TypeVar("_Found")
_CACHED = "private, max-age=120"  # an edited file keeps its address
_LONG_S = 300.0
_WHOLE_MAX_S = 60.0  # waveforms of stretches of sounds up to here come from the whole, which is quick to have and serves them all
Time = Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False, description="seconds from the start of the sound")]
EndTime = Annotated[float | None, Query(gt=0, le=1e9, allow_inf_nan=False, description="seconds; the end of the sound if left out")]


class PeaksOut(Schema):
    """The waveform of a stretch: for each column the lowest and the highest sample over all channels, full scale = 1."""

    start_s: float
    end_s: float
    duration_s: float
    min: list[float]
    max: list[float]


@router.get(
    "/libraries/{lib}/sounds/{id}/excerpt",
    summary="A stretch of a sound, decoded",
    response_class=Response,
    responses={
        200: {"description": "The stretch.", "content": {"audio/wav": {}, "audio/flac": {}}},
        206: {"description": "The range that was asked for.", "content": {"audio/wav": {}, "audio/flac": {}}},
        304: {"description": "The stretch is as the header If-None-Match says.", "content": None},
        416: {"description": "The stretch has no such range."},
    },
)
async def excerpt(
    shelved: LibraryDep,
    id: SoundPath,  # noqa: A002  the name in the address
    request: Request,
    start_s: Time = 0.0,
    end_s: EndTime = None,
    format: Annotated[Literal["wav", "flac"], Query(description="wav can be of any length, flac is smaller")] = "wav",  # noqa: A002
    download: Annotated[bool, Query(description="as a file to keep")] = False,
) -> Response:
    """Return a stretch of a sound as WAV or FLAC: to the sample, all channels, the file's own rate.

    A WAV is decoded while it is sent, from wherever a Range begins, so a browser can play an hour of a format that it does not
    know, and jump in it. FLAC, and what is to be kept as a file, may be `max_excerpt_s` long.
    """
    located = await _located(shelved, id)
    start_s, end_s = _stretch(located, start_s, end_s)
    if (download or format == "flac") and end_s - start_s > MAX_EXCERPT_S:
        raise AudioLimitError(f"{end_s - start_s:.0f} s are too much for one excerpt.", f"Ask for at most {MAX_EXCERPT_S:.0f} s.")
    if download or format == "flac":
        made: Source = BytesSource(await _in_thread(lambda: viewing.cut(located.path, start_s, end_s, format), request))
    else:
        made = await _in_thread(lambda: _wav(located.path, start_s, end_s), request)
    etag = _key(located, "excerpt", start_s, end_s, format, download)
    name = f"{located.record.path.rpartition('.')[0] or located.record.path} {start_s:.2f}-{end_s:.2f}.{format}"
    return Ranged(made, request, etag=etag, media_type=f"audio/{format}", name=name, download=download, cache=_CACHED)


@router.get("/libraries/{lib}/sounds/{id}/peaks", summary="Its waveform, in numbers", response_model=PeaksOut)
async def peaks(
    shelved: LibraryDep,
    id: SoundPath,  # noqa: A002  the name in the address
    request: Request,
    start_s: Time = 0.0,
    end_s: EndTime = None,
    width: Annotated[int, Query(ge=1, le=4096, description="number of columns")] = 800,
) -> Response:
    """Return the lowest and highest sample of each of `width` columns. After the end of the sound they are zero."""
    located = await _located(shelved, id)
    start_s, end_s = _stretch(located, start_s, end_s)
    cache = _cache(request, shelved)
    is_long = located.record.duration_s > _LONG_S
    found = await _in_thread(lambda: _columns(cache, located, start_s, end_s, width), request, is_long=is_long)
    low, high = (np.round(side / 32_767.0, 4).tolist() for side in (found.low, found.high))
    body = {"start_s": start_s, "end_s": end_s, "duration_s": located.record.duration_s, "min": low, "max": high}
    return Response(json.dumps(body, separators=(",", ":")), media_type="application/json", headers={"Cache-Control": _CACHED})


@router.get(
    "/libraries/{lib}/sounds/{id}/spectrogram",
    summary="Its spectrogram, as a picture",
    response_class=Response,
    responses={200: {"description": "A PNG.", "content": {"image/png": {}}}},
)
async def spectrogram(
    shelved: LibraryDep,
    id: SoundPath,  # noqa: A002  the name in the address
    request: Request,
    start_s: Time = 0.0,
    end_s: EndTime = None,
    width: Annotated[int, Query(ge=1, le=4096, description="pixels")] = 800,
    height: Annotated[int, Query(ge=8, le=1024, description="pixels")] = 160,
    theme: Annotated[Literal["dark", "light"], Query(description="of the page around it")] = "dark",
) -> Response:
    """Return a picture of a stretch: mel scale, the lowest tones at the bottom; `X-Min-Hz` and `X-Max-Hz` tell the edges."""
    located = await _located(shelved, id)
    start_s, end_s = _stretch(located, start_s, end_s)
    wanted = PictureRequest(start_s, end_s, width, height, theme)
    cache = _cache(request, shelved)

    def made() -> bytes:
        return cache.got_or_made(_key(located, "spectrogram", wanted), lambda: viewing.spectrogram(located.path, wanted))

    data = await _in_thread(made, request, is_long=end_s - start_s > _LONG_S)
    edges = {"X-Min-Hz": f"{MIN_HZ:g}", "X-Max-Hz": f"{max_hz(located.record.rate_hz):g}"}
    return Response(data, media_type="image/png", headers={"Cache-Control": _CACHED, **edges})


async def _located(shelved: Shelved, file_id: int) -> Located:
    return await shelved.look(lambda library: locate(library, file_id))


def _stretch(located: Located, start_s: float, end_s: float | None) -> tuple[float, float]:
    """Return the stretch that is meant; it ends with the sound at the latest. Raises InputError when it would be none."""
    duration_s = located.record.duration_s
    stop_s = duration_s if end_s is None else min(end_s, duration_s)
    if not start_s < stop_s:
        raise InputError(
            f"From {start_s:g} s to {stop_s if end_s is None else end_s:g} s there is no sound.", f"The sound lasts {duration_s:.3f} s."
        )
    return start_s, stop_s


def _cache(request: Request, shelved: Shelved) -> PictureCache:
    """Return the cache of a library, the same to all requests; with the first one the processes are bound to the server's life."""
    state = request.app.state
    if not hasattr(state, "pictures"):
        state.pictures = {}
        if hasattr(state, "closing"):
            state.closing.append(viewing.close)
    caches: dict[str, PictureCache] = state.pictures
    return caches.setdefault(shelved.name, PictureCache(shelved.path / CACHE_NAME / FOLDER_NAME))


def _wav(path: str, start_s: float, end_s: float) -> WavSource:
    form = viewing.form(path)
    start, stop = round(start_s * form.rate_hz), round(end_s * form.rate_hz)
    return WavSource(path, form, start, max(stop, start + 1))


def _columns(cache: PictureCache, located: Located, start_s: float, end_s: float, width: int) -> Columns:
    """Return columns from the kept overview of the sound, or, where they are too fine for it, from the sound itself."""
    duration_s = located.record.duration_s
    if duration_s > _WHOLE_MAX_S and not could_serve(duration_s, located.record.rate_hz, end_s - start_s, width):
        return viewing.columns(located.path, start_s, end_s, width)
    whole = unpacked(cache.got_or_made(_key(located, "overview"), lambda: packed(viewing.overview(located.path))))
    if whole.serves(start_s, end_s, width):
        return whole.columns(start_s, end_s, width)
    return viewing.columns(located.path, start_s, end_s, width)


def _key(located: Located, what: str, *parameters: object) -> str:
    """Return the key of something made of a sound's file; one that changed since it was indexed is another sound."""
    record, now = located.record, os.stat(located.path)
    changed = () if (now.st_size, now.st_mtime_ns) == (record.size, record.mtime_ns) else (now.st_size, now.st_mtime_ns)
    return key_of(record.content_hash, what, *changed, *parameters)


async def _in_thread(work: Callable[[], _Found], request: Request, *, is_long: bool = False) -> _Found:
    """Return what `work` returns, done in one of the threads for pictures: what `is_long` has few, so that it never takes them all.

    Raises the 503 of `problems` when the processes are all busy for long.
    """
    try:
        return await run_sync(work, limiter=threads_for(request, "long picture" if is_long else "picture"))
    except TimeoutError as error:
        raise problem(503, "The sound could not be read in time.", "Try again in a moment.", {"Retry-After": "5"}) from error
    except OSError as error:
        raise not_found() from error
