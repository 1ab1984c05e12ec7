"""What the tests of shards pack: small sounds that are drawn, and plans for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hearken.data.clip import Clip, Corpus
from hearken.data.shards.plan import Plan, make_plan
from hearken.data.shards.recipe import Recipe

BROKEN = 7
RATE_HZ = 8_000


def draw(number: int) -> np.ndarray:
    """The sound of clip `number`: 0.3 s and 0.05 s more for each, as 16 bits will hold it."""
    noise = np.random.default_rng(number).standard_normal(2_400 + 400 * number)
    return np.convolve(noise, np.hanning(9), "same")


def corpus_in(folder: Path) -> Corpus:
    """Return twelve clips with all kinds of facts, whose sounds belong into `folder`."""
    clips = tuple(
        Clip(f"clip {number}", "train", f"{number}.wav", (f"caption {number}", "énd"), origins=(f"freesound:{number}",))
        for number in range(12)
    )
    return Corpus("test-corpus", folder, clips)


def sounds_of(corpus: Corpus) -> dict[str, Path]:
    return {clip.id: corpus.folder / clip.audio for clip in corpus.clips}


def plan_of(corpus: Corpus, recipe: Recipe | None = None, shard_clips: int = 3) -> Plan:
    return make_plan(corpus, recipe or Recipe(rate_hz=RATE_HZ), shard_clips=shard_clips)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
