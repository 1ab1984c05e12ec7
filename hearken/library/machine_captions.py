"""Captions that a machine made, in tables of their own: the SQL behind them, apart from what people wrote.

A caption belongs to a sound, so copies of a file share it and it goes when the sound goes. The tables are made when the
first captions are written; libraries without them are as they always were. An older Hearken sees neither table: what it deletes
takes captions along (by the foreign key), and words of theirs that it leaves in the text index are never asked for again, as
ids are not used twice; the next `sweep` drops them. (A trigger could not: SQLite before 3.44 lets none write to FTS5 where the schema
is not trusted.)

Every row carries the generation of captions that it came with, so that a reader who knows one generation reads only what is newer.

Legend: `D` embedding size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from hearken.errors import DamagedError, StoreError
from hearken.library.database import Database
from hearken.library.hashing import seal
from hearken.library.records import CaptionerCount, MachineCaption, PutCaptions
from hearken.library.rows import plain
from hearken.library.words import clean
from hearken.limits import MAX_CAPTION_BYTES

_TABLES = (
    """CREATE TABLE IF NOT EXISTS machine_captions (
        sound_id INTEGER PRIMARY KEY REFERENCES sounds (id) ON DELETE CASCADE, generation INTEGER NOT NULL, captioner TEXT NOT NULL,
        digest TEXT NOT NULL, caption TEXT NOT NULL, score REAL NOT NULL, vector BLOB NOT NULL, seal BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS machine_captions_by_generation ON machine_captions (generation)",
    # rowid = sounds.id; words as in the table `words`
    "CREATE VIRTUAL TABLE IF NOT EXISTS machine_words USING fts5 (caption, tokenize = 'porter unicode61 remove_diacritics 2')",
)
_COLUMNS = "sound_id, caption, score, vector, seal, digest"
_ROWS_PER_STEP = 500
_ORPHANS = "FROM machine_words WHERE rowid NOT IN (SELECT sound_id FROM machine_captions)"
_CONTRADICTIONS = (
    ("SELECT count(*) FROM machine_captions WHERE sound_id NOT IN (SELECT id FROM sounds)", "machine-made captions belong to no sound"),
    (
        "SELECT count(*) FROM machine_captions WHERE sound_id NOT IN (SELECT rowid FROM machine_words)",
        "machine-made captions are missing in their text index",
    ),
    (
        "SELECT count(*) FROM machine_captions JOIN machine_words ON machine_words.rowid = sound_id WHERE machine_words.caption <> machine_captions.caption",
        "machine-made captions differ from their text index",
    ),
)


def present(database: Database) -> bool:
    """Return whether any caption was ever made here."""
    return bool(database.rows("SELECT 1 FROM sqlite_master WHERE name IN ('machine_captions', 'machine_words') LIMIT 1"))


def put(database: Database, change: PutCaptions) -> None:
    """Write captions, within a transaction of the caller's; sounds that are gone get none. Makes the tables where there are none yet."""
    for table in _TABLES:
        database.run(table)
    database.run(
        """INSERT INTO meta VALUES ('caption_generation', '1')
        ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"""
    )
    now = generation(database)
    for caption in change.captions:
        if database.rows("SELECT 1 FROM sounds WHERE id = ?", (caption.sound_id,)):
            row = _row(caption, plain(change.digest))
            columns = "sound_id, generation, captioner, digest, caption, score, vector, seal"
            sql = f"INSERT OR REPLACE INTO machine_captions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants only
            database.run(sql, (caption.sound_id, now, plain(change.name), plain(change.digest), *row))
            _put_words(database, caption.sound_id, row[0])


def _row(caption: MachineCaption, digest: str) -> tuple[str, float, bytes, bytes]:
    """Return text, score, vector and their seal as stored."""
    text = " ".join(clean(caption.text).replace("\0", " ").split())[:MAX_CAPTION_BYTES]
    score = float(caption.score) if math.isfinite(caption.score) else 0.0  # SQLite has no NaN
    vector = caption.vector.astype("<f2").tobytes()
    return text, score, vector, _seal(caption.sound_id, text, score, vector, digest)


def _seal(sound_id: int, text: str, score: float, vector: bytes, digest: str) -> bytes:
    return seal(sound_id.to_bytes(8, "little"), text.encode(), repr(score).encode(), vector, digest.encode())


def _put_words(database: Database, sound_id: int, text: str) -> None:
    database.run("DELETE FROM machine_words WHERE rowid = ?", (sound_id,))
    database.run("INSERT INTO machine_words (rowid, caption) VALUES (?, ?)", (sound_id, text))


def generation(database: Database) -> int:
    """Return a number that grows with every commit of captions; 0 before the first."""
    found = database.rows("SELECT value FROM meta WHERE key = 'caption_generation'")
    return int(found[0][0]) if found else 0


def uncaptioned(database: Database, digest: str) -> list[tuple[int, int]]:
    """Return one file id and the sound id of each sound without a caption by the captioner of `digest`, by sound."""
    there = "" if not present(database) else " WHERE sound_id NOT IN (SELECT sound_id FROM machine_captions WHERE digest = ?)"
    sql = f"SELECT min(id), sound_id FROM files{there} GROUP BY sound_id ORDER BY sound_id"  # noqa: S608  constants only
    return [(int(row[0]), int(row[1])) for row in database.rows(sql, (digest,) if there else ())]


