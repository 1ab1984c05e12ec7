"""How often real captions join events in which way: the mined counts as chances. Made by `recipes/mine_phrases.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from hearken.errors import DataError, show

PATH = Path(__file__).resolve().parents[2] / "assets" / "scenes" / "phrases.json"
_PARTS = ("joints", "comma", "background", "times", "tense")


@dataclass(frozen=True)
class Phrases:
    """Counts of function words in real captions, by the word or phrase. See `mining.mine` for the parts."""

    joints: Mapping[str, int]
    comma: Mapping[str, int]
    background: Mapping[str, int]
    times: Mapping[str, int]
    tense: Mapping[str, int]

    def comma_share(self, joint: str) -> float:
        """Return how often a comma stands before `joint`, from 0 to 1."""
        return self.comma.get(joint, 0) / max(1, self.joints.get(joint, 0))


def read_phrases(path: Path = PATH) -> Phrases:
    """Return the counts in the JSON file at `path`. Raises DataError if it is missing or not what mining writes."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        parts = {name: {str(word): int(count) for word, count in value[name].items()} for name in _PARTS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{show(path)} does not hold mined phrases: {error}.", "recipes/mine_phrases.py writes it.") from error
    return Phrases(**parts)


@cache
def shipped_phrases() -> Phrases:
    """Return the counts that come with Hearken. Raises DataError if the installation is damaged."""
    return read_phrases()


def choose(generator: np.random.Generator, counts: Mapping[str, int], allowed: Sequence[str]) -> str:
    """Draw one of `allowed` with the chances that `counts` give them; each has at least one count."""
    weights = np.array([max(1, counts.get(word, 0)) for word in allowed], np.float64)
    return allowed[int(generator.choice(len(allowed), p=weights / weights.sum()))]
