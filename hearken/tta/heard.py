"""A sound as the encoder hears it: cut into segments, as spectrograms, in copies that differ by what is drawn for each.

What is drawn is a function of seed, clip and the number of the copy: copy 7 of a clip is the same whatever strategy asks for it, in
whatever order. The spectrogram of the sound itself is computed once; copies whose samples are not touched share it.

Legend: `T` samples, `N` segments, `S` samples of a segment, `L` frames, `F` mel bands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from hearken.audio.segments import Plan
from hearken.augment.chance import seed_of
from hearken.errors import InputError
from hearken.frontend.masks import MaskRule, Masks, apply_masks, draw_masks
from hearken.models.frame_tower import FrameTower
from hearken.models.tower import AudioTower
from hearken.train.augmentation import DrawnWave, apply_wave
from hearken.tta.half import Halved, mask_fill
from hearken.types import FloatArray


@dataclass(frozen=True, eq=False)
class Heard:
    """The spectrograms `mels` (N, L, F) of a sound and the samples `waves` (N, S), in blocks of equal L, in the order of time."""

    mels: tuple[Tensor, ...]
    waves: tuple[Tensor, ...]

    @property
    def num_segments(self) -> int:
        """Segments of all blocks together."""
        return sum(map(len, self.mels))


@dataclass(frozen=True)
class Cutting:
    """How `tower` cuts a sound of a given length: pieces by where they start and by their plan, which cuts them on.

    `weights` (N,) are the feature frames of each segment, for `of_pieces`; None: all count the same in the mean. A block has at most
    `max_block` segments.
    """

    pieces: tuple[tuple[int, Plan], ...]
    weights: tuple[int, ...] | None
    max_block: int

    @classmethod
    def of(cls, tower: AudioTower, num_samples: int, max_block: int) -> Cutting:
        """Return the cutting of `num_samples` samples by `tower.segments`. Raises as `SegmentRule.plan`."""
        if not isinstance(tower, FrameTower) or num_samples <= tower.policy.chunk_num_samples:
            return cls(((0, tower.segments.plan(num_samples)),), None, max_block)
        size = tower.policy.chunk_num_samples
        lengths = [(start, min(size, num_samples - start)) for start in range(0, num_samples, size)]
        pieces = tuple((start, tower.segments.plan(length)) for start, length in lengths)
        return cls(pieces, tuple(tower.policy.num_frames(length) for _, length in lengths), max_block)

    def blocks(self, samples: FloatArray) -> Iterator[FloatArray]:
        """Yield the segments (N, S) of `samples` (T,) block by block."""
        segments = [segment for start, plan in self.pieces for segment in plan.cut(samples[start : start + plan.num_samples])]
        for _, group in groupby(segments, key=len):
            alike = list(group)
            for first in range(0, len(alike), self.max_block):
                yield np.stack(alike[first : first + self.max_block])


class Copies:
    """The copies of one sound `samples` (T,) at the rate of `tower`, of the clip `clip`: `clean`, and number 0, 1, ... of `make`.

    `augmentation` says what is drawn for each. Raises InputError for samples of another shape, AudioEmptyError for none.
    """

    def __init__(self, tower: AudioTower, samples: FloatArray, clip: str, augmentation: Halved, *, seed: int, max_block: int) -> None:
        if samples.ndim != 1:
            raise InputError(f"One sound is wanted, of samples alone, not of shape {samples.shape}.")
        self._tower, self._samples, self._augmentation = tower, samples, augmentation
        self._words = (seed, int.from_bytes(hashlib.blake2b(clip.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "little"))
        self.cutting = Cutting.of(tower, len(samples), max_block)
        self.num_spectrograms = 0
        self.clean = self._hear(samples)
        self._fill = None if augmentation.masks is None else mask_fill(tower, augmentation.masks).to(self.clean.mels[0].device)

    def draw(self, number: int) -> tuple[tuple[DrawnWave, ...], int]:
        """Return what is drawn for copy `number`: what happens to its samples, and the seed of its masks."""
        generator = np.random.default_rng((*self._words, number))
        return self._augmentation.waves.draw_wave(generator), seed_of(generator)

    def make(self, number: int) -> Heard:
        """Return copy `number`; it is `clean` itself where nothing happens to it."""
        drawn, seed = self.draw(number)
        heard = self._hear(apply_wave(self._samples, self._tower.rate_hz, drawn)) if drawn else self.clean
        if self._augmentation.masks is None or self._fill is None:
            return heard
        generator = torch.Generator().manual_seed(seed)
        return Heard(tuple(masked(mel, self._augmentation.masks, self._fill, generator) for mel in heard.mels), heard.waves)

    def _hear(self, samples: FloatArray) -> Heard:
        device = next(self._tower.parameters()).device
        waves = tuple(torch.from_numpy(np.array(block, np.float32)).to(device) for block in self.cutting.blocks(samples))
        self.num_spectrograms += sum(map(len, waves))
        return Heard(tuple(self._tower.front_end(wave) for wave in waves), waves)


def masked(mel: Tensor, rule: MaskRule, fill: Tensor, generator: torch.Generator) -> Tensor:
    """Return log-mel `mel` (N, L, F) with new stripes for each segment, filled with `fill` () or (F,).

    Segments are drawn for one after the other, so that the way in which they come in blocks changes nothing.
    """
    drawn = [draw_masks(rule, 1, mel.shape[1], mel.shape[2], generator) for _ in mel]
    masks = Masks(tuple(each.time[0] for each in drawn), tuple(each.freq[0] for each in drawn))
    kept = apply_masks(torch.ones_like(mel, dtype=torch.bool), masks, 0.0)
    return torch.where(kept, mel, fill.to(mel.dtype))
