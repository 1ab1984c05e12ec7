"""How well does the shipped model find real recordings? Pocket, its tag-bridge initialisation, and chance.

    python benchmarks/bench_retrieval.py --shared ../shared [--json out.json]      # needs the extra `train` for the bridge

Indexes the dev split of `shared/audio` with each model through `Library.index`, then asks every natural caption of the
split through `Library.search` (sound alone: no names, no folding). Clips with the same caption are relevant. Prints mAP
and P@10 with 95 % bootstrap intervals over queries, for all queries and for those with at least five relevant clips, the
difference pocket - bridge (paired), and the queries on which pocket falls furthest behind the bridge.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import hearken
from hearken.limits import MAX_HITS
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision, precision_at

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
MIN_RELEVANT = 5
RESAMPLES = 2_000


def read_dev(shared: Path) -> tuple[list[str], list[str]]:
    """Return the file names and captions of the dev split."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    return [Path(row["file"]).name for row in rows], [row["caption"] for row in rows]


def search_scores(folder: Path, model: str | Path, files: list[str], queries: list[str], place: Path) -> np.ndarray:
    """Return scores (queries, files) of a fresh library; a file that search does not return scores below all others."""
    column = {name: i for i, name in enumerate(files)}
    scores = np.full((len(queries), len(files)), -2.0)
    with hearken.Library(place, model=model) as library:
        report = library.index([folder])
        print(f"{model}: {report}", flush=True)
        for row, query in zip(scores, queries, strict=True):
            for hit in library.search(query, k=MAX_HITS, fold=False, names=False):
                if (name := Path(hit.path).name) in column:
                    row[column[name]] = hit.score
    return scores


def build_bridge(shared: Path, folder: Path) -> Path:
    """Export the recipe's initialisation as a model folder."""
    from pocket_export import export
    from pocket_towers import MINILM, initialise

    audio, words = initialise(shared)
    export(audio, words.tower, folder, tokenizer=MINILM / "tokenizer.json", hears_slope=False)
    return folder


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of `values` (one a query)."""
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def describe(name: str, values: np.ndarray) -> str:
    """Return one printed figure: mean and interval."""
    low, high = interval(values)
    return f"  {name:28s} {values.mean():.4f}  [{low:.4f}, {high:.4f}]"


def report(scores: dict[str, np.ndarray], relevant: np.ndarray, queries: list[str]) -> dict[str, dict[str, float]]:
    """Print all figures and return their means by system."""
    often = relevant.sum(axis=1) >= MIN_RELEVANT
    figures = {}
    precision = {name: average_precision(ranks_of_tables(values, relevant)) for name, values in scores.items()}
    for name, values in scores.items():
        top = precision_at(ranks_of_tables(values[often], relevant[often]), 10)
        print(f"{name}: {len(queries)} queries, {often.sum()} with >= {MIN_RELEVANT} relevant clips, {relevant.shape[1]} clips")
        print(
            describe("mAP", precision[name]),
            describe("mAP, >= 5 relevant", precision[name][often]),
            describe("P@10, >= 5 relevant", top),
            sep="\n",
        )
        figures[name] = {"mAP": precision[name].mean(), "mAP_5plus": precision[name][often].mean(), "P@10_5plus": top.mean()}
    if "bridge" in scores:
        gain = precision["pocket"] - precision["bridge"]
        print(describe("pocket - bridge, mAP", gain), describe("pocket - bridge, >= 5", gain[often]), sep="\n")
        worst = [i for i in np.argsort(gain) if often[i]][:10]
        print("  furthest behind the bridge (>= 5 relevant):")
        for i in worst:
            print(f"    {gain[i]:+.3f}  {precision['bridge'][i]:.3f} -> {precision['pocket'][i]:.3f}  {queries[i]}")
    return figures


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--no-bridge", action="store_true")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="files of dev that do not count, such as known leaks")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    counted = [(name, caption) for name, caption in zip(*read_dev(options.shared), strict=True) if name not in options.leave_out]
    files, captions = [name for name, _ in counted], [caption for _, caption in counted]
    queries = sorted(set(captions))
    relevant = np.array([[caption == query for caption in captions] for query in queries])
    scores = {"chance": np.random.default_rng(0).random(relevant.shape)}
    with tempfile.TemporaryDirectory() as place:
        dev = options.shared / "audio" / "dev"
        if not options.no_bridge:
            bridge = build_bridge(options.shared, Path(place) / "bridge")
            scores["bridge"] = search_scores(dev, bridge, files, queries, Path(place) / "bridge.hearken")
        scores["pocket"] = search_scores(dev, options.model, files, queries, Path(place) / "pocket.hearken")
    figures = report(scores, relevant, queries)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
