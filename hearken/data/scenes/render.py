"""From a plan to sound: levels, fades, echo, background, and one gain for all at the end.

Legend: `T` samples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hearken.augment.reverb import draw_room, reverberate
from hearken.data.scenes.loudness import loudness_db
from hearken.data.scenes.measure import Measure
from hearken.data.scenes.plan import Event, Plan
from hearken.data.scenes.sources import Source
from hearken.types import FloatArray

REFERENCE_DB = -20.0
"""Level (`loudness.py`) of an event of 0 dB before the common gain, in dB of full scale."""
PEAK_DB = -1.0
"""No sample lies above this: a louder scene is turned down as a whole."""
FLOOR_DB = -38.0
"""Level of the pink noise of a scene without background, against an event of 0 dB: no place is as silent as zeros."""
_FADE_IN_S, _FADE_OUT_S = 0.01, 0.1  # in what lies before the onset and behind the offset, where there is so much
_CLICK_S = 0.0002  # ... and else at least so much, which leaves the stroke of a drum as it is
_LOOP_FADE_S = 0.5
_JITTER_DB = 1.5  # repetitions are not quite alike

Fetch = Callable[[Source], FloatArray]
"""Returns what is to be used of a source: its samples from `measure.start_s` to `measure.end_s`."""


def render(plan: Plan, sources: tuple[Source, ...], rate_hz: int, fetch: Fetch, generator: np.random.Generator) -> tuple[FloatArray, float]:
    """Return the scene (T,) float32 and the common gain in dB. `sources` are those that the plan's indices mean."""
    num_samples = round(plan.duration_s * rate_hz)
    scene = np.zeros(num_samples, np.float32)
    for event in plan.events:
        source = sources[event.index]
        _add_event(scene, event, source, _cut_out(fetch(source), source.measure, rate_hz), rate_hz, generator)
    if plan.echo:
        scene = reverberate(scene, draw_room(generator, rate_hz, plan.echo.rt60_s), plan.echo.wet_db)
    if plan.background:
        source = sources[plan.background.index]
        samples = background(fetch(source), num_samples, rate_hz, plan.background.offset)
        scene += at_level(samples, loudness_db(samples, rate_hz), REFERENCE_DB + plan.background.level_db)
    else:
        noise = pink_noise(generator, num_samples, rate_hz)
        scene += at_level(noise, loudness_db(noise, rate_hz), REFERENCE_DB + FLOOR_DB)
    return limited(fade(scene, rate_hz, _FADE_IN_S, _FADE_IN_S))


def _cut_out(samples: FloatArray, found: Measure, rate_hz: int) -> FloatArray:
    """Return `samples` (T,) with fades that spare what sounds: many recordings begin with the stroke itself."""
    lead_s, tail_s = found.onset_s - found.start_s, found.end_s - found.offset_s
    return fade(samples, rate_hz, min(_FADE_IN_S, max(_CLICK_S, lead_s)), min(_FADE_OUT_S, max(_FADE_IN_S, tail_s)))


def _add_event(scene: FloatArray, event: Event, source: Source, samples: FloatArray, rate_hz: int, generator: np.random.Generator) -> None:
    """Add every repetition to `scene`, in place, so that its onset comes at the planned moment."""
    lead = round((source.measure.onset_s - source.measure.start_s) * rate_hz)
    for number, start_s in enumerate(event.starts_s):
        jitter_db = float(generator.uniform(-_JITTER_DB, _JITTER_DB)) if number else 0.0
        first = round(start_s * rate_hz) - lead
        part = samples[max(0, -first) : max(0, len(scene) - first)]
        first = max(0, first)
        scene[first : first + len(part)] += at_level(part, source.measure.loudness_db, REFERENCE_DB + event.level_db + jitter_db)


def at_level(samples: FloatArray, from_db: float, to_db: float) -> FloatArray:
    """Return `samples` (T,) with the gain that takes `from_db` to `to_db`."""
    return samples * np.float32(10.0 ** ((to_db - from_db) / 20.0))


def fade(samples: FloatArray, rate_hz: int, in_s: float, out_s: float) -> FloatArray:
    """Return a copy of `samples` (T,) that begins and ends in silence by raised cosines; short sounds get shorter fades."""
    faded = samples.copy()
    for seconds, part in ((in_s, faded), (out_s, faded[::-1])):
        size = min(round(seconds * rate_hz), len(faded) // 2)
        part[:size] *= _rise(size)
    return faded


def background(samples: FloatArray, num_samples: int, rate_hz: int, offset: float) -> FloatArray:
    """Return `num_samples` of a background: a stretch that begins at `offset` (0 to 1) of what is possible, or repetitions.

    Repetitions overlap by cross-fades of equal power.
    """
    if len(samples) >= num_samples:
        first = int(offset * (len(samples) - num_samples))
        return samples[first : first + num_samples]
    overlap = min(round(_LOOP_FADE_S * rate_hz), len(samples) // 4)
    step = len(samples) - overlap
    first = int(offset * step)
    looped = np.zeros(first + num_samples + len(samples), np.float32)
    piece = samples.copy()
    piece[:overlap] *= np.sqrt(_rise(overlap))
    piece[len(piece) - overlap :] *= np.sqrt(_rise(overlap))[::-1]
    for start in range(-overlap, first + num_samples, step):  # the first rise lies before the beginning
        cut = max(0, -start)
        looped[start + cut : start + len(piece)] += piece[cut:]
    return looped[first : first + num_samples]


def _rise(size: int) -> FloatArray:
    rise: FloatArray = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / max(1, size))).astype(np.float32)
    return rise


def pink_noise(generator: np.random.Generator, num_samples: int, rate_hz: int) -> FloatArray:
    """Return noise (T,) whose power falls by 3 dB an octave, from 20 Hz on."""
    spectrum = np.fft.rfft(generator.standard_normal(num_samples))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(num_samples, 1.0 / rate_hz), 20.0))
    noise: FloatArray = np.fft.irfft(spectrum, num_samples).astype(np.float32)
    return noise


def limited(scene: FloatArray) -> tuple[FloatArray, float]:
    """Return the scene, turned down if a sample lies above `PEAK_DB`, and the gain in dB (0 or less)."""
    peak = float(np.max(np.abs(scene), initial=0.0))
    ceiling = 10.0 ** (PEAK_DB / 20.0)
    if peak <= ceiling:
        return scene, 0.0
    return scene * np.float32(ceiling / peak), float(20.0 * np.log10(ceiling / peak))
