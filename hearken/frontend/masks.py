"""SpecAugment as the published systems apply it: numbers as data, a draw that gives spans, and a pure application.

* ``PANNS_MASKS`` (torchlibrosa's SpecAugmentation in PANNs, HTSAT, ACT and WavCaps): two stripes of up to 63 frames and
  two of up to 7 bands in every clip, filled with zero. All apply them after `bn0`, to the normalised
  spectrogram inside the encoder (`augment` of the encoders here).
* ``PASST_MASKS`` (torchaudio's FrequencyMasking(48) and TimeMasking(192), iid): one stripe of each in every clip, filled
  with zero before the whitening, which is 0.9 on the scale of the finished log-mel. A stripe that is wider than a short
  clip can begin before it, as in torchaudio. (Its older releases take "iid" to mean something for four axes alone, and
  PaSST's code hands over three: there the whole batch had one and the same stripe.)

Legend: `B` batch, `L` frames, `F` mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hearken.audio.front_ends import PASST_MEL
from hearken.errors import InputError

Stripes = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MaskRule:
    """How many stripes of which width, and what fills them.

    `draw` names the arithmetic: ``integers`` (torchlibrosa: width randint(0, width), start randint(0, size - width)) or
    ``floats`` (torchaudio: width rand * width, start rand * (size - width), both cut to whole numbers).
    """

    time_width: int
    num_time: int
    freq_width: int
    num_freq: int
    fill: float
    draw: Literal["integers", "floats"]


PANNS_MASKS = MaskRule(time_width=64, num_time=2, freq_width=8, num_freq=2, fill=0.0, draw="integers")
PASST_MASKS = MaskRule(time_width=192, num_time=1, freq_width=48, num_freq=1, fill=PASST_MEL.whiten(0.0), draw="floats")
MASK_RULES = {"panns": PANNS_MASKS, "htsat": PANNS_MASKS, "act": PANNS_MASKS, "wavcaps": PANNS_MASKS, "passt": PASST_MASKS}


@dataclass(frozen=True)
class Masks:
    """The stripes of a batch: for each clip those in time (frames) and in frequency (bands), as (first, one past last).

    Numbers only, so they can be written down as JSON and applied again.
    """

    time: tuple[Stripes, ...]
    freq: tuple[Stripes, ...]


def draw_masks(rule: MaskRule, batch: int, num_frames: int, num_mels: int, generator: torch.Generator | None = None) -> Masks:
    """Return stripes for a batch of log-mel spectrograms (B, L, F); every clip has its own.

    Without a generator torch's global one draws. The order is that of the authors' code, so equal seeds give equal
    stripes: torchlibrosa draws time first, clip by clip, torchaudio frequency first, for the whole batch at once.
    """
    if rule.draw == "integers":
        time = tuple(_integers(rule.time_width, rule.num_time, num_frames, generator) for _ in range(batch))
        return Masks(time, tuple(_integers(rule.freq_width, rule.num_freq, num_mels, generator) for _ in range(batch)))
    freq = _floats(rule.freq_width, rule.num_freq, num_mels, batch, generator)
    return Masks(_floats(rule.time_width, rule.num_time, num_frames, batch, generator), freq)


def apply_masks(mel: Tensor, masks: Masks, fill: float) -> Tensor:
    """Return `mel` (B, L, F) or (B, 1, L, F) with `fill` in the stripes; the argument is left alone.

    Raises InputError when the masks are for another number of clips.
    """
    if not len(mel) == len(masks.time) == len(masks.freq):
        raise InputError(f"The masks are for {len(masks.time)} clips, not for {len(mel)}.")
    frames, bands = _covered(masks.time, mel.shape[-2]), _covered(masks.freq, mel.shape[-1])
    covered = (frames[:, :, None] | bands[:, None, :]).to(mel.device)
    return mel.masked_fill(covered.view(len(mel), *[1] * (mel.ndim - 3), *covered.shape[1:]), fill)


@dataclass(frozen=True)
class SpecAugment:
    """Draw and apply in one call, for an encoder's `augment` or a training loop; `generator` as for `draw_masks`."""

    rule: MaskRule
    generator: torch.Generator | None = None

    def __call__(self, mel: Tensor) -> Tensor:
        """Return `mel` (B, L, F) or (B, 1, L, F) with newly drawn stripes."""
        masks = draw_masks(self.rule, len(mel), mel.shape[-2], mel.shape[-1], self.generator)
        return apply_masks(mel, masks, self.rule.fill)


def _covered(stripes: tuple[Stripes, ...], size: int) -> Tensor:
    """Which of `size` places each clip's stripes cover: bool (B, size)."""
    covered = torch.zeros(len(stripes), size, dtype=torch.bool)
    for row, spans in zip(covered, stripes, strict=True):
        for first, stop in spans:
            row[max(0, first) : max(0, stop)] = True
    return covered


def _integers(width: int, count: int, size: int, generator: torch.Generator | None) -> Stripes:
    """torchlibrosa's stripes; one that would not leave a single place free, on which its code stops, is made to fit."""
    found = []
    for _ in range(count):
        wide = min(int(torch.randint(0, width, (1,), generator=generator)), size - 1)
        first = int(torch.randint(0, size - wide, (1,), generator=generator))
        found.append((first, first + wide))
    return tuple(found)


def _floats(width: int, count: int, size: int, batch: int, generator: torch.Generator | None) -> tuple[Stripes, ...]:
    found: list[Stripes] = [()] * batch
    for _ in range(count):
        wide = torch.rand(batch, generator=generator) * width
        first = (torch.rand(batch, generator=generator) * (size - wide)).long().tolist()
        spans = zip(first, wide.long().tolist(), strict=True)
        found = [(*old, (start, start + length)) for old, (start, length) in zip(found, spans, strict=True)]
    return tuple(found)
