"""THE length policy: how sound of any length becomes pieces of the lengths that a model works on.

Training, evaluation, indexing and test-time augmentation all use this one object. A stream of samples is cut into
*chunks* (one pass of the audio encoder each), the encoder yields one feature vector per *frame*, and *windows* are runs
of frames, half overlapping, that get an embedding and a time span. A model may look twice: at short windows, the *moments*,
which tell when, and at longer ones, the *contexts*, which tell what. Nothing here is random except `crop`, which is for
training alone and takes its Generator as an argument.

Legend: `T` samples, `K` frames, `N` windows, `D` features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from hearken.audio.pooling import Pool, mean_of
from hearken.errors import AudioEmptyError, InputError
from hearken.types import FloatArray, Span

Padding = Literal["zeros", "repeat", "repeatpad"]


def fill_up(samples: FloatArray, size: int, padding: Padding) -> FloatArray:
    """Return `samples` (T,) lengthened to `size` >= T samples; see `LengthPolicy` for the ways of `padding`."""
    if size == len(samples):
        return samples
    if padding == "repeat":
        return np.resize(samples, size)
    whole = samples if padding == "zeros" else np.tile(samples, size // len(samples))
    return np.pad(whole, (0, size - len(whole)))


@dataclass(frozen=True)
class LengthPolicy:
    """Lengths in samples at `rate_hz` (frame, chunk) and in frames (window, hop); a chunk is a whole number of frames.

    `padding` is what fills the last frame: ``zeros``; ``repeat``, the sound again and again from its start (msclap); or
    ``repeatpad``, the same as often as it fits whole and then zeros (LAION-CLAP).
    Windows are moments alone where `context_num_frames` is 0. Otherwise the contexts, `context_hop_num_frames` apart, come behind
    the moments, unless the sound is no longer than one moment.
    Raises InputError when the numbers contradict each other.
    """

    rate_hz: int
    frame_num_samples: int
    chunk_num_samples: int
    window_num_frames: int
    hop_num_frames: int
    padding: Padding = "zeros"
    context_num_frames: int = 0
    context_hop_num_frames: int = 0

    def __post_init__(self) -> None:
        if min(self.rate_hz, self.frame_num_samples, self.chunk_num_samples, self.window_num_frames, self.hop_num_frames) <= 0:
            raise InputError(f"Every length of a policy must be positive: {self}.")
        if self.chunk_num_samples % self.frame_num_samples:
            raise InputError(f"chunk_num_samples must be a multiple of frame_num_samples: {self}.")
        if self.hop_num_frames > self.window_num_frames:
            raise InputError(f"hop_num_frames must not exceed window_num_frames, or sound between windows is lost: {self}.")
        if self.context_num_frames and not (
            self.context_num_frames > self.window_num_frames and 0 < self.context_hop_num_frames <= self.context_num_frames
        ):
            raise InputError(f"A context must be longer than a window, and its hop from 1 to its length: {self}.")
        if self.padding not in get_args(Padding):
            raise InputError(f"padding must be one of {', '.join(get_args(Padding))}: {self}.")

    @classmethod
    def of_segments(cls, rate_hz: int, segment_s: float, padding: Padding = "zeros") -> LengthPolicy:
        """Return the policy whose frames, chunks and windows are all one segment of `segment_s` seconds.

        The mean over its frames is the rule "dcase2023" of `audio/segments.py` for sound of any length.
        """
        size = round(segment_s * rate_hz)
        return cls(rate_hz, size, size, window_num_frames=1, hop_num_frames=1, padding=padding)

    def to_config(self) -> dict[str, Any]:
        """Return the lengths for a configuration file; `padding` and those of contexts only where they are not the default."""
        usual = {"padding": "zeros", "context_num_frames": 0, "context_hop_num_frames": 0}
        return {name: value for name, value in asdict(self).items() if usual.get(name) != value}

    @property
    def frame_s(self) -> float:
        """Length of a frame in seconds."""
        return self.frame_num_samples / self.rate_hz

    @property
    def chunk_s(self) -> float:
        """Length of a chunk in seconds."""
        return self.chunk_num_samples / self.rate_hz

    def num_frames(self, num_samples: int) -> int:
        """Return how many frames `num_samples` samples fill, the last one perhaps in part. Raises AudioEmptyError for none."""
        if num_samples <= 0:
            raise AudioEmptyError("The sound has no samples.")
        return -(-num_samples // self.frame_num_samples)

    def pad(self, samples: FloatArray) -> FloatArray:
        """Return `samples` (T,) lengthened by `padding` to a whole number of frames. Raises AudioEmptyError for T = 0."""
        return fill_up(samples, self.num_frames(len(samples)) * self.frame_num_samples, self.padding)

    def chunks(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Cut a stream of blocks (T,) of any sizes into chunks; all but the last have `chunk_num_samples` samples."""
        held: list[FloatArray] = []
        size = 0
        for block in blocks:
            held.append(block)
            size += len(block)
            if size >= self.chunk_num_samples:
                joined = np.concatenate(held)
                whole = size - size % self.chunk_num_samples
                yield from joined[:whole].reshape(-1, self.chunk_num_samples)
                held, size = [joined[whole:]], size - whole
        if size:
            yield np.concatenate(held)

    def crop(self, samples: FloatArray, num_samples: int, generator: np.random.Generator) -> FloatArray:
        """Return a random stretch of `num_samples` of `samples` (T, ...), or all of it when it is shorter. For training only.

        The first axis is cut, so a spectrogram (L, F) can be given as well, with `num_samples` counting its frames.
        """
        spare = len(samples) - num_samples
        start = int(generator.integers(spare + 1)) if spare > 0 else 0
        return samples[start : start + num_samples]

    def windows(self, num_frames: int) -> list[tuple[int, int]]:
        """Return the windows of `num_frames` frames as (first, one past last): moments in order of time, then contexts in order of time.

        All of a kind have one length and start a hop apart; the last is moved back to end with the sound, so no moment is
        lost. A sound shorter than a window has a single one of that kind.
        """
        return [window for size, hop in self._kinds(num_frames) for window in _windows(num_frames, size, hop)]

    def spans(self, num_samples: int) -> tuple[Span, ...]:
        """Return the window times of a sound of `num_samples` samples, in the order of `windows`; the last of a kind ends with the sound."""
        end_s = num_samples / self.rate_hz
        frames = self.windows(self.num_frames(num_samples))
        return tuple(Span(first * self.frame_s, min(stop * self.frame_s, end_s)) for first, stop in frames)

    def pooled(self, blocks: Iterable[FloatArray], pool: Pool = mean_of) -> Iterator[FloatArray]:
        """Yield what `pool` makes of each window of a stream of frame features (K, D), in the order of `windows`.

        Of the stream itself no more than a block and a window are held at once, so a day of sound needs little more memory
        than a minute; contexts are held, pooled, until the moments are through.
        """
        moments = _Windows(self.window_num_frames, self.hop_num_frames, pool)
        contexts = _Windows(self.context_num_frames, self.context_hop_num_frames, pool) if self.context_num_frames else None
        held: list[FloatArray] = []
        num_frames = 0
        for block in blocks:
            num_frames += len(block)
            yield from moments.feed(block)
            if contexts is not None:
                held.extend(contexts.feed(block))
        yield from moments.rest()
        if contexts is not None and num_frames > self.window_num_frames:
            yield from held
            yield from contexts.rest()

    def _kinds(self, num_frames: int) -> list[tuple[int, int]]:
        """Size and hop of the kinds of windows that `num_frames` frames have."""
        moments = (self.window_num_frames, self.hop_num_frames)
        if self.context_num_frames and num_frames > self.window_num_frames:
            return [moments, (self.context_num_frames, self.context_hop_num_frames)]
        return [moments]


