"""THE length policy: how sound of any length becomes pieces of the lengths that a model works on.

Training, evaluation, indexing and test-time augmentation all use this one object. A stream of samples is cut into
*chunks* (one pass of the audio encoder each), the encoder yields one feature vector per *frame*, and *windows* are runs
of frames, half overlapping, that get an embedding and a time span. Nothing here is random except `crop`, which is for
training alone and takes its Generator as an argument.

Legend: `T` samples, `K` frames, `N` windows, `D` features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

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
    Raises InputError when the numbers contradict each other.
    """

    rate_hz: int
    frame_num_samples: int
    chunk_num_samples: int
    window_num_frames: int
    hop_num_frames: int
    padding: Padding = "zeros"

    def __post_init__(self) -> None:
        if min(self.rate_hz, self.frame_num_samples, self.chunk_num_samples, self.window_num_frames, self.hop_num_frames) <= 0:
            raise InputError(f"Every length of a policy must be positive: {self}.")
        if self.chunk_num_samples % self.frame_num_samples:
            raise InputError(f"chunk_num_samples must be a multiple of frame_num_samples: {self}.")
        if self.hop_num_frames > self.window_num_frames:
            raise InputError(f"hop_num_frames must not exceed window_num_frames, or sound between windows is lost: {self}.")
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
        """Return the lengths for a configuration file; `padding` only where it is not the default."""
        return {name: value for name, value in asdict(self).items() if (name, value) != ("padding", "zeros")}

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
        """Return the windows of `num_frames` frames as (first, one past last), in order.

        All have `window_num_frames` frames and start `hop_num_frames` apart; the last is moved back to end with the
        sound, so no moment is lost. Shorter sounds have a single window.
        """
        if num_frames <= self.window_num_frames:
            return [(0, num_frames)]
        last = num_frames - self.window_num_frames
        starts = list(range(0, last + 1, self.hop_num_frames))
        if starts[-1] != last:
            starts.append(last)
        return [(start, start + self.window_num_frames) for start in starts]

    def spans(self, num_samples: int) -> tuple[Span, ...]:
        """Return the window times of a sound of `num_samples` samples; the last ends where the sound ends."""
        end_s = num_samples / self.rate_hz
        frames = self.windows(self.num_frames(num_samples))
        return tuple(Span(first * self.frame_s, min(stop * self.frame_s, end_s)) for first, stop in frames)

    def pooled(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Yield the mean (D,) over each window of a stream of frame features (K, D), in the order of `windows`.

        Holds no more than a block and a window of frames at once, so a day of sound needs no more memory than a minute.
        """
        size = self.window_num_frames
        held: FloatArray | None = None
        first = start = ended = 0  # frame number of held[0], of the next window, and one past the last window given
        for block in blocks:
            held = block if held is None else np.concatenate([held, block])
            while start + size <= first + len(held):
                yield held[start - first : start - first + size].mean(axis=0)
                start, ended = start + self.hop_num_frames, start + size
            spare = max(0, min(start - first, len(held) - size))
            first, held = first + spare, held[spare:]
        if held is not None and ended != first + len(held):
            yield held[-size:].mean(axis=0)
