"""Does an exported model compute what the network computes? Both are given the same sounds and texts, end to end.

Decoding aside, everything takes part: cutting and padding, front end (numpy against torch), graphs, tokeniser.

Legend: `B` batch, `T` samples, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hearken.errors import ModelError
from hearken.types import FloatArray

MAX_DELTA = 1e-4
"""Largest difference allowed between two numbers of the same embedding, which has length 1."""
SEGMENT_SHARES = (0.05, 0.4, 1.0, 2.3)
"""Lengths of the sounds that are compared, in segments: much shorter than one, shorter, one, and two with a rest."""
TEXTS = (
    "a dog barks",
    "Rain",
    "A man speaks while a car's engine idles, and birds sing in the background!",
    "glass breaking on tiles; then silence, 3 times (42 %) - naïve café",
    "water " * 100,
)
_SEED = 7


class Encodes(Protocol):
    """What both sides can do: our dual encoder and the model that runs its graphs."""

    def encode_audio(self, sounds: Sequence[np.ndarray], /, sample_rate: int) -> FloatArray:
        """Return unit vectors (B, D) of arrays (T,)."""
        ...

    def encode_text(self, texts: Sequence[str], /) -> FloatArray:
        """Return unit vectors (B, D) of texts."""
        ...


@dataclass(frozen=True)
class Parity:
    """The largest absolute differences of embeddings, for sounds and for texts; how many of each were compared."""

    audio: float
    text: float
    num_sounds: int
    num_texts: int

    @property
    def ok(self) -> bool:
        """Say whether both are within MAX_DELTA; a NaN is not."""
        return self.audio <= MAX_DELTA and self.text <= MAX_DELTA


def probe_sounds(rate_hz: int, segment_s: float) -> list[FloatArray]:
    """Return sounds (T,) at `rate_hz`: gliding tones over noise with gaps, as long as SEGMENT_SHARES of `segment_s` seconds."""
    generator = np.random.default_rng(_SEED)
    return [_sound(generator, rate_hz, max(1, round(share * segment_s * rate_hz))) for share in SEGMENT_SHARES]


def _sound(generator: np.random.Generator, rate_hz: int, num_samples: int) -> FloatArray:
    time_s = np.arange(num_samples) / rate_hz
    low, rise = generator.uniform(100, 1_000), generator.uniform(50, 500)
    tone = np.sin(2 * np.pi * (low * time_s + rise * np.square(time_s) % 1.0))
    gate = np.sin(2 * np.pi * generator.uniform(0.5, 3) * time_s) > -0.5
    return (0.4 * tone * gate + 0.05 * generator.standard_normal(num_samples)).astype(np.float32)


def compare(reference: Encodes, exported: Encodes, *, rate_hz: int, segment_s: float, texts: Sequence[str] = TEXTS) -> Parity:
    """Return how far the vectors of `exported` are from those of `reference`, sound by sound and text by text."""
    sounds = probe_sounds(rate_hz, segment_s)
    audio = [np.abs(reference.encode_audio([sound], rate_hz) - exported.encode_audio([sound], rate_hz)).max() for sound in sounds]
    words = [np.abs(reference.encode_text([text]) - exported.encode_text([text])).max() for text in texts]
    return Parity(float(np.max(audio)), float(np.max(words)), len(sounds), len(texts))


def require(parity: Parity) -> None:
    """Raise ModelError unless an export is good enough to be kept."""
    if not parity.ok:
        raise ModelError(
            f"The exported graphs differ from the network by {parity.audio:.1e} (sound) and {parity.text:.1e} (text); "
            f"{MAX_DELTA:.0e} is allowed. Nothing was kept.",
            "Please report the architecture; --int8 would not help.",
        )
