"""What every caption metric takes and returns: candidates with their references, as words, and a score for all and for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError
from hearken.metrics.captioning.tokens import ptb

Words = tuple[str, ...]
Tokens = Callable[[str], Sequence[str]]
"""How a caption becomes words: `ptb`, or `str.split` for captions that are words and blanks already."""


@dataclass(frozen=True, eq=False)
class CaptionScore:
    """The score `value` of all candidates, and of each: `per_item` (N,). `name` says what it is, and what it is not."""

    name: str
    value: float
    per_item: NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """The words of one candidate, and of each of its references."""

    candidate: Words
    references: tuple[Words, ...]


def clips_of(candidates: Sequence[str], references: Sequence[Sequence[str]], tokens: Tokens = ptb) -> list[Clip]:
    """Return the words of N candidates and of their references. Raises InputError as `check_captions` does."""
    check_captions(candidates, references)
    return [
        Clip(tuple(tokens(candidate)), tuple(tuple(tokens(reference)) for reference in known))
        for candidate, known in zip(candidates, references, strict=True)
    ]


def check_captions(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Raise InputError unless there is a candidate, each has one reference or more, and all of them are text; clips count from 0."""
    if isinstance(candidates, str) or isinstance(references, str):
        raise InputError("Candidates are a list of captions, references a list of lists of captions.")
    if not len(candidates):
        raise InputError("There is no candidate to score.")
    if len(candidates) != len(references):
        raise InputError(f"There are {len(candidates)} candidates and references of {len(references)} clips.", "Give each clip its own.")
    for number, (candidate, known) in enumerate(zip(candidates, references, strict=True)):
        if isinstance(known, str) or not all(isinstance(text, str) for text in (candidate, *known)):
            raise InputError(f"Clip number {number} needs a candidate that is text, and a list of references that are.")
        if not len(known):
            raise InputError(f"Clip number {number} has no reference.", "Leave it out, or give it a caption that a person wrote.")
