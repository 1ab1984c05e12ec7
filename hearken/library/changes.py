"""How changes are written: the SQL behind `SqliteStore.apply`. A change applied twice has the effect of one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

from hearken.errors import StoreError, show
from hearken.library import machine_captions
from hearken.library.database import Database
from hearken.library.records import (
    AddRoot,
    Change,
    ClearFailure,
    FileText,
    Found,
    PutCaptions,
    PutCopy,
    PutFailure,
    PutSound,
    Relabel,
    RemoveFile,
    RemoveRoot,
)
from hearken.library.rows import kept_tags, plain, sound_row, vector_row
from hearken.library.words import clean, tag_words


def apply(database: Database, batch: Sequence[Change]) -> None:
    """Write all of `batch` in one transaction, and count up the generation if any vectors came, went or were replaced."""
    with database.transaction():
        moved = [_WRITERS[type(change)](database, change) for change in batch]
        if any(moved):
            database.run("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")


def sweep(database: Database) -> None:
    """Delete sounds (and by cascade their vectors and machine-made captions) that no file refers to, and the words of such captions."""
    orphans = "FROM sounds WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.sound_id = sounds.id)"
    if database.rows(f"SELECT 1 {orphans} LIMIT 1") or machine_captions.has_orphans(database):
        with database.transaction():
            database.run(f"DELETE {orphans}")
            machine_captions.sweep(database)


def _put_sound(database: Database, change: PutSound) -> bool:
    sound = database.rows("SELECT id FROM sounds WHERE content_hash = ?", (change.content_hash,))
    if sound:
        sound_id = sound[0][0]
    else:
        row = sound_row(change.content_hash, change.embedded)
        columns = "content_hash, duration_s, rate_hz, num_channels, container, codec, flags, tags, num_windows"
        sound_id = database.run(f"INSERT INTO sounds ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        database.run("INSERT INTO vectors VALUES (?, ?, ?, ?, ?)", (sound_id, *vector_row(change.embedded)))
    return _put_file(database, change.found, sound_id, change.text, tag_words(kept_tags(change.embedded.info.tags).values()))


def _put_copy(database: Database, change: PutCopy) -> bool:
    sound = database.rows("SELECT id, tags FROM sounds WHERE content_hash = ?", (change.content_hash,))
    if not sound:
        raise StoreError(f"The sound that {show(change.found.path)} is said to copy is not in the library.")
    sound_id, tags = sound[0]
    return _put_file(database, change.found, sound_id, change.text, tag_words(json.loads(tags).values()))


def _put_file(database: Database, found: Found, sound_id: int, text: FileText, tags: str) -> bool:
    path = os.fsencode(found.path)
    database.run("DELETE FROM failures WHERE path = ?", (path,))
    before = database.rows("SELECT id, sound_id FROM files WHERE path = ?", (path,))
    stamp = (found.size, found.mtime_ns, found.device, found.inode, found.caption_stamp, sound_id)
    if before:
        file_id = before[0][0]
        sql = "UPDATE files SET size = ?, mtime_ns = ?, device = ?, inode = ?, caption_stamp = ?, sound_id = ? WHERE id = ?"
        database.run(sql, (*stamp, file_id))
        database.run("DELETE FROM words WHERE rowid = ?", (file_id,))
    else:
        columns = "path, size, mtime_ns, device, inode, caption_stamp, sound_id"
        file_id = database.run(f"INSERT INTO files ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", (path, *stamp))  # noqa: S608
    columns = "rowid, name, folders, tags, caption"
    row = (file_id, clean(text.name), clean(text.folders), tags, _caption(text))
    database.run(f"INSERT INTO words ({columns}) VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608
    return not before or bool(before[0][1] != sound_id)


def _relabel(database: Database, change: Relabel) -> bool:
    found, path = change.found, os.fsencode(change.found.path)
    database.run("DELETE FROM failures WHERE path = ?", (path,))
    sql = "UPDATE files SET path = ?, size = ?, mtime_ns = ?, device = ?, inode = ?, caption_stamp = ? WHERE id = ?"
    database.run(sql, (path, found.size, found.mtime_ns, found.device, found.inode, found.caption_stamp, change.file_id))
    if change.text is None:
        return False
    text = (clean(change.text.name), clean(change.text.folders), _caption(change.text), change.file_id)
    database.run("UPDATE words SET name = ?, folders = ?, caption = ? WHERE rowid = ?", text)
    return False


def _caption(text: FileText) -> str:
    return clean(text.caption).replace("\0", " ")


def _remove_file(database: Database, change: RemoveFile) -> bool:
    known = bool(database.rows("SELECT 1 FROM files WHERE id = ?", (change.file_id,)))
    database.run("DELETE FROM files WHERE id = ?", (change.file_id,))
    database.run("DELETE FROM words WHERE rowid = ?", (change.file_id,))
    return known


def _put_failure(database: Database, change: PutFailure) -> bool:
    failure, path = change.failure, os.fsencode(change.failure.path)
    texts = [plain(text) for text in (failure.stage, failure.error, failure.message, failure.hint)]
    database.run("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)", (path, *texts, change.size, change.mtime_ns))
    before = database.rows("SELECT id FROM files WHERE path = ?", (path,)) if failure.stage != "scan" else []
    return bool(before) and _remove_file(database, RemoveFile(before[0][0]))


def _clear_failure(database: Database, change: ClearFailure) -> bool:
    database.run("DELETE FROM failures WHERE path = ?", (os.fsencode(change.path),))
    return False


def _add_root(database: Database, change: AddRoot) -> bool:
    database.run("INSERT OR IGNORE INTO roots VALUES (?)", (os.fsencode(change.path),))
    return False


def _remove_root(database: Database, change: RemoveRoot) -> bool:
    database.run("DELETE FROM roots WHERE path = ?", (os.fsencode(change.path),))
    return False


def _put_captions(database: Database, change: PutCaptions) -> bool:
    machine_captions.put(database, change)
    return False  # the vectors of sounds are as before


_WRITERS = cast(
    dict[type[Any], Callable[[Database, Change], bool]],
    {
        PutSound: _put_sound,
        PutCopy: _put_copy,
        Relabel: _relabel,
        RemoveFile: _remove_file,
        PutFailure: _put_failure,
        ClearFailure: _clear_failure,
        AddRoot: _add_root,
        RemoveRoot: _remove_root,
        PutCaptions: _put_captions,
    },
)
