"""What a model is looked at with: clips, queries, and which clip answers which query.

Legend: `N` clips, `Q` queries, `T` samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.audio.worker import Worker
from hearken.data.clip import Clip
from hearken.data.locate import way_to_sounds
from hearken.errors import AudioError, HearkenError, MissingDataError, ShardError, show
from hearken.train.feed.ahead import Crew, ahead
from hearken.train.feed.corpora import Opened, Place
from hearken.train.feed.failures import Failures
from hearken.train.feed.sound_worker import worker
from hearken.train.feed.sounds import Sounds
from hearken.types import FloatArray

_AHEAD = 8  # sounds that are ready beforehand


@dataclass
class HeldOut:
    """Clips and queries of validation or test: `clips` are the ids (N), `relevant` (Q, N) says which clip answers which query.

    A query is a caption, once however many clips have it, and relevant are all clips that have it; or a query of the corpus' own, and relevant
    are the clips with a grade above 0. `record` counts what was left out at the start. Clips whose sound turns out to be unreadable are
    noted when `sounds` comes to them: `kept` then says what is left to compute with.
    """

    name: str
    clips: tuple[str, ...]
    queries: tuple[str, ...]
    relevant: NDArray[np.bool_]
    places: tuple[Place, ...]
    source: Sounds
    failures: Failures
    record: dict[str, Any]
    jobs: int = 1
    failed: set[int] = field(default_factory=set)

    def sounds(self, start: int = 0) -> Generator[tuple[int, FloatArray], None, None]:
        """Yield clip number and sound (T,), read-only, from clip `start` on, in order; a clip that cannot be read is left out, and noted."""
        numbers = range(start, len(self.clips))
        with closing(ahead(lambda crew: self._read_all(numbers, crew), worker, jobs=self.jobs, most=_AHEAD)) as sounds:
            for number, found in sounds:
                if isinstance(found, HearkenError):
                    self.failed.add(number)
                    self.failures.note(self.clips[number], self.places[number], found)
                else:
                    yield number, found

    def kept(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers of the clips that could be read, and of the queries that one of them answers.

        `relevant[np.ix_(queries, clips)]` are the answers among these. What is known to have failed counts, so ask after `sounds`.
        """
        clips = np.array([number for number in range(len(self.clips)) if number not in self.failed], np.int64)
        return clips, np.flatnonzero(self.relevant[:, clips].any(axis=1))

    def _read_all(self, numbers: range, crew: Crew) -> Generator[tuple[int, FloatArray | HearkenError], None, None]:
        with closing(crew.in_order(iter(numbers), self._read)) as found:
            yield from zip(numbers, found, strict=True)

    def _read(self, process: Worker, number: int) -> FloatArray | HearkenError:
        try:
            return self.source.get(process, self.places[number])
        except (AudioError, ShardError) as error:
            return error


def hold_out(parts: Sequence[Opened], sounds: Sounds, failures: Failures, *, jobs: int = 1) -> HeldOut:
    """Return what is to be looked at with these corpora together. Raises MissingDataError if there is no clip or no query."""
    title = " + ".join(opened.corpus.reference for opened in parts)
    names: list[str] = []
    places: list[Place] = []
    answers: dict[str, set[int]] = {}
    for opened in parts:
        here = [clip for clip in opened.clips if _is_here(opened, clip, failures)]
        numbers = {clip.id: number for number, clip in enumerate(here, start=len(names))}
        names += [clip.id if len(parts) == 1 else f"{opened.corpus.reference}:{clip.id}" for clip in here]
        places += [opened.places[clip.id] for clip in here]
        for text, ids in _queries(opened):
            answers.setdefault(text, set()).update(numbers[each] for each in ids if each in numbers)
    queries = tuple(text for text, numbers_of in answers.items() if numbers_of)
    if not names or not queries:
        what = "No caption or query" if names else "None of the sounds"
        raise MissingDataError(f"{what} of {show(title)} is here.", way_to_sounds(parts[0].corpus.reference))
    relevant = np.zeros((len(queries), len(names)), bool)
    for row, text in zip(relevant, queries, strict=True):
        row[list(answers[text])] = True
    record = {
        "corpora": [opened.corpus.reference for opened in parts],
        "clips": len(names),
        "queries": len(queries),
        "clips_without_sound": sum(len(opened.clips) for opened in parts) - len(names),
        "queries_without_clip": len(answers) - len(queries),
        "sha256": hashlib.sha256("\0".join((*names, "\n", *queries)).encode("utf-8", "surrogatepass") + relevant.tobytes()).hexdigest(),
    }
    return HeldOut(title, tuple(names), queries, relevant, tuple(places), sounds, failures, record, jobs)


def _is_here(opened: Opened, clip: Clip, failures: Failures) -> bool:
    if clip.id not in opened.places:
        failures.left_out(opened.corpus.reference, clip, None)
    return clip.id in opened.places


def _queries(opened: Opened) -> Iterator[tuple[str, list[str]]]:
    """Yield texts and the ids of the clips that answer them; a text may come again."""
    if opened.corpus.queries:
        for query in opened.corpus.queries:
            yield query.text.strip(), [clip for clip, grade in query.relevant if grade > 0.0]
        return
    for clip in opened.clips:
        for caption in clip.captions:
            if text := caption.strip():
                yield text, [clip.id]
