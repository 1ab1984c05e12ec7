"""A short tone as a file, for the tests of players."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np


def write_wave(path: Path, seconds: float = 0.5) -> None:
    """Write a tone of so many seconds at 16 kHz, mono, to `path`."""
    samples = (8_000 * np.sin(np.arange(int(seconds * 16_000)) * 0.2)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
