"""A second sound for some rows of a batch, to be mixed in as spectrograms: PairMix inside the network (`augment/pairmix.py`).

    s = sum_i l_i M(a_i)    (Kim et al. 2023, equation 1)

The spectrogram M is the network's own front end, so the mix is made there, segment by segment: the shorter sound of the two is
followed by zeros before both are cut alike.

Legend: `B` batch, `M` rows that are mixed, `T` samples, `N` segments, `P` segments that are mixed, `S` samples of a segment,
`L` frames, `F` mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from hearken.errors import InputError
from hearken.frontend.log_mel import LogMel


@dataclass(frozen=True)
class Blend:
    """Row `rows[m]` of the batch becomes ``shares[m]`` of itself plus the rest of `wave[m]` (M, T), of which `num_samples[m]` are sound.

    `domain` is what is mixed: ``log``, the log-mel that the encoder sees, or ``linear``, the mel energies before the logarithm.
    """

    rows: tuple[int, ...]
    wave: Tensor
    num_samples: tuple[int, ...]
    shares: tuple[float, ...]
    domain: str = "log"

    def check(self, batch: int) -> None:
        """Raise InputError unless this is a blend for a batch of `batch` rows."""
        count = len(self.rows)
        if self.wave.ndim != 2 or not count == len(self.wave) == len(self.num_samples) == len(self.shares):
            raise InputError(f"A blend of {count} rows needs a sound, a length and a share for each.")
        if len(set(self.rows)) != count or not all(0 <= row < batch for row in self.rows):
            raise InputError(f"A blend names each row of the batch once at most, from 0 to {batch - 1}, not {list(self.rows)}.")
        if not all(0.0 <= share <= 1.0 for share in self.shares) or self.domain not in ("log", "linear"):
            raise InputError(f"Shares lie between 0 and 1 and the domain is log or linear, not {self.shares} and {self.domain!r}.")

    def part(self, start: int, stop: int) -> Blend | None:
        """Return what of it is for the rows `start` ... `stop` - 1, counted from `start`; None if nothing is."""
        chosen = [number for number, row in enumerate(self.rows) if start <= row < stop]
        if not chosen:
            return None
        num_samples = tuple(self.num_samples[number] for number in chosen)
        return Blend(
            tuple(self.rows[number] - start for number in chosen),
            self.wave[chosen, : max(num_samples)],
            num_samples,
            tuple(self.shares[number] for number in chosen),
            self.domain,
        )

    def to(self, device: torch.device) -> Blend:
        """Return the blend with its sounds on `device`."""
        return Blend(self.rows, self.wave.to(device, non_blocking=True), self.num_samples, self.shares, self.domain)


@dataclass(frozen=True)
class Partners:
    """For some segments of a batch (N, S) the `segments` (P, S) to be mixed in: into number `places` (P,), which keeps `shares` (P,)."""

    places: Tensor
    segments: Tensor
    shares: Tensor
    domain: str

    def mixed_mel(self, front_end: LogMel, segments: Tensor) -> Tensor:
        """Return the log-mel (N, L, F) of `segments` (N, S) with the partners mixed in; one draw of the jitter serves all."""
        energy = front_end.energy(torch.cat([segments, self.segments]))
        if self.domain == "linear":
            return front_end.compress(self._mixed(energy[: len(segments)], energy[len(segments) :]))
        mel = front_end.compress(energy)
        return self._mixed(mel[: len(segments)], mel[len(segments) :])

    def mixed_wave(self, segments: Tensor) -> Tensor:
        """Return `segments` (N, S) with the partners mixed in, for encoders that read the wave as well."""
        return self._mixed(segments, self.segments)

    def _mixed(self, own: Tensor, other: Tensor) -> Tensor:
        shares = self.shares.to(own.dtype).view(-1, *[1] * (own.ndim - 1))
        return own.index_copy(0, self.places, shares * own[self.places] + (1.0 - shares) * other)


def partners(counts: Sequence[int], others: Sequence[tuple[Tensor, float] | None], domain: str) -> Partners | None:
    """Return the partners in a group of clips of `counts` segments each: of clip m the segments (n, S) and the share of the clip itself.

    None for a clip without; None altogether where no clip has any.
    """
    places, segments, shares = list[int](), list[Tensor](), list[float]()
    for start, other in zip(accumulate(counts, initial=0), others, strict=False):
        if other is not None:
            segments.append(other[0])
            places += range(start, start + len(other[0]))
            shares += [other[1]] * len(other[0])
    if not segments:
        return None
    joined = torch.cat(segments)
    return Partners(torch.tensor(places, device=joined.device), joined, torch.tensor(shares, device=joined.device), domain)


def lengthened(wave: Tensor, num_samples: int, size: int) -> Tensor:
    """Return the first `num_samples` of `wave` (T,), and zeros up to `size`."""
    return functional.pad(wave[:num_samples], (0, size - num_samples))
