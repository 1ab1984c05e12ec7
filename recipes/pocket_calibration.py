"""Fit what tells the pocket model's good hits from weak ones: `calibration.json` and `calibration.npy` beside its configuration.

    python recipes/train_pocket.py --shared ../shared --out build/pocket-held --without 0 --seeds 2     # a model that never heard a fifth
    python recipes/pocket_calibration.py --shared ../shared --texts build/pocket-texts.json --model build/pocket \
        --held-out-model build/pocket-held --without 0

A model scores the recordings that it learned from too well, so nothing can be fitted on them. Therefore a second model is trained
in the same way without a fifth of the recordings; in trials with those (`pocket_trials.py`) the regression learns what present and
absent sounds look like. It is then used with the bank of the model that ships, which all of train has made. Dev is not read.

The regression learns to tell present from absent, in recordings of one sound and of several in a row, and from queries for what makes no
sound ("stock option", names out of WordNet). The share of right hits at each of its values makes it a probability, for a user half of
whose queries ask for something that is there. Hits below the value under which a tenth of the present sounds' best hits are, in trials
with captions that the regression did not see, count as weak.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pocket_data import fold_of
from pocket_towers import Words
from pocket_trials import (
    IN_A_ROW,
    KINDS,
    NOT_IN_A_ROW,
    SILENT,
    SIMILAR,
    SIZES,
    Row,
    Sound,
    Trial,
    hear_rows,
    kinds_of_sounds,
    read_rows,
    sequel_trials,
    sequels,
    silent_texts,
    silent_trials,
    trial_features,
    trials,
)

from hearken.runtime.model import load_model
from hearken.search.confidence import Calibration, write_calibration
from hearken.types import FloatArray

PRESENT_WEAK = 0.10
NUM_PARTS = 5
RIDGE = 3.0
PRESENT, ABSENT = ("present", IN_A_ROW), ("similar", "category", SILENT, NOT_IN_A_ROW)
NUM_SILENT = 300


def fit_logistic(values: np.ndarray, labels: np.ndarray, weights: np.ndarray, ridge: float, steps: int = 50) -> np.ndarray:
    """Return coefficients (K + 1,) of a logistic regression of `labels` (N,) on `values` (N, K), the constant last.

    Newton's method (iteratively reweighted least squares); `ridge` times half the squared coefficients, but for the constant, is added
    to the negative log likelihood, in which each case counts `weights` (N,).
    """
    design = np.column_stack([values, np.ones(len(values))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 0.0
    found = np.zeros(design.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weights * (labels - chance)) - penalty * found
        bend = (design * (weights * chance * (1 - chance) + 1e-9)[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return found


def balanced(labels: np.ndarray) -> np.ndarray:
    """Return weights (N,), mean 1, with which true and false `labels` (N,) count alike."""
    share = labels.mean()
    return np.where(labels, 0.5 / share, 0.5 / (1 - share))


def fit(values: np.ndarray, present: np.ndarray, right: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return weights (K,) and offset of the confidence, and below what it is weak.

    `values` (N, K) are features of trials, `present` (N,) whether the library held the sound, `right` (N,) whether the hit was it,
    `parts` (N,) the parts that are left out in turn, so that the threshold is one for queries that were not fitted.
    """
    middle, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    scaled = (values - middle) / spread
    weights = balanced(present)
    unseen = np.empty(len(values))
    for part in np.unique(parts):
        held = parts == part
        found = fit_logistic(scaled[~held], present[~held], weights[~held], RIDGE)
        unseen[held] = scaled[held] @ found[:-1] + found[-1]
    level = np.quantile(unseen[present], PRESENT_WEAK)
    line = fit_logistic(unseen[:, None], right, weights, 0.0)
    found = fit_logistic(scaled, present, weights, RIDGE) * line[0]
    offset = found[-1] + line[1] - (found[:-1] * middle / spread).sum()
    return found[:-1] / spread, float(offset), float(1 / (1 + np.exp(-(level * line[0] + line[1]))))


def nearness(asked: Sequence[str], sounds: Sequence[Sound]) -> np.ndarray:
    """Return how similar (Q, F) the captions of `sounds` are to those `asked` for, as MiniLM sees it before any training here."""
    said = sorted({*asked, *(sound.caption for sound in sounds)})
    places = {caption: place for place, caption in enumerate(said)}
    vectors = Words().eval().in_parts(said).numpy()
    alike = vectors @ vectors.T
    return alike[np.ix_([places[caption] for caption in asked], [places[sound.caption] for sound in sounds])]


