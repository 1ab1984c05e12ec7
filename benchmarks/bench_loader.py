"""Reading shards against reading the files that they were made of, in one process, in the same run.

    python benchmarks/bench_loader.py FOLDER           # FOLDER holds real recordings, of any format

`--clips` files of FOLDER are packed once as FLAC at 32 kHz, as Opus and as log-mel. Then, `--rounds` times in turn, an epoch is read
from the files, in random order, as mono sound at 32 kHz: by Hearken's decoder, by a plain loop of PyAV and soxr, and by soundfile
and soxr; and from the shards, in their order and shuffled. Log-mel shards are compared with decoding and computing. All of it is in
the page cache; `--cold` drops the files of each measurement from it before (Linux), which shows the disk as well. Prints medians,
as clips a second, times real time, and how many times faster than Hearken's own decoder on the files (for log-mel shards: than
that and computing the log-mel).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from hearken.audio.decode import open_stream
from hearken.audio.melspec import FRONT_ENDS, log_mel
from hearken.data.clip import Clip, Corpus
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.reader import ShardReader
from hearken.data.shards.recipe import Recipe
from hearken.errors import AudioError

RATE_HZ = 32_000
FRONT_END = FRONT_ENDS["passt_mel"]
RECIPES = {"flac": Recipe(), "opus": Recipe(codec="opus"), "mel": Recipe(codec="mel", front_end=FRONT_END.name)}


def read_own(path: Path) -> np.ndarray:
    """Decode by Hearken, in this process."""
    with open_stream(path, RATE_HZ) as stream:
        return np.concatenate(list(stream))


def read_mel(path: Path) -> np.ndarray:
    """Decode by Hearken and compute the log-mel."""
    return log_mel(read_own(path), FRONT_END)


def read_plain(path: Path) -> np.ndarray:
    """Decode by PyAV, mix and resample, with nothing around."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = []
        for frame in container.decode(stream):
            data = frame.to_ndarray()
            if not frame.format.is_planar:
                data = data.reshape(-1, frame.layout.nb_channels).T
            mono = data.mean(axis=0, dtype=np.float32)
            parts.append(mono / np.float32(2 ** (8 * data.dtype.itemsize - 1)) if data.dtype.kind == "i" else mono)
        return soxr.resample(np.concatenate(parts), stream.rate, RATE_HZ)


def read_soundfile(path: Path) -> np.ndarray:
    """Decode by libsndfile, mix and resample."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)


def read_files(read: Callable[[Path], np.ndarray], paths: list[Path], round_number: int) -> int:
    """Read all files in a random order and return how many."""
    for at in np.random.default_rng(round_number).permutation(len(paths)).tolist():
        read(paths[at])
    return len(paths)


def read_shards(folder: Path, shuffled: bool, round_number: int) -> int:
    """Read an epoch and return its samples."""
    return sum(1 for _ in ShardReader(folder, seed=round_number if shuffled else None))


def usable(folder: Path, count: int) -> tuple[list[Path], float]:
    """Return files of `folder` that all three decoders read, and the seconds of sound in them."""
    paths, seconds = [], 0.0
    every = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in every[:: max(1, len(every) // count)][:count]:
        try:
            sizes = {len(read(path)) for read in (read_own, read_plain, read_soundfile)}
        except (AudioError, av.FFmpegError, soundfile.LibsndfileError):
            continue
        paths.append(path)
        seconds += max(sizes) / RATE_HZ
    return paths, seconds


def forget(paths: Iterable[Path]) -> None:
    """Drop files from the page cache."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    paths, seconds = usable(options.folder, options.clips)
    corpus = Corpus("bench", options.folder, tuple(Clip(str(path), "all", str(path)) for path in paths))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        told = f"{len(paths)} files, {seconds:.0f} s of sound, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB; as"
        for codec, recipe in RECIPES.items():
            report = pack(make_plan(corpus, recipe, shard_clips=64), {str(path): path for path in paths}, place / codec, jobs=2)
            told += f" {codec} {report.to_json()['bytes'] / 1e6:.1f} MB,"
        print(told.rstrip(","))
        ways: dict[str, tuple[Callable[[int], int], list[Path]]] = {
            "files, Hearken's decoder": (partial(read_files, read_own, paths), paths),
            "files, PyAV + soxr": (partial(read_files, read_plain, paths), paths),
            "files, soundfile + soxr": (partial(read_files, read_soundfile, paths), paths),
            "files, decoder and log-mel": (partial(read_files, read_mel, paths), paths),
        }
        for codec in RECIPES:
            for order in ("in order", "shuffled"):
                ways[f"{codec} shards, {order}"] = (
                    partial(read_shards, place / codec, order == "shuffled"),
                    list((place / codec).iterdir()),
                )
        times: dict[str, list[float]] = {way: [] for way in ways}
        for round_number in range(options.rounds + 1):  # the first warms
            for way, (read, files) in ways.items():
                if options.cold:
                    forget(files)
                start_s = time.perf_counter()
                if read(round_number) != len(paths):
                    raise SystemExit(f"{way}: samples are missing")
                times[way].append(time.perf_counter() - start_s)
        report_all({way: took[1:] for way, took in times.items()}, len(paths), seconds)


def report_all(times: dict[str, list[float]], num_clips: int, seconds: float) -> None:
    """Print a table; ratios are medians over rounds, with their range."""
    for way, took in times.items():
        base = times["files, decoder and log-mel" if way.startswith("mel") else "files, Hearken's decoder"]
        median = statistics.median(took)
        ratios = sorted(b / t for b, t in zip(base, took, strict=True))
        print(
            f"{way:28s} {num_clips / median:7.0f} clips/s {seconds / median:7.0f} x real time"
            f"   {statistics.median(ratios):6.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) x our decoder on the files{' with log-mel' if way.startswith('mel') else ''}",
            flush=True,
        )


if __name__ == "__main__":
    main()
