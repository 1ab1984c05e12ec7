"""What captions are held against: clips, and the captions that people wrote for each of them. No sound and no model is in here.

Legend: `N` clips.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hearken.errors import EvaluationError, MissingDataError, show
from hearken.evaluate.open import OpenTask, open_task, restricted
from hearken.metrics.relevance import IntArray

_APART = "\1"


@dataclass(frozen=True, eq=False)
class CaptionTask:
    """Clips (N) by id and the `references` of each (N), one at least. `record` counts what was left out, and why.

    Raises EvaluationError where there is no clip, or one without a reference.
    """

    name: str
    clips: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    record: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bare = [clip for clip, own in zip(self.clips, self.references, strict=True) if not own]
        if bare or not self.clips:
            what = f"{show(bare[0])} of {show(self.name)} has no reference caption" if bare else f"{show(self.name)} has no clip"
            raise EvaluationError(f"{what}.", "Captions are held against those that people wrote.")

    @property
    def num_references(self) -> int:
        """How many references all clips have together."""
        return sum(map(len, self.references))

    @property
    def digest(self) -> str:
        """SHA-256 of clips and references: two systems with one digest were held against the same."""
        lines = [_APART.join((clip, *own)) for clip, own in zip(self.clips, self.references, strict=True)]
        return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()

    def only(self, numbers: Sequence[int], what: str) -> CaptionTask:
        """Return the task with the clips of these numbers alone; `record` counts under `what` how many went: fewer clips are another task."""
        if len(numbers) == len(self.clips):
            return self
        clips, references = (tuple(all_of[number] for number in numbers) for all_of in (self.clips, self.references))
        return replace(self, clips=clips, references=references, record=self.record | {what: len(self.clips) - len(numbers)})  # type: ignore[arg-type]


def open_captions(references: Sequence[str], *, need_sounds: bool) -> tuple[CaptionTask, OpenTask]:
    """Return what the corpora `references` have: all captions of each clip; and the same clips with the places of their sounds.

    Clips without a caption are left out and counted, as are clips whose sound is not here where sounds are needed. Raises what `open_task`
    raises, and MissingDataError where no clip has a caption.
    """
    asked = open_task(references, merged=False, need_sounds=need_sounds, captions_alone=True)
    own = asked.task.asked
    if not len(own):
        raise MissingDataError(f"No clip of {show(asked.task.name)} has a caption.", "Captions are in the column `caption` of a table.")
    record = asked.task.record | {"clips_without_caption": len(asked.task.clips) - len(own)}
    kept = _only(asked, own)
    answered = kept.task.relevance.transposed()
    texts = [
        tuple(kept.task.queries[query] for query in answered.items[start:stop])
        for start, stop in zip(answered.starts[:-1], answered.starts[1:], strict=True)
    ]
    return CaptionTask(kept.task.name, kept.task.clips, tuple(texts), record), kept


def _only(asked: OpenTask, clips: IntArray) -> OpenTask:
    task, _ = restricted(asked.task, clips)
    places = tuple(asked.places[number] for number in clips)
    return OpenTask(task, places, None if asked.recordings is None else asked.recordings[np.asarray(clips)], asked.references)
