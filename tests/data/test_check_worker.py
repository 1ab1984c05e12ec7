"""The process that decodes a clip to the end: its facts, its digest, its errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearken.data.check_worker import handle, worker
from hearken.errors import AudioFormatError, AudioReadError

RATE_HZ = 16_000


@pytest.fixture
def noise() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(RATE_HZ // 2)).astype(np.float32)


def facts(path: Path) -> dict[str, object]:
    return handle({"path": str(path)}, lambda seconds: None)[0]


def test_facts_of_a_file(tmp_path: Path, noise: np.ndarray) -> None:
    soundfile.write(tmp_path / "x.wav", noise, RATE_HZ, subtype="PCM_16")
    found = facts(tmp_path / "x.wav")
    assert len(str(found.pop("digest"))) == 32
    assert found == {
        "duration_s": 0.5, "rate_hz": RATE_HZ, "num_channels": 1, "container": "wav", "codec": "pcm_s16le", "flags": [],
    }  # fmt: skip


def test_the_digest_is_that_of_the_sound(tmp_path: Path, noise: np.ndarray) -> None:
    exact = np.round(noise * 32_767).astype(np.int16)
    soundfile.write(tmp_path / "x.wav", exact, RATE_HZ, subtype="PCM_16")
    soundfile.write(tmp_path / "x.flac", exact, RATE_HZ, subtype="PCM_16")
    soundfile.write(tmp_path / "rate.wav", exact, 8_000, subtype="PCM_16")
    soundfile.write(tmp_path / "other.wav", -exact, RATE_HZ, subtype="PCM_16")
    soundfile.write(tmp_path / "cut.wav", exact[:-1], RATE_HZ, subtype="PCM_16")
    digests = [facts(tmp_path / name)["digest"] for name in ("x.wav", "x.flac", "rate.wav", "other.wav", "cut.wav")]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_errors_and_flags(tmp_path: Path, noise: np.ndarray) -> None:
    (tmp_path / "page.wav").write_bytes(b"<html>not found</html>" * 50)
    with pytest.raises(AudioFormatError):
        facts(tmp_path / "page.wav")
    with pytest.raises(AudioReadError):
        facts(tmp_path / "absent.wav")
    soundfile.write(tmp_path / "x.wav", noise, RATE_HZ, subtype="PCM_16")
    content = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(content[: len(content) // 2])
    assert facts(tmp_path / "x.wav")["flags"] == ["truncated"]


def test_a_process_answers(tmp_path: Path, noise: np.ndarray) -> None:
    soundfile.write(tmp_path / "x.wav", noise, RATE_HZ)
    with worker() as process:
        body, arrays = process.request({"path": str(tmp_path / "x.wav")})
    assert (body, arrays) == (facts(tmp_path / "x.wav"), [])
