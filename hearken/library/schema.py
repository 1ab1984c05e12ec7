"""The tables of a library and their version: creation, and the check of what is found."""

from __future__ import annotations

import os
import secrets
import shlex

from hearken.errors import FormatVersionError, LibraryNotFoundError, ModelMismatchError, show
from hearken.library.database import Database, damaged
from hearken.library.records import ModelIdentity, ModelRecord

APPLICATION_ID = 0x4852_4B4E  # "HRKN", so that `file` and we ourselves know the file for what it is
FORMAT_VERSION = 1
"""Raised when an older Hearken would misread the tables; older formats are migrated here, newer ones refused.

Machine-made captions (`machine_captions.py`) raised nothing: an older Hearken does not see their tables, and what it deletes takes them along.
"""

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE roots (path BLOB PRIMARY KEY) WITHOUT ROWID",
    # AUTOINCREMENT: ids are never used again, so an id that a cache remembers means one thing for ever
    """CREATE TABLE sounds (
        id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash BLOB NOT NULL UNIQUE, duration_s REAL NOT NULL,
        rate_hz INTEGER NOT NULL, num_channels INTEGER NOT NULL, container TEXT NOT NULL, codec TEXT NOT NULL,
        flags TEXT NOT NULL, tags TEXT NOT NULL, num_windows INTEGER NOT NULL)""",
    # apart from `sounds`, whose rows are read often and must lie close together
    """CREATE TABLE vectors (
        sound_id INTEGER PRIMARY KEY REFERENCES sounds (id) ON DELETE CASCADE,
        clip BLOB NOT NULL, windows BLOB NOT NULL, spans BLOB NOT NULL, seal BLOB NOT NULL)""",
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        device INTEGER NOT NULL, inode INTEGER NOT NULL, caption_stamp INTEGER NOT NULL,
        sound_id INTEGER NOT NULL REFERENCES sounds (id))""",
    "CREATE INDEX files_by_sound ON files (sound_id)",
    """CREATE TABLE failures (
        path BLOB PRIMARY KEY, stage TEXT NOT NULL, error TEXT NOT NULL, message TEXT NOT NULL, hint TEXT NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL)""",
    # rowid = files.id; Porter stems, so that "barks" finds "barking"; accents do not count
    "CREATE VIRTUAL TABLE words USING fts5 (name, folders, tags, caption, tokenize = 'porter unicode61 remove_diacritics 2')",
)


def is_blank(database: Database) -> bool:
    """Return whether nothing was committed yet: the file is new, or its creation was cut short."""
    return not database.rows("SELECT 1 FROM sqlite_master LIMIT 1")


def create(database: Database, model: ModelIdentity) -> None:
    """Make the tables of an empty library for `model`, all of them or none."""
    database.rows("PRAGMA journal_mode=WAL")
    meta = {
        "format_version": str(FORMAT_VERSION),
        "library_id": secrets.token_hex(16),
        "model_name": model.name,
        "model_digest": model.digest,
        "model_dim": str(model.dim),
        "generation": "0",
    }
    with database.transaction():
        for table in _TABLES:
            database.run(table)
        for row in meta.items():
            database.run("INSERT INTO meta VALUES (?, ?)", row)
        put_model_folder(database, folder_of(model))
        database.run(f"PRAGMA application_id={APPLICATION_ID}")
        database.run(f"PRAGMA user_version={FORMAT_VERSION}")


def check(database: Database) -> tuple[ModelRecord, str]:
    """Return the model of the library and its id, after checking that the file is a library that we can read.

    Raises LibraryNotFoundError for an empty file, FormatVersionError for the format of a newer Hearken, DamagedError
    for anything else that is not a library.
    """
    if is_blank(database):
        raise LibraryNotFoundError(f"The library {show(database.path)} is empty.", "Make it with `hearken index DIR`.")
    (application_id,), (version,) = database.rows("PRAGMA application_id")[0], database.rows("PRAGMA user_version")[0]
    if application_id != APPLICATION_ID:
        raise damaged(database.path, "it is no Hearken library")
    if version > FORMAT_VERSION:
        raise FormatVersionError(
            f"The library {show(database.path)} has format {version}; this Hearken knows formats up to {FORMAT_VERSION}.",
            "Update Hearken, or name another place with --library.",
        )
    meta = dict(database.rows("SELECT key, value FROM meta"))
    try:
        if version < 1 or int(meta["format_version"]) != version or int(meta["generation"]) < 0:
            raise damaged(database.path, "its format version makes no sense")
        folder = os.fsdecode(meta.get("model_folder", b""))
        return ModelRecord(meta["model_name"], meta["model_digest"], int(meta["model_dim"]), folder), meta["library_id"]
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(database.path, "facts about it are missing") from error


def folder_of(model: ModelIdentity) -> str:
    """Return where a model says that it was given as a folder; "" where it says nothing."""
    return model.folder if isinstance(model, ModelRecord) else ""


def put_model_folder(database: Database, folder: str) -> None:
    """Remember where the model lies: a hint that no version of Hearken relies on, and that old libraries lack."""
    if folder:
        database.run("INSERT OR REPLACE INTO meta VALUES ('model_folder', ?)", (os.fsencode(folder),))


def check_model(library: str, record: ModelRecord, model: ModelIdentity) -> None:
    """Raise ModelMismatchError unless `model` is the one of `record`, which made `library`."""
    if model.digest == record.digest:
        return
    place = shlex.quote(show(folder_of(model) or model.name))
    raise ModelMismatchError(
        f"The library {show(library)} was made by the model {record.name} ({record.digest[:12]}), not by {model.name} ({model.digest[:12]}).",
        "Leave --model out to use the library's own model if it is still here, or make another library for this one: "
        f"`hearken index DIR --library NEW --model {place}`.",
    )
