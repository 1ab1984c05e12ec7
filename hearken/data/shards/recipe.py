"""What a pack is to hold: the rate, the codec or front end, and which stretch of long clips. Plain data, with its JSON.

| codec | what a sample is | reading it gives |
|---|---|---|
| flac | FLAC, 16 bits | the sound, to half a step of 2^-15 of its full scale |
| flac24 | FLAC, 24 bits | the sound, to half a step of 2^-23 |
| opus | Opus at 48 kHz in Ogg, `bitrate` bits/s | sound of the same length, as near as the bitrate allows; brought back to `rate_hz` |
| mel | float16 log-mel of a front end, .npy | (L, F), to 11 significant bits: at most 2^-11 of the value |
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from hearken.audio.front_ends import FRONT_ENDS
from hearken.errors import InputError
from hearken.limits import MIN_RATE_HZ

Codec = Literal["flac", "flac24", "opus", "mel"]
CODECS: tuple[str, ...] = get_args(Codec)
SUFFIXES = {"flac": "flac", "flac24": "flac", "opus": "opus", "mel": "npy"}
"""Codec -> what the name of a sample's sound ends in."""
Keep = Literal["start", "middle", "random"]
KEEPS: tuple[str, ...] = get_args(Keep)
MAX_PACKED_RATE_HZ = 192_000
_MIN_BITRATE, _MAX_BITRATE = 6_000, 256_000  # what Opus takes for one channel
_CUT_WORD = 0x637574  # sets these draws apart from the other uses of a seed


@dataclass(frozen=True)
class Cut:
    """Which stretch of a clip longer than `max_duration_s` is packed (None: all of it); nothing is ever filled up.

    ``start``, ``middle``, or ``random``: anywhere, a pure function of `seed` and the clip's place in the corpus. What a model
    makes of the length is `LengthPolicy`'s affair, in training as everywhere; this only bounds what is stored, so a recipe that
    crops 10 s at random in every epoch is packed at 30 s or whole.
    Raises InputError for a length that is not positive and an unknown `keep`.
    """

    max_duration_s: float | None = None
    keep: Keep = "start"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_duration_s is not None and not self.max_duration_s > 0.0:
            raise InputError(f"The longest duration of a clip must be positive, not {self.max_duration_s}.")
        if self.keep not in KEEPS:
            raise InputError(f"There is no way {self.keep!r} to keep a part of a clip.", f"One of {', '.join(KEEPS)}.")
        if self.seed < 0:
            raise InputError(f"A seed is a whole number from 0, not {self.seed}.")

    def max_num_samples(self, rate_hz: int) -> int | None:
        """Return the most samples at `rate_hz` that are kept, None for all."""
        return None if self.max_duration_s is None else max(1, round(self.max_duration_s * rate_hz))

    def place(self, position: int) -> float:
        """Return where the stretch of clip `position` lies: from 0 (it begins with the clip) to 1 (it ends with it)."""
        if self.keep == "random":
            word = np.random.SeedSequence([self.seed, _CUT_WORD, position]).generate_state(1, np.uint64)[0]
            return float(word >> np.uint64(11)) * 2.0**-53
        return 0.5 if self.keep == "middle" else 0.0


@dataclass(frozen=True)
class Recipe:
    """What every sample of a pack is. `bitrate` (bits/s) counts for opus, `front_end` (a name of FRONT_ENDS) for mel.

    Raises InputError for an unknown codec or front end, a rate or bitrate that is out of bounds, a front end without codec mel
    or the other way round, and a rate that is not the front end's.
    """

    rate_hz: int = 32_000
    codec: Codec = "flac"
    bitrate: int = 64_000
    front_end: str = ""
    cut: Cut = Cut()

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise InputError(f"There is no codec {self.codec!r} for shards.", f"One of {', '.join(CODECS)}.")
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_PACKED_RATE_HZ:
            raise InputError(f"Shards have from {MIN_RATE_HZ} to {MAX_PACKED_RATE_HZ} samples a second, not {self.rate_hz}.")
        if not _MIN_BITRATE <= self.bitrate <= _MAX_BITRATE:
            raise InputError(f"Opus takes from {_MIN_BITRATE} to {_MAX_BITRATE} bits a second, not {self.bitrate}.")
        if (self.codec == "mel") != bool(self.front_end):
            raise InputError("A front end and the codec mel go together.", f"Front ends: {', '.join(FRONT_ENDS)}.")
        if self.front_end:
            self._check_front_end()

    def _check_front_end(self) -> None:
        if self.front_end not in FRONT_ENDS:
            raise InputError(f"There is no front end {self.front_end!r}.", f"One of {', '.join(FRONT_ENDS)}.")
        if FRONT_ENDS[self.front_end].rate_hz != self.rate_hz:
            raise InputError(f"The front end {self.front_end} works at {FRONT_ENDS[self.front_end].rate_hz} Hz, not {self.rate_hz} Hz.")

    def to_json(self) -> dict[str, Any]:
        """Return what the recipe says as plain values; only what counts for its codec, and a front end with all its constants."""
        values: dict[str, Any] = {"rate_hz": self.rate_hz, "codec": self.codec, "cut": asdict(self.cut)}
        if self.codec == "opus":
            values["bitrate"] = self.bitrate
        if self.front_end:
            values["front_end"] = FRONT_ENDS[self.front_end].to_config()
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """Return the recipe that `to_json` wrote. Raises KeyError, TypeError, InputError for anything else.

        A front end whose constants are not those of this Hearken counts as unknown.
        """
        cut = Cut(**{field.name: values["cut"][field.name] for field in fields(Cut)})
        front_end = values["front_end"]["name"] if "front_end" in values else ""
        bitrate = values.get("bitrate", cls.bitrate)
        recipe = cls(rate_hz=values["rate_hz"], codec=values["codec"], bitrate=bitrate, front_end=front_end, cut=cut)
        if recipe.to_json() != values:
            raise InputError("The constants of the front end, or other words of the recipe, are not those of this Hearken.")
        return recipe
