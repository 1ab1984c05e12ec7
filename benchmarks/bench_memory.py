"""Memory while streaming very long files: ``python benchmarks/bench_memory.py [--hours 10]`` (Linux).

Writes a sparse wav (stereo, 44.1 kHz), a FLAC of silence and an Opus of noise, each of the given hours and of a tenth of
them, streams each in a process of its own at 32 kHz, and prints peak memory, speed, and what the decoded sound would take
at once. Exits with 1 when a file needs more than 400 MB, or the long one 20 MB more than the short one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MAX_PEAK_MB = 400.0
MAX_GROWTH_MB = 20.0
STREAM = """
import sys, time
from hearken.audio.decode import open_stream

def peak_kb():  # getrusage would tell the peak of the parent, which exec inherits
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

start_s = time.process_time()
with open_stream(sys.argv[1], 32_000) as stream:
    for number, block in enumerate(stream):
        if number == 100:
            first_kb = peak_kb()
print(stream.duration_s, time.process_time() - start_s, peak_kb(), peak_kb() - first_kb, *sorted(stream.flags))
"""


def sparse_wav(path: Path, duration_s: int) -> None:
    """A wav whose samples are a hole in the file."""
    rate_hz, align = 44_100, 4
    size = duration_s * rate_hz * align
    header = b"RIFF" + min(36 + size, 0xFFFFFFFF).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little") + b"\1\0\2\0"
    header += rate_hz.to_bytes(4, "little") + (rate_hz * align).to_bytes(4, "little") + b"\4\0\x10\0"
    path.write_bytes(header + b"data" + min(size, 0xFFFFFFFF).to_bytes(4, "little"))
    os.truncate(path, 44 + size)


def encoded(codec: str, rate_hz: int, level: float) -> Callable[[Path, int], None]:
    """A writer of noise of that level (0: silence) in minutes that repeat."""

    def write(path: Path, duration_s: int) -> None:
        minute = (level * np.random.default_rng(0).standard_normal((1, 60 * rate_hz))).astype(np.float32)
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=rate_hz, layout="mono")
            for _ in range(duration_s // 60):
                frame = av.AudioFrame.from_ndarray(minute, format="fltp", layout="mono")
                frame.sample_rate = rate_hz
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))

    return write


WRITERS = {"wav": sparse_wav, "flac": encoded("flac", 44_100, 0.0), "opus": encoded("libopus", 16_000, 0.1)}


def measure(path: Path) -> tuple[float, float, float, float, list[str]]:
    """Stream the file elsewhere: seconds of sound, CPU seconds, peak MB, growth in MB after the first blocks, flags."""
    out = subprocess.run([sys.executable, "-c", STREAM, str(path)], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return float(out[0]), float(out[1]), int(out[2]) / 1_000, int(out[3]) / 1_000, out[4:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    hours = parser.parse_args().hours
    is_good = True
    print(f"{'file':5s} {'hours':>6s} {'size MB':>8s} {'decoded MB':>10s} {'peak MB':>8s} {'growth MB':>9s} {'x real time':>11s}  flags")
    with tempfile.TemporaryDirectory() as folder:
        for suffix, write in WRITERS.items():
            peaks = []
            for share in (0.1, 1.0):
                path = Path(folder) / f"long.{suffix}"
                start_s = time.perf_counter()
                write(path, round(hours * share * 3_600 / 60) * 60)
                written_s = time.perf_counter() - start_s
                sound_s, cpu_s, peak_mb, growth_mb, flags = measure(path)
                size_mb, decoded_mb = path.stat().st_blocks * 512 / 1e6, sound_s * 32_000 * 4 / 1e6
                row = f"{suffix:5s} {sound_s / 3_600:6.2f} {size_mb:8.1f} {decoded_mb:10.0f} {peak_mb:8.1f} {growth_mb:9.1f} {sound_s / cpu_s:11.0f}"
                print(f"{row}  {' '.join(flags) or '-'}  (written in {written_s:.0f} s)", flush=True)
                peaks.append(peak_mb)
            is_good &= max(peaks) < MAX_PEAK_MB and peaks[1] - peaks[0] < MAX_GROWTH_MB
    print(f"under {MAX_PEAK_MB:g} MB and flat within {MAX_GROWTH_MB:g} MB: {'yes' if is_good else 'NO'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
