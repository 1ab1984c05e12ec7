"""PairMix: two pairs become one; the sounds are mixed, and the captions joined.

Kim et al., "Exploring Train and Test-Time Augmentations for Audio-Language Learning" (2023), section 2, for pairs (a_i, t_i):

    s_wave = M(sum_i l_i a_i),  s_mel = sum_i l_i M(a_i),  s = c s_wave + (1 - c) s_mel,  t = Concat(t_1, ..., t_N)

with N = 2 pairs, M the mel spectrogram, weights l_1 = l ~ Beta(0.1, 0.1) and l_2 = 1 - l, and a coin c ~ Bernoulli(0.5) for each
new sample. Section 4.3: a share K = 0.25 of a batch are such samples (the generated ones count as part of it), and the second
pairs are loaded in addition, so that no pair is in a batch twice. Table 4 compares the designs: ``pairmix``, ``waveform`` (c = 1),
``spectrogram`` (c = 0) and ``concat``, one sound after the other; K = 0.25 with the Beta weight was chosen among K of 0.125 to
0.6 and a fixed weight of 0.5.

What the paper leaves open, and what is done here:

* The domain of the spectrogram mix. ``log`` (the default) mixes what the encoder sees: the log-mel, as PANNs' own mixup does.
  ``linear`` mixes mel energies before the logarithm, which comes close to mixing the waves themselves.
* How texts are joined. By a space and otherwise as they are, as in the code of MixGen, which PairMix carries over to sound: no
  word is put in that no caption has. Captions of AudioCaps have no final stop, so there is no mark between the two. `joint` is
  anything else: with " and " the first text loses its stop and the second begins with a small letter, with ". " both are sentences.
* Sounds of unlike length. The shorter one is followed by zeros: with the second sound's weight or without, it is simply over.

Nothing is clipped: a mean of two sounds is nowhere louder than the louder one.

Legend: `T` samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hearken.augment.chance import check_choice, check_number, check_probability, check_text, falls
from hearken.errors import InputError
from hearken.types import FloatArray

Design = Literal["pairmix", "waveform", "spectrogram", "concat"]
Level = Literal["wave", "mel", "concat"]
Domain = Literal["log", "linear"]
_LEVELS: dict[Design, Level] = {"waveform": "wave", "spectrogram": "mel", "concat": "concat"}
_STOPS = ".;,: "


@dataclass(frozen=True)
class Mix:
    """How two pairs become one: `weight` is the share of the first sound, `level` where they meet."""

    weight: float
    level: Level


@dataclass(frozen=True)
class PairMix:
    """A `share` of the samples are mixed by a `design`, with weights of Beta(`alpha`, `alpha`) or of the one number `fixed`.

    `domain` is that of the spectrogram mix, `joint` what stands between the texts. Raises InputError for anything else.
    """

    share: float = 0.25
    alpha: float = 0.1
    design: Design = "pairmix"
    domain: Domain = "log"
    fixed: float | None = None
    joint: str = " "

    def __post_init__(self) -> None:
        check_probability(self.share, "share")
        check_number(self.alpha, "alpha", 0.001, 1000.0)
        if self.fixed is not None:
            check_probability(self.fixed, "fixed")
        check_choice(self.design, "design", get_args(Design))
        check_choice(self.domain, "domain", get_args(Domain))
        check_text(self.joint, "joint")
        if not self.joint:
            raise InputError("The joint of two texts must not be empty.", "A space, for instance.")

    def num_generated(self, batch: int) -> int:
        """Return how many samples of a batch of `batch` are mixed: its share, rounded to the nearest number, half upwards."""
        return math.floor(self.share * batch + 0.5)

    def draw(self, generator: np.random.Generator) -> Mix:
        """Return the mix of one new sample; weight and coin are drawn by every design, so all see the same weights."""
        weight, is_wave = float(generator.beta(self.alpha, self.alpha)), falls(0.5, generator)
        level = _LEVELS.get(self.design, "wave" if is_wave else "mel")
        return Mix(weight if self.fixed is None else float(self.fixed), level)

    def join(self, first: str, second: str) -> str:
        """Return both texts as one, with this design's `joint`."""
        return join_texts(first, second, self.joint)


def mix_waves(first: FloatArray, second: FloatArray, weight: float) -> FloatArray:
    """Return `weight` of `first` (T1,) plus the rest of `second` (T2,), as long as the longer one; the shorter ends in zeros."""
    mixed = np.zeros(max(len(first), len(second)), np.float32)
    mixed[: len(first)] += np.float32(weight) * first
    mixed[: len(second)] += np.float32(1.0 - weight) * second
    return mixed


def concat(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return `first` (T1,) and then `second` (T2,): (T1 + T2,), neither weighted."""
    return np.concatenate([first, second])


def join_texts(first: str, second: str, joint: str = " ") -> str:
    """Return both texts with `joint` between: as they are around a space, else as one sentence."""
    first, second = first.strip(), second.strip()
    if not first or not second:
        return first or second
    if not joint.strip():
        return f"{first}{joint}{second}"
    is_end = joint.rstrip().endswith(".")
    return f"{first.rstrip(_STOPS)}{joint}{second if is_end else _in_a_sentence(second)}"


def _in_a_sentence(text: str) -> str:
    """`text` with a small first letter, unless its first word is 'I' or has more capitals ('TV')."""
    word = text.split(maxsplit=1)[0]
    return text[0].lower() + text[1:] if word[1:] == word[1:].lower() and word != "I" else text
