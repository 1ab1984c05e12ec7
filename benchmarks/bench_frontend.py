"""The numpy log-mel front end against librosa's mel spectrogram of the same constants, in one run.

    python benchmarks/bench_frontend.py

Prints milliseconds per second of sound (one thread, medians) and the ratio, for both built-in front ends.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import librosa  # noqa: E402
import numpy as np  # noqa: E402

from hearken.audio.melspec import FRONT_ENDS, FrontEnd, log_mel  # noqa: E402

SECONDS, ROUNDS = 10.24, 30


def with_librosa(samples: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """The same STFT, mel bands and log through librosa's public functions (its HTK formula stands in for Kaldi's)."""
    if front_end.preemphasis:
        samples = samples[1:] - front_end.preemphasis * samples[:-1]
    mel = librosa.feature.melspectrogram(
        y=samples, sr=front_end.rate_hz, n_fft=front_end.n_fft, win_length=front_end.win_length, hop_length=front_end.hop,
        n_mels=front_end.num_mels, fmin=front_end.fmin_hz, fmax=front_end.fmax_hz, htk=front_end.mel == "kaldi",
        norm=None if front_end.mel == "kaldi" else "slaney", pad_mode="reflect",
    )  # fmt: skip
    return np.log(np.maximum(mel, front_end.log_floor))


def median_ms(work: Callable[[], object]) -> float:
    """Return the median time of `work` in ms per second of sound."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) / SECONDS * 1e3


def main() -> None:
    """Run the comparison and print it."""
    for front_end in FRONT_ENDS.values():
        samples = np.random.default_rng(0).standard_normal(int(SECONDS * front_end.rate_hz)).astype(np.float32)
        ours = median_ms(lambda s=samples, f=front_end: log_mel(s, f))
        theirs = median_ms(lambda s=samples, f=front_end: with_librosa(s, f))
        print(f"{front_end.name:18s} hearken {ours:.3f} ms/s, librosa {theirs:.3f} ms/s, librosa / hearken {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
