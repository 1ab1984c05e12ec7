"""How records become database rows and back. Whatever does not come back as it was written is a DamagedError."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hearken.errors import InputError
from hearken.library.hashing import HASH_NUM_BYTES, seal
from hearken.library.records import DoubleArray, FileRecord, FileVectors
from hearken.limits import MAX_TAG_CHARS, MAX_TAGS
from hearken.types import EmbeddedFile

Damaged = Callable[[str], Exception]
"""Makes the error that names the damaged file, from what is wrong with it."""

FILE_COLUMNS = """files.id, path, size, mtime_ns, content_hash, duration_s, rate_hz, num_channels, container, codec, flags, tags,
    sounds.num_windows"""


def plain(text: str) -> str:
    """Return `text` as it can be stored: UTF-8, with undecodable bytes of names as backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def check_vectors(embedded: EmbeddedFile, dim: int) -> None:
    """Raise InputError unless the result of a model holds what it must: shapes agree, every number is finite, times are in order."""
    vectors = embedded.vectors
    spans = _span_array(embedded)
    if vectors.clip.shape != (dim,) or vectors.windows.shape != (len(vectors.spans), dim) or not len(vectors.spans):
        raise InputError(
            f"The model returned vectors of shape {vectors.clip.shape} and {vectors.windows.shape} for {len(vectors.spans)} spans."
        )
    with np.errstate(over="ignore"):  # a value that float16 cannot hold becomes infinite, and is refused as such
        half = [vectors.clip.astype(np.float16), vectors.windows.astype(np.float16)]
    finite = [bool(np.isfinite(array).all()) for array in half]
    if not (all(finite) and np.isfinite(spans).all() and math.isfinite(embedded.duration_s)):
        raise InputError("The model returned vectors or times that are not finite.")
    if spans.min() < 0.0 or (spans[:, 1] < spans[:, 0]).any():
        raise InputError("The model returned windows that end before they begin.")


def sound_row(content_hash: bytes, embedded: EmbeddedFile) -> tuple[Any, ...]:
    """Return the columns of `sounds` after id."""
    info = embedded.info
    facts = (float(embedded.duration_s), int(info.rate_hz), int(info.num_channels), plain(info.container), plain(info.codec))
    tags = json.dumps(kept_tags(info.tags), ensure_ascii=True)
    return (content_hash, *facts, " ".join(sorted(embedded.flags)), tags, len(embedded.vectors.spans))


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return at most `MAX_TAGS` tags of at most `MAX_TAG_CHARS` characters each, storable as UTF-8."""
    return {plain(str(key))[:MAX_TAG_CHARS]: plain(str(value))[:MAX_TAG_CHARS] for key, value in list(tags.items())[:MAX_TAGS]}


def vector_row(embedded: EmbeddedFile) -> tuple[bytes, bytes, bytes, bytes]:
    """Return clip, windows, spans and their seal as stored: little-endian float16, float16 and float64."""
    vectors = embedded.vectors
    parts = (vectors.clip.astype("<f2").tobytes(), vectors.windows.astype("<f2").tobytes(), _span_array(embedded).astype("<f8").tobytes())
    return (*parts, seal(*parts))


def _span_array(embedded: EmbeddedFile) -> DoubleArray:
    return np.array([(span.start_s, span.end_s) for span in embedded.vectors.spans], np.float64).reshape(-1, 2)


def read_file(row: tuple[Any, ...], damaged: Damaged) -> FileRecord:
    """Return the record of a row of `FILE_COLUMNS`."""
    try:
        tags = json.loads(row[11])
        if len(row[4]) != HASH_NUM_BYTES or not isinstance(tags, dict):
            raise damaged(f"file {row[0]} has no proper facts")
        facts = (float(row[5]), int(row[6]), int(row[7]), str(row[8]), str(row[9]), frozenset(row[10].split()), tags, int(row[12]))
        return FileRecord(row[0], os.fsdecode(row[1]), row[2], row[3], row[4].hex(), *facts)
    except (ValueError, TypeError, AttributeError) as error:
        raise damaged(f"file {row[0]} has no proper facts") from error


def read_vectors(row: tuple[Any, ...], dim: int, damaged: Damaged) -> FileVectors:
    """Return the vectors of a row (file id, clip, windows, spans, seal), after checking the seal."""
    file_id, clip, windows, spans, sealed = row
    if any(not isinstance(part, bytes) for part in row[1:]) or seal(clip, windows, spans) != sealed:
        raise damaged(f"the vectors of file {file_id} were altered")
    try:
        arrays = np.frombuffer(clip, "<f2"), np.frombuffer(windows, "<f2").reshape(-1, dim), np.frombuffer(spans, "<f8").reshape(-1, 2)
    except ValueError as error:
        raise damaged(f"the vectors of file {file_id} have a wrong size") from error
    if len(arrays[0]) != dim or len(arrays[1]) != len(arrays[2]):
        raise damaged(f"the vectors of file {file_id} have a wrong size")
    return FileVectors(file_id, *arrays)
