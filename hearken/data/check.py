"""Every clip of a corpus decoded to the end, in processes of their own, and counted against the card: nothing stops at a bad file."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hearken.audio.crew import in_order
from hearken.audio.worker import Worker
from hearken.data.card import Card, Split
from hearken.data.check_worker import worker
from hearken.data.clip import Clip, Corpus
from hearken.data.ledger import Heard, Ledger, heard, key_of, ledger_of
from hearken.data.locate import card_of, locate
from hearken.errors import AudioError, AudioReadError, WorkerDiedError, show
from hearken.types import Progress

TOLERANCE_S = 0.1
"""A clip whose length differs by more from what the tables say is told of."""
_PASSING = (WorkerDiedError.__name__, AudioReadError.__name__)  # may be the machine's fault: such a file is tried again next time


@dataclass(frozen=True)
class Broken:
    """A clip that cannot be used: which, the name of the error, and why."""

    audio: str
    error: str
    message: str


@dataclass(frozen=True)
class Length:
    """A clip that is not as long as the tables say; both in seconds."""

    audio: str
    told_s: float
    found_s: float


@dataclass(frozen=True)
class CheckedSplit:
    """What was found in one split. The counts of the card are None for a user's own data; clips are named by their `audio`."""

    name: str
    clips: int
    captions: int
    card_clips: int | None
    card_captions: int | None
    decoded: int
    sound_s: float
    missing: tuple[str, ...]
    broken: tuple[Broken, ...]
    flagged: dict[str, tuple[str, ...]]
    lengths: tuple[Length, ...]

    @property
    def differs(self) -> bool:
        """Whether the tables hold something else than the card says."""
        return self.card_clips is not None and (self.clips, self.captions) != (self.card_clips, self.card_captions)

    @property
    def is_clean(self) -> bool:
        """Whether all clips are here and could be decoded, as many as there should be; flags and lengths are no faults."""
        return not (self.missing or self.broken or self.differs)


@dataclass(frozen=True)
class Checked:
    """What was found in a corpus; `duplicates` are groups of clips that are the same sound, sample for sample."""

    reference: str
    folder: Path
    splits: tuple[CheckedSplit, ...]
    duplicates: tuple[tuple[str, ...], ...]
    num_formats: dict[str, int]
    ledger: Path | None

    @property
    def is_clean(self) -> bool:
        """Whether all splits are."""
        return all(split.is_clean for split in self.splits)

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """Return it as JSON; lists have at most `most` entries, and `counts` beside them counts all."""
        return {
            "reference": show(self.reference),
            "folder": show(self.folder),
            "clean": self.is_clean,
            "splits": [_split_json(split, most) for split in self.splits],
            "duplicates": [list(group) for group in self.duplicates[:most]],
            "num_duplicates": len(self.duplicates),
            "formats": self.num_formats,
            "ledger": None if self.ledger is None else show(self.ledger),
        }


def _split_json(split: CheckedSplit, most: int | None) -> dict[str, Any]:
    return {
        **{key: value for key, value in asdict(split).items() if key not in ("missing", "broken", "flagged", "lengths")},
        "sound_s": round(split.sound_s, 3),
        "counts": {
            "missing": len(split.missing),
            "broken": len(split.broken),
            "lengths": len(split.lengths),
            "flagged": {flag: len(names) for flag, names in split.flagged.items()},
        },
        "missing": list(split.missing[:most]),
        "broken": [asdict(one) for one in split.broken[:most]],
        "lengths": [asdict(one) for one in split.lengths[:most]],
        "flagged": {flag: list(names[:most]) for flag, names in split.flagged.items()},
    }


