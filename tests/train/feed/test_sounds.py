from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.worker import Worker
from hearken.errors import AudioReadError, WorkerDiedError
from hearken.train.feed import sounds as module
from hearken.train.feed.sound_worker import worker
from hearken.train.feed.sounds import Sounds
from tests.train.feed.sounding import RATE_HZ, write_sound


def test_a_sound_is_decoded_once_and_cut_each_time(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 0)
    expected = decode(path, rate_hz=RATE_HZ).samples
    sounds = Sounds(RATE_HZ, 800)
    with worker() as process:
        first = sounds.get(process, str(path), 0.999)
        path.unlink()
        again = sounds.get(process, str(path), 0.0)
        assert process.num_starts == 1
    assert np.array_equal(first, expected[800:])
    assert np.array_equal(again, expected[:800])
    assert not first.flags.writeable


def test_what_is_cut_by_the_process_and_what_is_cut_here_are_the_same(tmp_path: Path) -> None:
    path = str(write_sound(tmp_path / "a.wav", 0))
    with worker() as process:
        whole = Sounds(RATE_HZ, None).get(process, path)
        for at in (0.0, 0.3, 0.77):
            start = int(at * (len(whole) - 100 + 1))
            assert np.array_equal(Sounds(RATE_HZ, 100).get(process, path, at), whole[start : start + 100])


def test_memory_is_bounded(tmp_path: Path) -> None:
    paths = [str(write_sound(tmp_path / f"{number}.wav", number)) for number in range(3)]
    sounds = Sounds(RATE_HZ, None, cache_mb=0)
    sounds._cache = module._Cache(2 * 4 * 1_650)  # two of them
    with worker() as process:
        for path in paths:
            sounds.get(process, path)
        for path in paths:
            Path(path).unlink()
        assert [len(sounds.get(process, path)) for path in paths[:2]] == [1_600, 1_610]
        with pytest.raises(AudioReadError):
            sounds.get(process, paths[2])


def test_a_process_that_was_ended_from_without_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([WorkerDiedError("killed"), ({"whole": True}, [np.ones(3, np.float32)]), WorkerDiedError("1"), WorkerDiedError("2")])

    def request(*_: object) -> object:
        answer = next(answers)
        if isinstance(answer, WorkerDiedError):
            raise answer
        return answer

    monkeypatch.setattr(Worker, "request", request)
    sounds = Sounds(RATE_HZ, None)
    assert len(sounds.get(worker(), str(tmp_path / "a.wav"))) == 3
    with pytest.raises(WorkerDiedError, match="2"):
        sounds.get(worker(), str(tmp_path / "b.wav"))


def test_a_short_sound_is_followed_by_zeros_from_memory_too(tmp_path: Path) -> None:
    path = str(write_sound(tmp_path / "a.wav", 0, num_samples=400))  # 100 at this rate
    plain = Sounds(RATE_HZ, None)
    with worker() as process:
        expected = plain.get(process, path)
        for cut in (None, 1_000, 150, 60):
            sounds = Sounds(RATE_HZ, cut, least=150)
            for _ in range(2):
                sound = sounds.get(process, path, 0.0)
                kept = min(100, cut or 100)
                assert (len(sound), sound.flags.writeable) == (150, False)
                assert np.array_equal(sound[:kept], expected[:kept])
                assert not sound[kept:].any()
