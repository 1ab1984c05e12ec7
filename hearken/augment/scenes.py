"""Composed scenes in the place of pairs: now and then a pair steps back for a scene of `hearken data compose` with its caption.

The scenes are made beforehand (`data/scenes/`): they are files like others, so they are decoded, checked against test sets and kept with
their licences like others, and a run that is repeated meets the same ones. Who wants all scenes in every epoch names them as
training data instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.augment.chance import check_probability, check_text, falls
from hearken.errors import InputError


@dataclass(frozen=True)
class Scenes:
    """A scene of `corpus` (a reference such as SCENES/scenes.jsonl) for a pair with `probability`. Raises InputError for others."""

    corpus: str = ""
    probability: float = 0.25

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_text(self.corpus, "corpus")
        if not self.corpus:
            raise InputError("Scenes need a corpus.", "Make one by `hearken data compose`, and name its scenes.jsonl by the option corpus.")

    def draw(self, num_scenes: int, generator: np.random.Generator) -> int | None:
        """Return which of `num_scenes` scenes takes a pair's place; None where the pair stays, or there are none."""
        place, scene_wins = float(generator.random()), falls(self.probability, generator)
        return min(int(place * num_scenes), num_scenes - 1) if scene_wins and num_scenes else None
