"""Test-time augmentation of the sound side: what it costs for each tau, and tau against quality, as Figure 4 of Kim et al. (2023).

    python benchmarks/bench_tta.py --shared ../shared --model pocket --model runs/NAME --work FOLDER [--clips 500] [--layer encoder]

Models are what a recipe can start from: "pocket", a run's folder, a folder of weights. *Cost*: on a few clips, for each tau, the time of
a clip against that of the sound alone; with what the copies share (decoding, the spectrogram of untouched samples, batches, one half
of the network for the means alone), and plainly: every copy decoded, augmented and encoded by itself, one after the other. *Quality*:
on --clips clips of `shared/audio`, split `dev`, drawn by a fixed seed, no longer than their first 10 s: conventional, Mid- and Multi-TTA at
tau = 10, 25, 50, 100, the groups and strengths of the paper, and none; nothing is chosen by what comes out. Every different caption is
a query that all its clips answer. Vectors are kept in --work and gone on with; --work/curve-MODEL.json is what a report draws, with
95 % intervals by bootstrap over queries, and the paired difference to no augmentation.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hearken.audio.decode import decode
from hearken.metrics.compare import paired
from hearken.metrics.confidence import bootstrap
from hearken.metrics.ranks import ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.retrieval import average_precision_at, recall_at
from hearken.metrics.scores import VectorScores
from hearken.models.dual import DualEncoder
from hearken.train.build import start_model
from hearken.tta.half import for_model
from hearken.tta.heard import Copies
from hearken.tta.multi import MultiTTA
from hearken.types import FloatArray

TAUS = (10, 25, 50, 100)
STRATEGIES = ("none", *(f"{kind}:{tau}" for kind in ("conventional", "mid", "multi") for tau in TAUS))
LONGEST_S = 10.0
SEED = 0
KEPT_EVERY = 25
COST_CLIPS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--layer", default="encoder")
    parser.add_argument("--no-cost", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = chosen(options.shared, options.clips)
    print(f"{len(rows)} clips, {len({row['caption'] for row in rows})} captions; {torch.get_num_threads()} threads", flush=True)
    for model in options.model:
        dual = start_model(model)
        name = Path(model).name + ("" if options.layer == "encoder" else f"-{options.layer}")
        cost = [] if options.no_cost else costs(dual, options.shared, rows[:COST_CLIPS], options.layer)
        tta, vectors = curve_vectors(dual, options.shared, rows, options.layer, options.work / f"vectors-{name}.npz")
        points = curve(dual, rows, vectors)
        written = {
            "model": Path(model).name, "layer": options.layer, "clips": len(rows), "longest_s": LONGEST_S, "seed": SEED,
            "tta": {key: value for key, value in tta.to_json().items() if key in ("waves", "masks", "seed")},
            "cost": cost, "points": points,
        }  # fmt: skip
        (options.work / f"curve-{name}.json").write_text(json.dumps(written, indent=1), encoding="utf-8")


def chosen(shared: Path, count: int) -> list[dict[str, str]]:
    """Return `count` rows of dev, drawn by a fixed seed."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    order = np.random.default_rng(SEED).permutation(len(rows))
    return [rows[number] for number in order[:count]]


def read(shared: Path, row: dict[str, str], rate_hz: int) -> FloatArray:
    """Return the sound (T,) of a row, its first 10 s."""
    return decode(shared / "audio" / row["file"], rate_hz=rate_hz).samples[: round(LONGEST_S * rate_hz)]


def costs(dual: DualEncoder, shared: Path, rows: Sequence[dict[str, str]], layer: str) -> list[dict[str, Any]]:
    """Print and return the seconds of a clip for each tau, with what copies share and plainly."""

    def shared_s(text: str) -> float:
        tta = MultiTTA(dual, text, seed=SEED, layer=layer)
        began = time.monotonic()
        for row in rows:
            tta.encode(read(shared, row, dual.rate_hz), row["file"])
        return (time.monotonic() - began) / len(rows)

    shared_s("none")
    alone = shared_s("none")
    found = [{"tau": 1, "seconds": alone, "plain_seconds": alone, "ratio": 1.0, "plain_ratio": 1.0}]
    for tau in TAUS:
        seconds, plain = shared_s(f"multi:{tau}"), plain_s(dual, shared, rows, tau)
        found.append({"tau": tau, "seconds": seconds, "plain_seconds": plain, "ratio": seconds / alone, "plain_ratio": plain / alone})
    print("tau  seconds per clip  times tau=1 | plainly  times tau=1", flush=True)
    for each in found:
        print("{tau:3d} {seconds:17.3f} {ratio:12.1f} | {plain_seconds:7.3f} {plain_ratio:12.1f}".format(**each), flush=True)
    return found


