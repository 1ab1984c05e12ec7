"""Mono sound to the bytes of one sample and back: FLAC, Opus in Ogg, and float16 log-mel. The same input, the same bytes.

Sound beyond full scale is not clipped: it is stored divided by its peak, and that `gain` goes into the sample's JSON. Opus
works at 48 kHz alone, so other rates are brought there and back; its delay is told by the container and taken off by the
decoder, and the length in samples comes out as it went in.

Legend: `T` samples, `L` frames, `F` mel bands.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from hearken.audio.melspec import FRONT_ENDS, log_mel
from hearken.audio.resample import resample
from hearken.data.shards.recipe import Recipe
from hearken.errors import AudioEmptyError, ShardError
from hearken.types import FloatArray

if TYPE_CHECKING:
    import av

MelArray = NDArray[np.float16]
OPUS_RATE_HZ = 48_000
_CHUNK_NUM_SAMPLES = 1 << 18  # a sign of life for the watchdog after each
_MAX_OPUS_SLACK = 4  # samples that bringing Opus back to another rate may lack
_BITS = {"flac": 16, "flac24": 24}


def encode(samples: FloatArray, recipe: Recipe, on_progress: Callable[[float], object] = lambda _: None) -> tuple[bytes, float]:
    """Return the bytes of `samples` (T,) float32 at the recipe's rate, and the gain that reading has to multiply by (1 for mel).

    `on_progress` is told the seconds that are done. Raises AudioEmptyError for T = 0.
    """
    if not len(samples):
        raise AudioEmptyError("The sound has no samples.")
    if recipe.codec == "mel":
        return _npy(log_mel(samples, FRONT_ENDS[recipe.front_end])), 1.0
    gain = max(1.0, float(np.abs(samples).max()))
    scaled = samples if gain == 1.0 else samples / np.float32(gain)
    if recipe.codec == "opus":
        return _opus(scaled, recipe, on_progress), gain
    return _written("flac", "flac", scaled, recipe.rate_hz, _BITS[recipe.codec], 0, on_progress), gain


def decode_sound(data: bytes | memoryview, recipe: Recipe, num_samples: int, gain: float) -> FloatArray:
    """Return the sound (`num_samples`,) float32 at the recipe's rate that `encode` made `data` of. Raises ShardError if it is none."""
    import av

    container = "ogg" if recipe.codec == "opus" else "flac"
    try:
        with av.open(io.BytesIO(data), "r", format=container) as file:
            frames = [frame.to_ndarray() for frame in file.decode(file.streams.audio[0])]
    except (av.FFmpegError, IndexError) as error:
        raise ShardError(f"This is no {container}: {error}") from error
    found = np.concatenate(frames, axis=1)[0] if frames else np.zeros(0, np.float32)
    samples = _brought_back(found, recipe.rate_hz, num_samples) if recipe.codec == "opus" else found
    if len(samples) != num_samples:
        raise ShardError(f"There are {len(samples)} samples of sound instead of {num_samples}.")
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) * np.float32(gain / 2.0 ** (8 * samples.dtype.itemsize - 1))
    return samples if gain == 1.0 else samples * np.float32(gain)


def decode_mel(data: bytes | memoryview, num_frames: int, num_mels: int) -> MelArray:
    """Return the log-mel (L, F) float16, read-only, that `encode` made `data` of. Raises ShardError if it is none of that shape."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except ValueError as error:
        raise ShardError(f"This is no .npy file: {error}") from error
    if version != (1, 0) or is_fortran or dtype != np.dtype("<f2") or shape != (num_frames, num_mels):
        raise ShardError(f"This is an array {shape} of {dtype}, not ({num_frames}, {num_mels}) of float16.")
    if len(data) - stream.tell() != 2 * num_frames * num_mels:
        raise ShardError("The array is cut off.")
    return np.frombuffer(data, "<f2", offset=stream.tell()).reshape(shape)


def _npy(mel: FloatArray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, mel.astype("<f2"), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _quantised(samples: FloatArray, bits: int) -> NDArray[np.int16] | NDArray[np.int32]:
    """Return `samples` (T,) as whole numbers: int16, or for 24 bits int32 with these at the top."""
    full_scale = 2 ** (bits - 1)
    rounded = np.clip(np.rint(samples.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
    whole: NDArray[np.int16] | NDArray[np.int32] = rounded.astype(np.int16) if bits == 16 else rounded.astype(np.int32) << 8
    return whole


def _opus(samples: FloatArray, recipe: Recipe, on_progress: Callable[[float], object]) -> bytes:
    if recipe.rate_hz != OPUS_RATE_HZ:
        samples = resample(samples, recipe.rate_hz, OPUS_RATE_HZ)
    return _written("ogg", "libopus", samples, OPUS_RATE_HZ, 0, recipe.bitrate, on_progress)


def _brought_back(found: FloatArray, rate_hz: int, num_samples: int) -> FloatArray:
    """Return Opus' output at `rate_hz`; two resamplings may round the length differently, by a sample or so, which is mended here."""
    if rate_hz == OPUS_RATE_HZ or not len(found):
        return found
    back = resample(found, OPUS_RATE_HZ, rate_hz)
    lacking = num_samples - len(back)
    slack = max(_MAX_OPUS_SLACK, -(-rate_hz // OPUS_RATE_HZ))
    return np.pad(back, (0, lacking)) if 0 < lacking <= slack else back[: num_samples if -slack <= lacking else None]


def _written(
    container: str, codec: str, samples: FloatArray, rate_hz: int, bits: int, bitrate: int, on_progress: Callable[[float], object]
) -> bytes:
    """Return `samples` (T,) as a file, of `bits` (0: as they are); `bitexact` keeps serial numbers, dates and versions out of it."""
    import av

    buffer = io.BytesIO()
    options = {"fflags": "+bitexact", "metadata_header_padding": "0"}
    with av.open(buffer, "w", format=container, options=options) as file:
        stream = cast("av.AudioStream", file.add_stream(codec, rate=rate_hz))
        form = {16: "s16", 24: "s32", 0: "flt"}[bits]
        stream.layout, stream.format = "mono", form
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if bitrate:
            stream.bit_rate = bitrate
        for start in range(0, len(samples), _CHUNK_NUM_SAMPLES):
            part = samples[start : start + _CHUNK_NUM_SAMPLES]  # an hour of sound at once would be doubled and doubled again
            file.mux(stream.encode(_frame(_quantised(part, bits) if bits else part, form, rate_hz, start)))
            on_progress(start / rate_hz)
        file.mux(stream.encode(None))
    return buffer.getvalue()


def _frame(samples: NDArray[Any], form: str, rate_hz: int, start: int) -> av.AudioFrame:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[np.newaxis]), format=form, layout="mono")
    frame.sample_rate, frame.pts = rate_hz, start
    return frame
