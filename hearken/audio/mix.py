"""From decoded channels to one: scale, check, repair, down-mix, and what is remarkable about the result.

Down-mix is the mean of the channels, in float32, taken sample by sample, so the result does not depend on block sizes.
A block whose channels cancel each other (stereo in anti-phase, a cable soldered the wrong way) would be silence: there the
first channel that carries sound stands for all, and the sound is flagged `antiphase`.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import AudioNonFiniteError
from hearken.limits import MAX_ABS_SAMPLE
from hearken.types import FloatArray

SILENCE_PEAK = 1e-4
"""A sound that never exceeds this (-80 dB of full scale) is flagged `silent`."""
CANCELLED_POWER_RATIO = 1e-4
"""Channels count as cancelling where their mean has less than this share (-40 dB) of their power, and they are not silent."""

MIN_CANCELLED_SAMPLES = 64
"""Shorter blocks are not judged: a few samples may cancel by chance."""

_FULL_SCALE = {"uint8": 128.0, "int16": 2.0**15, "int32": 2.0**31, "float32": 1.0, "float64": 1.0}
SAMPLE_TYPES = tuple(_FULL_SCALE)


class Mixer:
    """Turns blocks (C, T) into blocks (T,) and remembers flags. `subject` names the sound in errors."""

    def __init__(self, subject: str, *, repair: bool = False) -> None:
        self._subject, self._repair = subject, repair
        self._peak = 0.0
        self._found: set[str] = set()

    @property
    def flags(self) -> frozenset[str]:
        """Flags for all blocks so far: `silent`, `antiphase`, `repaired`."""
        return frozenset(self._found | ({"silent"} if self._peak <= SILENCE_PEAK else set()))

    def mix(self, channels: NDArray[Any]) -> FloatArray:
        """Return the mean (T,) float32, full scale = 1, of `channels` (C, T) of a type in SAMPLE_TYPES.

        Raises AudioNonFiniteError for samples that are NaN, infinite or beyond MAX_ABS_SAMPLE, unless they are repaired (zeroed).
        """
        scaled = self._checked(to_float(channels), channels.dtype)
        mono = _mean(scaled)
        if len(scaled) > 1 and len(mono) >= MIN_CANCELLED_SAMPLES and _is_cancelled(scaled, mono):
            self._found.add("antiphase")
            mono = _loud_channel(scaled).copy()
        if len(mono):
            self._peak = max(self._peak, float(mono.max()), -float(mono.min()))
        return mono

    def _checked(self, scaled: FloatArray, dtype: np.dtype[Any]) -> FloatArray:
        if dtype.kind != "f" or not scaled.size or (scaled.max() <= MAX_ABS_SAMPLE and scaled.min() >= -MAX_ABS_SAMPLE):
            return scaled
        if not self._repair:
            raise AudioNonFiniteError(
                f"{self._subject} holds samples that are not finite, or beyond {MAX_ABS_SAMPLE} times full scale.",
                "Decode it with repair=True to have them replaced by silence.",
            )
        self._found.add("repaired")
        return np.where(np.abs(scaled) <= MAX_ABS_SAMPLE, scaled, np.float32(0.0))


def to_float(channels: NDArray[Any]) -> FloatArray:
    """Return `channels` (C, T) of a type in SAMPLE_TYPES as float32, full scale = 1, in the memory order that they have."""
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is found as such
        scaled = channels.astype(np.float32)
    if channels.dtype == np.uint8:
        scaled -= np.float32(128.0)
    if channels.dtype.kind != "f":
        scaled *= np.float32(1.0 / _FULL_SCALE[channels.dtype.name])
    return scaled


def _mean(channels: FloatArray) -> FloatArray:
    if len(channels) == 1:
        return np.ascontiguousarray(channels[0])
    total: FloatArray = channels[0] + channels[1]
    for channel in channels[2:]:
        total += channel
    total *= np.float32(1.0 / len(channels))
    return total


def _is_cancelled(channels: FloatArray, mono: FloatArray) -> bool:
    flat = channels.ravel(order="K")
    power = float(np.dot(flat, flat)) / len(channels)
    return float(np.dot(mono, mono)) < CANCELLED_POWER_RATIO * power and power > SILENCE_PEAK**2 * len(mono)


def _loud_channel(channels: FloatArray) -> FloatArray:
    """Return the first channel (T,) that has at least half of the mean power."""
    powers = np.square(channels).sum(axis=1)
    loud: FloatArray = channels[int(np.argmax(powers >= 0.5 * powers.mean()))]
    return loud
