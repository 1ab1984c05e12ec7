"""Everything a run reads: opened, held against what it is tested on, counted, and given batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.data.load import load
from hearken.data.locate import card_of
from hearken.data.sets.clotho_gpt import read_variations_file
from hearken.data.shards.order import GROUP_NUM_SHARDS
from hearken.data.table import CORPORA
from hearken.errors import DataError, RecipeError, show
from hearken.train.augmentation import build_augmentation
from hearken.train.feed.corpora import Opened, open_corpus
from hearken.train.feed.failures import Failures
from hearken.train.feed.held_out import HeldOut, hold_out
from hearken.train.feed.leaks import guard
from hearken.train.feed.loader import Loader
from hearken.train.feed.pairs import Clips, Told, make_pairs
from hearken.train.feed.rows import Maker
from hearken.train.feed.sounds import CACHE_MB, Sounds
from hearken.train.recipe import Recipe, Source
from hearken.types import Progress, silent

HELD_OUT_MB = 512
"""Decoded sound of validation and test that is kept in memory, by all processes together."""


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from (`loader`) and is looked at with (`validation`, `tests`); `record` is what it keeps of that, as plain values.

    `failures` knows which clips could not be read so far; `clips` are those that are learnt from.
    """

    loader: Loader
    validation: HeldOut | None
    tests: tuple[HeldOut, ...]
    record: dict[str, Any]
    failures: Failures
    clips: Clips

    def captions(self) -> Iterator[str]:
        """Yield every caption that may be learnt from, in the order of the clips, and then all ways to say them otherwise."""
        for captions in (*self.clips.captions, *self.clips.variations.values()):
            yield from captions


def open_data(
    recipe: Recipe,
    *,
    rate_hz: int,
    least_samples: int = 1,
    rank: int = 0,
    num_ranks: int = 1,
    jobs: int = 1,
    ledger: Path | None = None,
    on_progress: Progress = silent,
) -> TrainingData:
    """Open the data of `recipe` for process `rank` of `num_ranks`, with `jobs` threads and decoding processes.

    Sounds come at `rate_hz`, shorter ones than `least_samples` (`shortest.py`) followed by zeros. Clips that cannot be used are named in `ledger` (None: nowhere). `on_progress` counts corpora.

    Raises RecipeError where the recipe asks for what the data do not have, LeakError where leaks are refused, MissingDataError where
    nothing is left to train on, and what `open_corpus` and `guard` raise.
    """
    part = recipe.data
    if not part.train:
        raise RecipeError("The recipe names nothing to train on.", "Name a corpus, table or folder under `data.train`.")
    augmentation = build_augmentation(recipe.augment)
    failures = Failures(ledger, writes_left_out=rank == 0)
    count = _Counter(on_progress, len(part.train) + len(part.validation) + len(part.test))
    validation, tests = (_opened(names, count) for names in (part.validation, part.test))
    opening = _Opening(recipe, (*validation, *tests), failures, Clips(), _variations(part.variations))
    parts = []
    for source in part.train:
        parts.append((opening.add(source), source.repeat))
        count.one()
    scenes = opening.add(Source(augmentation.scenes.corpus)) if augmentation.scenes else range(0)
    opening.check_variations()
    pairs = make_pairs(opening.clips, parts, part.captions, GROUP_NUM_SHARDS)
    failures.num_clips = len(opening.clips)
    num_samples = None if part.max_duration_s is None else max(1, round(part.max_duration_s * rate_hz))
    sounds = Sounds(rate_hz, num_samples, cache_mb=CACHE_MB // num_ranks, least=least_samples)
    maker = Maker(opening.clips, pairs, part, augmentation, sounds, failures, recipe.training.seed, scenes)
    loader = Loader(maker, recipe.training.batch, distinct=recipe.training.distinct_clips, rank=rank, num_ranks=num_ranks, jobs=jobs)
    apart = Sounds(rate_hz, num_samples, cache_mb=HELD_OUT_MB // num_ranks, least=least_samples)
    held_out = hold_out(validation, apart, failures, jobs=jobs) if validation else None
    tested = tuple(hold_out([opened], apart, failures, jobs=jobs) for opened in tests)
    record = {
        "train": opening.records,
        "pairs": len(pairs),
        "steps_per_epoch": loader.num_steps,
        "validation": held_out and held_out.record,
        "test": [each.record for each in tested],
    }
    return TrainingData(loader, held_out, tested, record, failures, opening.clips)


def _opened(names: Sequence[str], count: _Counter) -> list[Opened]:
    found = []
    for name in names:
        found.append(open_corpus(name))
        count.one()
    return found


class _Opening:
    """Opens the corpora that are trained on, one after the other, into `clips`; `records` tell of each."""

    def __init__(
        self,
        recipe: Recipe,
        held_out: Sequence[Opened],
        failures: Failures,
        clips: Clips,
        variations: Mapping[tuple[str, str], tuple[str, ...]],
    ) -> None:
        self.clips, self.records = clips, list[dict[str, Any]]()
        self._part, self._held_out, self._failures, self._variations = recipe.data, held_out, failures, variations

    def add(self, source: Source) -> range:
        """Open a corpus, without what it must not have, and return the numbers of its clips."""
        if source.repeat < 1:
            raise RecipeError(f"{show(source.corpus)} cannot be repeated {source.repeat} times.", "`repeat` is a whole number from 1.")
        opened = open_corpus(source.corpus, splits=source.splits, construction=source.construction)
        opened, leaks = guard(opened, self._held_out, self._part.blacklists, self._part.leaks)
        numbers, told = self.clips.add_corpus(opened, self._failures, self._variations)
        self.records.append(_record(source, opened, told, leaks))
        return numbers

    def check_variations(self) -> None:
        """Raise DataError if there are variations, and none of them is of a caption that is trained on."""
        if self._part.variations and not self.clips.variations:
            raise DataError(
                f"None of the captions that are trained on has a variation in {show(self._part.variations)}.",
                "Variations go by the clip's id and the caption itself: name the file that was made of this corpus.",
            )


def _record(source: Source, opened: Opened, told: Told, leaks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a run keeps of a corpus it learns from."""
    card = card_of(opened.corpus.reference)
    files = [{"path": file.path, "sha256": file.sha256, "md5": file.md5} for file in card.files if file.sha256 or file.md5] if card else []
    return {
        "corpus": source.corpus,
        "splits": list(source.splits),
        "construction": source.construction,
        "repeat": source.repeat,
        "pack": opened.pack is not None,
        "clips": told.num_clips,
        "captions": told.num_captions,
        "captions_with_variations": told.num_varied,
        "hours": round(told.known_s / 3600, 3) if told.num_of_known_length == told.num_clips else None,
        "clips_without_sound": told.num_without_sound,
        "clips_without_caption": told.num_without_caption,
        "sha256": told.sha256,
        "published_files": files,
        "leaks": leaks,
    }


def _variations(reference: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the variations of each caption by clip id and caption, of a known corpus or a file; none for no reference."""
    if not reference:
        return {}
    found = load(reference).variations if reference in CORPORA else read_variations_file(Path(reference))
    return {(each.clip, each.caption.strip()): each.texts for each in found}


class _Counter:
    """Tells `on_progress` of each corpus that is opened."""

    def __init__(self, on_progress: Progress, total: int) -> None:
        self._on_progress, self._done, self._total = on_progress, 0, total
        on_progress(0, total)

    def one(self) -> None:
        """Count one more."""
        self._done += 1
        self._on_progress(self._done, self._total)
