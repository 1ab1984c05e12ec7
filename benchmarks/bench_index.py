"""End-to-end indexing against decoding and resampling alone, on the same files, in the same run.

    python benchmarks/bench_index.py FOLDER            # FOLDER holds real recordings, of any format

Clips of FOLDER are joined to files of about 30 s at 44.1 kHz stereo, once as wav, flac and mp3. For each format, five
times in turn: (a) plain PyAV + soxr decode, down-mix and resample every file to 32 kHz, in JOBS processes that are
already warm; (b) Hearken's own decoder does the same, which is faster than the plain loop; (c) `Library.index` into a new
library in JOBS processes, with everything that a user waits for: starting the processes, scan, hash, decode, spectrogram,
model, store, search cache. Prints medians, spread and the ratios c / a and c / b.
"""

from __future__ import annotations

import argparse
import multiprocessing
import multiprocessing.pool
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

RATE_HZ = 44_100
FILE_S = 30.0


def read_plain(path: str, rate_hz: int) -> np.ndarray:
    """Decode, down-mix and resample with nothing around: the fastest plain use of PyAV and soxr that we know."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        resampler = soxr.ResampleStream(stream.rate, rate_hz, 1, dtype="float32")
        parts = []
        for frame in container.decode(stream):
            data = frame.to_ndarray()
            if not frame.format.is_planar:
                data = data.reshape(-1, frame.layout.nb_channels).T
            mono = data.mean(axis=0, dtype=np.float32)
            if data.dtype.kind == "i":
                mono /= np.float32(2 ** (8 * data.dtype.itemsize - 1))
            parts.append(resampler.resample_chunk(mono))
        parts.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
    return np.concatenate(parts)


def decode_only(path: str) -> int:
    """Return the number of samples at 32 kHz; the sound itself is thrown away."""
    return len(read_plain(path, 32_000))


def decode_own(path: str) -> int:
    """Return the number of samples at 32 kHz that Hearken's decoder gives."""
    from hearken.audio.decode import open_stream

    with open_stream(path, 32_000) as stream:
        return sum(len(block) for block in stream)


def make_files(source: Path, folder: Path, suffix: str, hours: float) -> int:
    """Write about `hours` of `source`'s sound as ~30 s stereo files; return how many seconds."""
    held: list[np.ndarray] = []
    seconds = 0.0
    for path in sorted(p for p in source.rglob("*") if p.is_file() and p.suffix != ".csv"):
        held.append(read_plain(str(path), RATE_HZ))
        if sum(map(len, held)) < FILE_S * RATE_HZ:
            continue
        mono = np.clip(np.concatenate(held), -1, 1)
        other = np.roll(mono, 20)  # a little stereo, so that no codec can collapse it
        write(folder / f"{seconds:.0f}.{suffix}", np.stack([mono, 0.8 * other], axis=1))
        seconds += len(mono) / RATE_HZ
        held = []
        if seconds >= hours * 3600:
            break
    return round(seconds)


def write(path: Path, sound: np.ndarray) -> None:
    """Write stereo (T, 2) by blocks of a second (libsndfile's Vorbis and mp3 writers dislike large ones)."""
    with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
        for start in range(0, len(sound), RATE_HZ):
            file.write(sound[start : start + RATE_HZ])


def index(folder: Path, jobs: int) -> None:
    """Index `folder` into a library that did not exist before."""
    from hearken import Library

    with tempfile.TemporaryDirectory() as place, Library(Path(place) / "library") as library:
        report = library.index([folder], jobs=jobs)
        if report.failed or not report.indexed:
            raise SystemExit(f"indexing went wrong: {report}")


def timed(work: Callable[[], object]) -> float:
    """Return the wall time of `work`, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_round(pool: multiprocessing.pool.Pool, paths: list[str], folder: Path, jobs: int) -> tuple[float, float, float]:
    """Return the wall times of plain decoding, own decoding, and indexing."""
    return (
        timed(lambda: pool.map(decode_only, paths, chunksize=1)),
        timed(lambda: pool.map(decode_own, paths, chunksize=1)),
        timed(lambda: index(folder, jobs)),
    )


def spread(ratios: list[float]) -> str:
    """Return median and range of `ratios`."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--formats", nargs="+", default=["wav", "flac", "mp3"])
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.jobs) as pool:
        for suffix in options.formats:
            with tempfile.TemporaryDirectory() as place:
                seconds = make_files(options.folder, Path(place), suffix, options.hours)
                paths = [str(path) for path in Path(place).iterdir()]
                rounds = [one_round(pool, paths, Path(place), options.jobs) for _ in range(options.rounds + 1)][1:]  # the first warms
                plain, own, whole = (statistics.median(times) for times in zip(*rounds, strict=True))
                print(
                    f"{suffix:5s} {len(paths)} files, {seconds} s of sound: plain decoding {plain:.2f} s ({seconds / plain:.0f} x real"
                    f" time), own decoding {own:.2f} s ({seconds / own:.0f} x), indexing {whole:.2f} s ({seconds / whole:.0f} x);"
                    f" indexing / plain {spread([c / a for a, _, c in rounds])}, indexing / own {spread([c / b for _, b, c in rounds])}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