def _windows(num_frames: int, size: int, hop: int) -> list[tuple[int, int]]:
    if num_frames <= size:
        return [(0, num_frames)]
    last = num_frames - size
    starts = list(range(0, last + 1, hop))
    if starts[-1] != last:
        starts.append(last)
    return [(start, start + size) for start in starts]


class _Windows:
    """Windows of `size` frames, `hop` apart, of frames that come in blocks."""

    def __init__(self, size: int, hop: int, pool: Pool) -> None:
        self._size, self._hop, self._pool = size, hop, pool
        self._held: FloatArray | None = None
        self._first = self._start = self._ended = 0  # frame number of held[0], of the next window, and one past the last window given

    def feed(self, block: FloatArray) -> Iterator[FloatArray]:
        """Yield the windows that are whole once `block` (K, D) has come."""
        held = block if self._held is None else np.concatenate([self._held, block])
        while self._start + self._size <= self._first + len(held):
            place = self._start - self._first
            yield self._pool(held[place : place + self._size])
            self._start, self._ended = self._start + self._hop, self._start + self._size
        spare = max(0, min(self._start - self._first, len(held) - self._size))
        self._first, self._held = self._first + spare, held[spare:]

    def rest(self) -> Iterator[FloatArray]:
        """Yield the last window, where frames are left that are in none."""
        if self._held is not None and self._ended != self._first + len(self._held):
            yield self._pool(self._held[-self._size :])
