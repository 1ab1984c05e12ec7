"""What a notebook notes of sounds: the SQL behind `Notebook`. A change runs inside its transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from hearken.errors import InputError
from hearken.library.database import Database
from hearken.library.notebook_records import MAX_LABELS_PER_SOUND, Annotation, Label, SoundKey, clean_label, key_row
from hearken.types import Span

_PER_QUERY = 500  # below the 999 parameters that old SQLite builds allow
_WHOLE = -1.0
_UNUSED = """NOT EXISTS (SELECT 1 FROM items WHERE sound_id = sounds.id)
    AND NOT EXISTS (SELECT 1 FROM notes WHERE sound_id = sounds.id) AND NOT EXISTS (SELECT 1 FROM labels WHERE sound_id = sounds.id)"""

IsHere = Callable[[Sequence[str]], set[str]]
"""Returns those of some content hashes that a file of the library has."""


class KnownSound(NamedTuple):
    """A row of `sounds`."""

    sound_id: int
    content_hash: str
    path: str


def span_row(span: Span | None) -> tuple[float, float]:
    """Return a span as stored; all of a sound has none, and NULLs would not be unique."""
    return (_WHOLE, _WHOLE) if span is None else (span.start_s, span.end_s)


def read_span(start_s: float, end_s: float) -> Span | None:
    """Return a span as stored."""
    return None if start_s < 0 else Span(float(start_s), float(end_s))


def enter(database: Database, sound: SoundKey, *, is_seen: bool = True) -> int:
    """Return the id of a sound, after entering it where it is new, and noting where it was seen; without `is_seen` only where no path
    is known yet, so that of several copies the one that a user chose stays the known one."""
    content_hash, path = key_row(sound)
    found = database.rows("SELECT id, path FROM sounds WHERE content_hash = ?", (content_hash,))
    if not found:
        return database.run("INSERT INTO sounds (content_hash, path) VALUES (?, ?)", (content_hash, path))
    if path and found[0][1] != path and (is_seen or not found[0][1]):
        database.run("UPDATE sounds SET path = ? WHERE id = ?", (path, found[0][0]))
    return int(found[0][0])


def sweep(database: Database, sound_id: int | None = None) -> None:
    """Forget sounds (or one) of which nothing is noted any more."""
    one = "" if sound_id is None else " AND id = ?"
    database.run(f"DELETE FROM sounds WHERE {_UNUSED}{one}", () if sound_id is None else (sound_id,))  # noqa: S608  constants only


def known(database: Database, content_hashes: Iterable[str]) -> list[KnownSound]:
    """Return the sounds with these contents that something is noted of."""
    hashes = [key_row(SoundKey(each))[0] for each in content_hashes]
    return [_sound(row) for row in _chunks(database, "SELECT id, content_hash, path FROM sounds WHERE content_hash IN", hashes)]


def remove_items(database: Database, where: str, parameters: tuple[Any, ...]) -> int:
    """Delete items, and sounds of which nothing is left to note; return how many items that were."""
    found = database.rows(f"SELECT id, sound_id FROM items WHERE {where}", parameters)  # noqa: S608  `where` is a constant of ours
    for item_id, sound_id in found:
        database.run("DELETE FROM items WHERE id = ?", (item_id,))
        sweep(database, sound_id)
    return len(found)


def ready_labels(labels: Iterable[Label | tuple[str, float]], source: str) -> list[Label]:
    """Return labels as they are kept: cleaned, by `source`. Raises InputError for one that makes no sense, or too many."""
    given = [each if isinstance(each, Label) else Label(*each) for each in labels]
    if len(given) > MAX_LABELS_PER_SOUND:
        raise InputError(f"{len(given)} labels for one sound are too many; at most {MAX_LABELS_PER_SOUND} are kept.")
    return [clean_label(Label(each.label, each.score, each.span, source)) for each in given]


def put_labels(database: Database, sound: SoundKey, labels: Sequence[Label], source: str) -> None:
    """Replace the labels that a sound has from `source`; of the same label for the same span the last counts."""
    sound_id = enter(database, sound, is_seen=False)
    database.run("DELETE FROM labels WHERE sound_id = ? AND source = ?", (sound_id, source))
    for label in labels:
        row = (sound_id, source, label.label, *span_row(label.span), label.score)
        database.run("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?, ?)", row)
    if not labels:
        sweep(database, sound_id)


def labels_of(database: Database, content_hashes: Iterable[str]) -> dict[str, list[Label]]:
    """Return the labels of sounds that have any, best first."""
    found = {sound.sound_id: sound.content_hash for sound in known(database, content_hashes)}
    by_id = _labels(database, list(found))
    return {found[sound_id]: labels for sound_id, labels in by_id.items()}


def annotate(database: Database, keys: Sequence[SoundKey], is_here: IsHere | None) -> dict[SoundKey, Annotation]:
    """Return what is noted of files; see `Notebook.annotations`."""
    places = _places(database, keys, is_here)
    ids = list(dict.fromkeys(sound_id for place in places.values() for sound_id in place))
    notes = dict(_chunks(database, "SELECT sound_id, text FROM notes WHERE sound_id IN", ids))
    labels = _labels(database, ids)
    held: dict[int, set[int]] = {}
    for sound_id, collection_id in _chunks(database, "SELECT sound_id, collection_id FROM items WHERE sound_id IN", ids):
        held.setdefault(sound_id, set()).add(collection_id)
    return {
        key: Annotation(
            next((notes[each] for each in place if each in notes), ""),
            tuple(_latest([labels.get(each, []) for each in place])),
            tuple(sorted({collection_id for each in place for collection_id in held.get(each, ())})),
        )
        for key, place in places.items()
    }


def versions_of(database: Database, keys: Sequence[SoundKey], is_here: IsHere | None) -> list[int]:
    """Return the ids of all noted sounds that some files stand for: their own contents, and what was at their paths before."""
    return list(dict.fromkeys(each for place in _places(database, keys, is_here).values() for each in place))


def _places(database: Database, keys: Sequence[SoundKey], is_here: IsHere | None) -> dict[SoundKey, list[int]]:
    """Return the ids of the noted sounds that each file stands for: its own content first, then earlier ones, the last noted first."""
    by_hash = {sound.content_hash: sound.sound_id for sound in known(database, {key.content_hash for key in keys})}
    places = {key: [by_hash[key.content_hash]] for key in keys if key.content_hash in by_hash}
    by_path = {os.fsencode(key.path): key for key in keys if key.path}
    if is_here is None or not by_path:
        return places
    own = {key.content_hash for key in keys}
    at_paths = map(_sound, _chunks(database, "SELECT id, content_hash, path FROM sounds WHERE path IN", list(by_path)))
    earlier = [sound for sound in at_paths if sound.content_hash not in own]
    elsewhere = is_here([sound.content_hash for sound in earlier]) if earlier else set()
    for sound in sorted(earlier, reverse=True):
        if sound.content_hash not in elsewhere:
            places.setdefault(by_path[os.fsencode(sound.path)], []).append(sound.sound_id)
    return places


def _latest(versions: Sequence[Sequence[Label]]) -> list[Label]:
    """Return the labels of a sound's versions, the present one first, best first; of each source those of the latest that it labelled."""
    kept: list[Label] = []
    for labels in versions:
        sources = {label.source for label in kept}
        kept += [label for label in labels if label.source not in sources]
    return sorted(kept, key=lambda label: (-label.score, label.label))


def _labels(database: Database, sound_ids: Sequence[int]) -> dict[int, list[Label]]:
    found: dict[int, list[Label]] = {}
    for sound_id, *row in _chunks(
        database, "SELECT sound_id, label, score, start_s, end_s, source FROM labels WHERE sound_id IN", sound_ids
    ):
        found.setdefault(sound_id, []).append(Label(str(row[0]), float(row[1]), read_span(row[2], row[3]), str(row[4])))
    for labels in found.values():
        labels.sort(key=lambda label: (-label.score, label.label))
    return found


def _sound(row: tuple[Any, ...]) -> KnownSound:
    return KnownSound(row[0], row[1].hex(), os.fsdecode(row[2]))


def _chunks(database: Database, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `sql`, which ends in IN, for many values."""
    for start in range(0, len(values), _PER_QUERY):
        part = values[start : start + _PER_QUERY]
        yield from database.rows(f"{sql} ({', '.join('?' * len(part))})", part)
