"""How often a model finds the moment of an event in a composed scene, against chance.

    python benchmarks/bench_localise.py REF [--split NAME] [--num 100] [--model pocket] [--folder DIR] [--jobs N]

Scenes are composed of REF (which the model should not have been trained on), cut into windows and embedded by the model as an
index does it; every clause of a foreground event ('a dog barks') is a query in its own scene. A hit is a best window that
overlaps the event. Chance is the share of windows that do. Events for which every window is a hit are left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import open_stream
from hearken.data.load import load
from hearken.data.scenes.compose import MANIFEST, compose
from hearken.data.scenes.plan import Settings
from hearken.runtime.model import Model, load_model


@dataclass(frozen=True)
class Found:
    """One query: whether the best window is a hit, the chance of that, and how far windows with the event score above others."""

    is_hit: bool
    chance: float
    margin: float
    sounding_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("--split", action="append")
    parser.add_argument("--num", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    corpus = load(options.reference)
    corpus = corpus.only(options.split) if options.split else corpus
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        compose(corpus, folder, Settings(seed=options.seed), options.num, jobs=options.jobs)
        records = [json.loads(line) for line in (folder / MANIFEST).read_text(encoding="utf-8").splitlines()]
        model = load_model(options.model)
        found = [each for record in records for each in queries(model, folder, record)]
    report(found, len(records))


def queries(model: Model, folder: Path, record: dict[str, Any]) -> Iterator[Found]:
    """Yield what becomes of the queries of one scene."""
    with open_stream(folder / record["file"], model.rate_hz) as stream:
        embedded = model.embed(stream)
    spans = np.array([[span.start_s, span.end_s] for span in embedded.spans])
    for event in record["events"]:
        if event["background"]:
            continue
        scores = embedded.windows @ model.encode_text([event["clause"]])[0]
        inside = np.zeros(len(spans), bool)
        for start_s, end_s in event["times"]:
            inside |= (spans[:, 0] < end_s) & (spans[:, 1] > start_s)
        if inside.any() and not inside.all():
            margin = float(scores[inside].max() - np.median(scores[~inside]))
            yield Found(bool(inside[scores.argmax()]), float(inside.mean()), margin, event["end_s"] - event["start_s"])


def report(found: list[Found], num_scenes: int) -> None:
    """Print hits against chance, for all events and by their length."""
    print(f"{num_scenes} scenes, {len(found)} events; the best window overlaps the event:")
    print(f"{'events':<16}{'n':>6}{'hits':>8}{'chance':>8}{'ratio':>8}{'margin':>9}")
    for name, low, high in (("all", 0.0, 1e9), ("under 0.5 s", 0.0, 0.5), ("0.5 to 2 s", 0.5, 2.0), ("2 s and more", 2.0, 1e9)):
        part = [each for each in found if low <= each.sounding_s < high]
        if part:
            hits, chance = np.mean([each.is_hit for each in part]), np.mean([each.chance for each in part])
            margin = np.mean([each.margin for each in part])
            print(f"{name:<16}{len(part):>6}{hits:>8.3f}{chance:>8.3f}{hits / chance:>8.2f}{margin:>9.3f}")


if __name__ == "__main__":
    main()
