"""Twelve clips with two captions each, and a submission that finds them all at known ranks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hearken.evaluate.submission.challenges import LISTS_HEADER
from hearken.evaluate.submission.truth import Truth

CLIPS = tuple(
    f"{name}.wav" for name in ("rain", "Dog; far", "a:b", " lead", "siren, two", "bell", "wind", "saw", "cat", "frog", "bird", "train")
)
QUERIES = tuple(f"{word} {clip[:-4]}." for clip in CLIPS for word in ("I hear", 'They say, "it is"'))
Rows = list[list[str]]


def table(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def truth() -> Truth:
    return Truth("small", QUERIES, CLIPS, tuple((clip,) for clip in CLIPS for _ in range(2)))


@pytest.fixture
def rows() -> Rows:
    """The first caption of every clip has it first, the second has it fourth; behind and between come the next clips."""
    made = [list(LISTS_HEADER)]
    for number, query in enumerate(QUERIES):
        own = number // 2
        others = [CLIPS[(own + step) % len(CLIPS)] for step in range(1, 10)]
        made.append([query, *others[: 3 * (number % 2)], CLIPS[own], *others[3 * (number % 2) :]])
    return made


@pytest.fixture
def scores() -> Rows:
    """The same as a table of scores, out of order: 1 for the own clip or 0.25, then falling from 0.5."""
    made = [["index", *CLIPS]]
    for number, query in enumerate(QUERIES):
        own = number // 2
        values = {(own + step) % len(CLIPS): 0.5 - 0.1 * step for step in range(1, len(CLIPS))}
        values[own] = 0.15 if number % 2 else 1.0
        made.append([query, *(repr(values[clip]) for clip in range(len(CLIPS)))])
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes | Rows], Path]:
    def to_file(content: bytes | Rows, name: str = "x.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else table(content))
        return path

    return to_file
