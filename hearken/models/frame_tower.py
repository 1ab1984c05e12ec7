"""The audio side of *pocket*: sound of any length to the mean of all its feature frames, and their slope, however it is cut on the way.

This is what `runtime/model.py` does with a stream: pieces of S, each filled up to whole frames, through the encoder one by one; a
clip's embedding is the mean over the frames of all pieces, and where the encoder hears it their slope. Here the pieces of a batch go
through together.

Legend: `B` batch, `T` samples of the longest clip, `P` pieces of all clips, `S` samples of a piece, `D` embedding, `K` places of a clip,
`E` size of a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice

import torch
from torch import Tensor
from torch.nn import functional

from hearken.audio.length import LengthPolicy, Padding
from hearken.errors import InputError
from hearken.models.blend import Blend
from hearken.models.decoder import Heard
from hearken.models.encoder import AudioEncoder
from hearken.models.tower import AudioTower, side_by_side


def of_pieces(embedded: Tensor, num_frames: Sequence[int], *, hears_slope: bool) -> Tensor:
    """Return the embedding (..., D) of what consists of pieces with these numbers of frames, given the embedding of each, (..., P, D).

    The mean is that of the pieces' means m by their shares w of all frames. A piece whose middle lies at r, from -1 (the start of the
    whole) to 1 (its end), tells the slope 2 w r m by lying there, and w^2 s by its own slope s: it is as much shorter than the whole,
    and as much lighter. (`audio.pooling.Course` is the same for single frames.)
    """
    counts = torch.tensor(num_frames, dtype=torch.float32)[:, None]
    shares, middles = counts / counts.sum(), (2 * counts.cumsum(0) - counts) / counts.sum() - 1
    shares, middles = shares.to(embedded), middles.to(embedded)
    if not hears_slope:
        return (embedded * shares).sum(-2)
    means, slopes = embedded.chunk(2, dim=-1)
    return torch.cat([(means * shares).sum(-2), (2 * shares * middles * means + shares.square() * slopes).sum(-2)], dim=-1)


class FrameTower(AudioTower):
    """An `AudioTower` by the rule "frames", whose pieces are the whole frames that `segment_s` has room for.

    Raises InputError for an encoder that has no frames.
    """

    def __init__(self, encoder: AudioEncoder, *, segment_s: float | None = None, padding: Padding = "zeros") -> None:
        if encoder.mel_per_frame is None:
            raise InputError(f"{type(encoder).__name__} has no feature frames to take the mean of.", 'Use the segment rule "dcase2023".')
        super().__init__(encoder, rule="frames", segment_s=segment_s, padding=padding)
        frame = encoder.mel_per_frame * encoder.front_end.hop
        self.segments = replace(self.segments, hop_s=frame / self.rate_hz)
        piece = max(1, self.segments.window_num_samples // frame) * frame
        self.policy = LengthPolicy(self.rate_hz, frame, piece, window_num_frames=1, hop_num_frames=1, padding=padding)

    def forward(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Tensor:
        """Return embeddings (B, D) of `wave` (B, T), as `AudioTower.forward` takes it. Raises as that does."""
        pieces = self._pieces(wave, num_samples, blend)
        if pieces is None:
            return super().forward(wave, num_samples, blend)
        embedded = super().forward(pieces.wave, pieces.num_samples, pieces.blend)
        frames = iter([self.policy.num_frames(length) for length in pieces.num_samples])
        parts = torch.split(embedded, pieces.counts)
        return torch.stack([of_pieces(part, list(islice(frames, len(part))), hears_slope=self.encoder.hears_slope) for part in parts])

    def tokens(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Heard:
        """Return the places (B, K, E) of `wave` (B, T), as `AudioTower.tokens` does: those of a clip's pieces follow each other."""
        pieces = self._pieces(wave, num_samples, blend)
        if pieces is None:
            return super().tokens(wave, num_samples, blend)
        heard = super().tokens(pieces.wave, pieces.num_samples, pieces.blend)
        there = list(heard.values) if heard.padding is None else [row[~gone] for row, gone in zip(heard.values, heard.padding, strict=True)]
        ends = list(accumulate(pieces.counts))
        return side_by_side([torch.cat(there[end - count : end]) for count, end in zip(pieces.counts, ends, strict=True)], self.token_dim)

    def _pieces(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None, blend: Blend | None) -> _Pieces | None:
        """The pieces of a batch in which a clip is longer than one; None where none is, and where `AudioTower` must say what is wrong."""
        lengths = [wave.shape[-1]] * len(wave) if num_samples is None else [int(length) for length in num_samples]
        longest = max([*lengths, *(blend.num_samples if blend else ())], default=0)
        if longest <= self.policy.chunk_num_samples or wave.ndim != 2 or len(lengths) != len(wave) or max(lengths) > wave.shape[1]:
            return None
        if blend is not None:
            blend.check(len(wave))
            wave, lengths = _as_long(wave, lengths, blend)
        size = self.policy.chunk_num_samples
        counts = [max(1, -(-length // size)) for length in lengths]
        places = [(row, number * size) for row, count in enumerate(counts) for number in range(count)]
        sizes = [min(size, lengths[row] - start) for row, start in places]
        return _Pieces(_cut(wave, places, size), sizes, blend and _cut_blend(blend, places, sizes, size), counts)


@dataclass(frozen=True)
class _Pieces:
    """The pieces `wave` (P, S) of a batch, with `num_samples` of each and their blend; clip b has the next ``counts[b]`` of them."""

    wave: Tensor
    num_samples: list[int]
    blend: Blend | None
    counts: list[int]


def _as_long(wave: Tensor, lengths: Sequence[int], blend: Blend) -> tuple[Tensor, list[int]]:
    """`wave` (B, T) and its lengths where a row that is blended is at least as long as its second sound, by zeros."""
    second = dict(zip(blend.rows, blend.num_samples, strict=True))
    longer = [max(length, second.get(row, 0)) for row, length in enumerate(lengths)]
    rows = [functional.pad(clip[:length], (0, max(longer) - length)) for clip, length in zip(wave, lengths, strict=True)]
    return torch.stack(rows), longer


def _cut(sounds: Tensor | Sequence[Tensor], places: Sequence[tuple[int, int]], size: int) -> Tensor:
    """Pieces (P, S) of `sounds` (T,) at `places`, each the number of a sound and where it starts; behind the end are zeros."""
    pieces = [sounds[number][start : start + size] for number, start in places]
    return torch.stack([functional.pad(piece, (0, size - len(piece))) for piece in pieces])


def _cut_blend(blend: Blend, places: Sequence[tuple[int, int]], sizes: Sequence[int], size: int) -> Blend:
    """The blend of the pieces at `places`: each gets the same stretch of its row's second sound, and zeros behind the end of that."""
    number = {row: number for number, row in enumerate(blend.rows)}
    chosen = [piece for piece, (row, _) in enumerate(places) if row in number]
    sounds = [wave[:count] for wave, count in zip(blend.wave, blend.num_samples, strict=True)]
    wave = _cut(sounds, [(number[places[piece][0]], places[piece][1]) for piece in chosen], size)
    shares = tuple(blend.shares[number[places[piece][0]]] for piece in chosen)
    return Blend(tuple(chosen), wave, tuple(sizes[piece] for piece in chosen), shares, blend.domain)
