"""Are recordings found again by their sound, and only those? And what do two sets of recordings share?

    python benchmarks/check_leaks.py FOLDER [--clips 200] [--against OTHER] [--seed 0]

The sounds below FOLDER are held out. Pieces of some of them are cut at random, changed and stored by lossy encoders; they are
the training set. The table says, for each length and change, how many pieces find their source, at the right place, and how
many find anything else. Sounds of FOLDER that occur in each other as they are (duplicates) are listed first and are no false
alarms. With --against, what the files below OTHER share with those below FOLDER is listed too. Everything runs through
`find_leaks`, as `hearken data check --against ... --fingerprints` does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from hearken.audio.decode import decode
from hearken.audio.fingerprint import RATE_HZ, fingerprint
from hearken.audio.fingerprint_index import NUM_SHIFTS, FingerprintIndex
from hearken.audio.source import AUDIO_SUFFIXES
from hearken.data.clip import Clip, Corpus
from hearken.data.leakage import LeakReport, find_leaks
from hearken.types import FloatArray

PIECE_RATE_HZ = 48_000
LENGTHS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
TOLERANCE_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """What is done to a piece: it is multiplied, gets white noise so far below its own level, and is encoded."""

    name: str
    codec: str
    container: str
    bit_rate: int
    rate_hz: int = PIECE_RATE_HZ
    gain_db: float = 0.0
    noise_db: float | None = None


CHANGES = (
    Change("flac", "flac", "flac", 0),
    Change("mp3 64k", "libmp3lame", "mp3", 64_000),
    Change("mp3 32k, 22 kHz, -20 dB", "libmp3lame", "mp3", 32_000, rate_hz=22_050, gain_db=-20.0),
    Change("opus 64k", "libopus", "ogg", 64_000),
    Change("opus 24k, -6 dB", "libopus", "ogg", 24_000, gain_db=-6.0),
    Change("noise 20 dB, mp3 64k", "libmp3lame", "mp3", 64_000, noise_db=-20.0),
    Change("noise 10 dB, opus 64k", "libopus", "ogg", 64_000, noise_db=-10.0),
)


def main() -> int:
    """Run the trial and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of sounds")
    parser.add_argument("--clips", type=int, default=200, help="how many of them are cut")
    parser.add_argument("--against", type=Path, help="another folder of sounds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    held_out = corpus(options.folder)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "prints"
        twins = duplicates(held_out, store)
        trial(held_out, twins, options.clips, np.random.default_rng(options.seed), Path(folder))
        if options.against is not None:
            compare(corpus(options.against), held_out, store)
    speed(held_out)
    return 0


def corpus(folder: Path) -> Corpus:
    """Return the sounds below a folder; their paths are their names."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    return Corpus(folder.name, folder, tuple(Clip(id=path, split="", audio=path) for path in paths))


def listen(training: Corpus, held_out: Corpus, store: Path) -> LeakReport:
    return find_leaks(training, held_out, captions=False, fingerprints=True, store=store, on_progress=progress())


def progress() -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} / {total}", end="\n" if done == total else "", file=sys.stderr)

    return show


def duplicates(held_out: Corpus, store: Path) -> set[tuple[str, str]]:
    """Print and return the pairs of different files that have sound in common."""
    found = [leak for leak in listen(held_out, held_out, store).leaks if leak.kind == "audio" and leak.training != leak.held_out]
    pairs = {(leak.training, leak.held_out) for leak in found}
    print(f"{len(held_out.clips)} sounds; {len(pairs)} ordered pairs have sound in common")
    for leak in found:
        if leak.training < leak.held_out:
            print(f"  {leak.training} {leak.held_out}: {leak.detail}")
    return pairs | {(two, one) for one, two in pairs}


def trial(held_out: Corpus, twins: set[tuple[str, str]], num_clips: int, rng: np.random.Generator, folder: Path) -> None:
    """Cut, change, search, and print how often that went well."""
    sources = [held_out.clips[place] for place in rng.permutation(len(held_out.clips))[:num_clips]]
    truth: dict[str, tuple[str, float]] = {}
    for clip in sources:
        samples = decode(held_out.folder / clip.audio, rate_hz=PIECE_RATE_HZ).samples
        for length_s in LENGTHS_S:
            size = round(length_s * PIECE_RATE_HZ)
            if size > len(samples):
                continue
            start = int(rng.integers(len(samples) - size + 1))
            for change in CHANGES:
                name = f"{len(truth)}_{length_s:g}_{CHANGES.index(change)}.{change.container}"
                store_piece(folder / "pieces" / name, samples[start : start + size], change, rng)
                truth[name] = clip.id, start / PIECE_RATE_HZ
    pieces = Corpus("pieces", folder / "pieces", tuple(Clip(id=name, split="", audio=name) for name in truth))
    report = listen(pieces, held_out, folder / "prints")
    table(report, truth, twins)


def table(report: LeakReport, truth: dict[str, tuple[str, float]], twins: set[tuple[str, str]]) -> None:
    hits, others = set(), []
    for leak in report.leaks:
        source, start_s = truth[leak.training]
        if leak.held_out == source and abs((leak.offset_s or 0.0) - start_s) < TOLERANCE_S:
            hits.add(leak.training)
        elif leak.held_out != source and (source, leak.held_out) not in twins:
            others.append((leak.training, source, leak.held_out, leak.detail))
    print("\n| change | " + " | ".join(f"{length_s:g} s" for length_s in LENGTHS_S) + " |")
    print("|---" * (len(LENGTHS_S) + 1) + "|")
    for number, change in enumerate(CHANGES):
        cells = []
        for length_s in LENGTHS_S:
            mine = [name for name in truth if name.partition("_")[2].rpartition(".")[0] == f"{length_s:g}_{number}"]
            cells.append(f"{sum(name in hits for name in mine)} of {len(mine)}")
        print(f"| {change.name} | " + " | ".join(cells) + " |")
    print(
        f"{len(truth)} pieces, each against {report.num_held_out} sounds; {len(others)} found a sound that is neither theirs nor its duplicate"
    )
    for name, source, other, detail in others:
        print(f"  {name} of {source}: {other}, {detail}")
    print(f"listening: {report.listening}")


def store_piece(path: Path, samples: FloatArray, change: Change, rng: np.random.Generator) -> None:
    """Write a changed piece."""
    piece = samples * 10 ** (change.gain_db / 20)
    if change.noise_db is not None:
        level = np.sqrt(np.mean(piece.astype(np.float64) ** 2)) * 10 ** (change.noise_db / 20)
        piece = piece + level * rng.standard_normal(len(piece))
    path.parent.mkdir(exist_ok=True)
    encode(path, np.clip(piece, -1, 1).astype(np.float32), change)


def encode(path: Path, samples: FloatArray, change: Change) -> None:
    with av.open(str(path), "w", format=change.container) as container:
        stream = container.add_stream(change.codec, rate=change.rate_hz)
        stream.layout = "mono"
        if change.bit_rate:
            stream.bit_rate = change.bit_rate
        form = stream.codec_context.codec.audio_formats[0].name
        stream.format = form
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = PIECE_RATE_HZ
        stream.codec_context.open()
        resampler = av.AudioResampler(form, "mono", change.rate_hz, frame_size=stream.codec_context.frame_size or 1024)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def compare(training: Corpus, held_out: Corpus, store: Path) -> None:
    report = listen(training, held_out, store)
    print(f"\n{report.summary}")
    for leak in report.leaks:
        print(f"  {leak.kind}: {leak.training} {leak.held_out}: {leak.detail}")
    print(f"listening: {report.listening}")


def speed(held_out: Corpus) -> None:
    """Print seconds of sound per second of one core, for each step."""
    paths = [held_out.folder / clip.audio for clip in held_out.clips[:300]]
    decoding_s, sounds = timed(lambda: [decode(path, rate_hz=RATE_HZ).samples for path in paths])
    total_s = sum(map(len, sounds)) / RATE_HZ
    printing_s, prints = timed(lambda: [fingerprint(sound) for sound in sounds])
    index = FingerprintIndex(fingerprint(sound, num_shifts=NUM_SHIFTS) for sound in sounds)
    finding_s, _ = timed(lambda: [index.find(one) for one in prints])
    print(
        f"\n{total_s:.0f} s of sound on one core: decoding {total_s / decoding_s:.0f} x real time, fingerprints {total_s / printing_s:.0f} x,"
        f" search in {total_s / 3600:.1f} h {total_s / finding_s:.0f} x; together {total_s / (decoding_s + printing_s + finding_s):.0f} x"
    )


def timed(call: Callable[[], list[T]]) -> tuple[float, list[T]]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


if __name__ == "__main__":
    sys.exit(main())
