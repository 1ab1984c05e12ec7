"""Which clips a pack holds and which shard each goes to: pure functions of the corpus, so that every run agrees.

Shards are counted in clips, not in bytes: so a clip's shard depends on nothing that is found out while packing, whatever
fails, and in whatever order processes get done.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from hearken.data.clip import Clip, Corpus
from hearken.data.shards.layout import Index, Shard, Source, to_bytes
from hearken.data.shards.order import clip_order
from hearken.data.shards.recipe import Recipe
from hearken.errors import DataError, InputError, show

SHARD_CLIPS = 256
_MAX_NAME_CHARS = 60


@dataclass(frozen=True)
class Plan:
    """A pack to be made: `positions[i]` are the places in `clips` of those in shard i, in order."""

    name: str
    source: Source
    recipe: Recipe
    clips: tuple[Clip, ...]
    positions: tuple[tuple[int, ...], ...]

    def file(self, number: int) -> str:
        """Return the name of a shard."""
        return f"{self.name}-{number:06d}.tar"

    def index(self, shards: tuple[Shard, ...], made_with: dict[str, str]) -> Index:
        """Return the index of the pack once its shards are there."""
        return Index(self.name, self.source, self.recipe, shards, made_with)


def key(position: int) -> str:
    """Return the key of the clip at `position` of the corpus: digits, for the key of a sample must not hold a dot."""
    return f"{position:08d}"


def make_plan(corpus: Corpus, recipe: Recipe, *, shard_clips: int = SHARD_CLIPS, seed: int | None = 0, name: str = "") -> Plan:
    """Return the plan for all clips of `corpus`. `seed` permutes them first (None: they stay in order); `name` begins the files' names.

    Raises DataError for a corpus without clips or with two of one id, InputError for shards without clips or a negative seed.
    """
    if shard_clips < 1 or (seed is not None and seed < 0):
        raise InputError(f"A shard has one clip at least, and a seed is a whole number from 0: {shard_clips}, {seed}.")
    if not corpus.clips:
        raise DataError(f"{show(corpus.reference)} has no clips to pack.", "Name a corpus, a split or a table that has sounds.")
    if len({clip.id for clip in corpus.clips}) < len(corpus.clips):
        raise DataError(f"{show(corpus.reference)} has two clips of one id.", "Ids must differ, or shards could not be told apart.")
    order = clip_order(len(corpus.clips), seed).tolist()
    positions = tuple(tuple(order[start : start + shard_clips]) for start in range(0, len(order), shard_clips))
    source = Source(corpus.reference, corpus.splits, len(corpus.clips), digest(corpus), shard_clips, seed)
    return Plan(name or name_of(corpus.reference), source, recipe, corpus.clips, positions)


def digest(corpus: Corpus) -> str:
    """Return the SHA-256 of all facts of a corpus' clips, in their order."""
    state = hashlib.sha256()
    for clip in corpus.clips:
        state.update(to_bytes(asdict(clip)) + b"\n")
    return state.hexdigest()


def name_of(reference: str) -> str:
    """Return what shards of `reference` are called: letters, digits, `_` and `-` of its last part."""
    last = Path(reference).stem if "/" in reference or "\\" in reference or Path(reference).suffix else reference
    return re.sub(r"[^A-Za-z0-9_]+", "-", last).strip("-")[:_MAX_NAME_CHARS] or "pack"