def check(
    corpus: Corpus,
    *,
    jobs: int = 1,
    decode: bool = True,
    ledger: Path | None = None,
    again: bool = False,
    on_progress: Progress | None = None,
) -> Checked:
    """Decode every clip of `corpus` by `jobs` processes and return what was found; without `decode` only look whether files are there.

    What was heard is kept in `ledger` (default: checked.jsonl in a known corpus' folder, else below `data_home()`), so that a
    run that was killed goes on, and an unchanged file is not read twice; `again` forgets it. Raises DataError where the ledger
    cannot be kept or a file fits two clips; a bad file is never raised.
    """
    files = locate(corpus)
    by_file: dict[Path, Heard] = {}
    path = (ledger or ledger_of(corpus)) if decode else None
    if path is not None:
        wanted = list(dict.fromkeys(files.values()))
        with Ledger(path, again=again) as book, closing(_hear(wanted, corpus.folder, book, jobs)) as results:
            for number, (file, one) in enumerate(results, start=1):
                by_file[file] = one
                if on_progress:
                    on_progress(number, len(wanted))
    facts = {clip.id: by_file.get(files[clip.id]) if clip.id in files else None for clip in corpus.clips}
    found = frozenset(files)
    card = card_of(corpus.reference)
    splits = tuple(
        _split(name, [clip for clip in corpus.clips if clip.split == name], facts, found, _card_split(card, name)) for name in corpus.splits
    )
    formats = Counter(f"{one.container}/{one.codec} {one.rate_hz} Hz" for one in by_file.values() if not one.error)
    return Checked(corpus.reference, corpus.folder, splits, _duplicates(corpus.clips, facts), dict(sorted(formats.items())), path)


def _card_split(card: Card | None, name: str) -> Split | None:
    return next((split for split in card.splits if split.name == name), None) if card else None


def _split(name: str, clips: Sequence[Clip], facts: dict[str, Heard | None], found: frozenset[str], card: Split | None) -> CheckedSplit:
    heard_of = [(clip, one) for clip in clips if (one := facts[clip.id]) is not None]
    good = [(clip, one) for clip, one in heard_of if not one.error]
    flagged: dict[str, list[str]] = defaultdict(list)
    for clip, one in good:
        for flag in one.flags:
            flagged[flag].append(clip.audio)
    return CheckedSplit(
        name=name,
        clips=len(clips),
        captions=sum(len(clip.captions) for clip in clips),
        card_clips=card.num_clips if card else None,
        card_captions=card.num_captions if card else None,
        decoded=len(good),
        sound_s=sum(one.duration_s for _, one in good),
        missing=tuple(clip.audio for clip in clips if clip.id not in found),
        broken=tuple(Broken(clip.audio, one.error, one.message) for clip, one in heard_of if one.error),
        flagged={flag: tuple(names) for flag, names in sorted(flagged.items())},
        lengths=tuple(
            Length(clip.audio, clip.duration_s, one.duration_s)
            for clip, one in good
            if clip.duration_s is not None and abs(clip.duration_s - one.duration_s) > TOLERANCE_S
        ),
    )


def _duplicates(clips: Sequence[Clip], facts: dict[str, Heard | None]) -> tuple[tuple[str, ...], ...]:
    """Return groups of two and more clips with equal samples, in different files."""
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for clip in clips:
        if (one := facts[clip.id]) is not None and one.digest:
            groups[one.digest].setdefault(one.path, clip.audio)
    return tuple(tuple(files.values()) for files in groups.values() if len(files) > 1)


def _hear(files: Sequence[Path], folder: Path, book: Ledger, jobs: int) -> Generator[tuple[Path, Heard], None, None]:
    """Yield what is in each of `files`, in their order: out of the ledger, or decoded now and put there."""
    tasks = (_task(file, folder, book) for file in files)
    with closing(in_order(tasks, _done, worker, jobs)) as results:
        for task, one in results:
            if not task.is_known and one.error not in _PASSING:
                book.put(one)
            yield task.file, one


@dataclass(frozen=True)
class _Task:
    """A file, and what is known of it: only how large it is and when it was changed, or all there is to know."""

    file: Path
    heard: Heard
    is_known: bool


def _task(file: Path, folder: Path, book: Ledger) -> _Task:
    name = key_of(file, folder)
    try:
        status = file.stat()
    except OSError as error:
        message = f"{show(file)} cannot be read: {error.strerror or error}."
        return _Task(file, Heard(name, 0, 0, AudioReadError.__name__, message), is_known=True)
    known = book.get(name, status.st_size, status.st_mtime_ns)
    return _Task(file, known or Heard(name, status.st_size, status.st_mtime_ns), is_known=known is not None)


def _done(each: Worker, task: _Task) -> tuple[_Task, Heard]:
    """Decode the file, unless it is known."""
    stamp = task.heard
    if task.is_known:
        return task, stamp
    try:
        body, _ = each.request({"path": os.fsdecode(task.file)})
    except AudioError as error:
        return task, replace(stamp, error=type(error).__name__, message=error.message)
    one = heard({**body, "path": stamp.path, "size": stamp.size, "mtime_ns": stamp.mtime_ns})
    return task, one or replace(stamp, error=WorkerDiedError.__name__, message=f"{show(task.file)}: the answer is nonsense.")
