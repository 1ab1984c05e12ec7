"""A small corpus of synthetic sounds whose truth is known to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hearken.audio.synth import save_wav
from hearken.data.clip import Clip, Corpus
from hearken.data.scenes.measure import Measure
from hearken.data.scenes.sources import Material, Source, classify

RATE_HZ = 32_000
"""`save_wav` writes this rate."""


def tone(hz: float, duration_s: float, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2.0 * np.pi * hz * np.arange(round(duration_s * RATE_HZ)) / RATE_HZ)


def silence(duration_s: float) -> np.ndarray:
    return np.zeros(round(duration_s * RATE_HZ))


def noise(duration_s: float, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(duration_s * RATE_HZ))


SOUNDS = {
    "dog": ("A dog barks.", np.concatenate([silence(0.5), tone(700, 0.4), silence(0.6)]), "CC0 1.0"),
    "door": ("A door is closed.", np.concatenate([tone(200, 0.3), silence(0.4)]), "CC0 1.0"),
    "bell": ("Church bells are ringing.", tone(1_500, 2.5), "CC BY 4.0"),
    "step": ("A footstep on gravel.", np.concatenate([silence(0.1), tone(3_000, 0.15), silence(0.2)]), "CC0 1.0"),
    "rain": ("Rain is falling.", noise(12.0), "CC BY-NC 4.0"),
    "fan": ("A fan is humming.", noise(5.0, 1), "CC0 1.0"),
}


def write_corpus(folder: Path, *, names: tuple[str, ...] = tuple(SOUNDS)) -> Corpus:
    """Write the sounds as WAV and return their corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for name in names:
        caption, samples, licence = SOUNDS[name]
        save_wav(folder / f"{name}.wav", samples)
        clips.append(Clip(name, "train", f"{name}.wav", (caption,), tags=(name,), origins=(f"freesound:{len(name)}",), licence=licence))
    return Corpus("small", folder, tuple(clips))


def measured(sounding_s: float = 0.5, **changes: float) -> Measure:
    """A measure of a sound from 0.1 s on, with pauses of 0.1 s around it."""
    values = {
        "duration_s": sounding_s + 0.2, "start_s": 0.08, "end_s": sounding_s + 0.2, "onset_s": 0.1, "offset_s": sounding_s + 0.1,
        "loudness_db": -20.0, "peak_db": -15.0, "floor_db": -80.0, "spread_db": 3.0, "active_share": 1.0, "num_bursts": 1,
    }  # fmt: skip
    return Measure(**(values | changes))


def source(name: str, caption: str, sounding_s: float = 0.5, **changes: float) -> Source:
    return Source(
        name, f"/nowhere/{name}.wav", name, caption, measured(sounding_s, **changes), "train", (f"freesound:{name}",), "CC0", "An Author"
    )


def stock_of(*sources: Source) -> tuple[Material, ...]:
    return tuple(classify(each)[0] for each in sources)


STOCK = (
    source("dog", "A dog barks."),
    source("door", "A door is closed.", 0.3),
    source("bell", "A bell rings.", 3.0, num_bursts=2),
    source("step", "A footstep on gravel.", 0.2),
    source("engine", "An engine is idling.", 4.5),
    source("rain", "Rain is falling.", 12.0),
    source("birds", "Birds are singing in a forest.", 20.0),
)
