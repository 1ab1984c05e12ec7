"""Fingerprints of files: the same as of decoded sound, errors by name, and nothing believed that cannot be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.fingerprint import RATE_HZ, fingerprint
from hearken.audio.fingerprint_worker import as_fingerprint, fingerprint_file, worker
from hearken.audio.wire import Array, Message
from hearken.errors import AudioEmptyError, AudioReadError, WorkerDiedError
from tests.audio.making import noise, write


def test_a_file_has_the_fingerprint_of_its_sound(tmp_path: Path) -> None:
    path = write(tmp_path, "flac", noise(200_000, 2), 44_100)
    here = fingerprint(decode(path, rate_hz=RATE_HZ).samples, num_shifts=2)
    with worker() as process:
        there = fingerprint_file(process, path, num_shifts=2)
    assert (there.num_peaks, there.num_frames) == (here.num_peaks, here.num_frames)
    assert there.frames.tolist() == here.frames.tolist()
    assert there.bins.tolist() == here.bins.tolist()
    assert min(there.num_peaks) > 100


def test_errors_have_their_names(tmp_path: Path) -> None:
    empty = write(tmp_path, "wav", noise(0, 1), 8_000)
    with worker() as process:
        with pytest.raises(AudioReadError, match=r"gone\.wav"):
            fingerprint_file(process, tmp_path / "gone.wav")
        with pytest.raises(AudioEmptyError):
            fingerprint_file(process, empty)


class Liar:
    """Answers like a process that was taken over."""

    def __init__(self, body: Message, arrays: list[Array]) -> None:
        self._answer = body, arrays

    def request(self, message: Message) -> tuple[Message, list[Array]]:
        return self._answer


GOOD = [np.array([0, 5, 2], np.int32), np.array([10, 20, 30], np.int32)]


def test_what_can_be_one_is_believed() -> None:
    found = as_fingerprint(GOOD, [2, 1], 10)
    assert found is not None
    assert found.num_peaks == (2, 1)


@pytest.mark.parametrize(
    ("arrays", "num_peaks", "num_frames"),
    [
        (GOOD, [3], 10),  # not in order of time
        (GOOD, [2, 2], 10),
        (GOOD, [2, -1, 2], 10),
        (GOOD, [], 10),
        (GOOD, "2", 10),
        (GOOD, [2.0, 1.0], 10),
        (GOOD, [2, 1], 4),
        (GOOD, [2, 1], -1),
        (GOOD, [2, 1], 10**12),
        (GOOD, [2, 1], None),
        (GOOD[:1], [2, 1], 10),
        ([GOOD[0], GOOD[1][:2]], [2, 1], 10),
        ([GOOD[0].astype(np.int64), GOOD[1]], [2, 1], 10),
        ([GOOD[0], GOOD[1] + 300], [2, 1], 10),
        ([GOOD[0] - 1, GOOD[1]], [2, 1], 10),
    ],
)
def test_what_cannot_be_one_is_not(arrays: list[Array], num_peaks: object, num_frames: object) -> None:
    assert as_fingerprint(arrays, num_peaks, num_frames) is None
    with pytest.raises(WorkerDiedError, match=r"read x\.wav answered nonsense"):
        fingerprint_file(Liar({"num_peaks": num_peaks, "num_frames": num_frames}, arrays), "x.wav", num_shifts=2)


def test_another_number_of_framings_is_nonsense() -> None:
    with pytest.raises(WorkerDiedError, match="nonsense"):
        fingerprint_file(Liar({"num_peaks": [2, 1], "num_frames": 10}, GOOD), "x.wav")
