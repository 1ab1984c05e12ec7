import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearken.audio import viewing
from hearken.audio.excerpt import SoundForm, read_span
from hearken.errors import InputError
from hearken.server import sounding
from hearken.server.sounding import WavSource
from tests.audio.making import noise, write

RATE_HZ = 8_000


@pytest.fixture(autouse=True, scope="module")
def ended() -> Iterator[None]:
    yield
    viewing.close()


def read_all(source: WavSource, count: int) -> bytes:
    parts, at = [], 0
    while at < source.size:
        parts.append(source.read(at, count))
        assert parts[-1]
        at += len(parts[-1])
    return b"".join(parts)


@pytest.mark.parametrize(("kind", "num_channels"), [("wav", 1), ("s24.flac", 2), ("u8.wav", 1), ("mp3", 2)])
def test_the_bytes_are_a_wav_whichever_way_they_are_asked_for(
    tmp_path: Path, kind: str, num_channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write(tmp_path, kind, noise(9 * RATE_HZ, num_channels), RATE_HZ))
    monkeypatch.setattr(sounding, "_PIECE_BYTES", 10_001)
    source = WavSource(path, viewing.form(path), 5 * RATE_HZ, 6 * RATE_HZ + 1)
    made = read_all(source, 7_777)
    assert len(made) == source.size
    assert made[:4] == b"RIFF"
    read, _ = soundfile.read(io.BytesIO(made), dtype="float32", always_2d=True)
    truth = read_span(path, 5.0, 6.0 + 1 / RATE_HZ).samples
    np.testing.assert_allclose(read.T, truth, atol=0.51 / 32_768 if kind == "mp3" else 0.0)
    for at in (0, 43, 44, 79, 80, 81, 9_999, 10_000, source.size - 1):
        assert made[at:].startswith(source.read(at, 500))
        assert source.read(at, 500)
    source.close()


def test_what_is_missing_at_the_end_is_silence(tmp_path: Path) -> None:
    path = str(write(tmp_path, "wav", noise(RATE_HZ), RATE_HZ))
    made = read_all(WavSource(path, SoundForm(RATE_HZ, 1, "s16"), 0, 2 * RATE_HZ), 100_000)
    assert len(made) == 44 + 4 * RATE_HZ
    assert made[44 : 44 + 2 * RATE_HZ].strip(b"\0")
    assert not made[44 + 2 * RATE_HZ :].strip(b"\0")


def test_what_no_wav_can_hold_is_refused() -> None:
    with pytest.raises(InputError, match="cannot hold"):
        WavSource("x.wav", SoundForm(96_000, 2, "s24"), 0, 10**9)
