"""The augmentations of training at half strength, for test time.

Kim et al. (2023), section 4.3: "we halve the maximum width and height of SpecAugment masking, reverberation degree, and the probability for
applying audio augmentations compared to train-time"; what is not in the audio alone is left out. Here:

* masks: the widest stripe in time and in frequency is half as wide; there are as many, in every copy, as in training;
* reverb: the echo has half the amplitude (6 dB less), in the same rooms; its probability is halved;
* noise and gain: the probability is halved, and the ratios stay, of which the paper says nothing;
* PairMix, composed scenes and EDA, which change captions, are dropped.

A model that was trained without any of these (or of which nobody knows) gets those of the paper: noise, reverb, and SpecAugment where
the network has a place for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hearken.audio.front_ends import PASST_MEL
from hearken.augment.echo import Reverb
from hearken.augment.gain import Gain
from hearken.augment.noise import Noise
from hearken.errors import InputError
from hearken.frontend.masks import MASK_RULES, MaskRule
from hearken.models.tower import AudioTower
from hearken.train.augmentation import Augmentation, SpecAugmentation, Step

_HALF_DB = 20.0 * math.log10(2.0)
_QUIETEST_DB = -120.0  # what `Reverb` takes


@dataclass(frozen=True)
class Halved:
    """What test time does with a copy: `waves` with its samples, and `masks` (None: nothing) with its spectrogram."""

    waves: Augmentation
    masks: MaskRule | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every copy would be the sound itself."""
        return self.masks is None and not self.waves.steps

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written into a record."""
        masks = self.masks
        stripes = masks and {name: getattr(masks, name) for name in ("time_width", "num_time", "freq_width", "num_freq")}
        return {"waves": self.waves.to_json(), "masks": stripes}


def half(augmentation: Augmentation) -> Halved:
    """Return the transforms of sounds of a training's `augmentation`, each at half strength, in their order."""
    steps = tuple((name, halved) for name, step in augmentation.steps if (halved := _half_step(step)) is not None)
    rule = MASK_RULES[augmentation.masks] if augmentation.masks else None
    return Halved(Augmentation(steps), rule and half_masks(rule))


def half_masks(rule: MaskRule) -> MaskRule:
    """Return `rule` with stripes at most half as wide."""
    return replace(rule, time_width=rule.time_width // 2, freq_width=rule.freq_width // 2)


def for_model(tower: AudioTower, augmentation: Augmentation | None) -> Halved:
    """Return what test time does with sounds for `tower`, which was trained with `augmentation`; without any, what the paper does.

    Raises InputError where its masks have no place in this network.
    """
    halved = half(augmentation or Augmentation())
    if halved.is_empty:
        return half(kim(tower))
    if halved.masks is not None:
        mask_fill(tower, halved.masks)
    return halved


def kim(tower: AudioTower) -> Augmentation:
    """Return the transforms of sounds that Kim et al. (2023) train with, for `tower`: noise, reverb, and SpecAugment where it can be."""
    steps: tuple[tuple[str, Step], ...] = (("noise", Noise()), ("reverb", Reverb()))
    rule = "passt" if _reads_passt_mel(tower) else "panns" if _norm(tower) is not None else ""
    return Augmentation((*steps, ("spec_augment", SpecAugmentation(rule))) if rule else steps)


def mask_fill(tower: AudioTower, rule: MaskRule) -> Tensor:
    """Return what fills the stripes of a log-mel before the encoder: a number () or one for each band (F,).

    PaSST's authors fill the log-mel itself. All others fill with nought behind the batch norm over mel bands; in evaluation that norm is a
    line for each band, so the same is had by filling before it with what it maps to nought. Of two encoders side by side, the first
    one's norm counts. Raises InputError for a network that has no such norm.
    """
    if rule.fill:
        if not _reads_passt_mel(tower):
            raise InputError("The masks of PaSST are for its own front end.", "Take the rule panns.")
        return torch.tensor(rule.fill)
    norm = _norm(tower)
    if norm is None or norm.running_mean is None or norm.running_var is None:
        name = type(tower.encoder).__name__
        raise InputError(f"{name} has no normalised spectrogram for these masks.", "PaSST and EfficientAT take the rule passt.")
    spread = (norm.running_var + norm.eps).sqrt()
    weight, bias = norm.weight.detach(), norm.bias.detach()
    return norm.running_mean - torch.where(weight == 0, torch.zeros_like(bias), bias / weight) * spread


def _reads_passt_mel(tower: AudioTower) -> bool:
    return tower.front_end.front_end.name == PASST_MEL.name


def _norm(tower: AudioTower) -> torch.nn.BatchNorm2d | None:
    """The batch norm over mel bands behind which the network takes SpecAugment."""
    found = next((module.bn0 for module in tower.encoder.modules() if hasattr(module, "augment")), None)
    return found if isinstance(found, torch.nn.BatchNorm2d) else None


def _half_step(step: Step) -> Step | None:
    if isinstance(step, Noise | Gain):
        return replace(step, probability=step.probability / 2)
    if isinstance(step, Reverb):
        low, high = (max(_QUIETEST_DB, level - _HALF_DB) for level in step.wet_db)
        return replace(step, probability=step.probability / 2, wet_db=(low, high))
    return None
