"""Trials of a calibration: queries to libraries that hold what is asked for, and to libraries that do not.

A trial is a query, a library of some recordings, and its best hit. What "absent" means is a matter of degree, so there are three kinds:
recordings with the same caption are left out (others may sound just like them); those whose caption says something similar as well;
those of the whole category as well. And there are queries for what makes no sound at all ("stock option"), and recordings in which one
sound comes after the other, as in the field, where windows hold parts of what is before and after.

Legend: `F` recordings, `Q` queries, `M` moments, `C` contexts, `S` kinds of sounds, `D` embedding size.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pocket_data import synsets

from hearken.audio.decode import decode
from hearken.library.scales import scales_of
from hearken.runtime.model import Model
from hearken.runtime.pool import FileEmbedder
from hearken.search.confidence import Calibration, Heard, features, hear, unit
from hearken.search.scores import MOMENT_SHARE
from hearken.types import Embedded, Failure, FloatArray

SIMILAR = 0.6
"""Cosine of two captions by MiniLM from which on they count as saying something similar ("A dog barks.", "A small dog is yapping.")."""
KINDS = ("present", "caption", "similar", "category")
"""Of a library: it holds the sound; it does not by the caption, by what is similar, by the category."""
SILENT = "silent"
"""The kind of trials whose query is for what makes no sound."""
IN_A_ROW, NOT_IN_A_ROW = "in a row", "not in a row"
"""Kinds of trials with recordings of several sounds: one of them is what is asked for; none says anything similar."""
NUM_IN_A_ROW, MAX_PART_S = 6, 10.0
SIZES = (50, 200, 1_000_000)
_SILENT_LEXES = ("noun.cognition", "noun.possession", "noun.relation")


@dataclass(frozen=True, eq=False)
class Sound:
    """A recording: what it is said to be, its `clip` vector (D,), `moments` (M, D), `contexts` (C, D); `holding` as `confidence.hear` has it."""

    caption: str
    category: str
    group: str
    clip: FloatArray
    moments: FloatArray
    contexts: FloatArray
    holding: np.ndarray

    @property
    def num_windows(self) -> int:
        """How many windows a library has of it."""
        return len(self.moments) + len(self.contexts)


@dataclass(frozen=True, eq=False)
class Sequel:
    """A recording of several sounds, one after the other; `members` (M,) are the numbers of those at its moments."""

    sound: Sound
    members: np.ndarray


class Row(NamedTuple):
    """A line of `metadata.csv` that is of use here."""

    path: Path
    caption: str
    category: str
    group: str


class Trial(NamedTuple):
    """A query by number, the `kind` and size of the library, and the number of its best hit with what is heard there.

    Of a `Sequel` the number is that of the sound at its best moment.
    """

    query: int
    kind: str
    size: int
    hit: int
    heard: Heard
    num_windows: int


def read_rows(shared: Path, split: str) -> list[Row]:
    """Return the recordings of a split; of train, those that may be learned from."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split and (split != "train" or row["train_allowed"] == "yes")]
    return [Row(shared / "audio" / row["file"], row["caption"], row["category"], row["group"]) for row in rows]


def hear_rows(model: Path, rows: Sequence[Row], jobs: int = 1) -> list[Sound]:
    """Return the recordings of `rows`, in order, as the model in a folder hears them. Exits when one cannot be read."""
    found = dict(FileEmbedder(model).embed_files([str(row.path) for row in rows], jobs=jobs))
    sounds = []
    for row in rows:
        made = found[str(row.path)]
        if isinstance(made, Failure):
            raise SystemExit(f"{made.path}: {made.message}")
        sounds.append(sound_of(row, made.vectors))
    return sounds


def sound_of(row: Row, vectors: Embedded) -> Sound:
    """Return a recording with its windows told apart by scale, in the 16 bits that a library keeps."""
    windows = vectors.windows.astype(np.float16).astype(np.float32)
    scales = scales_of(np.array([[span.start_s, span.end_s] for span in vectors.spans]), np.array([0]))
    count = int((~scales.is_context).sum())
    holding = np.column_stack([scales.first, scales.stop])[:count] - count
    return Sound(row.caption, row.category, row.group, vectors.clip, windows[:count], windows[count:], holding)


