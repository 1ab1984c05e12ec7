"""A stretch of a file as it is: all channels, the file's own rate, and to the sample what lies there when all is decoded.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hearken.audio.landing import Form, Landing, UntrustedError
from hearken.audio.mix import to_float
from hearken.audio.probe import OpenedSound, open_sound
from hearken.audio.source import StrPath
from hearken.errors import AudioEmptyError, AudioLimitError, InputError, show
from hearken.limits import MAX_ABS_SAMPLE, MAX_EXCERPT_SAMPLES
from hearken.types import FloatArray

Depth = Literal["s16", "s24", "f32"]
"""What it takes to keep the samples of a file: 16 or 24 bits, or floats. Lossy codecs need no more than 16 bits."""


_WIDE_CODECS = ("flac", "alac", "wavpack", "tta", "tak", "ape")


@dataclass(frozen=True)
class Excerpt:
    """Samples (C, T) float32, full scale = 1, at `rate_hz`, from the sample `start` of the file on; `depth` keeps them without loss."""

    samples: FloatArray
    rate_hz: int
    start: int
    depth: Depth

    @property
    def start_s(self) -> float:
        """Where in the file it begins, in seconds."""
        return self.start / self.rate_hz

    @property
    def end_s(self) -> float:
        """Where in the file it ends, in seconds."""
        return float(self.start_s + self.samples.shape[1] / self.rate_hz)


@dataclass(frozen=True)
class SoundForm:
    """How the sound of a file comes out of the decoder, which may be other than its header says (HE-AAC)."""

    rate_hz: int
    num_channels: int
    depth: Depth


class SpanReader:
    """Stretches of one open file, one after the other. See `open_spans`."""

    def __init__(self, path: StrPath, sound: OpenedSound) -> None:
        self.path, self.sound = path, sound
        self._landing = Landing(sound, show(path))
        self.form = SoundForm(self._landing.form.rate_hz, self._landing.form.num_channels, _depth(self._landing.form, sound.info.codec))

    def blocks(self, start: int, stop: int, report: Callable[[float], None] = lambda _: None) -> Iterator[tuple[int, FloatArray]]:
        """Yield the number of the first sample and samples (C, T) float32, in order and without gaps, from `start` to `stop`.

        Once per reader. What is no number becomes silence. There is less where the file ends before. `report` hears, in
        seconds, how far the decoder has come. Raises AudioReadError.
        """
        done = start
        try:
            for place, samples in self._landing.from_near(start):
                report(place / self.form.rate_hz)
                done = yield from _cut(place, samples, done, stop)
                if done >= stop:
                    return
        except UntrustedError:
            with open_sound(self.path) as sound:
                for place, samples in Landing(sound, show(self.path)).from_start():
                    report(place / self.form.rate_hz)
                    done = yield from _cut(place, samples, done, stop)
                    if done >= stop:
                        return


@contextlib.contextmanager
def open_spans(path: StrPath) -> Iterator[SpanReader]:
    """Open the file at `path` for reading a stretch of it, as a context manager. Raises as `probe` does, and for files without samples."""
    with open_sound(path) as sound:
        yield SpanReader(path, sound)


def read_span(path: StrPath, start_s: float, end_s: float) -> Excerpt:
    """Return the sound of the file at `path` from `start_s` to `end_s` seconds; it ends earlier where the file does.

    Raises InputError for times that are no span, AudioLimitError when it would be more than MAX_EXCERPT_SAMPLES,
    AudioEmptyError when the file ends before `start_s`, and as `probe` does.
    """
    check_times(start_s, end_s)
    with open_spans(path) as reader:
        return read_samples(reader, round(start_s * reader.form.rate_hz), round(end_s * reader.form.rate_hz))


def read_samples(reader: SpanReader, start: int, stop: int, report: Callable[[float], None] = lambda _: None) -> Excerpt:
    """Return the samples `start` to `stop` of what `reader` reads. Raises as `read_span` does."""
    stop = max(stop, start + 1)
    if (stop - start) * reader.form.num_channels > MAX_EXCERPT_SAMPLES:
        seconds = MAX_EXCERPT_SAMPLES / reader.form.num_channels / reader.form.rate_hz
        raise AudioLimitError(
            f"{(stop - start) / reader.form.rate_hz:.0f} s of {show(reader.path)} are too much at once; {seconds:.0f} s can be had."
        )
    blocks = [samples for _, samples in reader.blocks(start, stop, report)]
    if not blocks:
        raise AudioEmptyError(f"{show(reader.path)} ends before {start / reader.form.rate_hz:.3f} s.")
    return Excerpt(np.concatenate(blocks, axis=1), reader.form.rate_hz, start, reader.form.depth)


def check_times(start_s: float, end_s: float) -> None:
    """Raise InputError unless the times are numbers with 0 <= start < end."""
    if not 0.0 <= start_s < end_s < float("inf"):
        raise InputError(
            f"From {start_s:g} s to {end_s:g} s is no stretch of a sound.", "The start is 0 or later, and the end is after it."
        )


def _cut(place: int, samples: NDArray[Any], done: int, stop: int) -> Generator[tuple[int, FloatArray], None, int]:
    """Yield what of `samples` lies between `done` and `stop`, and return how far that goes."""
    part = samples[:, max(0, done - place) : max(0, stop - place)]
    if part.shape[1]:
        yield done, finite(to_float(part))
    return done + int(part.shape[1])


def finite(samples: FloatArray) -> FloatArray:
    """Return `samples` (C, T) with silence where they are no numbers, or are absurdly large."""
    if samples.max() <= MAX_ABS_SAMPLE and samples.min() >= -MAX_ABS_SAMPLE:
        return samples
    return np.where(np.abs(samples) <= MAX_ABS_SAMPLE, samples, np.float32(0.0))


def _depth(form: Form, codec: str) -> Depth:
    name = form.sample_format.removesuffix("p")
    if name in {"u8", "s16"}:
        return "s16"
    if name == "s32":
        return "s24"
    return "f32" if codec.startswith("pcm_") or codec in _WIDE_CODECS else "s16"
