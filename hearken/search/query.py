"""What a search asks for: text as people type it, made safe, and the conditions that an answer must meet."""

from __future__ import annotations

import math
import operator
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import SupportsIndex

from hearken.errors import QueryError
from hearken.library.records import Filters
from hearken.limits import MAX_HITS, MAX_QUERY_CHARS

_DROPPED = {"Cf", "Cs", "Cn", "Co"}  # invisible marks and text-direction changes, lone surrogates, unassigned, private use


def clean_text(text: str) -> str:
    """Return `text` fit for a text encoder: composed (NFC), control characters and runs of white space as one space.

    Invisible marks, lone surrogates (undecodable bytes of a command line) and unassigned characters vanish. Raises
    QueryError for text that is no str, too long, or has nothing left.
    """
    if not isinstance(text, str):
        raise QueryError(f"A query must be text, not {type(text).__name__}.", "To search by sound use similar.")
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(
            f"The query has {len(text)} characters; at most {MAX_QUERY_CHARS} are allowed.", "Describe the sound in a sentence."
        )
    kept = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text if unicodedata.category(char) not in _DROPPED)
    cleaned = " ".join(unicodedata.normalize("NFC", kept).split())
    if not cleaned:
        raise QueryError("The query is empty.", 'Describe a sound in a few words, such as "rain on a tin roof".')
    return cleaned


def whole_number(value: SupportsIndex, rule: str) -> int:
    """Return a whole number of any type, such as numpy's, as int; True is an int, but counts nothing. Raises QueryError with the `rule`."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise QueryError(f"{rule}, not {value!r}.")


@dataclass(frozen=True)
class SearchRequest:
    """How to answer: at most `k` hits, each file's best moment or all `moments`, of files that pass `filters`.

    `fold` puts further copies of a recording under its best hit; with `only`, files of these ids alone are hits. Raises QueryError for values that make no sense.
    """

    k: int = 10
    moments: bool = False
    fold: bool = True
    filters: Filters = field(default_factory=Filters)
    only: frozenset[int] | None = None

    def __post_init__(self) -> None:
        rule = f"The number of hits must be a whole number from 1 to {MAX_HITS}"
        object.__setattr__(self, "k", whole_number(self.k, rule))
        if not 1 <= self.k <= MAX_HITS:
            raise QueryError(f"{rule}, not {self.k}.")
        _check_filters(self.filters)


def made_filters(
    min_duration_s: float | None,
    max_duration_s: float | None,
    path_glob: str | None,
    formats: Sequence[str],
    rates_hz: Sequence[int],
    num_channels: Sequence[int],
) -> Filters:
    """Return the filters that the arguments of a search mean; one format may stand alone. Raises QueryError for what is no whole number."""
    if isinstance(formats, str):
        formats = (formats,)
    rates = tuple(whole_number(rate_hz, "A sample rate must be a whole number of Hz") for rate_hz in rates_hz)
    channels = tuple(whole_number(count, "A number of channels must be a whole number") for count in num_channels)
    return Filters(min_duration_s, max_duration_s, path_glob, tuple(formats), rates, channels)


def _check_filters(filters: Filters) -> None:
    shortest, longest = filters.min_duration_s, filters.max_duration_s
    for value in (shortest, longest):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise QueryError(f"A duration must be a number of seconds from 0, not {value!r}.")
    if shortest is not None and longest is not None and shortest > longest:
        raise QueryError(f"No sound lasts at least {shortest} s and at most {longest} s.", "Swap the two limits.")
    if filters.path_glob == "":
        raise QueryError("The path pattern is empty.", 'A pattern looks like "*/birds/*.wav".')
