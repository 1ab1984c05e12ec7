"""Sound files of every container for tests: synthesised here, written by PyAV and soundfile.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float32]

SOUNDFILE_KINDS = {
    "wav": ("WAV", "PCM_16"),
    "u8.wav": ("WAV", "PCM_U8"),
    "s24.wav": ("WAV", "PCM_24"),
    "s32.wav": ("WAV", "PCM_32"),
    "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"),
    "extensible.wav": ("WAVEX", "PCM_24"),
    "alaw.wav": ("WAV", "ALAW"),
    "adpcm.wav": ("WAV", "IMA_ADPCM"),
    "rf64.wav": ("RF64", "PCM_16"),
    "w64": ("W64", "PCM_24"),
    "aiff": ("AIFF", "PCM_16"),
    "float.aifc": ("AIFF", "FLOAT"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "alac.caf": ("CAF", "ALAC_16"),
    "flac": ("FLAC", "PCM_16"),
    "s24.flac": ("FLAC", "PCM_24"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
AV_KINDS = {
    "m4a": ("ipod", "aac"),
    "alac.m4a": ("ipod", "alac"),
    "mp4": ("mp4", "aac"),
    "mov": ("mov", "pcm_s16le"),
    "opus.mkv": ("matroska", "libopus"),
    "flac.mkv": ("matroska", "flac"),
    "webm": ("webm", "libopus"),
    "lame.mp3": ("mp3", "libmp3lame"),
    "flac.ogg": ("ogg", "flac"),
    "aac": ("adts", "aac"),
    "ac3": ("ac3", "ac3"),
    "wv": ("wv", "wavpack"),
    "wma": ("asf", "wmav2"),
}
KINDS = [*SOUNDFILE_KINDS, *AV_KINDS]
LOSSLESS = ("wav", "s24.wav", "s32.wav", "float.wav", "double.wav", "extensible.wav", "rf64.wav", "w64", "aiff", "float.aifc", "au", "caf",
            "flac", "s24.flac", "alac.m4a", "mov", "flac.mkv", "flac.ogg", "wv")  # fmt: skip
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)


def noise(num_samples: int, num_channels: int = 1, seed: int = 0) -> Sound:
    """Noise (T, C) with peaks near 0.3, equal for equal arguments."""
    generator = np.random.default_rng(seed)
    return (0.07 * generator.standard_normal((num_samples, num_channels))).astype(np.float32)


def tone(num_samples: int, rate_hz: int, pitch_hz: float = 440.0, num_channels: int = 1) -> Sound:
    """A sine (T, C) of half of full scale."""
    wave = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(num_samples) / rate_hz)
    return np.repeat(wave[:, None], num_channels, axis=1).astype(np.float32)


def write(folder: Path, kind: str, sound: Sound, rate_hz: int, **tags: str) -> Path:
    """Write `sound` (T, C) as a file of `kind` (a key of KINDS) and return its path."""
    path = folder / f"sound.{kind}"
    if kind in SOUNDFILE_KINDS:
        _write_soundfile(path, *SOUNDFILE_KINDS[kind], sound, rate_hz, tags)
    else:
        write_av(path, *AV_KINDS[kind], sound, rate_hz, tags)
    return path


def _write_soundfile(path: Path, container: str, subtype: str, sound: Sound, rate_hz: int, tags: dict[str, str]) -> None:
    with soundfile.SoundFile(path, "w", rate_hz, sound.shape[1], subtype, format=container) as file:
        for key, value in tags.items():
            setattr(file, key, value)
        for start in range(0, len(sound), rate_hz // 2):  # libsndfile crashes when it has to write long Vorbis at once
            file.write(sound[start : start + rate_hz // 2])


def write_av(
    path: Path, container: str, codec: str, sound: Sound, rate_hz: int, tags: dict[str, str] | None = None, *,
    encoder: dict[str, str] | None = None, **options: Any,
) -> None:  # fmt: skip
    """Write `sound` (T, C) by PyAV; `encoder` are options of the codec, `options` those of `av.open`."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[sound.shape[1]]
    with av.open(str(path), "w", format=container, **options) as file:
        file.metadata.update(tags or {})
        stream = file.add_stream(codec, rate=rate_hz, layout=layout, bit_rate=128_000, options=encoder)
        if codec == "wavpack":
            stream.codec_context.format = "s16p"  # its first choice would be 8 bits
        for start in range(0, len(sound), rate_hz):
            part = np.ascontiguousarray(sound[start : start + rate_hz].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def wav_header(
    rate_hz: int = 8_000,
    num_channels: int = 1,
    bits: int = 16,
    data_bytes: int = 0,
    *,
    tag: int = 1,
    block_align: int | None = None,
    riff_bytes: int | None = None,
) -> bytes:
    """The 44 bytes before the samples of a wav, true or lying."""
    align = num_channels * bits // 8 if block_align is None else block_align
    head = struct.pack("<4sI4s", b"RIFF", min(36 + data_bytes, 0xFFFFFFFF) if riff_bytes is None else riff_bytes, b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, num_channels & 0xFFFF, rate_hz, rate_hz * align & 0xFFFFFFFF, align & 0xFFFF, bits)
    return head + form + struct.pack("<4sI", b"data", data_bytes)


def pcm16(sound: Sound) -> bytes:
    """`sound` (T, C) as little-endian 16-bit samples."""
    return np.round(sound * 32_767.0).astype("<i2").tobytes()
