"""Where the frames of a bare stream (MP3, AAC in ADTS) lie in its bytes, and whether an Ogg file is whole up to a place.

Such streams have no index, and what a decoder says of times after it was sent into the middle of one is a guess from the bit
rate. Their frames say how long they are, though, so the n-th is found by going from one to the next: 20 000 times as fast as
the sound plays, and exact whatever the bit rate does.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable, Iterator
from io import FileIO

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]

_MAX_FRAMES = 40_000_000  # ten days of MP3
_MAX_OGG_BYTES = 1 << 29  # looking at more pages than these would take longer than it is worth
_ADTS_HEADER_BYTES = 7
_NUM_OPUS_HEADERS = 2
_BIT_RATES_KBPS = {
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}  # by generation (1: MPEG-1, 2: MPEG-2 and 2.5) and layer; ISO 11172-3 2.4.2.3 and 13818-3
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # by the version bits


def mpeg_frames(file: FileIO, first: int) -> Offsets:
    """Return the offsets in bytes of the MPEG audio frames (layers II and III) that follow each other from `first` on.

    The list ends where something else comes: the end, a tag, damage, a frame of free format. Raises OSError.
    """
    return _walk(file, first, 3, _mpeg_frame_bytes)


def adts_frames(file: FileIO, first: int) -> Offsets:
    """Return the same for frames of AAC in ADTS, each with one block. Raises OSError."""
    return _walk(file, first, _ADTS_HEADER_BYTES, _adts_frame_bytes)


def ogg_is_whole(file: FileIO, stop: int) -> bool:
    """Say whether the Ogg pages up to the offset `stop` are those of one stream, none is missing, and, in Opus, each tells how many
    samples there are up to its end. Raises OSError.

    Where pages are missing, streams chained, or pages tell other times, these are not what comes out of the decoder.
    """
    if stop > _MAX_OGG_BYTES:
        return False
    with _mapped(file) as data:
        at, number, serial, opus = 0, 0, data[14:18], _OpusCount()
        is_opus = data[28:36] == b"OpusHead"
        while at < min(stop, len(data) - 27):
            is_next = data[at + 14 : at + 18] == serial and int.from_bytes(data[at + 18 : at + 22], "little") == number
            if data[at : at + 4] != b"OggS" or not is_next:
                return False
            sizes = data[at + 27 : at + 27 + data[at + 26]]
            if is_opus and not opus.agrees(data, at, sizes):
                return False
            at += 27 + len(sizes) + sum(sizes)
            number += 1
    return True


class _OpusCount:
    """Counts the samples of the packets of an Opus stream, page by page (RFC 6716, 3.1; RFC 7845, 4)."""

    def __init__(self) -> None:
        self._num_packets = self._num_samples = 0
        self._is_inside = False

    def agrees(self, data: bytes | mmap.mmap, at: int, sizes: bytes) -> bool:
        """Take the page at `at`, whose segments have these sizes, and say whether its granule position is the count."""
        place, has_ended = at + 27 + len(sizes), False
        for size in sizes:
            if not self._is_inside:
                self._num_packets += 1
                if self._num_packets > _NUM_OPUS_HEADERS and size:
                    self._num_samples += _opus_samples(data[place], data[place + 1] if size > 1 else 0)
            self._is_inside = size == 255
            has_ended |= not self._is_inside
            place += size
        if not has_ended or self._num_packets <= _NUM_OPUS_HEADERS or self._is_inside:
            return True
        return int.from_bytes(data[at + 6 : at + 14], "little", signed=True) == self._num_samples


def _opus_samples(toc: int, count: int) -> int:
    """Return how many samples at 48 kHz a packet has that begins with these two bytes."""
    mode = toc >> 3
    silk, hybrid = (480, 960, 1_920, 2_880)[mode & 3], (480, 960)[mode & 1]
    size = silk if mode < 12 else hybrid if mode < 16 else 120 << (mode & 3)
    return size * (1, 2, 2, count & 63)[toc & 3]


def ogg_is_near_end(file: FileIO, place: int) -> bool:
    """Say whether the Ogg page at the offset `place`, or the one after it, is the last of its stream, or none is there. Raises OSError.

    A decoder that was sent to the last page counts its times back from the end, as if the last frame were a whole one.
    """
    with _mapped(file) as data:
        at = place
        for _ in range(2):
            if data[at : at + 4] != b"OggS" or len(data) < at + 27 or data[at + 5] & 4:
                return True
            num_segments = data[at + 26]
            at += 27 + num_segments + sum(data[at + 27 : at + 27 + num_segments])
    return False


def _walk(file: FileIO, first: int, header_bytes: int, frame_bytes: Callable[[bytes], int]) -> Offsets:
    """Go from frame to frame; how long a frame with a certain header is, is looked up where the header has been seen before."""
    offsets: list[int] = []
    known: dict[bytes, int] = {}
    with _mapped(file) as data:
        at, end = first, len(data)
        while at + header_bytes <= end and len(offsets) < _MAX_FRAMES:
            header = data[at : at + header_bytes]
            size = known.get(header)
            if size is None:
                size = known[header] = frame_bytes(header)
            if not size or at + size > end:
                break
            offsets.append(at)
            at += size
    return np.array(offsets, np.int64)


def _mpeg_frame_bytes(header: bytes) -> int:
    """Return the length of the frame that starts with these 3 bytes, 0 if none does or it cannot be told."""
    if header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, bit_rate, padding = header[2] >> 2 & 3, header[2] >> 4, header[2] >> 1 & 1
    if version not in _RATES_HZ or layer not in {2, 3} or rate == 3 or not 1 <= bit_rate <= 14:
        return 0
    generation = 1 if version == 3 else 2
    num_slots = 72 if layer == 3 and generation == 2 else 144
    bits_per_s = 1000 * _BIT_RATES_KBPS[generation, layer][bit_rate - 1]
    return num_slots * bits_per_s // _RATES_HZ[version][rate] + padding


def _adts_frame_bytes(header: bytes) -> int:
    """Return the length of the frame that starts with these 7 bytes, 0 if none does or it holds several blocks."""
    if header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[6] & 3:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > _ADTS_HEADER_BYTES else 0


@contextlib.contextmanager
def _mapped(file: FileIO) -> Iterator[bytes | mmap.mmap]:
    """The bytes of `file` as they lie on the disk, with its position left alone."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data
