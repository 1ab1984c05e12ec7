"""A captioner that was trained here against the caption of the nearest sound: is there more in its captions than in a look-up?

    python benchmarks/bench_captioner.py RUN --training TABLE --trial TABLE [--vectors FILE.npz --root FOLDER] [--beam 3]

RUN is a finished or half-finished run of `hearken train` with a decoder. Of each clip of the trial table, whose recordings must be none of the
training table's, three captions are scored by CIDEr-D against its own: what the captioner writes; the caption of the training clip whose
log-mel is nearest (mean and deviation of each band, the captioner's own spectrogram, each number scaled to deviation 1 over the training clips);
and, with vectors of another model (file of `hearken embed`'s form: path below the root -> rows, the clip first), the caption of the clip that is
nearest by them, which is a harder rival: that model has learnt from far more. Prints means with 95 % bootstrap intervals over clips, and those of
the paired differences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hearken.caption.decoding import Decoding
from hearken.metrics.captioning.cider_d import cider_d
from hearken.models.captioner import Captioner
from hearken.train.captioning.look import references_of
from hearken.train.captioning.write import captions
from hearken.train.feed.corpora import open_corpus
from hearken.train.feed.failures import Failures
from hearken.train.feed.held_out import HeldOut, hold_out
from hearken.train.feed.sounds import Sounds
from hearken.train.validate import grouped, padded

RESAMPLES = 2_000
Scores = NDArray[np.float64]


def opened(table: str, captioner: Captioner, longest_s: float) -> HeldOut:
    """The clips of a table and their captions."""
    sounds = Sounds(captioner.rate_hz, round(longest_s * captioner.rate_hz), cache_mb=64)
    return hold_out([open_corpus(table)], sounds, Failures(None))


def log_mel_facts(captioner: Captioner, clips: HeldOut) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the number of each clip that can be read, and mean and deviation of each band."""
    for number, samples in clips.sounds():
        mel = captioner.audio.front_end(torch.from_numpy(samples.copy())[None])[0]
        yield number, torch.cat([mel.mean(0), mel.std(0, correction=0)]).numpy()


def written(captioner: Captioner, clips: HeldOut, decoding: Decoding) -> dict[int, str]:
    """What the captioner says of each clip that can be read."""
    found: dict[int, str] = {}
    for group in grouped(clips.sounds()):
        wave, lengths = padded([samples for _, samples in group])
        texts = captions(captioner, captioner.hear(wave, lengths), decoding)
        found |= {number: text for (number, _), text in zip(group, texts, strict=True)}
    return found


def nearest(queries: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.int64]:
    """The row of `known` that is nearest to each of `queries`."""
    distances = (queries**2).sum(1)[:, None] - 2.0 * queries @ known.T + (known**2).sum(1)[None]
    found: NDArray[np.int64] = np.argmin(distances, axis=1)
    return found


def by_log_mel(captioner: Captioner, training: HeldOut, trial: HeldOut) -> dict[int, str]:
    """The first caption of the training clip whose log-mel is nearest, for each clip that can be read."""
    known, asked = dict(log_mel_facts(captioner, training)), dict(log_mel_facts(captioner, trial))
    table = np.stack(list(known.values()))
    mean, deviation = table.mean(0), table.std(0) + 1e-6
    rows = nearest((np.stack(list(asked.values())) - mean) / deviation, (table - mean) / deviation)
    texts, numbers = references_of(training), list(known)
    return {number: texts[numbers[row]][0] for number, row in zip(asked, rows, strict=True)}


def by_vectors(path: Path, root: Path, training: HeldOut, trial: HeldOut) -> dict[int, str]:
    """The same by vectors of another model; clips that it has none of are left out."""
    with np.load(path) as vectors:
        known, asked = ({n: vectors[key][0] for n, key in keys(clips, root) if key in vectors} for clips in (training, trial))
    rows = nearest(np.stack(list(asked.values())), np.stack(list(known.values())))
    texts, numbers = references_of(training), list(known)
    return {number: texts[numbers[row]][0] for number, row in zip(asked, rows, strict=True)}


def keys(clips: HeldOut, root: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each clip and its path below `root`."""
    for number, place in enumerate(clips.listening.places):
        yield number, Path(str(place)).relative_to(root).as_posix()


def scores(found: dict[int, str], references: Sequence[tuple[str, ...]], numbers: Sequence[int]) -> Scores:
    """CIDEr-D of each of the clips `numbers`."""
    return cider_d([found[number] for number in numbers], [references[number] for number in numbers]).per_item


def told(values: Scores, seed: int = 0) -> str:
    """The mean of `values`, with its 95 % bootstrap interval."""
    draws = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--training", required=True)
    parser.add_argument("--trial", required=True)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--beam", type=int, default=3)
    parser.add_argument("--longest-s", type=float, default=10.0)
    given = parser.parse_args()
    captioner = Captioner.from_pretrained(given.run / "best")
    training, trial = (opened(table, captioner, given.longest_s) for table in (given.training, given.trial))
    with torch.no_grad():
        ways = {
            "captioner": written(captioner, trial, Decoding(beam=given.beam)),
            "nearest by log-mel": by_log_mel(captioner, training, trial),
        }
    if given.vectors is not None:
        ways["nearest by vectors"] = by_vectors(given.vectors, given.root, training, trial)
    references = references_of(trial)
    numbers = [number for number in range(len(references)) if references[number] and all(number in way for way in ways.values())]
    of_way = {name: scores(way, references, numbers) for name, way in ways.items()}
    print(f"CIDEr-D of {len(numbers)} clips (0 to 10), with 95 % intervals")
    for name, values in of_way.items():
        texts = [ways[name][number] for number in numbers]
        print(f"{name:20s} {told(values)}; {len(set(texts))} different captions")
        if name != "captioner":
            print(f"{'':20s} captioner is better by {told(of_way['captioner'] - values)}")
    for number in numbers[:: max(1, len(numbers) // 8)]:
        print(f"  {references[number][0]!r}: " + "; ".join(f"{name}: {way[number]!r}" for name, way in ways.items()))


if __name__ == "__main__":
    main()