def kinds_of_sounds(sounds: Iterable[Sound]) -> tuple[list[str], FloatArray]:
    """Return the captions of `sounds`, sorted, and the mean vector (S, D) of the recordings of each."""
    clips: dict[str, list[FloatArray]] = {}
    for sound in sounds:
        clips.setdefault(sound.caption, []).append(sound.clip)
    captions = sorted(clips)
    return captions, unit(np.stack([np.mean(clips[caption], axis=0) for caption in captions]))


def file_scores(sounds: Sequence[Sound], queries: FloatArray) -> FloatArray:
    """Return the score (Q, F) of each recording's best moment for each of `queries` (Q, D), by sound alone, as a search has it."""
    out = np.empty((len(sounds), len(queries)), np.float32)
    for row, sound in zip(out, sounds, strict=True):
        row[:] = moment_scores(sound, queries).max(axis=0)
    return out.T


def moment_scores(sound: Sound, queries: FloatArray) -> FloatArray:
    """Return the score (M, Q) of each moment of a recording for each of `queries` (Q, D), by sound alone, as a search has it."""
    own = sound.moments @ queries.T
    if not len(sound.contexts):
        return own
    wide = sound.contexts @ queries.T
    held = np.stack([wide[first:stop].max(axis=0) for first, stop in sound.holding])
    return MOMENT_SHARE * own + (1 - MOMENT_SHARE) * held


def trials(
    sounds: Sequence[Sound], asked: Sequence[str], queries: FloatArray, near: np.ndarray, seed: int, repeats: int = 1
) -> Iterator[Trial]:
    """Yield trials of each query in libraries of `SIZES` drawn from `sounds`, of all `KINDS`; `repeats` of each.

    `asked` (Q) is the caption that a query of `queries` (Q, D) stands for; `near` (Q, F) says how similar the captions of the recordings
    are to that. A library of the kind "present" that is drawn smaller than all holds one recording of the caption for certain.
    """
    generator = np.random.default_rng(seed)
    scores = file_scores(sounds, queries)
    captions, categories = (np.array([getattr(sound, name) for sound in sounds]) for name in ("caption", "category"))
    category_of = dict(zip(captions, categories, strict=True))
    windows = np.array([sound.num_windows for sound in sounds])
    for number, caption in enumerate(asked):
        same = captions == caption
        far = ~same & (near[number] < SIMILAR)
        allowed = {"present": ~same, "caption": ~same, "similar": far, "category": far & (categories != category_of[caption])}
        for size in SIZES:
            for kind in KINDS:
                for _ in range(repeats):
                    chosen = _drawn(np.flatnonzero(allowed[kind]), np.flatnonzero(same) if kind == "present" else None, size, generator)
                    if not len(chosen):
                        continue
                    hit = int(chosen[scores[number, chosen].argmax()])
                    heard = heard_at_best(queries[number], sounds[hit])
                    yield Trial(number, kind, size, hit, heard, int(windows[chosen].sum()))


def silent_texts(shared: Path, half: int, count: int, seed: int) -> list[str]:
    """Return `count` names of what makes no sound, of two or three words, out of one `half` (0 or 1) of WordNet's."""
    entries = (entry for entry in synsets(shared) if entry["lex"] in _SILENT_LEXES)
    names = {name for entry in entries for name in entry["lemmas"] if 2 <= len(name.split()) <= 3}
    ours = sorted(name for name in names if name.islower() and zlib.crc32(name.encode()) % 2 == half)
    return [ours[place] for place in np.sort(np.random.default_rng(seed).choice(len(ours), count, replace=False))]


def silent_trials(sounds: Sequence[Sound], queries: FloatArray, first: int, seed: int, repeats: int = 1) -> Iterator[Trial]:
    """Yield trials of `queries` (Q, D) that no sound answers, numbered from `first` on, in libraries of `SIZES` drawn from `sounds`."""
    generator = np.random.default_rng(seed)
    scores, windows = file_scores(sounds, queries), np.array([sound.num_windows for sound in sounds])
    for number, query in enumerate(queries):
        for size in SIZES:
            for _ in range(repeats):
                chosen = _drawn(np.arange(len(sounds)), None, size, generator)
                hit = int(chosen[scores[number, chosen].argmax()])
                yield Trial(first + number, SILENT, size, hit, heard_at_best(query, sounds[hit]), int(windows[chosen].sum()))


