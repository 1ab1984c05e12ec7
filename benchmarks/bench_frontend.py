"""The log-mel front ends against librosa's mel spectrogram of the same constants, in one run.

    python benchmarks/bench_frontend.py

Prints milliseconds per second of sound (one thread, medians) and the ratio, for every built-in front end; with torch also
that of the torch twin, and with torchlibrosa (what PANNs, HTSAT and LAION-CLAP run) that of theirs.
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
    """The same STFT, mel bands and log through librosa's public functions (its HTK formula stands in for Kaldi's as well)."""
    if front_end.preemphasis:
        samples = samples[1:] - front_end.preemphasis * samples[:-1]
    mel = librosa.feature.melspectrogram(
        y=samples, sr=front_end.rate_hz, n_fft=front_end.n_fft, win_length=front_end.win_length, hop_length=front_end.hop,
        n_mels=front_end.num_mels, fmin=front_end.fmin_hz, fmax=front_end.fmax_hz, htk=front_end.mel != "slaney",
        norm="slaney" if front_end.mel == "slaney" else None, pad_mode="reflect",
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


def in_torch(samples: np.ndarray, front_end: FrontEnd) -> str:
    """Return the torch twin's line, or nothing where torch is not installed."""
    try:
        import torch
    except ImportError:
        return ""
    from hearken.frontend.log_mel import LogMel

    torch.set_num_threads(1)
    wave, module = torch.from_numpy(samples)[None], LogMel(front_end)
    ours = median_ms(lambda: module(wave))
    line = f", torch {ours:.3f} ms/s"
    try:
        from torchlibrosa.stft import LogmelFilterBank, Spectrogram
    except ImportError:
        return line
    if not front_end.name.startswith(("panns", "wavtext5k", "msclap", "laion_htsat")):
        return line
    spectrum = Spectrogram(n_fft=front_end.n_fft, hop_length=front_end.hop)
    rate = front_end.filter_rate_hz or front_end.rate_hz
    mel = LogmelFilterBank(sr=rate, n_fft=front_end.n_fft, n_mels=64, fmin=front_end.fmin_hz, fmax=front_end.fmax_hz, top_db=None)
    with torch.no_grad():
        theirs = median_ms(lambda: mel(spectrum(wave)))
    return f"{line}, torchlibrosa {theirs:.3f} ms/s, torchlibrosa / torch {theirs / ours:.2f}"


def main() -> None:
    """Run the comparison and print it."""
    for front_end in FRONT_ENDS.values():
        samples = np.random.default_rng(0).standard_normal(int(SECONDS * front_end.rate_hz)).astype(np.float32)
        ours = median_ms(lambda s=samples, f=front_end: log_mel(s, f))
        theirs = median_ms(lambda s=samples, f=front_end: with_librosa(s, f))
        line = f"{front_end.name:22s} hearken {ours:.3f} ms/s, librosa {theirs:.3f} ms/s, librosa / hearken {theirs / ours:.2f}"
        print(line + in_torch(samples, front_end))


if __name__ == "__main__":
    main()
