"""What the raw bytes of a file say, where the decoder's own word is missing or misleading."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import FileIO
from typing import Literal

_HEAD_BYTES = 4_096
_TAIL_BYTES = 65_536 + 27 + 255  # the longest Ogg page
_FORMAT_CHUNK_MIN_BYTES = 16

_MAX_CHUNKS = 1_000
_PLACEHOLDER_BYTES = 0x7FFF_F000
_SLOPPY_BYTES = 16  # missing at the end of files of careless writers

_LOOKS = (
    (b"<!doctype html", "looks like HTML"),
    (b"<html", "looks like HTML"),
    (b"<head", "looks like HTML"),
    (b"<?xml", "looks like XML"),
    (b"<svg", "looks like an SVG picture"),
    (b'{"', "looks like JSON"),
    (b"[{", "looks like JSON"),
    (b"{\n", "looks like JSON"),
    (b"%pdf", "looks like a PDF document"),
    (b"\x89png", "looks like a PNG picture"),
    (b"\xff\xd8\xff", "looks like a JPEG picture"),
    (b"gif8", "looks like a GIF picture"),
    (b"pk\x03\x04", "looks like a ZIP archive"),
    (b"\x1f\x8b", "looks like a gzip archive"),
    (b"7z\xbc\xaf", "looks like a 7z archive"),
    (b"rar!", "looks like a RAR archive"),
    (b"\x7felf", "looks like a program"),
    (b"mz", "looks like a program"),
    (b"sqlite format 3", "looks like a database"),
    (b"mthd", "is MIDI, which holds notes and no sound"),
    (b"#extm3u", "is a playlist, not a sound"),
    (b"version https://git-lfs", "is a Git LFS pointer: the sound itself was never downloaded"),
)
_PRINTABLE = frozenset(range(32, 256)) | frozenset(b"\t\n\r")


def looks_like(head: bytes) -> str:
    """Return in words what a file that starts with `head` seems to be, or an empty string."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").lower()
    for magic, words in _LOOKS:
        if start.startswith(magic):
            return words
    if not head.strip(b"\0"):
        return "is all zeros, as if it had been reserved and never written"
    if head[4:8] == b"ftyp":
        return "is an MP4 whose index is missing or damaged; recording or download was probably broken off"
    if len(head) >= 16 and _PRINTABLE.issuperset(head):
        return "looks like text"
    return ""


def read_head(file: FileIO) -> bytes:
    """Return the first 4 kB of `file`. Raises OSError."""
    file.seek(0)
    return file.read(_HEAD_BYTES)


def wav_rate_and_channels(head: bytes) -> tuple[int, int] | None:
    """Return the rate in Hz and the number of channels that a RIFF/WAVE header claims, or None if this is none."""
    at = head.find(b"fmt ", 12)
    if head[:4] not in {b"RIFF", b"RF64", b"RIFX"} or head[8:12] != b"WAVE" or not 12 <= at <= len(head) - 8 - _FORMAT_CHUNK_MIN_BYTES:
        return None
    channels, rate_hz = struct.unpack_from((">" if head[:4] == b"RIFX" else "<") + "HI", head, at + 10)
    return rate_hz, channels


def is_header_only(head: bytes) -> bool:
    """Say whether a file of at most 4 kB, all in `head`, is the header of a Sun AU or Sony W64 file and nothing after it."""
    if head[:4] == b".snd":
        return len(head) <= int.from_bytes(head[4:8])
    at = head.find(b"data\xf3\xac\xd3\x11")  # the first half of the GUID of the data chunk; 24 bytes are its own header
    return head[:4] == b"riff" and at > 0 and len(head) <= at + 24


def mp3_tells_length(file: FileIO) -> bool:
    """Say whether an MP3 has a Xing, Info or VBRI header, without which its length is guessed from its size. Raises OSError."""
    head = read_head(file)
    if head[:3] == b"ID3" and len(head) >= 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        file.seek(10 + size)
        head = file.read(_HEAD_BYTES)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))


def flac_tells_length(head: bytes) -> bool:
    """Say whether the STREAMINFO block of a FLAC file holds a number of samples; encoders that write to a pipe leave it zero."""
    at = head.find(b"fLaC")
    if at < 0 or len(head) < at + 26:
        return True
    return int.from_bytes(head[at + 21 : at + 26]) & 0xF_FFFF_FFFF > 0


def chunk_is_cut(file: FileIO) -> bool:
    """Say whether the data chunk of a WAV, RF64, W64 or CAF file promises more bytes than the file has. Raises OSError.

    The decoder takes the size of the file for its length instead. Sizes near 2 or 4 GB are what programs write that do not
    know the length beforehand, and promise nothing.
    """
    chunk = _data_chunk(file)
    if chunk is None:
        return False
    start, size = chunk
    return not _PLACEHOLDER_BYTES <= size <= 0xFFFF_FFFF and start + size - file.seek(0, 2) > _SLOPPY_BYTES


def _data_chunk(file: FileIO) -> tuple[int, int] | None:
    """Return where the samples start and how many bytes they are said to have, or None when this cannot be told."""
    head = read_head(file)
    layout = next((layout for layout in _CHUNKED if head.startswith(layout.magic)), None)
    if layout is None:
        return None
    at, long_size, end = layout.first, None, file.seek(0, 2)
    for _ in range(_MAX_CHUNKS):
        if at >= end:
            return None
        file.seek(at)
        header = file.read(layout.header_bytes)
        if len(header) < layout.header_bytes:
            return None
        size = int.from_bytes(header[layout.name_bytes :], layout.order) - layout.counts_itself
        if header.startswith(layout.data):
            size = size if long_size is None else long_size
            return at + layout.header_bytes, size
        if header.startswith(b"ds64"):
            long_size = int.from_bytes(file.read(16)[8:], "little")
        at += layout.header_bytes + max(0, size) + -size % layout.padded_to
    return None


@dataclass(frozen=True)
class _Chunked:
    """How a container made of chunks (name, size, bytes) lays them out."""

    magic: bytes
    data: bytes
    first: int
    name_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    padded_to: int
    counts_itself: int = 0

    @property
    def header_bytes(self) -> int:
        return self.name_bytes + self.size_bytes


_CHUNKED = (
    _Chunked(b"RIFF", b"data", first=12, name_bytes=4, size_bytes=4, order="little", padded_to=2),
    _Chunked(b"RF64", b"data", first=12, name_bytes=4, size_bytes=4, order="little", padded_to=2),
    _Chunked(b"RIFX", b"data", first=12, name_bytes=4, size_bytes=4, order="big", padded_to=2),
    _Chunked(b"riff", b"data", first=40, name_bytes=16, size_bytes=8, order="little", padded_to=8, counts_itself=24),
    _Chunked(b"caff", b"data", first=8, name_bytes=4, size_bytes=8, order="big", padded_to=1),
)


def ogg_is_cut(file: FileIO) -> bool:
    """Say whether an Ogg file ends before its end: its last page is incomplete or not marked as the last. Raises OSError.

    Ogg announces no length, so this mark is the only trace of a broken-off download.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return True
    sizes = tail[at + 27 : at + 27 + tail[at + 26]]
    is_whole = len(sizes) == tail[at + 26] and len(tail) >= at + 27 + len(sizes) + sum(sizes)
    return not (is_whole and tail[at + 5] & 4)
