"""How loud a sound is: the level of its K-weighted signal, over the moments in which it sounds.

The weighting is that of ITU-R BS.1770-4 (a high shelf and a high pass), made for any sample rate from the analogue
prototypes. The standard gates blocks of 400 ms, which means little for a knock of 50 ms: here the gate works on frames of
20 ms, and leaves out those that lie more than 20 dB below the loudest. For a steady sound both agree.

Legend: `T` samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hearken.types import FloatArray

FRAME_S = 0.02
HOP_S = 0.01
GATE_DB = 20.0
QUIETEST_DB = -120.0
_OFFSET_DB = -0.691  # BS.1770: a sine of 997 Hz and full scale has -3.01

_RINGING_S = 0.1
_CHUNK = 1 << 20

_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def frame_levels_db(samples: FloatArray, rate_hz: int) -> NDArray[np.float64]:
    """Return the levels in dB of full scale of frames of 20 ms every 10 ms; at least one. `samples` (T,)."""
    frame, hop = max(1, round(FRAME_S * rate_hz)), max(1, round(HOP_S * rate_hz))
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, max(1, len(samples) - frame + hop), hop)
    ends = np.minimum(starts + frame, len(samples))
    power = (total[ends] - total[np.minimum(starts, len(samples))]) / frame
    levels: NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, 10.0 ** (QUIETEST_DB / 10.0)))
    return levels


def k_weighted(samples: FloatArray, rate_hz: int) -> FloatArray:
    """Return `samples` (T,) through the two filters of BS.1770, as float32 (T,)."""
    weighted = np.empty(len(samples), np.float32)
    ringing = round(_RINGING_S * rate_hz)
    for start in range(0, len(samples), _CHUNK):  # in pieces, so that a long sound needs no more memory than a short one
        first, stop = max(0, start - ringing), min(start + _CHUNK, len(samples))
        weighted[start:stop] = _filtered(samples[first:stop], rate_hz, ringing)[start - first :]
    return weighted


def _filtered(samples: FloatArray, rate_hz: int, ringing: int) -> FloatArray:
    size = fast_size(len(samples) + ringing)  # what rings on must not wrap around to the beginning
    angles = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(angles), np.complex128)
    for top, bottom in _filters(rate_hz):
        response *= np.polynomial.polynomial.polyval(angles, top) / np.polynomial.polynomial.polyval(angles, bottom)
    filtered: FloatArray = np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)].astype(np.float32)
    return filtered


def loudness_db(samples: FloatArray, rate_hz: int) -> float:
    """Return the gated, K-weighted level of `samples` (T,) in dB (LUFS for steady mono sound); `QUIETEST_DB` for silence."""
    levels = frame_levels_db(k_weighted(samples, rate_hz), rate_hz)
    loud = levels[levels >= levels.max() - GATE_DB]
    return max(QUIETEST_DB, float(10.0 * np.log10(np.mean(10.0 ** (loud / 10.0))) + _OFFSET_DB))


def fast_size(size: int) -> int:
    """Return the smallest number from `size` on that has only the factors 2, 3 and 5: an FFT of it is quick."""
    best = 1 << max(0, size - 1).bit_length()
    for fives in (1, 5, 25, 125):
        for threes in (1, 3, 9, 27, 81):
            odd = fives * threes
            best = min(best, odd << max(0, math.ceil(size / odd) - 1).bit_length())
    return best


def _filters(rate_hz: int) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """Return numerator and denominator, in powers of 1/z, of the shelf and of the high pass."""
    warped, gain = math.tan(math.pi * _SHELF_HZ / rate_hz), 10.0 ** (_SHELF_DB / 20.0)
    band = gain**0.4996667741545416
    square, slope = warped * warped, warped / _SHELF_Q
    shelf_top = [gain + band * slope + square, 2.0 * (square - gain), gain - band * slope + square]
    shelf = (shelf_top, [1.0 + slope + square, 2.0 * (square - 1.0), 1.0 - slope + square])
    warped = math.tan(math.pi * _PASS_HZ / rate_hz)
    square, slope = warped * warped, warped / _PASS_Q
    unit = 1.0 + slope + square
    return shelf, ([1.0, -2.0, 1.0], [1.0, 2.0 * (square - 1.0) / unit, (1.0 - slope + square) / unit])
