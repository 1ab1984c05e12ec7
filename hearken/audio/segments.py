"""Named rules of cutting a clip into segments whose embeddings are averaged: pure index arithmetic, for numpy and torch.

A clip's embedding is the plain mean over the windows of its `Plan`. Each rule is what one published system does:

* ``dcase2023`` (Primus et al. 2023, section 3.4; `forward_audio` of its code): ceil(T / S) segments end to end, the last
  one filled up with zeros, which are inside its embedding; no segment weighs more than another.
* ``d25`` (DCASE 2025 task 6 baseline): up to 10 s the first segment, up to 20 s the first two, else all three of a clip
  padded to 30 s. With segments of 10 s that is the same choice of windows as dcase2023.
* ``d25_windows`` (the same baseline's segment wrapper alone): up to `longest_s` one window of the clip's own length, else
  windows every `hop_s` that lie inside the sound. A tail that fills no window is dropped, as the authors drop it.
* ``hear21passt`` (scene embeddings of hear21passt): up to S one window of the clip's own length, else the clip reflected
  by S / 2 at both ends and windows every `hop_s` = 2.5 s, the k-th centred at k * 2.5 s; an incomplete one is dropped.
* ``hear21passt_timestamps``: the same with windows of 160 ms every 50 ms for every clip, each an embedding of its own time.
* ``whole``: one window, the clip itself.
* ``frames`` (*pocket*): one window, the clip filled up to a whole number of frames of `hop_s` = 0.32 s. A clip of more than S is
  first cut in pieces of S, and the mean over its pieces is weighted with their frames (`models/frame_tower.py`).

The first two systems take a random 30 s of longer clips, in evaluation too, so their numbers change from run to run. Here
nothing is random: all of a longer clip is used, by the same rule, which up to 30 s changes nothing.

Legend: `T` samples of a clip, `S` samples of a segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hearken.audio.length import Padding, fill_up
from hearken.errors import AudioEmptyError, InputError
from hearken.types import FloatArray

RULES = ("dcase2023", "d25", "d25_windows", "hear21passt", "hear21passt_timestamps", "whole", "frames")
_HOP_S = {"hear21passt": 2.5, "hear21passt_timestamps": 0.05, "frames": 0.32}
_TIMESTAMP_S = 0.16


@dataclass(frozen=True)
class Plan:
    """Where the windows of one clip of `num_samples` samples lie.

    The clip is lengthened by `pad_left` and `pad_right` samples; window i is `window_num_samples` samples from `starts[i]`
    of that. `pad_mode` says with what: the clip's reflection, or what `LengthPolicy` puts behind the sound of the last window.
    """

    num_samples: int
    pad_left: int
    pad_right: int
    pad_mode: Padding | Literal["reflect"]
    starts: tuple[int, ...]
    window_num_samples: int

    @property
    def padded_num_samples(self) -> int:
        """Samples of the clip with its padding; the largest of a batch is what dcase2023's code cuts the batch to."""
        return self.pad_left + self.num_samples + self.pad_right

    def centres(self) -> tuple[float, ...]:
        """Return the middle of each window, in samples of the clip itself."""
        return tuple(start + self.window_num_samples / 2 - self.pad_left for start in self.starts)

    def cut(self, samples: FloatArray) -> FloatArray:
        """Return the windows (..., N, S) of `samples` (..., T); what follows `num_samples` is not read.

        Raises InputError when there are fewer samples than the plan is for.
        """
        if samples.shape[-1] < self.num_samples:
            raise InputError(f"The plan is for {self.num_samples} samples, not for {samples.shape[-1]}.")
        padded = self._padded(samples[..., : self.num_samples])
        return np.stack([padded[..., start : start + self.window_num_samples] for start in self.starts], axis=-2)

    def _padded(self, samples: FloatArray) -> FloatArray:
        if self.pad_mode == "reflect":
            return np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(self.pad_left, self.pad_right)], mode="reflect")
        if not self.pad_right:
            return samples
        last = self.starts[-1]
        filled = np.apply_along_axis(fill_up, -1, samples[..., last:], self.window_num_samples, self.pad_mode)
        return np.concatenate([samples[..., :last], filled], axis=-1)


