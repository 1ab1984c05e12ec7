"""What fine-tuning on one's own sounds brings, and what it costs: pocket before and after, on recordings that neither has heard.

    python benchmarks/bench_finetune.py --shared ../shared --work FOLDER [--scenario codes|scenes] [--per-code N] [--scenes N]

Two users are played with the clips of `shared/audio`. *codes*: a studio names its sounds by house codes, such as `APPLDish`, which are a
fixed table below; some clips of each code, out of the split `train`, are the studio's library. *scenes*: somebody searches for scenes
of several sounds; scenes composed of `train` are learnt from. The command is the one that a user types, `hearken train finetune`, and what
is measured is the model that it exports, through `hearken.load_model`, on the split `dev`, whose recordings (`group`) are others: by
the user's own queries (codes, or captions of scenes composed of `dev`), and, for what was forgotten, by all ordinary captions of `dev`.
Prints means with 95 % bootstrap intervals over queries, and those of the paired differences. Note that pocket itself has learnt from
all of `train`, by other words: what is new to it here are the codes and the scenes, not the sounds.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.audio.decode import open_stream
from hearken.metrics.ranks import Ranks, ranks_of_tables
from hearken.metrics.retrieval import average_precision, average_precision_at, recall_at
from hearken.runtime.model import Model, load_model

RESAMPLES = 2_000
CODES = {
    "air conditioner": "HVACUnit", "acoustic guitar": "MUSCGtr", "baby cry": "VOXXInfn", "bass drum": "MUSCKick", "blender": "APPLBlnd",
    "boiling water": "COOKBoil", "book": "PAPRPage", "cello": "MUSCVcl", "chopping": "COOKKnif", "clarinet": "MUSCClar",
    "clean dishes": "FOLYWash", "cupboard": "FURNCupb", "cutlery": "FOLYCutl", "dishwasher": "APPLDish", "dog playing barking": "ANMLDogP",
    "dog sleeping": "ANMLDogS", "double bass": "MUSCKb", "drawer": "FURNDraw", "eat": "VOXXChew", "flute": "MUSCFl", "fridge": "APPLFrdg",
    "frying pan": "COOKFry", "hi hat": "MUSCHat", "juicer": "APPLJuic", "microwave": "APPLMwav", "peel": "COOKPeel", "plates": "FOLYPlat",
    "saxophone": "MUSCSax", "snare drum": "MUSCSnr", "stove burner": "COOKGas", "stove fan": "HVACHood", "sweep": "FOLYBrum",
    "vacuum cleaner": "APPLVacu", "violin or fiddle": "MUSCVln", "water flowing": "WATRTap",
}  # fmt: skip
"""The label of a clip in `metadata.csv` -> what the studio calls such a sound."""
Row = dict[str, str]


@dataclass(frozen=True)
class Trial:
    """Sounds, texts and which belongs to which: `relevant` (Q, N). `precision` gives a figure for each query, called `name`."""

    title: str
    sounds: tuple[Path, ...]
    queries: tuple[str, ...]
    relevant: np.ndarray
    name: str
    precision: Callable[[Ranks], np.ndarray]


def read_rows(shared: Path, split: str) -> list[Row]:
    """Return the rows of a split, those of train that may be learnt from."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [row for row in rows if split != "train" or row["train_allowed"] == "yes"]


def trial_of(title: str, shared: Path, rows: Sequence[Row], text: Callable[[Row], str]) -> Trial:
    """Return the trial in which every text of a row is a query, and all rows with it are relevant; mAP."""
    texts = [text(row) for row in rows]
    queries = tuple(sorted(set(texts)))
    relevant = np.array([[own == query for own in texts] for query in queries])
    return Trial(title, tuple(shared / "audio" / row["file"] for row in rows), queries, relevant, "mAP", average_precision)


def studio(options: argparse.Namespace) -> tuple[Path, Trial]:
    """Write the studio's table, `per_code` clips of each code at most, and return it with the trial of its codes."""
    taken: dict[str, int] = {}
    lines = []
    for row in read_rows(options.shared, "train"):
        code = CODES.get(row["label"])
        if code and taken.get(code, 0) < options.per_code:
            taken[code] = taken.get(code, 0) + 1
            lines.append((str((options.shared / "audio" / row["file"]).resolve()), code, row["group"]))
    table = options.work / "studio.csv"
    with open(table, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "caption", "group"), *lines])
    rows = [row for row in read_rows(options.shared, "dev") if row["label"] in CODES]
    print(
        f"codes: {len(lines)} clips of {len(taken)} codes to learn from and to hold out; {len(rows)} clips of dev to ask about", flush=True
    )
    return table, trial_of("the studio's codes", options.shared, rows, lambda row: CODES[row["label"]])


