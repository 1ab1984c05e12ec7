"""From a file, or an array, to mono sound at one rate, block by block: a day of it needs no more memory than a minute.

Every container and codec is read by PyAV (FFmpeg) in one thread; channels are mixed in `mix.py`, never by FFmpeg, whose
mixer has another level; the rate is changed by soxr. What is remarkable but no error becomes a flag:

`truncated`      the file holds less than it announces, or parts of it cannot be decoded; what can be is there
`over_duration`  the file is longer than `max_duration_s`; the rest is left out
`silent`, `antiphase`, `repaired`   see `mix.py`

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.audio.blocks import Block, BlockReader
from hearken.audio.mix import SAMPLE_TYPES, Mixer
from hearken.audio.probe import OpenedSound, check_channels, check_rate, open_sound
from hearken.audio.resample import Resampler
from hearken.audio.source import StrPath
from hearken.errors import AudioEmptyError, AudioError, AudioFormatError, AudioTruncatedError, show
from hearken.limits import BLOCK_NUM_SAMPLES, MAX_DURATION_S
from hearken.types import FloatArray, Waveform


class AudioStream:
    """One pass over a sound. Iterate for blocks (T,) float32 mono at `rate_hz`; `flags` are complete after the last."""

    def __init__(self, sound: OpenedSound, subject: str, rate_hz: int, *, strict: bool, repair: bool, max_duration_s: float) -> None:
        self.info = sound.info
        self.rate_hz = rate_hz
        self.num_samples = 0
        self._sound, self._subject, self._strict = sound, subject, strict
        self._reader = BlockReader(sound, subject)
        self._mixer = Mixer(subject, repair=repair)
        self._left_s = float(max_duration_s)
        self._decoded_s = 0.0
        self._found: set[str] = set()

    @property
    def flags(self) -> frozenset[str]:
        """What was remarkable so far."""
        return self._mixer.flags | self._found

    @property
    def duration_s(self) -> float:
        """Length of what was given so far, in seconds."""
        return self.num_samples / self.rate_hz

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield the blocks, once.

        Raises AudioEmptyError when there is not one sample, AudioFormatError when none could be decoded,
        AudioNonFiniteError, AudioReadError, and, if strict, AudioTruncatedError after the last block.
        """
        for samples in _resampled(self._mono(), self.rate_hz):
            self.num_samples += len(samples)
            yield samples
        self._conclude()

    def _mono(self) -> Iterator[Block]:
        """Yield mixed blocks (T,) and their rate, up to the longest duration allowed."""
        for channels, rate_hz in self._reader:
            allowed = round((self._left_s - self._decoded_s) * rate_hz)
            part = channels[:, :allowed]
            self._decoded_s += part.shape[1] / rate_hz
            if part.shape[1]:
                yield self._mixer.mix(part), rate_hz
            if part.shape[1] < channels.shape[1]:
                self._found.add("over_duration")
                return

    def _conclude(self) -> None:
        """Compare what came with what was announced."""
        if not self.num_samples:
            raise self._emptiness()
        announced_s, complaint = self.info.duration_s, self._reader.complaint
        is_short = bool(complaint) if announced_s is None else announced_s - self._decoded_s > self._sound.slack_s
        if "over_duration" in self._found or not (is_short or self._sound.is_cut):
            return
        self._found.add("truncated")
        if self._strict:
            told = f"announces {announced_s:.3f} s" if announced_s is not None and is_short else "is damaged or broken off"
            raise AudioTruncatedError(f"{self._subject} {told} and holds {self._decoded_s:.3f} s that can be decoded.")

    def _emptiness(self) -> AudioError:
        if self._reader.complaint:
            return AudioFormatError(f"{self._subject} is damaged: none of its sound can be decoded ({self._reader.complaint}).")
        return AudioEmptyError(f"{self._subject} has no samples.")


@contextlib.contextmanager
def open_stream(
    path: StrPath, rate_hz: int | None, *, strict: bool = False, repair: bool = False, max_duration_s: float = MAX_DURATION_S
) -> Iterator[AudioStream]:
    """Open the file at `path` as a stream of mono blocks at `rate_hz` (None: the file's own rate), as a context manager.

    With `strict`, a truncated file is an error; with `repair`, samples that are no numbers become zeros. Raises as `probe` does.
    """
    with open_sound(path) as sound:
        rate_hz = sound.info.rate_hz if rate_hz is None else rate_hz
        check_rate(rate_hz, "The result")
        yield AudioStream(sound, show(path), rate_hz, strict=strict, repair=repair, max_duration_s=max_duration_s)


def decode(path: StrPath, *, rate_hz: int | None = None, strict: bool = False, repair: bool = False) -> Waveform:
    """Return all of the file at `path`, mono, at `rate_hz` (None: the file's own rate). Raises as `open_stream` and its blocks do."""
    with open_stream(path, rate_hz, strict=strict, repair=repair) as stream:
        samples = np.concatenate(list(stream))
    return Waveform(samples, stream.rate_hz, stream.flags)


def check_samples(array: NDArray[Any], rate_hz: int, target_rate_hz: int) -> Waveform:
    """Return an array that a caller hands in, (T,), (C, T) or (T, C), as mono sound at `target_rate_hz`.

    Of two axes the shorter is taken for the channels. Floats have full scale 1, integers that of their type. Raises
    AudioFormatError for other types and shapes, AudioEmptyError, RateError, ChannelError and AudioNonFiniteError.
    """
    array = np.asarray(array)
    if array.dtype.name not in SAMPLE_TYPES or array.ndim not in (1, 2):
        raise AudioFormatError(
            f"An array of {array.ndim} axes and type {array.dtype} is no sound.",
            f"One or two axes, and a type of {', '.join(SAMPLE_TYPES)}.",
        )
    if not array.size:
        raise AudioEmptyError("The array has no samples.")
    channels = np.atleast_2d(array)
    channels = channels if channels.shape[0] <= channels.shape[1] else channels.T
    check_rate(rate_hz, "The array")
    check_channels(len(channels), "The array")
    mixer = Mixer("The array")
    starts = range(0, channels.shape[1], BLOCK_NUM_SAMPLES)
    mono = ((mixer.mix(channels[:, start : start + BLOCK_NUM_SAMPLES]), rate_hz) for start in starts)
    return Waveform(np.concatenate(list(_resampled(mono, target_rate_hz))), target_rate_hz, mixer.flags)


def _resampled(blocks: Iterator[Block], out_rate_hz: int) -> Iterator[FloatArray]:
    """Yield mono blocks at `out_rate_hz`; two files glued together may change the rate on the way. Raises RateError."""
    resampler, in_rate_hz = None, 0
    for mono, rate_hz in blocks:
        if resampler is None or rate_hz != in_rate_hz:
            if resampler is not None:
                yield resampler.flush()
            resampler, in_rate_hz = Resampler(rate_hz, out_rate_hz), rate_hz
        yield resampler.process(mono)
    if resampler is not None:
        yield resampler.flush()
