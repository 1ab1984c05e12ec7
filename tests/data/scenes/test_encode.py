from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.probe import probe
from hearken.data.scenes.encode import FORMATS, encode, to_int16

SAMPLES = (0.4 * np.sin(2 * np.pi * 440 * np.arange(50_001) / 32_000)).astype(np.float32)


@pytest.mark.parametrize("kind", FORMATS)
def test_files_hold_the_sound_and_are_the_same_every_time(tmp_path: Path, kind) -> None:
    content = encode(SAMPLES, 32_000, kind)
    assert content == encode(SAMPLES, 32_000, kind)
    path = tmp_path / f"x.{kind}"
    path.write_bytes(content)
    assert probe(path).rate_hz == (48_000 if kind == "opus" else 32_000)
    back = decode(path, rate_hz=32_000).samples
    assert len(back) == pytest.approx(len(SAMPLES), abs=2)
    error = np.abs(back[1_000:49_000] - SAMPLES[1_000:49_000]).max()
    assert error < (0.05 if kind == "opus" else 1 / 32_768)
    assert not decode(path).flags


def test_louder_than_full_scale_is_clipped() -> None:
    assert to_int16(np.array([2.0, -2.0, 0.5], np.float32)).tolist() == [32_767, -32_768, 16_384]
