"""Samples as the bytes of a WAV or FLAC file.

The header of a WAV is written here by hand, so its length is known before the first sample is decoded: what a browser asks of
a long sound can begin anywhere. The standard library's `wave` writes neither floats nor the extensible header that more
than two channels or 16 bits need. FLAC is coded by PyAV, which is there anyway.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

import io
import struct
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hearken.audio.excerpt import Depth, Excerpt
from hearken.errors import InputError
from hearken.types import FloatArray

SoundFormat = Literal["wav", "flac"]

MAX_WAV_BYTES = 0xFFFF_0000
"""A WAV says its size in 32 bits."""
NUM_BYTES: dict[Depth, int] = {"s16": 2, "s24": 3, "f32": 4}
"""Bytes of one sample of one channel."""
_MAX_FLAC_CHANNELS, _MAX_FLAC_RATE_HZ = 8, 655_350
_GUID_TAIL = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
_BLOCK_NUM_SAMPLES = 65_536


def wav_header(rate_hz: int, num_channels: int, num_samples: int, depth: Depth) -> bytes:
    """Return what stands before the samples of a WAV file of `num_samples` per channel: 44 bytes, or 80 where the samples are floats,
    have more than 16 bits or more than two channels. Raises InputError above MAX_WAV_BYTES.
    """
    frame_bytes, is_float = num_channels * NUM_BYTES[depth], depth == "f32"
    data_bytes = num_samples * frame_bytes
    if data_bytes > MAX_WAV_BYTES:
        raise InputError(f"A WAV file cannot hold {data_bytes / 1e9:.1f} GB.", "Ask for a shorter stretch, or for the file itself.")
    is_plain = num_channels <= 2 and depth == "s16"
    bits, kind = 8 * NUM_BYTES[depth], 3 if is_float else 1
    body = struct.pack("<HHIIHH", kind if is_plain else 0xFFFE, num_channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits)
    if not is_plain:
        body += struct.pack("<HHIH", 22, bits, 0, kind) + _GUID_TAIL
    chunks = struct.pack("<4sI", b"fmt ", len(body)) + body
    if not is_plain:
        chunks += struct.pack("<4sII", b"fact", 4, num_samples)
    pad = data_bytes % 2
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + 8 + data_bytes + pad, b"WAVE") + chunks + struct.pack("<4sI", b"data", data_bytes)
    )


def pcm_bytes(samples: FloatArray, depth: Depth) -> bytes:
    """Return `samples` (C, T) as little-endian bytes, channels side by side; integers are rounded, and clipped at full scale."""
    parts = (samples[:, start : start + _BLOCK_NUM_SAMPLES].T for start in range(0, samples.shape[1], _BLOCK_NUM_SAMPLES))
    return b"".join(_packed(part, depth) for part in parts)


def encode(excerpt: Excerpt, sound_format: SoundFormat) -> bytes:
    """Return `excerpt` as a file.

    Without loss, but for floats: they become 24 bits, unless some exceed full scale and the file is a WAV, which then keeps
    floats. Raises InputError for what the format cannot hold.
    """
    rate_hz, (num_channels, num_samples) = excerpt.rate_hz, excerpt.samples.shape
    if sound_format == "flac":
        return _flac(excerpt, "s16" if excerpt.depth == "s16" else "s24")
    is_loud = excerpt.depth == "f32" and float(np.abs(excerpt.samples).max(initial=0.0)) > 1.0
    depth: Depth = excerpt.depth if is_loud else whole(excerpt.depth)
    data = pcm_bytes(excerpt.samples, depth)
    return wav_header(rate_hz, num_channels, num_samples, depth) + data + b"\0" * (len(data) % 2)


def whole(depth: Depth) -> Depth:
    """Return the depth in whole numbers that keeps what `depth` keeps, up to full scale; every browser plays those."""
    return "s16" if depth == "s16" else "s24"


def _packed(part: FloatArray, depth: Depth) -> bytes:
    if depth == "f32":
        return np.ascontiguousarray(part, "<f4").tobytes()
    numbers = _numbers(part, 16 if depth == "s16" else 24)
    if depth == "s16":
        return numbers.astype("<i2").tobytes()
    return np.ascontiguousarray(numbers, "<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _numbers(part: FloatArray, bits: int) -> NDArray[np.int32]:
    """Return `part`, in the order that it has, as whole numbers of so many bits."""
    full = 2.0 ** (bits - 1)
    scaled = np.rint(part.astype(np.float64) * full)
    return np.clip(scaled, -full, full - 1.0).astype(np.int32)


def _flac(excerpt: Excerpt, depth: Depth) -> bytes:
    import av

    num_channels, num_samples = excerpt.samples.shape
    if num_channels > _MAX_FLAC_CHANNELS or excerpt.rate_hz > _MAX_FLAC_RATE_HZ:
        raise InputError(f"FLAC holds at most {_MAX_FLAC_CHANNELS} channels at {_MAX_FLAC_RATE_HZ} Hz.", "Ask for WAV.")
    layout, sample_format, bits = f"{num_channels}c", "s16" if depth == "s16" else "s32", 16 if depth == "s16" else 24
    if num_channels <= 2:
        layout = ("mono", "stereo")[num_channels - 1]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="flac") as container:
        options = {"bits_per_raw_sample": str(bits), "compression_level": "3"}
        stream = container.add_stream("flac", rate=excerpt.rate_hz, layout=layout, options=options)
        stream.codec_context.format = sample_format
        for start in range(0, num_samples, _BLOCK_NUM_SAMPLES):
            numbers = _numbers(excerpt.samples[:, start : start + _BLOCK_NUM_SAMPLES].T, bits)
            packed = numbers.astype(np.int16) if depth == "s16" else numbers << 8
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(packed.reshape(1, -1)), format=sample_format, layout=layout)
            frame.sample_rate, frame.pts = excerpt.rate_hz, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
