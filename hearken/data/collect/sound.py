"""From what a site sent to a file of the corpus: decoded where it does no harm, mono, at 44.1 kHz, as 16-bit FLAC.

The paper resamples everything to 44.1 kHz and says nothing of channels. Its models listen to one, as all of Hearken does,
so one is kept: the mean. FLAC loses nothing of the 16 bits and takes half the room of WAV: some 4 GB for 25 hours, where the
sites' own files take several times that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hearken.audio.isolated import decode_isolated
from hearken.files import replacing
from hearken.types import FloatArray, Waveform

RATE_HZ = 44_100
_FRAME_NUM_SAMPLES = 65_536


def read_sound(path: Path) -> Waveform:
    """Return the sound of a foreign file, mono at 44.1 kHz. Raises AudioError, WorkerDiedError among them."""
    return decode_isolated(path, RATE_HZ, repair=True)


def write_flac(path: Path, samples: FloatArray, rate_hz: int = RATE_HZ) -> None:
    """Write `samples` (T,), full scale 1, as 16-bit mono FLAC, whole or not at all. Raises OSError."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, alone=True) as temp, av.open(str(temp), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=rate_hz, layout="mono", format="s16")
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for start in range(0, len(samples), _FRAME_NUM_SAMPLES):
            scaled = np.round(samples[None, start : start + _FRAME_NUM_SAMPLES] * np.float32(32_768.0))
            frame = av.AudioFrame.from_ndarray(np.clip(scaled, -32_768, 32_767).astype(np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
