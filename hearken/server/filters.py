"""The query parameters that several operations share, and what they mean for the library."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hearken.library.records import Filters
from hearken.limits import MAX_HITS, MAX_QUERY_CHARS
from hearken.search.library import Library
from hearken.search.query import made_filters
from hearken.search.selection import marked_files
from hearken.server.schemas import MAX_ID

_MAX_LIST = 50
_WILD = frozenset("*?")
_DECIMAL = re.compile(r"[1-9][0-9]{0,18}")
Words = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)]
Short = Annotated[str, Field(min_length=1, max_length=200)]
Length = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=1, le=10_000_000)]


def _decimal(value: object) -> object:
    """Return `value` unless it spells a number in another way than it is usually written: an id has one address."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("no id")
    return value


SoundPath = Annotated[int, Path(ge=1, le=MAX_ID, description="id of a sound"), BeforeValidator(_decimal)]


class Paging(BaseModel):
    """Which part of a list is wanted."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=200, description="how many")
    offset: int = Field(0, ge=0, le=MAX_HITS - 201, description="how many to pass over")


class LongPaging(BaseModel):
    """Which part of a list of any length is wanted."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=500, description="how many")
    offset: int = Field(0, ge=0, le=MAX_ID, description="how many to pass over")


class FilterParams(BaseModel):
    """Which sounds are meant; every condition that is set must hold, and of one that is repeated any value will do."""

    model_config = ConfigDict(extra="forbid")

    min_duration_s: Length | None = Field(None, description="at least this long")
    max_duration_s: Length | None = Field(None, description="at most this long")
    folder: Words | None = Field(None, description="a folder as `/folders` names them, or a pattern of paths with * and ?")
    format: list[Short] = Field([], max_length=_MAX_LIST, description="container, codec or suffix, such as wav")
    rate_hz: list[Whole] = Field([], max_length=_MAX_LIST, description="sample rate")
    channels: list[Whole] = Field([], max_length=_MAX_LIST, description="number of channels")
    label: list[Short] = Field([], max_length=_MAX_LIST, description="a label that `hearken tag` gave")
    collection: int | None = Field(None, ge=1, le=MAX_ID, description="id of a collection")

    def filters(self) -> Filters:
        """Return the conditions that the store knows. Raises QueryError."""
        folder = None if self.folder is None else _pattern(self.folder)
        return made_filters(self.min_duration_s, self.max_duration_s, folder, self.format, self.rate_hz, self.channels)

    def only(self, library: Library) -> frozenset[int] | None:
        """Return the files that the notebook picks out, or None where it is not asked. Raises StoreError."""
        return marked_files(library.parts().store, self.label, self.collection)


def _pattern(folder: str) -> str:
    """Return a folder as a pattern of paths. A name is no path of this machine: `..` means nothing here."""
    parts = [part for part in folder.split("/") if part not in {"", ".", ".."}]
    plain = ("/" if folder.startswith("/") else "") + "/".join(parts)
    if not parts or not _WILD.isdisjoint(plain):
        return plain or "*"
    return plain.replace("[", "[[]") + ("/" if "[" in plain else "")  # names of folders hold brackets more often than patterns do


class SearchParams(Paging, FilterParams):
    """How to search, whatever is sought."""

    not_: Words | None = Field(None, alias="not", description="what it should not sound like")
    moments: bool = Field(False, description="all fitting moments, not just the best one of each sound")
    sound_only: bool = Field(False, description="go by the sound alone, not by names, tags and captions")


class TextSearchParams(SearchParams):
    """What to search for: a text, a sound of the library, or both."""

    q: Words | None = Field(None, description="the sound in plain words")
    like: int | None = Field(None, ge=1, le=MAX_ID, description="id of a sound that it should be like")
    like_start_s: Length | None = Field(None, description="with `like`: only what is from here ...")
    like_end_s: Length | None = Field(None, description="... to here")
    as_typed: bool = Field(False, description="take the text as it stands: mend no typing errors, read no 'without'")