def scenes(options: argparse.Namespace) -> tuple[Path, Trial]:
    """Compose scenes of both splits, and return the table of train's with the trial of dev's: each caption has one scene; mAP@10."""
    manifests = {}
    for split, count in (("train", options.scenes), ("dev", options.scenes // 2)):
        folder = options.work / f"scenes-{split}"
        hearken("data", "compose", str(options.shared / "audio" / "metadata.csv"), "--split", split, "--num", str(count), "--out", str(folder),
                "--min-duration", "10", "--max-duration", "10", "--format", "flac")  # fmt: skip
        manifests[split] = folder / "scenes.jsonl"
    records = [json.loads(line) for line in manifests["dev"].read_text(encoding="utf-8").splitlines()]
    queries = tuple(record["captions"][0] for record in records)
    sounds = tuple(manifests["dev"].parent / record["file"] for record in records)
    relevant = np.array([[query == other for other in queries] for query in queries])
    return manifests["train"], Trial(
        "captions of scenes", sounds, queries, relevant, "mAP@10", lambda ranks: average_precision_at(ranks, 10)
    )


def hearken(*arguments: str) -> None:
    """Run the program, and show what it says."""
    print("$ hearken", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "hearken", *arguments], check=True)


def embed(model: Model, sounds: Sequence[Path], known: dict[tuple[str, Path], np.ndarray]) -> np.ndarray:
    """Return the vectors (N, D) of files, whole; `known` keeps them."""
    for path in sounds:
        if (model.digest, path) not in known:
            with open_stream(path, model.rate_hz) as stream:
                known[model.digest, path] = model.embed(stream).clip
    return np.stack([known[model.digest, path] for path in sounds])


def interval(values: np.ndarray) -> str:
    """Return the mean of `values`, one a query, and its 95 % percentile bootstrap interval."""
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def report(trials: Sequence[Trial], before: Model, after: Model) -> None:
    """Print a table: before, after, and the paired difference of every trial."""
    known: dict[tuple[str, Path], np.ndarray] = {}
    print("\n| asked | queries, clips | figure | before | after | difference |\n|---|---|---|---|---|---|")
    for trial in trials:
        scores = [model.encode_text(trial.queries) @ embed(model, trial.sounds, known).T for model in (before, after)]
        ranks = [ranks_of_tables(each, trial.relevant) for each in scores]
        figures = {trial.name: trial.precision, "R@1": lambda ranks: recall_at(ranks, 1), "R@10": lambda ranks: recall_at(ranks, 10)}
        for name, figure in figures.items():
            first, second = (figure(each) for each in ranks)
            counts = f"{trial.relevant.shape[0]}, {trial.relevant.shape[1]}"
            print(
                f"| {trial.title} | {counts} | {name} | {interval(first)} | {interval(second)} | {interval(second - first)} |", flush=True
            )


def main() -> None:
    """Play the users, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the tables, scenes and runs; runs in it go on")
    parser.add_argument("--scenario", choices=("codes", "scenes"), action="append")
    parser.add_argument("--per-code", type=int, default=10)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--tune", nargs=argparse.REMAINDER, default=[], help="further options of `hearken train finetune`")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    dev = read_rows(options.shared, "dev")
    if {row["group"] for row in dev} & {row["group"] for row in read_rows(options.shared, "train")}:
        raise SystemExit("train and dev share recordings")
    ordinary = trial_of("all captions of dev", options.shared, dev, lambda row: row["caption"])
    for name in options.scenario or ("codes", "scenes"):
        table, own = {"codes": studio, "scenes": scenes}[name](options)
        run, began = options.work / name, time.monotonic()
        hearken("train", "finetune", "--data", str(table), "--run", str(run), "--resume", *options.tune)
        print(f"{name}: {(time.monotonic() - began) / 60:.1f} minutes")
        report((own, ordinary), load_model("pocket"), load_model(run))


if __name__ == "__main__":
    main()
