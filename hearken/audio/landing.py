"""Decoding from the middle of a file, with every sample in the place that it has when all is decoded from the start.

The place of a sample is its number in what the decoder gives from the start to the end, gaps closed: so count the times of hits.
Going to a place and decoding from there is trusted only where the place is then known for certain:

* by time, where the container keeps times in samples (WAV, AIFF, CAF, FLAC, MP4 …) or frames of one length can be counted
  from coarser times (Matroska), and in Ogg where no page is missing up to there;
* by byte, in MP3 and ADTS, whose frames are counted from the start without decoding them (`frame_table.py`).

Elsewhere, and whenever what comes does not fit, decoding begins at the start: slower, never wrong. Lossy codecs are given
PREROLL_S to come to the state that they would have had: their samples then differ from those of a decoder that heard
everything by less than can be told apart, those of MP3 and Vorbis not at all.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import FileIO
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from hearken.audio import frame_table
from hearken.audio.probe import OpenedSound, check_channels, check_rate
from hearken.audio.source import read_error
from hearken.errors import AudioEmptyError, AudioFormatError

if TYPE_CHECKING:
    import av

PREROLL_S = 1.0
"""Sound that is decoded and left out before a place in a lossy file."""
_LAST_PAGE_S = 20.0  # more than the last two pages of an Ogg file usually hold
_NEAR_S = 3.0  # places nearer to the start than this are reached by decoding what lies before
_IN_FILMS = ("pcm_", "flac", "alac", "aac", "opus", "libopus", "mp3")
_BY_TIME = {
    "wav": ("pcm_",), "w64": ("pcm_",), "aiff": ("pcm_",), "au": ("pcm_",), "caf": ("pcm_", "alac"), "flac": ("flac",), "wv": ("wavpack",),
    "tta": ("tta",), "mp4": _IN_FILMS, "matroska": _IN_FILMS, "ogg": ("opus", "libopus", "vorbis", "flac"),
}  # fmt: skip
"""Codecs, or what their names begin with, whose times in these containers can be relied upon. Those of ADPCM in WAV cannot, for one."""
_TABLES = {"mp3": frame_table.mpeg_frames, "aac": frame_table.adts_frames}
_EXACT_CODECS = ("pcm_", "flac", "alac", "wavpack", "tta")
_Found = TypeVar("_Found")

Place = tuple[int, NDArray[Any]]
"""The number of the first sample, and samples (C, T) as the codec made them."""


class UntrustedError(Exception):
    """Where the decoder is cannot be told: to be caught by who can begin at the start."""


@dataclass(frozen=True)
class Form:
    """How the sound of a file comes out of its decoder: rate, channels, and the name of its sample format in FFmpeg."""

    rate_hz: int
    num_channels: int
    sample_format: str


@dataclass(frozen=True)
class _Met:
    """A decoded frame and the number of its packet since the decoder was sent somewhere."""

    packet: int
    frame: av.AudioFrame
    position_bytes: int | None


@dataclass(frozen=True)
class _Clock:
    """From time stamps to places: frame number two begins at `pts` ticks, after `first` samples, and has `size`; a tick is `tick` samples."""

    pts: int
    first: int
    size: int
    tick: Fraction

    @property
    def is_exact(self) -> bool:
        """Whether ticks are samples, or whole parts of them; else times are rounded, and whole frames are counted."""
        return self.tick <= 1 and self.tick.numerator == 1

    def ticks(self, place: int) -> int:
        """Return the time stamp of a place."""
        return int(self.pts + (place - self.first) / self.tick)

    def place(self, pts: int) -> int:
        """Return the place that a time stamp stands for. Raises UntrustedError when it stands for none."""
        told = (pts - self.pts) * self.tick
        size, slack = (1, Fraction(1, 100)) if self.is_exact else (self.size, 2 * self.tick + 1)
        place = size * round(told / size)
        if abs(told - place) > slack or (not self.is_exact and self.size < 6 * self.tick):
            raise UntrustedError
        return self.first + place


class Landing:
    """The decoded frames of a `sound` that has just been opened; `path` names it in errors. Use it for one pass.

    `form` is that of the first frame; what comes in another form later, in files glued together, is left out. Raises
    AudioEmptyError when there is no frame, AudioFormatError when none can be decoded, RateError, ChannelError and AudioReadError.
    """

    def __init__(self, sound: OpenedSound, path: str) -> None:
        self._sound, self._path = sound, path
        self._complaint = ""
        self._met: Iterator[_Met] = self._decoded()
        self._first = list(islice(self._met, 2))
        if not self._first:
            if self._complaint:
                raise AudioFormatError(f"{path} is damaged: none of its sound can be decoded ({self._complaint}).")
            raise AudioEmptyError(f"{path} has no samples.")
        frame = self._first[0].frame
        check_rate(frame.sample_rate, path)
        check_channels(frame.layout.nb_channels, path)
        self.form = Form(frame.sample_rate, frame.layout.nb_channels, frame.format.name)

    def from_start(self) -> Iterator[Place]:
        """Yield everything, in order. Raises AudioReadError."""
        start = 0
        for met in self._chained():
            if self._fits(met.frame):
                yield start, _samples(met.frame)
                start += met.frame.samples

    def from_near(self, place: int) -> Iterator[Place]:
        """Yield what there is from `place` on, or from somewhat before it.

        Raises UntrustedError, at first or in between, where `from_start` of a newly opened sound is to be used; AudioReadError.
        """
        if place <= _NEAR_S * self.form.rate_hz:
            yield from self.from_start()
            return
        preroll = 0 if self._sound.info.codec.startswith(_EXACT_CODECS) else round(PREROLL_S * self.form.rate_hz)
        table = _TABLES.get(self._sound.info.container)
        if len(self._first) < 2 or not (table or self._sound.info.codec.startswith(_BY_TIME.get(self._sound.info.container, ("?",)))):
            raise UntrustedError
        yield from self._by_byte(place - preroll) if table else self._by_time(place - preroll, preroll)

    # by time

    def _by_time(self, place: int, preroll: int) -> Iterator[Place]:
        clock = self._clock()
        expected, limit = None, place + preroll
        for met in self._sent(place if clock.is_exact else place - 2 * clock.size, clock):
            if met.frame.pts is None:
                raise UntrustedError
            if expected is None and not clock.is_exact and met.frame.samples != clock.size:
                continue  # the decoder leaves out a part of what it is given first
            start = clock.place(met.frame.pts)
            if (start > limit) if expected is None else (start != expected):
                raise UntrustedError
            expected = start + met.frame.samples
            yield start, _samples(met.frame)
        if expected is None:
            raise UntrustedError

    def _clock(self) -> _Clock:
        first, second, base = self._first[0].frame, self._first[1].frame, self._sound.stream.time_base
        if second.pts is None or not base:
            raise UntrustedError
        return _Clock(second.pts, first.samples, second.samples, self.form.rate_hz * Fraction(base))

    def _sent(self, place: int, clock: _Clock) -> Iterator[_Met]:
        """Send the decoder to `place`, in Ogg to one that is sure, and return what it gives there."""
        self._send(clock.ticks(place))
        if self._sound.info.container != "ogg":
            return self._fitting()
        if clock.pts != clock.first:  # what does not begin at zero may tell other times anywhere
            raise UntrustedError
        first = next(self._met, None)
        if first is None or self._look(frame_table.ogg_is_near_end, first.position_bytes):
            self._send(clock.ticks(max(0, place - round(_LAST_PAGE_S * self.form.rate_hz))))
            first = next(self._met, None)
        if first is None or not self._look(frame_table.ogg_is_whole, first.position_bytes):
            raise UntrustedError
        self._met = chain([first], self._met)
        return self._fitting()

    # by byte

    def _by_byte(self, place: int) -> Iterator[Place]:
        second, first_place = self._first[1], self._first[0].frame.samples
        size = second.frame.samples
        number = second.packet + (place - first_place) // size
        offsets = self._offsets()
        if not second.packet < number < len(offsets):
            raise UntrustedError
        self._send(int(offsets[number]), by_byte=True)
        end = self._sound.info.num_samples
        for met in self._fitting():
            index = number + met.packet
            start = first_place + (index - second.packet) * size
            if index >= len(offsets) or met.position_bytes != offsets[index]:
                raise UntrustedError
            if met.frame.samples == size:  # else the decoder takes it for the start, and leaves out a part
                samples = _samples(met.frame)
                yield start, samples if end is None else samples[:, : max(0, end - start)]

    def _offsets(self) -> frame_table.Offsets:
        return self._look(_TABLES[self._sound.info.container], self._first[0].position_bytes)

    # both

    def _look(self, look: Callable[[FileIO, int], _Found], place: int | None) -> _Found:
        if place is None or place < 0:
            raise UntrustedError
        try:
            return look(self._sound.file, place)
        except (OSError, ValueError) as error:  # ValueError: nothing to map
            raise UntrustedError from error

    def _send(self, place: int, *, by_byte: bool = False) -> None:
        import av

        try:
            self._sound.container.seek(place, stream=None if by_byte else self._sound.stream, unsupported_byte_offset=by_byte)
        except (av.FFmpegError, OSError, OverflowError) as error:
            raise UntrustedError from error
        self._met = self._decoded()

    def _chained(self) -> Iterator[_Met]:
        first, self._first = self._first, []
        yield from first
        yield from self._met

    def _fits(self, frame: av.AudioFrame) -> bool:
        return Form(frame.sample_rate, frame.layout.nb_channels, frame.format.name) == self.form

    def _fitting(self) -> Iterator[_Met]:
        return (met for met in self._met if self._fits(met.frame))

    def _decoded(self) -> Iterator[_Met]:
        """Yield frames with the number of their packet; what cannot be decoded is left out."""
        import av

        for number, packet in enumerate(self._packets()):
            place = packet.pos if packet is not None and packet.size else None
            try:
                for frame in self._sound.stream.decode(packet):
                    yield _Met(number, frame, place)
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                self._complaint = error.strerror or type(error).__name__

    def _packets(self) -> Iterator[Any]:
        import av

        try:
            yield from self._sound.container.demux(self._sound.stream)
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            self._complaint = error.strerror or type(error).__name__
            yield None
        except OSError as error:
            raise read_error(self._path, error) from error


def _samples(frame: av.AudioFrame) -> NDArray[Any]:
    samples = frame.to_ndarray()
    return samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T
