"""The audio side: sound of any length to one vector.

Sound is cut into segments by a named rule, every segment becomes a log-mel spectrogram and then an embedding, and a
clip's embedding is the mean over its segments. All segments of all clips go through the encoder together where their
lengths agree. For captioners the places of all segments stay side by side instead (`AudioTower.tokens`).

Legend: `B` batch, `T` samples of the longest clip, `S` samples of a segment, `N` segments of all clips, `D` embedding, `K` places of a
segment, `P` places of the clip with most of them, `E` size of a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from hearken.audio.length import Padding
from hearken.audio.segments import Plan, SegmentRule
from hearken.errors import AudioEmptyError, InputError
from hearken.frontend.log_mel import LogMel
from hearken.models.blend import Blend, Partners, lengthened, partners
from hearken.models.decoder import Heard
from hearken.models.encoder import AudioEncoder

Network = Callable[..., Tensor]
"""What reads a spectrogram, and the wave where an encoder needs it: the encoder, or its `tokens`."""

_SEGMENTS_AT_ONCE = 64  # without gradients: an hour of sound must not need the memory of an hour


class AudioTower(nn.Module):
    """Log-mel front end, `encoder`, and the segment `rule` (a name of `audio/segments.py`) with segments of `segment_s`.

    `segment_s` defaults to what the encoder's authors feed at once; Primus et al. (2023), section 3.4, compare 2, 5, 10
    and 15 s. `padding` says what fills the last segment. Raises InputError for an unknown rule or padding, or
    a segment that is not positive or longer than the encoder takes.

    `augment`, where set, changes the log-mel (N, L, F) of all segments before the encoder reads it, in training mode alone.
    """

    augment: Callable[[Tensor], Tensor] | None = None

    def __init__(
        self, encoder: AudioEncoder, *, rule: str = "dcase2023", segment_s: float | None = None, padding: Padding = "zeros"
    ) -> None:
        super().__init__()
        self.front_end = LogMel(encoder.front_end)
        self.encoder = encoder
        self.dim, self.token_dim, self.rate_hz = encoder.dim, encoder.token_dim, encoder.front_end.rate_hz
        segment_s = encoder.segment_s if segment_s is None else segment_s
        num_frames = encoder.front_end.num_frames(round(segment_s * self.rate_hz))
        if encoder.max_num_frames is not None and num_frames > encoder.max_num_frames:
            raise InputError(f"This encoder takes {encoder.max_num_frames} frames; segments of {segment_s} s have {num_frames}.")
        self.segments = SegmentRule(rule, rate_hz=self.rate_hz, segment_s=segment_s, padding=padding)

    def forward(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Tensor:
        """Return embeddings (B, D) of `wave` (B, T), full scale = 1, at `rate_hz`.

        `num_samples` (B,) says how much of each row is sound; what follows it is never read, so that the other clips of a
        batch change nothing. `blend` has second sounds for some rows: their spectrograms are mixed, segment by segment, and
        the shorter of two sounds is followed by zeros. Raises InputError for other shapes, AudioEmptyError for a clip of no samples.
        """
        rows = [part.mean(0) for part in self._read(self.encoder, wave, num_samples, blend)]
        return torch.stack(rows) if rows else wave.new_zeros(0, self.dim)

    def tokens(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Heard:
        """Return the places (B, P, E) of `wave` (B, T), which the encoder would pool; arguments and errors as `forward`.

        A clip's segments follow each other; a clip with fewer places than another is followed by zeros, and padding says so.
        Places of what fills a last segment up are not padding: they are in the embedding too.
        """
        return side_by_side([part.flatten(0, 1) for part in self._read(self.encoder.tokens, wave, num_samples, blend)], self.token_dim)

    def _read(self, network: Network, wave: Tensor, num_samples: Tensor | Sequence[int] | None, blend: Blend | None) -> list[Tensor]:
        """What `network` gives of each clip's segments: for every row of `wave` (B, T) one tensor (N, ...)."""
        lengths, clips = _lengths(wave, num_samples), list(wave)
        others = {} if blend is None else _meet(clips, lengths, blend)
        plans = [self.segments.plan(length) for length in lengths]
        cut = [_cut(clip, plan) for clip, plan in zip(clips, plans, strict=True)]
        rows: dict[int, Tensor] = {}
        for size in sorted({plan.window_num_samples for plan in plans}):
            members = [number for number, plan in enumerate(plans) if plan.window_num_samples == size]
            pairs = [(_cut(others[number][0], plans[number]), others[number][1]) if number in others else None for number in members]
            second = partners([len(cut[number]) for number in members], pairs, blend.domain) if blend else None
            read = self._read_segments(network, torch.cat([cut[number] for number in members]), second)
            rows.update(zip(members, torch.split(read, [len(cut[number]) for number in members]), strict=True))
        return [rows[number] for number in range(len(plans))]

    def _read_segments(self, network: Network, segments: Tensor, second: Partners | None) -> Tensor:
        """What `network` gives of segments (N, S); in training all at once, as batch statistics need it."""
        if torch.is_grad_enabled() or self.training or second is not None:
            return self._read_group(network, segments, second)
        return torch.cat([self._read_group(network, group) for group in torch.split(segments, _SEGMENTS_AT_ONCE)])

    def _read_group(self, network: Network, segments: Tensor, second: Partners | None = None) -> Tensor:
        # The front end always computes in float32; an encoder may not.
        dtype = next((parameter.dtype for parameter in self.encoder.parameters()), torch.float32)
        mel = self.front_end(segments) if second is None else second.mixed_mel(self.front_end, segments)
        mel = self.augment(mel) if self.training and self.augment else mel
        if not self.encoder.needs_wave:
            return network(mel.to(dtype))
        wave = segments if second is None else second.mixed_wave(segments)
        return network(mel.to(dtype), wave.to(dtype))


