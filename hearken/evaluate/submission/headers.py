"""The first line of a submission: what it should say, and the wrong ones that are known from public programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hearken.evaluate.submission.challenges import DEPTH, LISTS_HEADER, MATRIX_INDEX
from hearken.evaluate.submission.faults import Faults, brief, nearest

_WANTED = ",".join((*LISTS_HEADER[:2], "...", LISTS_HEADER[-1]))
_NUMBERS = tuple(str(number) for number in range(DEPTH + 1))
_SHORT = ("caption", *(f"fname_{rank}" for rank in range(1, DEPTH + 1)))
_SHORT_NOTE = "The columns are called fname_1 to fname_10, as a public exporter writes them; the baseline of the task writes file_name_1 to file_name_10."
_PANDAS = ("", "Unnamed: 0")
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus")


@dataclass(frozen=True)
class Header:
    """What the first line means for the rows: cells to `skip` at the left, and whether it `is_row` itself; `readable` if rows can be checked."""

    readable: bool = True
    skip: int = 0
    is_row: bool = False
    note: str = ""


def lists_header(cells: Sequence[str], line: int, faults: Faults) -> Header:
    """Return how to read the rows below the header `cells` of ranked lists; what is wrong with it is noted in `faults`."""
    names = tuple(cells)
    if names == LISTS_HEADER:
        return Header()
    if names == _SHORT:
        return Header(note=_SHORT_NOTE)
    if names[:1] and names[0] in _PANDAS and len(names) == len(LISTS_HEADER) + 1:
        faults.add("header", line, "there is a column of row numbers at the left, as pandas adds it; write with index=False.")
        if names[1:] != LISTS_HEADER:
            lists_header(names[1:], line, faults)
        return Header(skip=1)
    known = _known_wrong(names)
    if known:
        message, header = known
        faults.add("header", line, message)
        return header
    for name, wanted in zip(names, LISTS_HEADER, strict=True):
        if name != wanted:
            faults.add("header", line, f"the column is called {brief(name)}, not {wanted}.", wanted)
    return Header()


def _known_wrong(names: tuple[str, ...]) -> tuple[str, Header] | None:
    """What to say of a header that is wrong as a whole, and how to read on; None if single names are."""
    if names == _NUMBERS:
        script = "as the retrieval script of the 2023 baseline writes it (its table has no names of columns)"
        return f"the header is 0,1,...,10, {script}; replace the line by {_WANTED}.", Header()
    if names[:1] == (MATRIX_INDEX,):
        return f"this is a table of scores, as dcase2025 wants it; the header should be {_WANTED}.", Header(readable=False)
    if len(names) != len(LISTS_HEADER):
        return f"the header has {len(names)} columns, not {len(LISTS_HEADER)}; it should be {_WANTED}.", Header(readable=False)
    if sum(name.lower().endswith(_SOUNDS) for name in names) >= DEPTH // 2:
        return f"there is no header; write {_WANTED} above the first row.", Header(is_row=True)
    if sorted(names) == sorted(LISTS_HEADER):
        return f"the columns stand in another order; it should be {_WANTED}.", Header(readable=False)
    return None


def matrix_header(cells: Sequence[str], line: int, clips: Sequence[str], queries: Sequence[str], faults: Faults) -> Header:
    """Return how to read the rows below the header `cells` of a table of scores, whose columns are clips, all of `clips` where they are known."""
    names = cells[1:]
    if wrong := _wrong_table(cells, clips, queries):
        faults.add("header", line, wrong)
        return Header(readable=False)
    if cells[0] != MATRIX_INDEX:
        faults.add("header", line, f"the first column is called {brief(cells[0])}, not {MATRIX_INDEX}.", MATRIX_INDEX)
    first: dict[str, int] = {}
    known = set(clips)
    for column, name in enumerate(names, start=2):
        if not name.strip():
            faults.add("empty cell", line, f"column {column} has no name.")
        elif name in first:
            faults.add("duplicate clip", line, f"{brief(name)} names column {first[name]} and column {column}.")
        elif known and name not in known:
            faults.unknown("unknown clip", line, "clip", name, clips)
        first.setdefault(name, column)
    for clip in clips:
        if clip not in first:
            message = f"there is no column for the clip {brief(clip)}{nearest(clip, names)}." if faults.wants("missing clip") else ""
            faults.add("missing clip", line, message)
    return Header()


def _wrong_table(cells: Sequence[str], clips: Sequence[str], queries: Sequence[str]) -> str:
    """What to say of a header that is no header of a table of scores at all; "" if it may be one."""
    names = set(cells[1:])
    if tuple(cells) == LISTS_HEADER:
        return "these are ranked lists, as dcase2022 to dcase2024 want them, not a table of scores."
    if not names:
        return f"there is one column; there should be {MATRIX_INDEX} and one for each clip."
    if clips and names.intersection(queries) and not names.intersection(clips):
        return "the table is the other way about: queries are rows, clips are columns."
    return ""
