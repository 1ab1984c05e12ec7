"""Examination of a whole library, for `hearken doctor`: structure, references, seals, and the full-text index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

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
    for row in database.rows(f"SELECT {FILE_COLUMNS} FROM files JOIN sounds ON sounds.id = sound_id"):  # noqa: S608  constants only
        try:
            read_file(row, partial(damaged, database.path))
        except StoreError as error:
            yield error.message


def _vectors(database: Database, dim: int) -> Iterator[str]:
    last = 0
    sql = """SELECT sound_id, clip, windows, spans, seal, num_windows FROM vectors JOIN sounds ON sounds.id = sound_id
        WHERE sound_id > ? ORDER BY sound_id LIMIT ?"""
    while found := database.rows(sql, (last, _ROWS_PER_STEP)):
        last = found[-1][0]
        for row in found:
            try:
                if len(read_vectors(row[:5], dim, partial(damaged, database.path)).windows) != row[5]:
                    yield f"Sound {row[0]} has another number of windows than its entry says."
            except StoreError as error:
                yield error.message


def _text_index(database: Database) -> Iterator[str]:
    database.run("INSERT INTO words (words) VALUES ('integrity-check')")  # raises where the index and its content disagree
    yield from ()
