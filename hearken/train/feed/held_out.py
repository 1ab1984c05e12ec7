"""What a model is looked at with: clips, queries, and which clip answers which query.

Legend: `N` clips, `Q` queries, `T` samples.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.audio.worker import Worker
from hearken.errors import AudioError, HearkenError, ShardError
from hearken.train.feed.ahead import Crew, ahead
from hearken.train.feed.asked import ask
from hearken.train.feed.corpora import Opened, Place
from hearken.train.feed.failures import Failures
from hearken.train.feed.sound_worker import worker
from hearken.train.feed.sounds import Sounds
from hearken.types import FloatArray

_AHEAD = 8  # sounds that are ready beforehand


@dataclass
class Listening:
    """Clips by id (N) whose sounds are read in order, and what could not be.

    Clips whose sound turns out to be unreadable are noted when `sounds` comes to them; `failed` has, by number, what was wrong with each.
    """

    clips: tuple[str, ...]
    places: tuple[Place, ...]
    source: Sounds
    failures: Failures
    jobs: int = 1
    failed: dict[int, HearkenError] = field(default_factory=dict)

    def sounds(self, start: int = 0) -> Generator[tuple[int, FloatArray], None, None]:
        """Yield clip number and sound (T,), read-only, from clip `start` on, in order; a clip that cannot be read is left out, and noted."""
        numbers = range(start, len(self.clips))
        with closing(ahead(lambda crew: self._read_all(numbers, crew), worker, jobs=self.jobs, most=_AHEAD)) as sounds:
            for number, found in sounds:
                if isinstance(found, HearkenError):
                    self.failed[number] = found
                    self.failures.note(self.clips[number], self.places[number], found)
                else:
                    yield number, found

    def _read_all(self, numbers: range, crew: Crew) -> Generator[tuple[int, FloatArray | HearkenError], None, None]:
        with closing(crew.in_order(iter(numbers), self._read)) as found:
            yield from zip(numbers, found, strict=True)

    def _read(self, process: Worker, number: int) -> FloatArray | HearkenError:
        try:
            return self.source.get(process, self.places[number])
        except (AudioError, ShardError) as error:
            return error


@dataclass
class HeldOut:
    """Clips and queries of validation or test: `clips` are the ids (N), `relevant` (Q, N) says which clip answers which query.

    A query is a caption, once however many clips have it, and relevant are all clips that have it; or a query of the corpus' own, and relevant
    are the clips with a grade above 0. `record` counts what was left out at the start.
    """

    name: str
    queries: tuple[str, ...]
    relevant: NDArray[np.bool_]
    listening: Listening
    record: dict[str, Any]

    @property
    def clips(self) -> tuple[str, ...]:
        """The ids of the clips (N)."""
        return self.listening.clips

    def sounds(self, start: int = 0) -> Generator[tuple[int, FloatArray], None, None]:
        """Yield clip number and sound (T,), as `Listening` does."""
        return self.listening.sounds(start)


def hold_out(parts: Sequence[Opened], sounds: Sounds, failures: Failures, *, jobs: int = 1) -> HeldOut:
    """Return what is to be looked at with these corpora together. Raises MissingDataError if there is no clip or no query."""
    asked = ask(parts, left_out=lambda opened, clip: failures.left_out(opened.corpus.reference, clip, None))
    relevant = np.zeros((len(asked.queries), len(asked.clips)), bool)
    for row, grades in zip(relevant, asked.grades, strict=True):
        row[list(grades)] = True
    places = tuple(place for place in asked.places if place is not None)
    return HeldOut(asked.name, asked.queries, relevant, Listening(asked.clips, places, sounds, failures, jobs), asked.record)
