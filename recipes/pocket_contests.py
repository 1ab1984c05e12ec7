"""Contests (`hearken/data/scenes/contests.py`) of real recordings, as sound and as log-mels: what shows whether a model hears order.

A split is surveyed once into `cache`; contests of the dev split are for looking, those of the train split for learning.

Legend: `L` spectrogram frames, `F` mel bands, `T` samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pocket_data import FRONT_END, POLICY

from hearken.audio.melspec import log_mel
from hearken.data.load import load
from hearken.data.scenes.contests import Contest, ContestKind, Roster, contest_sounds, contests
from hearken.data.scenes.sources import Source, classify
from hearken.data.scenes.survey import survey
from hearken.data.scenes.worker import Pantry
from hearken.types import FloatArray, silent

RATE_HZ = FRONT_END.rate_hz


@dataclass(frozen=True)
class Stage:
    """The recordings of one split, measured, and which of them can take part."""

    sources: tuple[Source, ...]
    roster: Roster


@dataclass(frozen=True)
class Heard:
    """A contest and the log-mels (L, F) float16 of its two sounds, L a multiple of 32."""

    contest: Contest
    mels: tuple[np.ndarray, np.ndarray]


def stage(shared: Path, split: str, cache: Path, jobs: int = 1) -> Stage:
    """Return the recordings of `split` in `shared/audio`, measured once into `cache` (a minute or two); train means what may be trained on."""
    corpus = load(shared / "audio" / "metadata.csv").only([split])
    place = cache / f"contests-{split}"
    place.mkdir(parents=True, exist_ok=True)
    sources = survey(corpus, place, RATE_HZ, (), jobs, silent).sources
    return Stage(sources, Roster([classify(source)[0] for source in sources]))


def sounds(found: Stage, kind: ContestKind, num: int, seed: int = 0) -> Iterator[tuple[Contest, tuple[FloatArray, FloatArray]]]:
    """Yield up to `num` contests with their two sounds (T,) at 32 kHz."""
    pantry = Pantry(RATE_HZ)
    for contest in contests(found.roster, kind, seed, num):
        yield contest, contest_sounds(contest, found.sources, RATE_HZ, pantry.fetch)


def heard_contests(shared: Path, split: str, cache: Path, kind: ContestKind = "order", num: int = 300, seed: int = 0) -> list[Heard]:
    """Return up to `num` contests with their log-mels, which are kept in `cache`: 300 take half a minute the first time."""
    found = stage(shared, split, cache)
    drawn = contests(found.roster, kind, seed, num)
    stored = cache / f"contests-{split}" / f"{kind}-{seed}-{num}.npz"
    names = [[f"{contest.number}-{side}" for side in range(2)] for contest in drawn]
    if not stored.exists():
        made = (mel(sound) for _, pair in sounds(found, kind, num, seed) for sound in pair)
        np.savez(stored, **dict(zip((name for pair in names for name in pair), made, strict=True)))
    with np.load(stored) as mels:
        return [Heard(contest, (mels[one], mels[two])) for contest, (one, two) in zip(drawn, names, strict=True)]


def mel(samples: FloatArray) -> np.ndarray:
    """Return the log-mel (L, F) float16 of `samples` (T,), chunk by chunk as at run time."""
    return np.concatenate([log_mel(POLICY.pad(chunk), FRONT_END) for chunk in POLICY.chunks([samples])]).astype(np.float16)
