"""Examination and rescue of a notebook, for `hearken doctor`. A damaged file is set aside, never deleted: nothing can make it anew."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearken.errors import StoreError, show
from hearken.files import remove_quietly, sync_folder, temp_beside
from hearken.library.notebook_file import NOTEBOOK_NAME, TABLES, NotebookDatabase, fill, is_there, making, open_notebook
from hearken.library.notebook_records import FAVOURITES_ID

_SHOWN = 10
_CONTRADICTIONS = (
    ("SELECT count(*) FROM sounds WHERE length(content_hash) <> 16", "sounds have no proper content hash"),
    ("SELECT count(*) FROM items WHERE collection_id NOT IN (SELECT id FROM collections)", "items are in no collection"),
    ("SELECT count(*) FROM items WHERE sound_id NOT IN (SELECT id FROM sounds)", "items are of no sound"),
    ("SELECT count(*) FROM items WHERE start_s > end_s", "items end before they begin"),
    ("SELECT count(*) FROM notes WHERE sound_id NOT IN (SELECT id FROM sounds)", "notes are of no sound"),
    ("SELECT count(*) FROM labels WHERE sound_id NOT IN (SELECT id FROM sounds)", "labels are of no sound"),
)
_ORPHANS = (
    "DELETE FROM sounds WHERE length(content_hash) <> 16",
    "DELETE FROM items WHERE collection_id NOT IN (SELECT id FROM collections) OR sound_id NOT IN (SELECT id FROM sounds) OR start_s > end_s",
    "DELETE FROM notes WHERE sound_id NOT IN (SELECT id FROM sounds)",
    "DELETE FROM labels WHERE sound_id NOT IN (SELECT id FROM sounds)",
)


def check_notebook(library_folder: str | os.PathLike[str]) -> list[str]:
    """Return what is wrong with the notebook of a library, one sentence each; empty for a sound one, and where there is none."""
    path = _path(library_folder)
    try:
        if not is_there(path):
            return []
        with contextlib.closing(open_notebook(path, writable=False)) as database:
            return list(_problems(database))
    except StoreError as error:
        return [error.message]


def rescue_notebook(library_folder: str | os.PathLike[str]) -> list[str]:
    """Put a notebook with all that can still be read in place of a damaged one, which is kept beside it; return what was done.

    Nothing is done to a sound one. Raises LockedError, DiskFullError, FormatVersionError (of a newer Hearken, so not damaged) and other
    StoreErrors; then what was there is there still.
    """
    path = _path(library_folder)
    if not check_notebook(library_folder):
        return []
    _refuse_newer(path)
    temp = temp_beside(Path(path))
    with making(path):
        try:
            counts = _rescue(path, str(temp))
            kept = _set_aside(path)
            os.replace(temp, path)
            sync_folder(temp.parent)
        except OSError as error:
            raise StoreError(
                f"The notebook {show(path)} cannot be replaced: {error.strerror}.", "Check the permissions of its folder."
            ) from error
        finally:
            remove_quietly(temp)
    told = ", ".join(f"{count} {table}" for table, count in counts.items() if table != "sounds")
    return [f"What can still be read of the notebook was saved: {told}.", f"The damaged file is kept as {show(kept)}."]


def _path(library_folder: str | os.PathLike[str]) -> str:
    return os.path.join(os.path.abspath(library_folder), NOTEBOOK_NAME)


def _problems(database: NotebookDatabase) -> Iterator[str]:
    here = {row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    absent = [name for name in TABLES if name not in here]
    yield from (f"The notebook lacks the table {name}." for name in absent)
    found = [str(row[0]) for row in database.rows(f"PRAGMA integrity_check({_SHOWN})")]
    yield from (f"The notebook is damaged: {show(line)}." for line in found if line != "ok")
    if absent or found != ["ok"]:
        return
    for sql, what in _CONTRADICTIONS:
        count = database.rows(sql)[0][0]
        if count:
            yield f"{count} {what} in the notebook."
    if not database.rows("SELECT 1 FROM collections WHERE id = ?", (FAVOURITES_ID,)):
        yield "The notebook lacks the collection Favourites."
    for search_id, query in database.rows("SELECT id, query FROM searches"):
        if not _is_query(query):
            yield f"The saved search {search_id} of the notebook cannot be read."


def _is_query(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _refuse_newer(path: str) -> None:
    """Raise FormatVersionError where it is not damage that keeps us from reading the notebook."""
    from hearken.errors import DamagedError

    with contextlib.suppress(DamagedError):
        open_notebook(path, writable=False).close()


def _rescue(path: str, temp: str) -> dict[str, int]:
    """Write what can be read of the notebook `path` into a new one, and return how many rows that were, by table."""
    database = NotebookDatabase(temp, writable=True)
    try:
        fill(database)
        database.run("PRAGMA foreign_keys=OFF")
        with database.transaction():
            database.run("DELETE FROM collections WHERE id <> ?", (FAVOURITES_ID,))
            for table in TABLES:
                for row in _readable(path, table):
                    marks = ", ".join("?" * len(row))
                    database.run(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608  names of our own tables
            for sql in _ORPHANS:
                database.run(sql)
            for search_id, query in database.rows("SELECT id, query FROM searches"):
                if not _is_query(query):
                    database.run("DELETE FROM searches WHERE id = ?", (search_id,))
        return {table: int(database.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES}  # noqa: S608
    finally:
        database.close()


def _readable(path: str, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table that can be read, from its beginning up to the damage, and from its end back to it."""
    rows: dict[tuple[Any, ...], None] = {}
    key = "sound_id, source, label, start_s, end_s" if table == "labels" else "rowid"
    for order in (key, ", ".join(f"{column} DESC" for column in key.split(", "))):
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(Path(path).as_uri() + "?mode=ro", uri=True)) as connection,
        ):
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY {order}"):  # noqa: S608
                rows[row] = None
    return list(rows)


def _set_aside(path: str) -> str:
    """Rename the notebook with its log, and return its new name."""
    number = 1
    while os.path.exists(f"{path}.damaged-{number}"):
        number += 1
    kept = f"{path}.damaged-{number}"
    os.replace(path, kept)
    for suffix in ("-wal", "-shm"):  # a log that stayed would be taken for that of the new file
        with contextlib.suppress(FileNotFoundError):
            os.replace(path + suffix, kept + suffix)
    return kept
