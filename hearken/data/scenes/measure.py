"""What a recording is like, from its signal: when it sounds, how loud, how steady, in how many bursts.

Legend: `T` samples, `F` frames of 20 ms every 10 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.data.scenes.loudness import FRAME_S, HOP_S, frame_levels_db, loudness_db
from hearken.types import FloatArray

SOUND_DB = 30.0
"""A frame sounds where its level is at most this far below the loudest frame."""
_FLOOR_DB = 6.0  # ... and at least this far above the quietest moments, where these are clearly quieter than the rest
_CLEAR_DB = 20.0
_PAUSE_S = 0.6  # sounds further apart are two; the stronger one is taken
_LEAD_S = 0.02  # kept before the onset
_TAIL_S = 0.3  # kept behind the offset
_BURST_DIP_DB = 9.0
_BURST_BELOW_DB = 18.0
_STEADY_FRAMES = 10  # steadiness is judged on 100 ms


@dataclass(frozen=True)
class Measure:
    """Times in seconds of the recording: `start_s` to `end_s` is what to cut out, `onset_s` to `offset_s` is where it sounds.

    `loudness_db` is the K-weighted level while it sounds (`loudness.py`), `peak_db` that of the loudest frame. `spread_db` is how far
    the levels of 100 ms differ (90th less 10th percentile), `active_share` how much of the time it sounds, `num_bursts`
    how many separate strokes it has.
    """

    duration_s: float
    start_s: float
    end_s: float
    onset_s: float
    offset_s: float
    loudness_db: float
    peak_db: float
    floor_db: float
    spread_db: float
    active_share: float
    num_bursts: int

    @property
    def sounding_s(self) -> float:
        """Seconds from onset to offset."""
        return self.offset_s - self.onset_s


def measure(samples: FloatArray, rate_hz: int, *, whole: bool = False) -> Measure:
    """Measure `samples` (T,), T > 0, at `rate_hz`. With `whole`, pauses do not part the sound: all of it counts."""
    levels = frame_levels_db(samples, rate_hz)
    peak, floor = float(levels.max()), float(np.percentile(levels, 5))
    threshold = peak - SOUND_DB
    if peak - floor > _CLEAR_DB:
        threshold = max(threshold, floor + _FLOOR_DB)
    sounding = np.flatnonzero(levels >= min(threshold, peak))
    first, last = (int(sounding[0]), int(sounding[-1])) if whole else _strongest(sounding, levels)
    duration_s = len(samples) / rate_hz
    onset_s = _edge_s(first, duration_s)
    offset_s = min(duration_s, last * HOP_S + FRAME_S)
    part = levels[first : last + 1]
    start, end = round(onset_s * rate_hz), max(round(onset_s * rate_hz) + 1, round(offset_s * rate_hz))
    return Measure(
        duration_s=duration_s,
        start_s=max(0.0, onset_s - _LEAD_S),
        end_s=min(duration_s, offset_s + _TAIL_S, _next_sound_s(sounding, last)),
        onset_s=onset_s,
        offset_s=offset_s,
        loudness_db=loudness_db(samples[start:end], rate_hz),
        peak_db=peak,
        floor_db=floor,
        spread_db=_spread_db(part),
        active_share=float(np.mean(part >= threshold)),
        num_bursts=count_bursts(part),
    )


def _edge_s(first: int, duration_s: float) -> float:
    """Return when the frame `first` becomes loud: half of it may be quiet still."""
    return 0.0 if first == 0 else min(duration_s, first * HOP_S + HOP_S)


def _strongest(sounding: NDArray[np.intp], levels: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first and last frame of the run without a long pause that has the most energy."""
    breaks = np.flatnonzero(np.diff(sounding) > _PAUSE_S / HOP_S)
    firsts = np.concatenate([[0], breaks + 1])
    lasts = np.concatenate([breaks, [len(sounding) - 1]])
    spans = [(int(sounding[first]), int(sounding[last])) for first, last in zip(firsts, lasts, strict=True)]
    return max(spans, key=lambda span: float(np.sum(10.0 ** (levels[span[0] : span[1] + 1] / 10.0))))


def _next_sound_s(sounding: NDArray[np.intp], last: int) -> float:
    """Return when the sound behind the pause begins, less a margin."""
    later = sounding[sounding > last]
    return float(later[0]) * HOP_S - FRAME_S if len(later) else np.inf


def _spread_db(levels: NDArray[np.float64]) -> float:
    """Return how far the levels of 100 ms differ: their 90th less their 10th percentile; 0 for less than three of them."""
    num = len(levels) // _STEADY_FRAMES
    if num < 3:
        return 0.0
    power = np.mean(10.0 ** (levels[: num * _STEADY_FRAMES].reshape(num, _STEADY_FRAMES) / 10.0), axis=1)
    low, high = np.percentile(10.0 * np.log10(power), (10, 90))
    return float(high - low)


def count_bursts(levels: NDArray[np.float64]) -> int:
    """Return how many strokes the levels (F,) in dB have: rises of 9 dB from the dip before, up to 18 dB below the highest peak."""
    smooth = np.convolve(np.pad(levels, 1, mode="edge"), np.full(3, 1.0 / 3.0), mode="valid")
    loud_enough = float(smooth.max()) - _BURST_BELOW_DB
    count, in_burst, top, valley = 0, False, -np.inf, np.inf
    for level in smooth.tolist():
        if in_burst:
            top = max(top, level)
            in_burst, valley = level > top - _BURST_DIP_DB, level
        else:
            valley = min(valley, level)
            if level >= loud_enough and level >= valley + (_BURST_DIP_DB if count else 0.0):
                count, in_burst, top = count + 1, True, level
    return max(1, count)
