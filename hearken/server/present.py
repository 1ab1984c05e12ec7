"""How sounds and hits look in answers: facts of the store, marks of the notebook, names made safe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from hearken.errors import StoreError, show
from hearken.library.notebook import Annotation
from hearken.library.records import FileRecord
from hearken.library.whereabouts import marks_of
from hearken.search.browse import folder_of
from hearken.search.library import Library
from hearken.server.schemas import HitOut, Place, Sound, SoundInFull
from hearken.server.state import Shelved
from hearken.types import Hit

_NOTHING = Annotation()
_MAX_COPIES = 100


class Presenter:
    """Shows sounds of one library; to be used while it is lent."""

    def __init__(self, shelved: Shelved, library: Library) -> None:
        self._store = library.parts().store
        self._roots = self._store.roots()
        self._is_local = shelved.settings.is_local

    def sounds(self, records: Sequence[FileRecord]) -> list[Sound]:
        """Return the records as sounds."""
        captions = self._captions(records)
        return [Sound(**facts, caption=captions.get(record.id)) for record, facts in zip(records, self._facts(records), strict=True)]

    def sound(self, record: FileRecord) -> SoundInFull:
        """Return all that is known of one sound."""
        (facts,) = self._facts([record])
        copies = self._store.files(self._store.browser.copies(record.id)[:_MAX_COPIES])
        return SoundInFull(
            **facts,
            caption=self._captions([record]).get(record.id),
            size_bytes=record.size,
            codec=record.codec,
            container=record.container,
            tags={show(name): show_text(value) for name, value in record.tags.items()},
            flags=sorted(record.flags),
            note=self._marks([record]).get(record.id, _NOTHING).note,
            copies=[self.place(copy) for copy in copies],
        )

    def hits(self, hits: Sequence[Hit], records: Sequence[FileRecord]) -> list[HitOut]:
        """Return `hits`, each in the file of the record beside it."""
        paths = {path for hit in hits for path in hit.duplicates}
        ids = {path: found for path in paths if (found := self._store.find(path)) is not None}
        shown = zip(hits, self._facts(records), strict=True)
        return [HitOut(**facts, **_told(hit), duplicates=self._copies(hit.duplicates, ids)) for hit, facts in shown]

    def _marks(self, records: Sequence[FileRecord]) -> dict[int, Annotation]:
        """Return stars, notes and labels; none where the notebook is damaged, for searching goes on without it."""
        try:
            return marks_of(self._store, records)
        except StoreError:
            return {}

    def place(self, record: FileRecord) -> Place:
        """Return where another file is."""
        return Place(id=record.id, name=_name(record.path), folder=self._folder(record.path))

    def _copies(self, paths: Iterable[str], ids: dict[str, int]) -> list[Place]:
        return [Place(id=ids[path], name=_name(path), folder=self._folder(path)) for path in paths if path in ids]

    def _facts(self, records: Sequence[FileRecord]) -> list[dict[str, Any]]:
        marks = self._marks(records)
        return [self._fact(record, marks.get(record.id, _NOTHING)) for record in records]

    def _fact(self, record: FileRecord, marks: Annotation) -> dict[str, Any]:
        folder = self._folder(record.path)
        return {
            "id": record.id,
            "name": _name(record.path),
            "folder": folder,
            "path": f"{folder}/{_name(record.path)}" if folder else _name(record.path),
            "absolute_path": show(record.path) if self._is_local else None,
            "duration_s": round(record.duration_s, 3),
            "rate_hz": record.rate_hz,
            "num_channels": record.num_channels,
            "format": record.container,
            "labels": list(dict.fromkeys(show_text(label.label) for label in marks.labels)),
            "noted": bool(marks.note),
            "collections": list(marks.collections),
        }

    def _captions(self, records: Sequence[FileRecord]) -> dict[int, str]:
        versions = self._store.browser.versions([record.id for record in records])
        texts = self._store.captions_of(sorted(set(versions.values())))
        return {file_id: show_text(texts[version]) for file_id, version in versions.items() if texts.get(version)}

    def _folder(self, path: str) -> str:
        return folder_of(path, self._roots)


def show_text(text: str) -> str:
    """Return foreign text of several lines fit for an answer: lines stay lines, other control characters become escapes."""
    return text if text.isprintable() else "\n".join(show(line) for line in text.splitlines())


def _name(path: str) -> str:
    return show(os.path.basename(path))


def _told(hit: Hit) -> dict[str, Any]:
    return {
        "start_s": round(hit.start_s, 3),
        "end_s": round(hit.end_s, 3),
        "score": round(hit.score, 6),
        "confidence": None if hit.confidence is None else round(hit.confidence, 4),
        "weak": hit.weak,
        "caption": show_text(hit.machine_caption) or None,
    }
