"""Examination of a whole library, for `hearken doctor`: structure, references, seals, and the full-text index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from hearken.errors import StoreError
from hearken.library.database import Database, damaged
from hearken.library.rows import FILE_COLUMNS, read_file, read_vectors

_ROWS_PER_STEP = 500

_CONTRADICTIONS = (
    ("SELECT count(*) FROM files WHERE sound_id NOT IN (SELECT id FROM sounds)", "files have no sound"),
    ("SELECT count(*) FROM sounds WHERE id NOT IN (SELECT sound_id FROM vectors)", "sounds have no vectors"),
    ("SELECT count(*) FROM vectors WHERE sound_id NOT IN (SELECT id FROM sounds)", "vectors belong to no sound"),
    ("SELECT count(*) FROM files WHERE id NOT IN (SELECT rowid FROM words)", "files are missing in the text index"),
    ("SELECT count(*) FROM words WHERE rowid NOT IN (SELECT id FROM files)", "entries of the text index belong to no file"),
    (
        "SELECT count(*) FROM files WHERE path IN (SELECT path FROM failures WHERE stage <> 'scan')",
        "files are in the library and failed at once",
    ),
)


def examine(database: Database, dim: int, *, writable: bool) -> list[str]:
    """Return what is wrong with a library of `dim`-dimensional vectors, one sentence each; empty when nothing is.

    The text index can be compared with its content only by a writer, as SQLite counts that as writing.
    """
    checks: list[Callable[[], Iterator[str]]] = [
        partial(_structure, database), partial(_contradictions, database), partial(_records, database), partial(_vectors, database, dim),
    ]  # fmt: skip
    if writable:
        checks.append(partial(_text_index, database))
    problems: list[str] = []
    for check in checks:
        try:
            problems.extend(check())
        except StoreError as error:  # one unreadable part must not hide what is wrong with the others
            problems.append(error.message)
    return problems


def damaged_files(database: Database, dim: int) -> list[tuple[int, bytes]]:
    """Return id and path of the files whose facts or vectors are absent, altered, of a wrong size or not finite. Raises StoreError."""
    sounds = {sound_id for sound_id, problem in _sounds(database, dim) if not problem}
    files = database.rows("SELECT id, path, sound_id FROM files ORDER BY id")
    facts = {file_id for file_id, problem in _files(database) if not problem}
    return [(file_id, path) for file_id, path, sound_id in files if sound_id not in sounds or file_id not in facts]


def _structure(database: Database) -> Iterator[str]:
    for (line,) in database.rows("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite reports: {line}"


def _contradictions(database: Database) -> Iterator[str]:
    for sql, what in _CONTRADICTIONS:
        count = database.rows(sql)[0][0]
        if count:
            yield f"{count} {what}."


def _records(database: Database) -> Iterator[str]:
    return (problem for _, problem in _files(database) if problem)


def _files(database: Database) -> Iterator[tuple[int, str]]:
    """Yield each file's id and what is wrong with its facts; "" for nothing."""
    for row in database.rows(f"SELECT {FILE_COLUMNS} FROM files JOIN sounds ON sounds.id = sound_id"):  # noqa: S608  constants only
        try:
            read_file(row, partial(damaged, database.path))
        except StoreError as error:
            yield row[0], error.message
        else:
            yield row[0], ""


def _vectors(database: Database, dim: int) -> Iterator[str]:
    return (problem for _, problem in _sounds(database, dim) if problem)


def _sounds(database: Database, dim: int) -> Iterator[tuple[int, str]]:
    """Yield each sound's id and what is wrong with its vectors; "" for nothing."""
    last = 0
    sql = """SELECT sound_id, clip, windows, spans, seal, num_windows FROM vectors JOIN sounds ON sounds.id = sound_id
        WHERE sound_id > ? ORDER BY sound_id LIMIT ?"""
    while found := database.rows(sql, (last, _ROWS_PER_STEP)):
        last = found[-1][0]
        yield from ((row[0], _vector_problem(row, dim, database.path)) for row in found)


def _vector_problem(row: tuple[Any, ...], dim: int, path: str) -> str:
    try:
        vectors = read_vectors(row[:5], dim, partial(damaged, path))
    except StoreError as error:
        return error.message
    if len(vectors.windows) != row[5]:
        return f"Sound {row[0]} has another number of windows than its entry says."
    finite = all(bool(np.isfinite(part).all()) for part in vectors[1:])
    return "" if finite else f"Sound {row[0]} has vectors that are not finite."


def _text_index(database: Database) -> Iterator[str]:
    database.run("INSERT INTO words (words) VALUES ('integrity-check')")  # raises where the index and its content disagree
    yield from ()
