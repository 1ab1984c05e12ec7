"""The demo's sounds: everyday sounds made from numbers alone, for a machine that has no recordings at hand.

They are imitations, and the demo says so. A tagger trained on AudioSet (mn04_as) ranks the class meant among its first
five of 527 for every one of them, and first for most.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hearken.audio import sounds_nature as nature
from hearken.audio import sounds_things as things
from hearken.audio.synth import Sound, save_wav

_SEED = 20_240

_FUNCTIONS: tuple[Callable[[np.random.Generator], Sound], ...] = (
    nature.rain, nature.thunder, nature.birdsong, nature.dog_bark, nature.wind, nature.sea_waves, nature.heartbeat, nature.crickets,
    nature.campfire, things.siren, things.church_bell, things.ticking_clock, things.footsteps, things.engine_idling, things.telephone,
    things.alarm_clock, things.applause, things.typing, things.whistle, things.piano, things.drum_beat, things.glass_clink,
    things.helicopter, things.steam, things.car_horn, things.wind_chime,
)  # fmt: skip
SOUNDS = {function.__name__: function for function in _FUNCTIONS}
"""Name (without .wav) to the function that draws the sound."""


def synthesise(name: str) -> Sound:
    """Return the sound `name` of `SOUNDS` (T,): always the same samples. Raises KeyError for an unknown name."""
    sound = SOUNDS[name](np.random.default_rng([_SEED, *name.encode()]))
    sound -= sound.mean()  # no recording has a constant offset
    return sound


def write_sounds(folder: Path) -> list[Path]:
    """Write every sound as `folder`/NAME.wav and return the paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.wav" for name in SOUNDS]
    for path in paths:
        save_wav(path, synthesise(path.stem))
    return paths
