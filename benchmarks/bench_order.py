"""Does a model hear order, number, overlap and absence? Twin scenes of real recordings that these alone tell apart, with a text for each.

    python benchmarks/bench_order.py --shared ../shared --work build/order [--model pocket]     # needs the extra `train` for the bridge

Pairs are composed of the dev split of `shared/audio` (`hearken/data/scenes/contests.py`): 'A then B' against 'B then A', 'A once' against 'A three
times', 'A while B' against 'A then B', 'A without B' against 'A with B'. Both sounds of a pair last as long and are made of the same recordings.
Printed is the share of right choices with 95 % intervals over pairs (chance: 0.5), for a sound between its two texts and for a text between its
two sounds: by the vectors of whole sounds alone, and by `Library.search` among the sounds of all pairs of the kind, sound alone (no names, no
captions). Also how often the sought sound is the first of all
hits, and how well the hit's times are those of the events. The bridge
is the recipe's initialisation; a model of other length policies may be given as a folder. What is composed is kept in --work.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hearken
from hearken.data.scenes.contests import KINDS, Contest, ContestKind, contests
from hearken.data.scenes.encode import encode
from hearken.files import write_whole
from hearken.limits import MAX_HITS
from hearken.metrics.confidence import Interval, bootstrap
from hearken.metrics.contests import Verdict, judge

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "recipes"), str(ROOT / "benchmarks")]


@dataclass(frozen=True)
class Found:
    """What one kind of contests came to for one model: choices by vectors and by search; of searches, how many had their sound first,
    and the overlap (intersection over union) of the times of that sound's hit with those of the events, beside that of all of the file.
    """

    vectors: Verdict
    search: Verdict
    first: Interval
    overlap: Interval
    overlap_of_file: Interval


def composed(shared: Path, split: str, work: Path, kind: ContestKind, num: int) -> tuple[list[Contest], Path]:
    """Return the contests of a `kind` and the folder with their sounds, which are made if they are not there."""
    from pocket_contests import RATE_HZ, sounds, stage

    found = stage(shared, split, work, jobs=2)
    drawn = contests(found.roster, kind, 0, num)
    folder = work / f"{kind}-{split}-{num}"
    folder.mkdir(exist_ok=True)
    if not (folder / name_of(drawn[-1], 1)).exists():
        for contest, pair in sounds(found, kind, num):
            for side, samples in enumerate(pair):
                write_whole(folder / name_of(contest, side), encode(samples, RATE_HZ, "flac"), alone=True)
    return drawn, folder


def name_of(contest: Contest, side: int) -> str:
    """Return the name of a sound's file, which tells nothing of what sounds."""
    return f"{contest.number:05d}-{side}.flac"


def examine(model: str | Path, drawn: list[Contest], folder: Path, place: Path) -> Found:
    """Return how `model` does on contests whose sounds are in `folder`; `place` is for a library."""
    with hearken.Library(place, model=model) as library:
        library.index([folder])
        encoder = hearken.load_model(model)
        texts = encoder.encode_text([text for contest in drawn for text in contest.texts]).reshape(len(drawn), 2, -1)
        paths = [str(folder / name_of(contest, side)) for contest in drawn for side in range(2)]
        heard = encoder.encode_audio(paths).reshape(len(drawn), 2, -1)
        answers = [answer for contest in drawn for answer in answers_of(library, contest)]
    scores = np.array([answer.scores for answer in answers]).reshape(len(drawn), 2, 2).transpose(0, 2, 1)
    pairs = np.repeat(np.arange(len(drawn)), 2)
    first = bootstrap([float(answer.is_first) for answer in answers], pairs)
    overlap = bootstrap([answer.overlap for answer in answers], pairs)
    of_file = bootstrap([answer.overlap_of_file for answer in answers], pairs)
    return Found(judge(np.einsum("nsd,ntd->nst", heard, texts)), judge(scores), first, overlap, of_file)


@dataclass(frozen=True)
class Answer:
    """What a search for one text returned: scores of the pair's two sounds, whether the right one is the best of all, and where it is right."""

    scores: tuple[float, float]
    is_first: bool
    overlap: float
    overlap_of_file: float


def answers_of(library: hearken.Library, contest: Contest) -> Iterator[Answer]:
    """Yield the answer to each text of `contest`; a sound that search does not return scores below all others."""
    for side, text in enumerate(contest.texts):
        hits = library.search(text, k=MAX_HITS, fold=False, names=False, captions=False)
        by_name = {Path(hit.path).name: hit for hit in hits}
        names = [name_of(contest, each) for each in range(2)]
        scores = tuple(by_name[name].score if name in by_name else -9.0 for name in names)
        right = by_name.get(names[side])
        overlap = 0.0 if right is None else overlap_with(right.start_s, right.end_s, contest, side)
        of_file = overlap_with(0.0, contest.plans[side].duration_s, contest, side)
        yield Answer((scores[0], scores[1]), bool(hits) and Path(hits[0].path).name == names[side], overlap, of_file)


def overlap_with(start_s: float, end_s: float, contest: Contest, side: int) -> float:
    """Return intersection over union of a stretch of sound with that from the first event's start to the last one's end."""
    events = contest.plans[side].events
    first_s, last_s = min(event.start_s for event in events), max(event.end_s for event in events)
    both = max(0.0, min(end_s, last_s) - max(start_s, first_s))
    return both / (max(end_s, last_s) - min(start_s, first_s))


def told(interval: Interval) -> str:
    """Return a figure with its interval."""
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def report(kind: str, name: str, found: Found, num: int) -> None:
    """Print what one model did on one kind."""
    print(f"{kind:<9} {name:<10} {num} pairs")
    for way, verdict in (("vectors", found.vectors), ("search", found.search)):
        print(
            f"    {way:<8} both {told(verdict.both)}   sound -> texts {told(verdict.text)}   text -> sounds {told(verdict.sound)}"
            f"   all four {verdict.whole.value:.3f}"
        )
    print(
        f"    search   own sound first of {2 * num}: {told(found.first)}   IoU of times {told(found.overlap)} (all of the file: {found.overlap_of_file.value:.3f})",
        flush=True,
    )


def models_of(options: argparse.Namespace) -> list[tuple[str, str | Path]]:
    """Return the models to examine, by name; the bridge is exported into --work."""
    models: list[tuple[str, str | Path]] = [(Path(options.model).name, options.model)]
    if options.no_bridge:
        return models
    from bench_retrieval import build_bridge

    folder = options.work / "bridge"
    return [("bridge", folder if (folder / "config.json").exists() else build_bridge(options.shared, folder)), *models]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compose, examine, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--num", type=int, default=300, help="pairs of each kind")
    parser.add_argument("--kind", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--no-bridge", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    models = models_of(options)
    figures: dict[str, dict[str, Any]] = {}
    for kind in options.kind:
        drawn, folder = composed(options.shared, options.split, options.work, kind, options.num)
        for name, model in models:
            digest = hearken.load_model(model).digest[:12]
            found = examine(model, drawn, folder, options.work / f"{folder.name}-{digest}.hearken")
            report(kind, name, found, len(drawn))
            figures.setdefault(kind, {})[name] = asdict(found)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
