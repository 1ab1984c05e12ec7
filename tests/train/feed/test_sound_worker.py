from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Worker
from hearken.errors import AudioFormatError, WorkerDiedError
from hearken.train.feed.sound_worker import read_sound, stretch, worker
from tests.train.feed.sounding import RATE_HZ, write_sound


def test_short_sounds_come_whole_and_long_ones_cut(tmp_path: Path) -> None:
    path = str(write_sound(tmp_path / "a.wav", 0))
    expected = decode(path, rate_hz=RATE_HZ).samples  # 1 600
    with worker() as process:
        whole, is_whole = read_sound(process, path, RATE_HZ, 400, 0.5)
        assert (is_whole, np.array_equal(whole, expected)) == (True, True)
        part, is_whole = read_sound(process, path, RATE_HZ, 399, 0.5)  # more than four times as long
        assert (is_whole, np.array_equal(part, expected[601 : 601 + 399])) == (False, True)
        every, is_whole = read_sound(process, path, RATE_HZ, None, 0.5)
        assert (is_whole, np.array_equal(every, expected)) == (True, True)
        (tmp_path / "b.wav").write_bytes(b"RIFF, but no sound")
        with pytest.raises(AudioFormatError, match=r"b\.wav"):
            read_sound(process, str(tmp_path / "b.wav"), RATE_HZ, None, 0.0)


@pytest.mark.parametrize(("place", "start"), [(0.0, 0), (0.19, 0), (0.2, 1), (0.5, 2), (0.999, 4)])
def test_every_stretch_is_equally_likely(place: float, start: int) -> None:
    samples = np.arange(10, dtype=np.float32)
    assert stretch(samples, 6, place).tolist() == list(range(start, start + 6))  # five places to begin at
    assert stretch(samples, 10, place) is samples
    assert stretch(samples, None, place) is samples


@pytest.mark.parametrize("answer", [({"whole": True}, []), ({}, [np.ones(3, np.float32)]), ({"whole": True}, [np.ones(3)])])
def test_nonsense_is_the_death_of_a_process(answer: tuple[Message, list[Array]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "request", lambda *_: answer)
    with pytest.raises(WorkerDiedError, match=r"a\.wav answered nonsense"):
        read_sound(worker(), "a.wav", RATE_HZ, None, 0.0)
