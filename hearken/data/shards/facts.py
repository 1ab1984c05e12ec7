"""The JSON of one sample: the facts of its clip as the corpus has them, and under `sound` what was packed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from hearken.data.clip import Clip
from hearken.data.shards.layout import to_bytes
from hearken.errors import ShardError

_CLIP_FIELDS = tuple(field.name for field in fields(Clip))


@dataclass(frozen=True)
class Sound:
    """What was packed of a clip: `num_samples` at `rate_hz`, which begin `from_s` seconds into its file.

    Decoded FLAC or Opus is to be multiplied by `gain`. `flags` are those of decoding (`hearken.types.FLAGS`); `cut` says that
    the file goes on behind the stretch, or began before it.
    """

    rate_hz: int
    num_samples: int
    from_s: float
    gain: float
    cut: bool
    flags: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.rate_hz


def write_facts(key: str, clip: Clip, sound: Sound) -> bytes:
    """Return the JSON of a sample, in ASCII."""
    told = {name: value for name, value in asdict(clip).items() if value not in ("", (), None)}
    return to_bytes({"key": key, **told, "sound": {**asdict(sound), "duration_s": sound.duration_s}})


def read_facts(content: bytes) -> tuple[str, Clip, Sound]:
    """Return key, clip and sound of what `write_facts` wrote. Raises ShardError for anything else."""
    try:
        values = json.loads(content)
        told = values["sound"]
        sound = Sound(**{field.name: told[field.name] for field in fields(Sound)} | {"flags": tuple(told["flags"])})
        return str(values["key"]), _clip(values), sound
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ShardError(f"The facts of a sample cannot be read: {error}") from error


def _clip(values: Mapping[str, Any]) -> Clip:
    told: dict[str, Any] = {name: values[name] for name in _CLIP_FIELDS if name in values}
    told |= {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return Clip(**{"split": "", **told})