def sequels(model: Model, rows: Sequence[Row], seed: int, rounds: int = 2) -> list[Sequel]:
    """Return recordings of `NUM_IN_A_ROW` of `rows` each, at most `MAX_PART_S` of every one; each of them is in one recording a round."""
    generator, found = np.random.default_rng(seed), []
    cut = int(MAX_PART_S * model.rate_hz)
    for _ in range(rounds):
        order = generator.permutation(len(rows))
        for start in range(0, len(order) - NUM_IN_A_ROW + 1, NUM_IN_A_ROW):
            numbers = order[start : start + NUM_IN_A_ROW]
            parts = [decode(rows[number].path, rate_hz=model.rate_hz).samples[:cut] for number in numbers]
            vectors = model.embed([np.concatenate(parts)])
            made = sound_of(rows[numbers[0]], vectors)
            middles_s = np.array([(span.start_s + span.end_s) / 2 for span in vectors.spans[: len(made.moments)]])
            ends_s = np.cumsum([len(part) for part in parts]) / model.rate_hz
            found.append(Sequel(made, numbers[np.minimum(np.searchsorted(ends_s, middles_s), NUM_IN_A_ROW - 1)]))
    return found


def sequel_trials(
    found: Sequence[Sequel], captions: Sequence[str], asked: Sequence[str], queries: FloatArray, near: np.ndarray, seed: int
) -> Iterator[Trial]:
    """Yield trials of each query in libraries of one, ten and all recordings of several sounds; the other arguments as `trials` has them.

    `captions` (F) are those of the sounds that the recordings are made of.
    """
    generator = np.random.default_rng(seed)
    scores = file_scores([each.sound for each in found], queries)
    inside = [np.unique(each.members) for each in found]
    said, windows = np.array(captions), np.array([each.sound.num_windows for each in found])
    for number, caption in enumerate(asked):
        same = np.array([(said[members] == caption).any() for members in inside])
        far = np.array([(near[number, members] < SIMILAR).all() for members in inside])
        for size, count in zip(SIZES, (1, 10, len(found)), strict=True):
            for kind, among in ((IN_A_ROW, np.flatnonzero(same)), (NOT_IN_A_ROW, None)):
                if among is not None and not len(among):
                    continue
                chosen = _drawn(np.flatnonzero(far), among, count, generator)
                best = found[int(chosen[scores[number, chosen].argmax()])]
                heard = heard_at_best(queries[number], best.sound)
                place = int(moment_scores(best.sound, queries[number : number + 1]).argmax())
                yield Trial(number, kind, size, int(best.members[place]), heard, int(windows[chosen].sum()))


def _drawn(others: np.ndarray, same: np.ndarray | None, size: int, generator: np.random.Generator) -> np.ndarray:
    """Return `size` recordings out of `others`, or all; with `same` given, one of these among them, or all."""
    if same is None:
        return others if size >= len(others) else generator.choice(others, size, replace=False)
    if size >= len(others) + len(same):
        return np.concatenate([same, others])
    first = generator.choice(same)
    rest = np.concatenate([same[same != first], others])
    return np.append(generator.choice(rest, size - 1, replace=False), first)


def heard_at_best(query: FloatArray, sound: Sound) -> Heard:
    """Return what is heard at the best moment of a recording."""
    return hear(query, sound.moments, sound.contexts, sound.holding, np.ones(len(sound.moments), bool))


def trial_features(found: Sequence[Trial], queries: FloatArray, bank: tuple[FloatArray, FloatArray]) -> np.ndarray:
    """Return the features (trials, 10) of each trial's hit, against the `bank` of kinds of sounds and of their captions."""
    return np.concatenate([features(queries[trial.query], trial.heard, trial.num_windows, *bank) for trial in found])


def trial_confidence(found: Sequence[Trial], queries: FloatArray, made: Calibration) -> np.ndarray:
    """Return the confidence (trials,) in each trial's hit."""
    return np.concatenate([made.confidence(queries[trial.query], trial.heard, trial.num_windows) for trial in found])
