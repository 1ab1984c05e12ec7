"""Sounds inside a page: the beginning of a clip as MP3, which every browser plays, and its spectrogram, both as `data:` addresses.

Foreign files are decoded in a process of their own. A page holds so many bytes of sound and no more; a file that cannot be read, or finds
no room, is named and left out.

Legend: `T` samples.
"""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass, field

import av
import numpy as np

from hearken.errors import AudioError, show
from hearken.evaluate.report.pictures import RATE_HZ, spectrogram
from hearken.types import FloatArray

SECONDS = 8.0
MOST_BYTES = 6_000_000
"""Most bytes of sounds and pictures in one page, as they stand in it."""
_BITS_PER_S = 40_000
_FADE_S = 0.02
_PEAK = 0.89
_MOST_GAIN = 30.0


@dataclass(frozen=True)
class Sound:
    """A clip in the page: `audio` and `picture` are addresses that hold it all, "" where there is none; `why` says why not.

    `seconds` are played of `of_seconds`.
    """

    audio: str = ""
    picture: str = ""
    seconds: float = 0.0
    of_seconds: float = 0.0
    why: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether the clip is longer than what is played, by so much that it can be told."""
        return self.of_seconds >= self.seconds + 0.1


@dataclass
class Sounds:
    """Makes the sounds of one page, each file once, at most `room` bytes in all. With `is_wanted` false there is none."""

    is_wanted: bool = True
    room: int = MOST_BYTES
    _made: dict[str, Sound] = field(default_factory=dict)

    def of(self, path: str) -> Sound:
        """Return the sound of the file at `path`; one without `audio`, with the reason, where it cannot be had."""
        if not self.is_wanted:
            return Sound()
        if not path:
            return Sound(why="nobody told where this sound is")
        if path not in self._made:
            self._made[path] = _made(path)
        made = self._made[path]
        weight = len(made.audio) + len(made.picture)
        if weight > self.room:
            return Sound(why="left out: the page holds enough sounds")
        self.room -= weight
        return made


def _made(path: str) -> Sound:
    from hearken.audio.isolated import decode_isolated

    try:
        wave = decode_isolated(path, RATE_HZ)
    except AudioError as error:
        return Sound(why=f"cannot be played: {error.message}" if os.path.exists(path) else f"not here: {show(path)}")
    samples = beginning(wave.samples)
    audio = _address("audio/mpeg", mp3(samples))
    return Sound(audio, _address("image/png", spectrogram(samples)), len(samples) / RATE_HZ, wave.duration_s)


def beginning(samples: FloatArray) -> FloatArray:
    """Return the first seconds of `samples` (T,) at 24 kHz, faded out if there is more, quiet ones made louder, none beyond full scale."""
    size = round(SECONDS * RATE_HZ)
    kept = samples[:size].astype(np.float32, copy=True)
    if len(samples) > size:
        fade = round(_FADE_S * RATE_HZ)
        kept[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    peak = float(np.abs(kept).max(initial=0.0))
    if peak > 0:
        kept *= np.float32(min(_PEAK / peak, _MOST_GAIN))
    return kept


def mp3(samples: FloatArray) -> bytes:
    """Return mono `samples` (T,) at 24 kHz as an MP3 of 40 kbit/s; the same samples give the same bytes."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout="mono")
        stream.bit_rate = _BITS_PER_S
        frame = av.AudioFrame.from_ndarray(np.clip(samples, -1.0, 1.0)[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return made.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
