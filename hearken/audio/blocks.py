"""Decoded sound of an open file in blocks of one size, whatever the codec's; what cannot be decoded is skipped and noted.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hearken.audio.probe import OpenedSound, check_channels, check_rate
from hearken.audio.source import read_error
from hearken.limits import BLOCK_NUM_SAMPLES

if TYPE_CHECKING:
    import av

Block = tuple[NDArray[Any], int]
"""Samples (C, T) as the codec made them, and their rate in Hz."""


class BlockReader:
    """One pass over the blocks of `sound`. `path` names it in errors; `complaint` is the decoder's last, if any."""

    def __init__(self, sound: OpenedSound, path: str) -> None:
        self.complaint = ""
        self._sound, self._path = sound, path

    def __iter__(self) -> Iterator[Block]:
        """Yield blocks of BLOCK_NUM_SAMPLES samples; where the format changes, and at the end, a shorter one.

        Raises AudioReadError when the operating system fails, RateError and ChannelError when the format changes for the worse.
        """
        import av

        queue, queued = av.AudioFifo(), None
        for frame in self._frames():
            form = (frame.format.name, frame.layout.nb_channels, frame.sample_rate)
            if form != queued:  # the queue does not look itself: it would read beyond a frame of fewer channels
                yield from _block(queue, queue.samples)
                check_rate(frame.sample_rate, self._path)
                check_channels(frame.layout.nb_channels, self._path)
                queue, queued = av.AudioFifo(), form
            frame.pts = None  # gaps in time stamps are no matter here
            queue.write(frame)
            while queue.samples >= BLOCK_NUM_SAMPLES:
                yield from _block(queue, BLOCK_NUM_SAMPLES)
        yield from _block(queue, queue.samples)

    def _frames(self) -> Iterator[av.AudioFrame]:
        import av

        for packet in self._packets():
            try:
                yield from self._sound.stream.decode(packet)
            except av.FFmpegError as error:
                self._note(error)

    def _packets(self) -> Iterator[av.Packet[av.AudioStream] | None]:
        """Yield packets; after a broken one None, which asks the decoder for what it still holds."""
        import av

        try:
            yield from self._sound.container.demux(self._sound.stream)
        except av.FFmpegError as error:
            self._note(error)
            yield None
        except OSError as error:
            raise read_error(self._path, error) from error

    def _note(self, error: av.FFmpegError) -> None:
        if isinstance(error, MemoryError):
            raise error
        self.complaint = error.strerror or type(error).__name__


def _block(queue: av.AudioFifo, num_samples: int) -> Iterator[Block]:
    frame = queue.read(num_samples) if num_samples else None
    if frame is not None:
        samples = frame.to_ndarray()
        is_packed = not frame.format.is_planar  # (1, T C), the channels side by side
        yield samples.reshape(-1, frame.layout.nb_channels).T if is_packed else samples, frame.sample_rate
