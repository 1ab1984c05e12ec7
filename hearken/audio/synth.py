"""Small synthesis kit: noises, tones, struck things and rooms, from which `sounds.py` builds the demo clips.

Everything is a pure function of its arguments; chance comes in as a Generator. Sound is (T,) float64 at `RATE_HZ`.

Legend: `T` samples, `M` modes or harmonics.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

RATE_HZ = 32_000


def num_samples(duration_s: float) -> int:
    """Return the number of samples in `duration_s` seconds."""
    return round(duration_s * RATE_HZ)


def silence(duration_s: float) -> Sound:
    """Return `duration_s` seconds of zeros (T,), to `place` things in."""
    return np.zeros(num_samples(duration_s))


def times(duration_s: float) -> Sound:
    """Return the sample times (T,) of `duration_s` seconds, in seconds."""
    return np.arange(num_samples(duration_s)) / RATE_HZ


def noise(generator: np.random.Generator, duration_s: float, curve: dict[float, float] | None = None) -> Sound:
    """Return Gaussian noise (T,) of level 1, coloured by `curve`: gain in dB at frequencies in Hz, straight lines between."""
    white = generator.standard_normal(num_samples(duration_s))
    return level(equalise(white, curve)) if curve else white


def equalise(sound: Sound, curve: dict[float, float]) -> Sound:
    """Return `sound` (T,) filtered without delay by `curve`: dB at Hz, linear in log frequency, constant outside."""
    bins_hz = np.fft.rfftfreq(len(sound), 1.0 / RATE_HZ)
    gain_db = np.interp(np.log(np.maximum(bins_hz, 1.0)), np.log(list(curve)), list(curve.values()))
    filtered: Sound = np.fft.irfft(np.fft.rfft(sound) * 10.0 ** (gain_db / 20.0), len(sound))
    return filtered


def level(sound: Sound, rms: float = 1.0) -> Sound:
    """Return `sound` (T,) scaled to the root mean square `rms`; silence stays silence."""
    now = float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0
    return sound * (rms / now) if now > 0.0 else sound


def decay(duration_s: float, tau_s: float, attack_s: float = 0.001) -> Sound:
    """Return an envelope (T,): a linear rise of `attack_s`, then an exponential fall with time constant `tau_s`."""
    time_s = times(duration_s)
    return np.minimum(1.0, time_s / attack_s) * np.exp(-np.maximum(0.0, time_s - attack_s) / tau_s)


def hump(duration_s: float, power: float = 1.0) -> Sound:
    """Return an envelope (T,) that rises and falls as half a sine, raised to `power`."""
    return np.sin(np.pi * times(duration_s) / duration_s) ** power


def drift(generator: np.random.Generator, duration_s: float, every_s: float, low: float, high: float) -> Sound:
    """Return a smooth random curve (T,) between `low` and `high` that turns about every `every_s` seconds."""
    points = generator.uniform(low, high, int(duration_s / every_s) + 3)
    position = times(duration_s) / every_s
    index = position.astype(int)
    blend = 0.5 - 0.5 * np.cos(np.pi * (position - index))
    curve: Sound = points[index] * (1.0 - blend) + points[index + 1] * blend
    return curve


def glide(points: dict[float, float]) -> Sound:
    """Return a curve (T,) through `points` (value at seconds), as long as the last of them; linear between."""
    return np.interp(times(max(points)), list(points), list(points.values()))


def tone(pitch_hz: Sound | float, duration_s: float | None = None, harmonics: tuple[float, ...] = (1.0,)) -> Sound:
    """Return a tone of fixed or moving pitch (T,); `harmonics` are the gains of 1 ×, 2 ×, 3 × … the pitch.

    Harmonics above the Nyquist frequency are left out. `duration_s` is needed for a fixed pitch only.
    """
    curve = np.full(num_samples(duration_s or 0.0), pitch_hz) if np.isscalar(pitch_hz) else np.asarray(pitch_hz)
    phase = 2.0 * np.pi * np.cumsum(curve) / RATE_HZ
    parts = (gain * np.sin(n * phase) * (n * curve < RATE_HZ / 2) for n, gain in enumerate(harmonics, 1) if gain)
    return np.asarray(sum(parts, np.zeros(len(curve))))


def modes(duration_s: float, table: list[tuple[float, float, float]]) -> Sound:
    """Return what a struck thing rings (T,): the sum of `table` (M rows: pitch in Hz, time constant in s, gain)."""
    time_s = times(duration_s)
    ringing = (gain * np.sin(2.0 * np.pi * pitch * time_s) * np.exp(-time_s / tau) for pitch, tau, gain in table)
    return np.asarray(sum(ringing, np.zeros(len(time_s))))


def place(canvas: Sound, sound: Sound, at_s: float, gain: float = 1.0) -> None:
    """Add `sound` to `canvas`, in place, from `at_s` on; what reaches past the end is cut."""
    first = num_samples(at_s)
    part = sound[: max(0, len(canvas) - first)]
    canvas[first : first + len(part)] += gain * part


def convolve(sound: Sound, response: Sound) -> Sound:
    """Return `sound` (T,) convolved with `response`, cut to T samples."""
    size = len(sound) + len(response) - 1
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]


def room(generator: np.random.Generator, sound: Sound, tail_s: float = 0.5, wet: float = 0.3) -> Sound:
    """Return `sound` (T,) as heard in a room whose echo dies away (by 60 dB) in `tail_s`; `wet` is the echo's share."""
    tail = noise(generator, tail_s) * np.exp(-6.9 * times(tail_s) / tail_s)
    echo = convolve(sound, equalise(tail, {200.0: 0.0, 2_000.0: -4.0, 10_000.0: -16.0}))
    return (1.0 - wet) * level(sound) + wet * level(echo)


def save_wav(path: Path, sound: Sound, peak: float = 0.7) -> None:
    """Write `sound` (T,) as 16-bit mono, scaled so that its largest sample is `peak` of full scale. Raises OSError."""
    loudest = float(np.max(np.abs(sound), initial=1e-9))
    samples = np.round(sound * (peak / loudest * 32_767.0)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