@dataclass(frozen=True)
class SegmentRule:
    """A rule of RULES with its lengths in seconds; `hop_s` and `longest_s` default to what the rule's authors use.

    `padding`, of the rules dcase2023, d25 and frames, says what fills the last segment; see `LengthPolicy`.
    Raises InputError for an unknown rule or padding and for lengths that are not positive.
    """

    rule: str = "dcase2023"
    rate_hz: int = 32_000
    segment_s: float = 10.0
    hop_s: float | None = None
    longest_s: float | None = None
    padding: Padding = "zeros"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(f"There is no segment rule {self.rule!r}.", f"Rules: {', '.join(RULES)}.")
        if self.padding not in get_args(Padding):
            raise InputError(f"There is no padding {self.padding!r}.", f"One of {', '.join(get_args(Padding))}.")
        if self.rate_hz <= 0 or min(self.window_num_samples, self.hop_num_samples) < 1:
            raise InputError(f"Rate, segment and hop of a segment rule must be positive: {self}.")

    @property
    def window_num_samples(self) -> int:
        """Samples S of a segment."""
        return self._samples(_TIMESTAMP_S if self.rule == "hear21passt_timestamps" else self.segment_s)

    @property
    def hop_num_samples(self) -> int:
        """Samples between the starts of two windows."""
        hop_s = _HOP_S.get(self.rule) if self.hop_s is None else self.hop_s
        return self.window_num_samples if hop_s is None else self._samples(hop_s)

    def plan(self, num_samples: int) -> Plan:
        """Return the plan of a clip of `num_samples` samples.

        Raises AudioEmptyError for none, InputError for a clip too short to be reflected (hear21passt_timestamps: up to
        80 ms, where the authors' code fails too).
        """
        if num_samples < 1:
            raise AudioEmptyError("The sound has no samples.")
        if self.rule in ("dcase2023", "d25"):
            return _end_to_end(num_samples, self.window_num_samples, self.padding)
        if self.rule == "whole" or (self.rule == "hear21passt" and num_samples <= self.window_num_samples):
            return _one(num_samples)
        if self.rule == "frames":
            return _filled(num_samples, self.hop_num_samples, self.padding)
        if self.rule == "d25_windows":
            longest = self.window_num_samples if self.longest_s is None else self._samples(self.longest_s)
            return _one(num_samples) if num_samples <= longest else _inside(num_samples, 0, self.window_num_samples, self.hop_num_samples)
        half = self.window_num_samples // 2
        if num_samples <= half:
            raise InputError(f"A clip of {num_samples} samples is too short for the rule {self.rule}.", f"It needs more than {half}.")
        return _inside(num_samples, half, self.window_num_samples, self.hop_num_samples)

    def cut(self, samples: FloatArray) -> FloatArray:
        """Return the windows (..., N, S) of `samples` (..., T). Raises as `plan`."""
        return self.plan(samples.shape[-1]).cut(samples)

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.rate_hz)


def _one(num_samples: int) -> Plan:
    return Plan(num_samples, 0, 0, "zeros", (0,), num_samples)


def _filled(num_samples: int, frame: int, padding: Padding) -> Plan:
    missing = -num_samples % frame
    return Plan(num_samples, 0, missing, padding, (0,), num_samples + missing)


def _end_to_end(num_samples: int, window: int, padding: Padding) -> Plan:
    """ceil(T / S) windows; the rounding is exact, so a clip of 10 s has one segment of 10 s and one sample more has two."""
    padded = -(-num_samples // window) * window
    return Plan(num_samples, 0, padded - num_samples, padding, tuple(range(0, padded, window)), window)


def _inside(num_samples: int, reflected: int, window: int, hop: int) -> Plan:
    """Windows every `hop` that end inside the clip with `reflected` samples of its reflection at both ends.

    A clip that is shorter than one window, which no published setting asks for, is one window of its own length.
    """
    last = num_samples + 2 * reflected - window
    if last < 0:
        return _one(num_samples)
    return Plan(num_samples, reflected, reflected, "reflect" if reflected else "zeros", tuple(range(0, last + 1, hop)), window)
