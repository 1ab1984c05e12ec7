"""A scene as the bytes of a sound file, the same bytes every time.

WAV and FLAC hold 16 bits; Opus holds 96 kbit/s at 48 kHz, the rate that it works at.

Legend: `T` samples.
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from hearken.audio.resample import resample
from hearken.types import FloatArray

if TYPE_CHECKING:
    import av.container

Format = Literal["flac", "wav", "opus"]
FORMATS: tuple[Format, ...] = ("flac", "wav", "opus")
OPUS_RATE_HZ = 48_000
OPUS_BITS_PER_S = 96_000
_BLOCK = 4_096


def encode(samples: FloatArray, rate_hz: int, kind: Format) -> bytes:
    """Return `samples` (T,) at `rate_hz`, full scale 1, as the content of a file of the `kind`. Louder samples are clipped."""
    if kind == "opus":
        return _with_av(to_int16(resample(samples, rate_hz, OPUS_RATE_HZ)), OPUS_RATE_HZ, "ogg", "libopus")
    if kind == "flac":
        return _with_av(to_int16(samples), rate_hz, "flac", "flac")
    return _wav(to_int16(samples), rate_hz)


def to_int16(samples: FloatArray) -> NDArray[np.int16]:
    """Return `samples` (T,) of full scale 1 as 16-bit numbers, rounded, clipped at full scale."""
    return np.clip(np.round(samples * 32_768.0), -32_768, 32_767).astype(np.int16)


def _wav(samples: NDArray[np.int16], rate_hz: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def _with_av(samples: NDArray[np.int16], rate_hz: int, container: str, codec: str) -> bytes:
    """Encode by PyAV; 'bitexact' keeps random serial numbers and version names out of the file."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, container_options={"fflags": "+bitexact"}) as file:
        options = {"flags": "+bitexact"} | ({"b": str(OPUS_BITS_PER_S)} if codec == "libopus" else {})
        stream = cast("av.AudioStream", file.add_stream(codec, rate=rate_hz, layout="mono", options=options))
        _feed(file, stream, samples, rate_hz)
    return buffer.getvalue()


def _feed(file: av.container.OutputContainer, stream: av.AudioStream, samples: NDArray[np.int16], rate_hz: int) -> None:
    import av

    for start in range(0, len(samples), _BLOCK):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + _BLOCK], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, start
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