def side_by_side(places: Sequence[Tensor], token_dim: int) -> Heard:
    """Return the places (P, E) of some clips as one batch; `token_dim` is the E of a batch of none."""
    if not places:
        return Heard(torch.zeros(0, 0, token_dim))
    counts = [len(part) for part in places]
    values = pad_sequence(list(places), batch_first=True)
    if len(set(counts)) == 1:
        return Heard(values)
    numbers = torch.arange(max(counts), device=values.device)
    return Heard(values, numbers >= torch.tensor(counts, device=values.device)[:, None])


def _meet(clips: list[Tensor], lengths: list[int], blend: Blend) -> dict[int, tuple[Tensor, float]]:
    """Make each blended row as long as the longer of its two sounds, in place; return by row the second, and the share of the first."""
    blend.check(len(clips))
    second = _lengths(blend.wave, blend.num_samples)
    others = {}
    for number, row in enumerate(blend.rows):
        size = max(lengths[row], second[number])
        clips[row] = lengthened(clips[row], lengths[row], size)
        others[row] = lengthened(blend.wave[number], second[number], size), blend.shares[number]
        lengths[row] = size
    return others


def _lengths(wave: Tensor, num_samples: Tensor | Sequence[int] | None) -> list[int]:
    if wave.ndim != 2:
        raise InputError(f"Sound comes as (batch, samples), not with {wave.ndim} axes.")
    lengths = [wave.shape[1]] * len(wave) if num_samples is None else [int(length) for length in num_samples]
    if len(lengths) != len(wave) or any(length > wave.shape[1] for length in lengths):
        raise InputError(f"num_samples must hold one number for each of {len(wave)} clips, and none above {wave.shape[1]}.")
    if any(length < 1 for length in lengths):
        raise AudioEmptyError("A clip has no samples.")
    return lengths


def _cut(clip: Tensor, plan: Plan) -> Tensor:
    """The segments (N, S) that `plan` makes of one clip (T,)."""
    sound = clip[: plan.num_samples]
    if plan.pad_mode == "reflect":
        sound = functional.pad(sound[None], (plan.pad_left, plan.pad_right), mode="reflect")[0]
    elif plan.pad_right:
        last = plan.starts[-1]
        sound = torch.cat([sound[:last], _fill_up(sound[last:], plan.window_num_samples, plan.pad_mode)])
    return torch.stack([sound[start : start + plan.window_num_samples] for start in plan.starts])


def _fill_up(sound: Tensor, size: int, padding: Padding) -> Tensor:
    """The torch twin of `audio.length.fill_up`: `sound` (T,) lengthened to `size` samples."""
    if padding == "repeat":
        return sound.repeat(-(-size // len(sound)))[:size]
    whole = sound if padding == "zeros" else sound.repeat(size // len(sound))
    return functional.pad(whole, (0, size - len(whole)))