def wordings(captions: Sequence[str], path: Path | None, per_caption: int, seed: int) -> tuple[list[str], list[str]]:
    """Return queries and the caption that each stands for: the captions, and of each a few phrasings of `pocket_texts.py`'s file `path`."""
    texts, asked = list(captions), list(captions)
    if path is not None:
        others = json.loads(path.read_text(encoding="utf-8"))["captions"]
        generator = np.random.default_rng(seed)
        for caption in captions:
            ways = [item["text"] for item in others.get(caption, ())]
            for place in sorted(generator.choice(len(ways), min(per_caption, len(ways)), replace=False)) if ways else ():
                texts.append(ways[place])
                asked.append(caption)
    return texts, asked


def shares(confidence: np.ndarray, found: Sequence[Trial], weak_below: float) -> dict[str, float]:
    """Return the share of weak hits for every kind and size of library."""
    weak = confidence < weak_below
    kinds, sizes = np.array([trial.kind for trial in found]), np.array([trial.size for trial in found])
    return {
        f"{kind}, {'all' if size == SIZES[-1] else size}": round(float(weak[(kinds == kind) & (sizes == size)].mean()), 3)
        for kind in (*KINDS, SILENT, IN_A_ROW, NOT_IN_A_ROW)
        for size in SIZES
        if ((kinds == kind) & (sizes == size)).any()
    }


def calibrate(
    held: Sequence[Sound], rows: Sequence[Row], learned: Sequence[Sound], model: Path, texts: Path | None, silent: Sequence[str], seed: int
) -> tuple[np.ndarray, float, float, dict[str, float]]:
    """Return what `fit` does and the shares of weak hits, from trials with the sounds `held` out of the model in a folder (`rows` tells their files), and its bank.

    `silent` are names of what makes no sound; those near a caption are left out.
    """
    encode = load_model(model).encode_text
    captions, kinds = kinds_of_sounds(learned)
    bank = kinds, encode(captions)
    queries, asked = wordings(sorted({sound.caption for sound in held}), texts, 2, seed)
    near = nearness([*asked, *silent], held)
    silent = [text for text, alike in zip(silent, near[len(asked) :], strict=True) if alike.max() < SIMILAR]
    vectors, near = encode([*queries, *silent]), near[: len(asked)]
    found = list(trials(held, asked, vectors[: len(asked)], near, seed, repeats=2))
    captions_held = [sound.caption for sound in held]
    found += sequel_trials(sequels(load_model(model), rows, seed), captions_held, asked, vectors[: len(asked)], near, seed)
    found += silent_trials(held, vectors[len(asked) :], len(asked), seed, repeats=2)
    asked, near = [*asked, *silent], np.concatenate([near, np.zeros((len(silent), len(held)), near.dtype)])
    values = trial_features(found, vectors, bank)
    present = np.isin([trial.kind for trial in found], PRESENT)
    right = np.array([near[trial.query, trial.hit] >= SIMILAR for trial in found])
    order = {caption: place for place, caption in enumerate(sorted(set(asked)))}
    parts = np.array([order[asked[trial.query]] % NUM_PARTS for trial in found])
    used = present | np.isin([trial.kind for trial in found], ABSENT)
    weights, offset, weak_below = fit(values[used], present[used], right[used], parts[used])
    confidence = 1 / (1 + np.exp(-(values @ weights + offset)))
    return weights, offset, weak_below, shares(confidence, found, weak_below)


def bank_of(model: Path, sounds: Sequence[Sound]) -> tuple[FloatArray, FloatArray]:
    """Return the kinds of sounds (S, D) and the vectors (S, D) of their captions."""
    captions, kinds = kinds_of_sounds(sounds)
    return kinds, load_model(model).encode_text(captions)


def main() -> None:
    """Parse the command line, fit, and write the calibration into the model's folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="the model that ships")
    parser.add_argument("--held-out-model", type=Path, required=True, help="the same, trained without a fold of the recordings")
    parser.add_argument("--without", type=int, default=0, metavar="FOLD", help="which fold it was trained without")
    parser.add_argument("--texts", type=Path, help="what pocket_texts.py wrote, for queries in other words than captions")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=8)
    options = parser.parse_args()
    rows = read_rows(options.shared, "train")
    sounds = hear_rows(options.held_out_model, rows, options.jobs)
    held = [sound for sound in sounds if fold_of(sound.group) == options.without]
    held_rows = [row for row in rows if fold_of(row.group) == options.without]
    learned = [sound for sound in sounds if fold_of(sound.group) != options.without]
    silent = silent_texts(options.shared, 0, NUM_SILENT, options.seed)
    weights, offset, weak_below, figures = calibrate(held, held_rows, learned, options.held_out_model, options.texts, silent, options.seed)
    kinds, words = bank_of(options.model, hear_rows(options.model, rows, options.jobs))
    told = {"held-out recordings": len(held), "weak hits in the trials fitted on": figures}
    write_calibration(options.model, load_model(options.model).digest, Calibration(kinds, words, weights, offset, weak_below), told)
    print(json.dumps({"weak_below": weak_below, **told}, indent=2))


if __name__ == "__main__":
    main()
