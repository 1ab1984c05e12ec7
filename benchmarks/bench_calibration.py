"""Does a search know when it has found nothing? Shares of weak best hits where the sound is present and where it is absent.

    python benchmarks/bench_calibration.py --shared ../shared [--model FOLDER] [--json out.json]   # needs the extra `train`

Every caption of the dev split is a query, by sound alone, to libraries of 50, 200 and all recordings that hold it or, in three meanings, do not:
the same caption left out, all captions that say something similar (MiniLM, cosine from .6), and the whole category as well. "Silent" are
300 names of what makes no sound ("stock option"), out of the half of WordNet's that the calibration has not seen. "AUC"
compares best hits' confidence, and beside it their plain score, for present against absent. "Right" tells how many of the present queries'
best hits are of a caption that says something similar, how many of those are weak, and what a level that a tenth of those miss
would do: no level can do more, as a wrong best hit is no better for the right sound being further down. The reliability table has, for hits of
like confidence, how many really were of a caption that says something similar, for half of the queries present.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "recipes")]

from pocket_calibration import nearness  # noqa: E402
from pocket_trials import (  # noqa: E402
    KINDS,
    SILENT,
    SIMILAR,
    SIZES,
    Trial,
    hear_rows,
    read_rows,
    silent_texts,
    silent_trials,
    trial_confidence,
    trials,
)

from hearken.runtime.model import load_model  # noqa: E402
from hearken.search.confidence import calibration_of  # noqa: E402
from hearken.search.scores import MOMENT_SHARE  # noqa: E402

RESAMPLES = 2_000
MIN_RELEVANT = 5
NUM_SILENT = 300
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of `values` (one a query) and its 95 % percentile bootstrap interval."""
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def area(present: np.ndarray, absent: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a value of `present` is above one of `absent`, ties for half."""
    order = np.sort(absent)
    below, upto = np.searchsorted(order, present, "left"), np.searchsorted(order, present, "right")
    return float((below + upto).mean() / (2 * len(absent)))


def right_hits(found: list[Trial], near: np.ndarray) -> np.ndarray:
    """Return for each trial whether its best hit is of a caption that says something similar."""
    return np.array([near[trial.query, trial.hit] >= SIMILAR for trial in found])


def table(
    found: list[Trial], confidence: np.ndarray, scores: np.ndarray, right: np.ndarray, weak_below: float, counted: np.ndarray
) -> dict[str, object]:
    """Print and return the shares of weak best hits and the areas, for queries that are `counted` (Q,)."""
    kinds, sizes = np.array([trial.kind for trial in found]), np.array([trial.size for trial in found])
    counts = counted[[trial.query for trial in found]]
    out: dict[str, object] = {}
    for size in SIZES:
        here = counts & (sizes == size)
        present = here & (kinds == "present")
        for kind in KINDS:
            chosen = here & (kinds == kind)
            mean, low, high = interval((confidence[chosen] < weak_below).astype(float))
            areas = [area(values[present], values[chosen]) for values in (confidence, scores)]
            name = f"{'all' if size == SIZES[-1] else size} {kind}"
            told = "" if kind == "present" else f"  AUC {areas[0]:.3f}, of the score {areas[1]:.3f}"
            print(f"  {name:16s} weak {mean:.3f} [{low:.3f}, {high:.3f}]{told}")
            out[name] = {"weak": mean, "low": low, "high": high, "auc": areas[0], "auc_score": areas[1]}
        found_right, absent = confidence[present & right], confidence[here & (kinds == KINDS[-1])]
        share, weak = float(right[present].mean()), float((found_right < weak_below).mean())
        marked = float((absent < np.quantile(found_right, 0.1)).mean())
        print(f"  right {share:.3f}, weak of these {weak:.3f}; a level that a tenth of these miss marks {marked:.3f} of '{KINDS[-1]}'")
        out[f"{'all' if size == SIZES[-1] else size} right"] = {"share": share, "weak": weak, "absent at a tenth": marked}
    return out


def reliability(found: list[Trial], confidence: np.ndarray, near: np.ndarray) -> list[tuple[float, float, int]]:
    """Print and return mean confidence, share of right hits, and number of hits in each class of confidence."""
    kinds = np.array([trial.kind for trial in found])
    right = right_hits(found, near)
    used = kinds != "caption"
    weights = np.where(kinds == "present", 1.0, 0.5)
    rows = []
    for low, high in itertools.pairwise(EDGES):
        here = used & (confidence >= low) & (confidence < high)
        if here.any():
            told, true = (float(np.average(values[here], weights=weights[here])) for values in (confidence, right))
            rows.append((told, true, int(here.sum())))
            print(f"  said {told:.2f}  were right {true:.2f}  ({here.sum()} hits)")
    return rows


def main() -> None:
    """Run the trials and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = load_model(options.model)
    made = calibration_of(model)
    if made is None:
        raise SystemExit(f"{options.model} has no calibration; recipes/pocket_calibration.py makes one.")
    sounds = hear_rows(model.folder, read_rows(options.shared, "dev"), options.jobs)
    queries = sorted({sound.caption for sound in sounds})
    vectors, near = model.encode_text(queries), nearness(queries, sounds)
    found = list(trials(sounds, queries, vectors, near, seed=0))
    texts = silent_texts(options.shared, 1, NUM_SILENT, seed=0)
    silent = model.encode_text([text for text, alike in zip(texts, nearness(texts, sounds), strict=True) if alike.max() < SIMILAR])
    told = trial_confidence(list(silent_trials(sounds, silent, 0, seed=0)), silent, made)
    confidence = trial_confidence(found, vectors, made)
    parts = ((vectors[trial.query], trial.heard) for trial in found)
    scores = np.array(
        [float(MOMENT_SHARE * heard.moment[0] @ query + (1 - MOMENT_SHARE) * heard.context[0] @ query) for query, heard in parts]
    )
    often = np.array([sum(sound.caption == query for sound in sounds) >= MIN_RELEVANT for query in queries])
    figures: dict[str, object] = {"weak_below": made.weak_below}
    for name, counted in (("all queries", np.ones(len(queries), bool)), (f"queries with >= {MIN_RELEVANT} recordings", often)):
        print(f"{name}: {counted.sum()}, {len(sounds)} recordings, weak below {made.weak_below:.3f}")
        figures[name] = table(found, confidence, scores, right_hits(found, near), made.weak_below, counted)
    for place, size in enumerate(SIZES):
        mean, low, high = interval((told[place :: len(SIZES)] < made.weak_below).astype(float))
        name = f"{'all' if size == SIZES[-1] else size} {SILENT}"
        print(f"  {name:16s} weak {mean:.3f} [{low:.3f}, {high:.3f}] of {len(silent)}")
        figures[name] = {"weak": mean, "low": low, "high": high}
    print("reliability")
    figures["reliability"] = reliability(found, confidence, near)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
