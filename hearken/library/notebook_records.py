"""What a notebook holds: collections and their items, notes, labels and saved searches, and the rules for their texts."""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hearken.errors import InputError
from hearken.library.hashing import HASH_NUM_BYTES
from hearken.types import Span

FAVOURITES_ID = 1
FAVOURITES_NAME = "Favourites"
MAX_NAME_CHARS = 200
MAX_NOTE_CHARS = 10_000
MAX_QUERY_JSON_CHARS = 10_000
_MAX_QUERY_DEPTH = 8
MAX_COLLECTIONS = 1_000
MAX_SEARCHES = 1_000
MAX_ITEMS = 100_000
MAX_LABELS_PER_SOUND = 1_000

_DROPPED = {"Cc", "Cf", "Cs", "Cn", "Co"}  # control and invisible marks, lone surrogates, unassigned, private use


@dataclass(frozen=True)
class SoundKey:
    """A sound as a notebook knows it: hexadecimal hash of its content, and the path where it was last seen, "" where unknown."""

    content_hash: str
    path: str = ""


@dataclass(frozen=True)
class Collection:
    """A named list of sounds; `made_s` is seconds since 1970."""

    id: int
    name: str
    num_items: int
    made_s: float


@dataclass(frozen=True)
class Item:
    """One entry of a collection: a sound, or a `span` of it; `added_s` is seconds since 1970."""

    id: int
    collection_id: int
    sound: SoundKey
    span: Span | None
    added_s: float


@dataclass(frozen=True)
class Label:
    """What a sound, or a `span` of it, was called, how surely (`score`, larger is surer), and by whom (`source`)."""

    label: str
    score: float
    span: Span | None = None
    source: str = ""


@dataclass(frozen=True)
class SavedSearch:
    """A search to be run again: `query` holds its parameters; `made_s` is seconds since 1970."""

    id: int
    name: str
    query: Mapping[str, Any]
    made_s: float


@dataclass(frozen=True)
class Annotation:
    """All that a notebook says of one sound: its note, labels (best first) and the ids of the collections that it is in."""

    note: str = ""
    labels: tuple[Label, ...] = ()
    collections: tuple[int, ...] = ()


def clean_name(text: str, what: str = "name") -> str:
    """Return `text` as one line of visible characters, composed (NFC). Raises InputError where nothing is left, or too much."""
    if not isinstance(text, str):
        raise InputError(f"A {what} must be text, not {type(text).__name__}.")
    if len(text) > MAX_NAME_CHARS:
        raise InputError(f"The {what} has {len(text)} characters; at most {MAX_NAME_CHARS} are allowed.", f"Choose a shorter {what}.")
    spaced = "".join(" " if char.isspace() else char for char in text)
    cleaned = " ".join(unicodedata.normalize("NFC", _visible(spaced)).split())
    if not cleaned:
        raise InputError(f"The {what} is empty.", f"Give a {what}.")
    return cleaned


def clean_note(text: str) -> str:
    """Return `text` without invisible marks, lines kept; "" is no note. Raises InputError for what is no text, or too long."""
    if not isinstance(text, str):
        raise InputError(f"A note must be text, not {type(text).__name__}.")
    if len(text) > MAX_NOTE_CHARS:
        raise InputError(f"The note has {len(text)} characters; at most {MAX_NOTE_CHARS} are allowed.", "Shorten it.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_visible(line.replace("\t", "    ")).rstrip() for line in lines).strip()


def query_json(query: Mapping[str, Any]) -> str:
    """Return the parameters of a search as JSON. Raises InputError for what JSON cannot say, or too much of it, or too deep."""
    if not _is_shallow(query, _MAX_QUERY_DEPTH):
        raise InputError("The search cannot be kept: its parameters hold too many lists in lists.")
    try:
        text = json.dumps(dict(query), allow_nan=False, sort_keys=True)
        json.dumps(dict(query), ensure_ascii=False).encode()  # raises for lone surrogates, which nobody could be sent
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"The search cannot be kept: {error}.") from error
    if len(text) > MAX_QUERY_JSON_CHARS:
        raise InputError(f"The search takes {len(text)} characters; at most {MAX_QUERY_JSON_CHARS} are allowed.")
    return text


def clean_label(label: Label) -> Label:
    """Return `label` with a clean name. Raises InputError for a name or number that makes no sense."""
    if not math.isfinite(label.score):
        raise InputError(f"The score of a label must be a number, not {label.score!r}.")
    return Label(clean_name(label.label, "label"), float(label.score), checked_span(label.span), label.source)


def checked_span(span: Span | None) -> Span | None:
    """Return `span`. Raises InputError unless its times are finite, from 0, and in order."""
    if span is None:
        return None
    if not (math.isfinite(span.start_s) and math.isfinite(span.end_s) and 0 <= span.start_s < span.end_s):
        raise InputError(
            f"A span from {span.start_s!r} s to {span.end_s!r} s makes no sense.", "It must start at 0 s or later, and end after that."
        )
    return Span(float(span.start_s), float(span.end_s))


def key_row(sound: SoundKey) -> tuple[bytes, bytes]:
    """Return hash and path as stored. Raises InputError for a hash that is none."""
    try:
        content_hash = bytes.fromhex(sound.content_hash)
    except (ValueError, TypeError) as error:
        raise InputError("The content hash of a sound must be hexadecimal.") from error
    if len(content_hash) != HASH_NUM_BYTES:
        raise InputError(f"The content hash of a sound must have {2 * HASH_NUM_BYTES} hexadecimal digits.")
    return content_hash, os.fsencode(sound.path)


def _is_shallow(value: object, levels: int) -> bool:
    held = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    return held is None or (levels > 0 and all(_is_shallow(each, levels - 1) for each in held))


def _visible(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) not in _DROPPED)