def since(database: Database, known: int, dim: int) -> Iterator[MachineCaption]:
    """Yield the captions newer than generation `known`, by sound; what was altered on disk is left out, as no search depends on it."""
    last = 0
    sql = f"SELECT {_COLUMNS} FROM machine_captions WHERE generation > ? AND sound_id > ? ORDER BY sound_id LIMIT ?"  # noqa: S608
    while present(database) and (found := database.rows(sql, (known, last, _ROWS_PER_STEP))):
        last = found[-1][0]
        yield from (caption for row in found if (caption := _read(row, dim)) is not None)


def texts(database: Database, sound_ids: Sequence[int], dim: int) -> dict[int, str]:
    """Return the captions of `sound_ids` that have any, by sound id."""
    if not present(database):
        return {}
    found: dict[int, str] = {}
    for start in range(0, len(sound_ids), _ROWS_PER_STEP):
        part = sound_ids[start : start + _ROWS_PER_STEP]
        sql = f"SELECT {_COLUMNS} FROM machine_captions WHERE sound_id IN ({', '.join('?' * len(part))})"  # noqa: S608  marks only
        captions = [_read(row, dim) for row in database.rows(sql, part)]
        found.update((caption.sound_id, caption.text) for caption in captions if caption is not None and caption.text)
    return found


def _read(row: tuple[Any, ...], dim: int) -> MachineCaption | None:
    """Return the caption of a row of `_COLUMNS`; None for one that is not as it was written."""
    sound_id, text, score, vector, sealed, digest = row
    kinds = (text, str), (score, float), (vector, bytes), (sealed, bytes), (digest, str)
    if not all(isinstance(value, kind) for value, kind in kinds) or len(vector) != 2 * dim:
        return None
    if _seal(sound_id, text, score, vector, digest) != sealed:
        return None
    half = np.frombuffer(vector, "<f2")
    return MachineCaption(sound_id, text, score, half) if np.isfinite(half).all() and math.isfinite(score) else None


def matching(database: Database, word: str) -> list[int]:
    """Return the sound ids whose caption holds `word`, a run of letters and digits."""
    if not present(database):
        return []
    return [int(row[0]) for row in database.rows("SELECT rowid FROM machine_words WHERE machine_words MATCH ?", (f'"{word}"',))]


def counts(database: Database) -> tuple[CaptionerCount, ...]:
    """Return how many sounds each captioner has captioned, the busiest first."""
    if not present(database):
        return ()
    found = database.rows("SELECT captioner, digest, count(*) FROM machine_captions GROUP BY digest, captioner ORDER BY 3 DESC, 1, 2")
    return tuple(CaptionerCount(str(row[0]), str(row[1]), int(row[2])) for row in found)


def has_orphans(database: Database) -> bool:
    """Return whether the text index holds words of captions that are gone; where it is damaged, none are seen: `check` tells."""
    try:
        return present(database) and bool(database.rows(f"SELECT 1 {_ORPHANS} LIMIT 1"))
    except DamagedError:
        return False


def sweep(database: Database) -> None:
    """Drop words of captions that are gone, within a transaction of the caller's. A damaged index is left to `repair`: it must not
    keep a library from being opened."""
    if has_orphans(database):
        with suppress(DamagedError):
            database.run(f"DELETE {_ORPHANS}")


def check(database: Database, dim: int, *, writable: bool) -> list[str]:
    """Return what is wrong with the captions, one sentence each; their text index is compared with its content only by a writer."""
    if not present(database):
        return []
    problems: list[str] = []
    try:
        for sql, what in _CONTRADICTIONS:
            count = database.rows(sql)[0][0]
            problems += [f"{count} {what}."] if count else []
        altered = len(_altered(database, dim))
        problems += [f"{altered} machine-made captions were altered."] if altered else []
        if writable:
            database.run("INSERT INTO machine_words (machine_words) VALUES ('integrity-check')")  # raises where index and content disagree
    except StoreError as error:  # one more thing that is wrong
        problems.append(error.message)
    return problems


def _altered(database: Database, dim: int) -> list[int]:
    last, bad = 0, list[int]()
    sql = f"SELECT {_COLUMNS} FROM machine_captions WHERE sound_id > ? ORDER BY sound_id LIMIT ?"  # noqa: S608  constants only
    while found := database.rows(sql, (last, _ROWS_PER_STEP)):
        last = found[-1][0]
        bad += [row[0] for row in found if _read(row, dim) is None]
    return bad


def repair(database: Database, dim: int) -> int:
    """Drop captions that are not as they were written, and make their text index anew from the others; return how many were dropped.

    Where their table cannot be read at all, every caption goes: a captioner writes them again. Raises StoreError.
    """
    if not check(database, dim, writable=True):
        return 0
    with database.transaction():
        for table in _TABLES[:2]:
            database.run(table)
        before = int(database.rows("SELECT count(*) FROM machine_captions")[0][0])
        bad = _altered(database, dim) + [
            row[0] for row in database.rows("SELECT sound_id FROM machine_captions WHERE sound_id NOT IN (SELECT id FROM sounds)")
        ]
        for sound_id in bad:
            database.run("DELETE FROM machine_captions WHERE sound_id = ?", (sound_id,))
        database.run("DROP TABLE IF EXISTS machine_words")
        database.run(_TABLES[2])
        database.run("INSERT INTO machine_words (rowid, caption) SELECT sound_id, caption FROM machine_captions")
        after = int(database.rows("SELECT count(*) FROM machine_captions")[0][0])
    return before - after