def plain_s(dual: DualEncoder, shared: Path, rows: Sequence[dict[str, str]], tau: int) -> float:
    """Seconds of a clip where nothing is shared: conventional averaging, each copy for itself from the file on."""
    augmentation = for_model(dual.audio, None)
    began = time.monotonic()
    for row in rows:
        vectors = []
        for number in range(tau):
            copies = Copies(dual.audio, read(shared, row, dual.rate_hz), row["file"], augmentation, seed=SEED, max_block=64)
            with torch.no_grad():
                heard = copies.make(number)
                embedded = torch.cat([dual.audio.encoder(mel) for mel in heard.mels])
                vectors.append(torch.nn.functional.normalize(dual.audio_projection(embedded.mean(0, keepdim=True)), dim=-1)[0])
        torch.stack(vectors).mean(0)
    return (time.monotonic() - began) / len(rows)


def curve_vectors(dual: DualEncoder, shared: Path, rows: Sequence[dict[str, str]], layer: str, kept: Path) -> tuple[MultiTTA, FloatArray]:
    """Return the vectors (S, N, D) of the clips by all strategies; what `kept` has is not computed again."""
    tta = MultiTTA(dual, "none", seed=SEED, layer=layer)
    found: list[FloatArray] = []
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            found = list(stored["vectors"])[: len(rows)]
    began, done = time.monotonic(), len(found)
    for row in rows[len(found) :]:
        found.append(tta.encode_all(read(shared, row, dual.rate_hz), row["file"], STRATEGIES))
        if len(found) % KEPT_EVERY == 0 or len(found) == len(rows):
            np.savez(kept, vectors=np.stack(found))
            print(f"{kept.stem}: {len(found)} of {len(rows)}, {(time.monotonic() - began) / (len(found) - done):.2f} s each", flush=True)
    return tta, np.stack(found).transpose(1, 0, 2)


def curve(dual: DualEncoder, rows: Sequence[dict[str, str]], vectors: FloatArray) -> list[dict[str, Any]]:
    """Print and return the points: strategy, tau, metric, value and interval, and the paired difference to none with its own."""
    captions = [row["caption"] for row in rows]
    queries = sorted(set(captions))
    with torch.no_grad():
        text = torch.cat([dual.encode_text(queries[first : first + 64]) for first in range(0, len(queries), 64)]).numpy()
    relevance = Relevance.from_matrix(np.array([[own == query for own in captions] for query in queries]))
    values = {name: values_of(VectorScores(text, found), relevance) for name, found in zip(STRATEGIES, vectors, strict=True)}
    points = []
    for name, of_metric in values.items():
        for metric, each in of_metric.items():
            interval, difference = bootstrap(each), paired(each, values["none"][metric]).difference
            points.append({
                "name": name, "tau": int(name.partition(":")[2] or 1), "metric": metric, "value": interval.value, "low": interval.low,
                "high": interval.high, "difference": difference.value, "difference_low": difference.low, "difference_high": difference.high,
            })  # fmt: skip
            print("{name:17s} {metric:10s} {value:.4f} [{low:.4f}, {high:.4f}]  {difference:+.4f} [{difference_low:+.4f}, "
                  "{difference_high:+.4f}]".format(**points[-1]), flush=True)  # fmt: skip
    return points


def values_of(scores: VectorScores, relevance: Relevance) -> dict[str, np.ndarray]:
    """Values of each query, both directions."""
    found = {}
    for way, ranks in (("t2a", ranks_of(scores, relevance)), ("a2t", ranks_of(scores.transposed(), relevance.transposed()))):
        found |= {f"{way}_mAP@10": average_precision_at(ranks, 10), f"{way}_R@1": recall_at(ranks, 1), f"{way}_R@10": recall_at(ranks, 10)}
    return found


if __name__ == "__main__":
    main()
