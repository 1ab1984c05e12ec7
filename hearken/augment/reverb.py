"""Reverberation: a synthetic room between the source and the microphone.

The impulse response is the direct sound, a few early reflections, and a tail of noise that falls by 60 dB in `rt60_s`, its
treble faster than its bass. The direct sound stays where and as it is; only echo is added, at a level that one gives.

Legend: `T` samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hearken.types import FloatArray

_EARLY_FROM_S, _EARLY_UNTIL_S = 0.004, 0.05
_NUM_EARLY = 8
_TREBLE_HZ = 4_000.0
_TREBLE_SHARE = 0.5  # above `_TREBLE_HZ` the tail lasts this share of rt60
_FALL = 3.0 * np.log(10.0)  # amplitude falls by 60 dB


@dataclass(frozen=True)
class Room:
    """An echo: its `response` (T,) float32 at `rate_hz`, without the direct sound and with an energy of 1."""

    response: FloatArray
    rate_hz: int


def draw_room(generator: np.random.Generator, rate_hz: int, rt60_s: float) -> Room:
    """Draw a room whose echo falls by 60 dB in `rt60_s` seconds. Raises ValueError unless `rt60_s` and `rate_hz` are positive."""
    if not (rt60_s > 0.0 and rate_hz > 0):
        raise ValueError(f"rt60_s and rate_hz must be positive, not {rt60_s} and {rate_hz}")
    num_samples = max(1, round(rt60_s * rate_hz), round(_EARLY_UNTIL_S * rate_hz))
    times_s = np.arange(num_samples) / rate_hz
    noise = generator.standard_normal((2, num_samples))
    bass, treble = _split(noise[0], rate_hz)[0], _split(noise[1], rate_hz)[1]
    tail = bass * np.exp(-_FALL * times_s / rt60_s) + treble * np.exp(-_FALL * times_s / (_TREBLE_SHARE * rt60_s))
    tail *= np.clip((times_s - _EARLY_FROM_S) / (_EARLY_UNTIL_S - _EARLY_FROM_S), 0.0, 1.0)  # the echo gets dense bit by bit
    response = _unit(tail) + _unit(_early(generator, num_samples, rate_hz, rt60_s))
    return Room(_unit(response).astype(np.float32), rate_hz)


def reverberate(samples: FloatArray, room: Room, wet_db: float) -> FloatArray:
    """Return `samples` (T,) plus their echo in `room`, cut to T samples; the echo of noise is `wet_db` louder than the noise.

    The samples must have the room's rate. Silence stays silence.
    """
    if not len(samples):
        return samples
    size = 1 << (len(samples) + len(room.response) - 2).bit_length()
    echo = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(room.response, size), size)[: len(samples)]
    wet: FloatArray = (samples + 10.0 ** (wet_db / 20.0) * echo).astype(np.float32)
    return wet


def _split(noise: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what of `noise` (T,) lies below and above `_TREBLE_HZ`."""
    spectrum = np.fft.rfft(noise)
    below = 1.0 / (1.0 + (np.fft.rfftfreq(len(noise), 1.0 / rate_hz) / _TREBLE_HZ) ** 4)
    return np.fft.irfft(spectrum * below, len(noise)), np.fft.irfft(spectrum * (1.0 - below), len(noise))


def _early(generator: np.random.Generator, num_samples: int, rate_hz: int, rt60_s: float) -> np.ndarray:
    """Return single reflections (T,): later ones are weaker, and each has a random sign."""
    delays_s = generator.uniform(_EARLY_FROM_S, _EARLY_UNTIL_S, _NUM_EARLY)
    signs = generator.choice((-1.0, 1.0), _NUM_EARLY)
    early = np.zeros(num_samples)
    places = np.minimum((delays_s * rate_hz).astype(int), num_samples - 1)
    np.add.at(early, places, signs * np.exp(-_FALL * delays_s / rt60_s) * _EARLY_FROM_S / delays_s)
    return early


def _unit(response: np.ndarray) -> np.ndarray:
    return response / max(float(np.sqrt(np.square(response).sum())), 1e-12)
