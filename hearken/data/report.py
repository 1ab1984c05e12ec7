"""What `prepare` found: each file, each split, all that is missing; and how that is kept beside the corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.data.whole import read_json, write_json
from hearken.errors import show

PREPARED = "prepared.json"
"""The name of the report in a corpus' folder."""
_FORMAT = 1


@dataclass(frozen=True)
class FileState:
    """What became of one published file.

    `status` is `here`, `fetched`, `unpacked` (it need not be here), `not needed` (the sound in it is), `left out` (it was not
    asked for), `by hand` (a person has to get it: `hint` says how and where to) or `failed` (`message` says why, `hint` what to do).
    `num_unpacked` are the files that came out of an archive.
    """

    path: str
    holds: str
    status: str
    size_bytes: int | None = None
    sha256: str = ""
    num_unpacked: int | None = None
    message: str = ""
    hint: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing more has to be done about it."""
        return self.status not in ("by hand", "failed")


@dataclass(frozen=True)
class SplitState:
    """One split: what the card says, what the tables hold, and for how many clips there is sound (None: not looked for).

    `missing` are the clips without sound, by their paths. `problem` says why the tables could not be read.
    """

    name: str
    card_clips: int
    card_captions: int
    clips: int | None = None
    captions: int | None = None
    found: int | None = None
    missing: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def differs(self) -> bool:
        """Whether the tables hold something else than the card says."""
        return self.clips is not None and (self.clips, self.captions) != (self.card_clips, self.card_captions)

    @property
    def is_done(self) -> bool:
        """Whether the tables are right, and all sound that was looked for is there."""
        return not (self.problem or self.differs or self.missing)


@dataclass(frozen=True)
class Prepared:
    """All that `prepare` found about a corpus. `clips_of` names the corpus that has the clips which queries or variations are about.

    `notes` are further problems, one sentence each.
    """

    corpus: str
    folder: Path
    files: tuple[FileState, ...]
    splits: tuple[SplitState, ...]
    num_queries: int | None = None
    num_variations: int | None = None
    clips_of: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, failed, or other than the card says."""
        return not self.notes and all(file.is_done for file in self.files) and all(split.is_done for split in self.splits)

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """Return it as JSON, with at most so many missing clips of each split (None: all; `num_missing` counts them all)."""
        return {
            "corpus": self.corpus,
            "folder": show(self.folder),
            "complete": self.is_complete,
            "files": [asdict(file) for file in self.files],
            "splits": [_split_json(split, most) for split in self.splits],
            "queries": self.num_queries,
            "variations": self.num_variations,
            "clips_of": self.clips_of,
            "notes": list(self.notes),
            "report": show(self.folder / PREPARED),
        }


def _split_json(split: SplitState, most: int | None) -> dict[str, Any]:
    return asdict(split) | {"missing": list(split.missing[:most]), "num_missing": len(split.missing)}


def keep(report: Prepared, order: tuple[str, ...]) -> None:
    """Write the report to the corpus' folder, with what is known of files and splits that this run left alone.

    The same corpus in the same state gives the same bytes: neither times nor paths of this machine are in it. `order` are the
    names of all splits. Raises OSError.
    """
    path = report.folder / PREPARED
    before = read_json(path)
    before = before if before.get("format") == _FORMAT and before.get("corpus") == report.corpus else {}
    files = _by(before, "files", "path") | {file.path: _file_facts(file) for file in report.files if file.status != "left out"}
    splits = _by(before, "splits", "name") | {split.name: _split_facts(split) for split in report.splits}
    write_json(
        path,
        {
            "format": _FORMAT,
            "corpus": report.corpus,
            "files": [files[name] for name in sorted(files)],
            "splits": [splits[name] for name in order if name in splits],
            "queries": report.num_queries,
            "variations": report.num_variations,
            "notes": list(report.notes),
        },
    )


def _by(before: dict[str, Any], kind: str, key: str) -> dict[str, Any]:
    rows = before.get(kind)
    return {row[key]: row for row in rows if isinstance(row, dict) and isinstance(row.get(key), str)} if isinstance(rows, list) else {}


def _file_facts(file: FileState) -> dict[str, Any]:
    """Return what stays true of a file; not whether it came just now or before."""
    return {
        "path": file.path,
        "holds": file.holds,
        "here": file.status in ("here", "fetched"),
        "done": file.is_done,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "num_unpacked": file.num_unpacked,
    }


def _split_facts(split: SplitState) -> dict[str, Any]:
    facts = _split_json(split, None)
    return {key: value for key, value in facts.items() if key not in ("problem", "hint")}
