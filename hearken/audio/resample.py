"""Change of sample rate by soxr: streaming, reproducible to the bit, and the same however the sound is cut into blocks."""

from __future__ import annotations

import numpy as np

from hearken.audio.probe import check_rate
from hearken.types import FloatArray

QUALITY = "HQ"
"""soxr's 20-bit quality: stop band below -120 dB, at the speed of its lower settings."""


class Resampler:
    """Turns a stream of mono blocks (T,) float32 at `in_rate_hz` into blocks at `out_rate_hz`, in order and without gaps.

    Raises RateError for a rate outside the limits, before anything is allocated for it.
    """

    def __init__(self, in_rate_hz: int, out_rate_hz: int) -> None:
        import soxr

        check_rate(in_rate_hz, "The sound")
        check_rate(out_rate_hz, "The result")
        self._stream = None
        if in_rate_hz != out_rate_hz:
            self._stream = soxr.ResampleStream(in_rate_hz, out_rate_hz, 1, dtype="float32", quality=QUALITY)
        self._first: FloatArray = np.zeros(0, np.float32)
        self._num_out = 0

    def process(self, block: FloatArray) -> FloatArray:
        """Return the output samples (T',) that are ready after `block` (T,); T' may be 0, for the filter looks ahead."""
        if self._stream is None:
            return block
        if not len(self._first):
            self._first = block[:1].copy()
        return self._counted(self._stream.resample_chunk(np.ascontiguousarray(block, np.float32)))

    def flush(self) -> FloatArray:
        """Return the rest (T',) after the last block. A sound shorter than one output sample becomes one sample."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest = self._counted(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
        return rest if self._num_out else self._first

    def _counted(self, samples: FloatArray) -> FloatArray:
        self._num_out += len(samples)
        return samples


def resample(samples: FloatArray, in_rate_hz: int, out_rate_hz: int) -> FloatArray:
    """Return `samples` (T,) at `out_rate_hz`: bit for bit what a `Resampler` gives block by block. Raises RateError."""
    resampler = Resampler(in_rate_hz, out_rate_hz)
    return np.concatenate([resampler.process(samples), resampler.flush()])
