"""The comparison of two corpora by sound: the held-out clips become an index of landmarks, the training clips pass by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.audio.fingerprint import Fingerprint
from hearken.audio.fingerprint_index import NUM_SHIFTS, FingerprintIndex, Match, is_plain
from hearken.data.clip import Corpus
from hearken.data.overlaps import Leak
from hearken.data.prints import PrintStore, fingerprints, print_home
from hearken.errors import AudioError, MissingDataError, show
from hearken.types import Progress

Files = Mapping[str, Path]
"""Clip id -> file, for the clips whose sound is here."""


@dataclass(frozen=True)
class Listening:
    """How far a corpus could be compared by sound: how many of its clips were, are not here, or are too short or plain to have
    landmarks enough; and why files could not be read."""

    num_compared: int
    num_missing: int
    num_plain: int
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return this as plain values."""
        return asdict(self) | {"unreadable": list(self.unreadable)}


def same_sounds(
    corpora: tuple[Corpus, Corpus],
    files: tuple[Files, Files],
    *,
    on_progress: Progress | None = None,
    jobs: int = 1,
    store: Path | None = None,
) -> tuple[list[Leak], tuple[Listening, Listening]]:
    """Return the pairs of a training and a held-out clip (first and second of `corpora`) of which one has some sound of the other.

    Fingerprints are made by `jobs` processes and kept in the folder `store` (None: `print_home()`).
    Raises MissingDataError where a corpus has no sound here; DataError where the store cannot be written.
    """
    for corpus, found in zip(corpora, files, strict=True):
        if not found:
            message = f"There is no sound of {show(corpus.reference)} below {show(corpus.folder)} to make fingerprints of."
            raise MissingDataError(message, "`hearken data prepare` brings it or says what to put where; ids and captions need no sound.")
    folder = store or print_home()
    counter = _Counter(on_progress, len(files[0]) + len(files[1]))
    trained, tested = (_Listener(len(corpus.clips), found) for corpus, found in zip(corpora, files, strict=True))
    ids: list[str] = []
    with PrintStore(folder / "held_out", num_shifts=NUM_SHIFTS) as prints:
        index = FingerprintIndex(_noted(tested.prints(prints, jobs, counter), ids))
    with PrintStore(folder / "training") as prints:
        leaks = [leak for clip, one in trained.prints(prints, jobs, counter) for leak in _leaks(clip, index.find(one), ids)]
    return leaks, (trained.listening(), tested.listening())


def _leaks(clip: str, matches: list[Match], ids: list[str]) -> Iterator[Leak]:
    for match in matches:
        where = f"begins at {match.offset_s:.2f} s of it" if match.offset_s >= 0 else f"holds its beginning at {-match.offset_s:.2f} s"
        told = f"{where}; {match.votes} landmarks agree, {match.share:.0%} of the common part"
        yield Leak("audio", clip, ids[match.clip], told, round(match.offset_s, 3), round(match.share, 4))


def _noted(prints: Iterator[tuple[str, Fingerprint]], ids: list[str]) -> Iterator[Fingerprint]:
    for clip, one in prints:
        ids.append(clip)
        yield one


class _Counter:
    """Counts files for `on_progress`."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._on_progress, self._done, self._total = on_progress, 0, total

    def __call__(self) -> None:
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)


class _Listener:
    """Gives the fingerprints of one corpus, and counts what there are none of."""

    def __init__(self, num_clips: int, files: Files) -> None:
        self._num_missing, self._files = num_clips - len(files), files
        self._num_plain = 0
        self._unreadable: list[str] = []

    def prints(self, store: PrintStore, jobs: int, on_done: Callable[[], None]) -> Iterator[tuple[str, Fingerprint]]:
        """Yield clip id and fingerprint of all files that could be read and have landmarks enough to match anything."""
        every = fingerprints(list(self._files.values()), store, jobs=jobs, on_done=on_done)
        for clip, one in zip(self._files, every, strict=True):
            if isinstance(one, AudioError):
                self._unreadable.append(one.message)
            elif is_plain(one):
                self._num_plain += 1
            else:
                yield clip, one

    def listening(self) -> Listening:
        """Return what became of all clips."""
        num_compared = len(self._files) - self._num_plain - len(self._unreadable)
        return Listening(num_compared, self._num_missing, self._num_plain, tuple(self._unreadable))
