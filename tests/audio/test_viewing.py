import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearken.audio import viewing
from hearken.audio.excerpt import SoundForm, read_span
from hearken.audio.lanes import Lanes
from hearken.audio.peaks import read_overview
from hearken.audio.picture import PictureRequest, is_png
from hearken.audio.worker import Worker
from hearken.errors import AudioFormatError, AudioLimitError, InputError, WorkerDiedError
from tests.audio.making import noise, write

RATE_HZ = 8_000


@pytest.fixture(autouse=True, scope="module")
def ended() -> Iterator[None]:
    yield
    viewing.close()


def test_each_view_is_that_of_the_same_function_here(tmp_path: Path) -> None:
    path = write(tmp_path, "s24.wav", noise(10 * RATE_HZ, 2), RATE_HZ)
    truth = read_span(path, 4.0, 5.0).samples
    assert viewing.form(path) == SoundForm(RATE_HZ, 2, "s24")
    for sound_format in ("wav", "flac"):
        read, rate_hz = soundfile.read(io.BytesIO(viewing.cut(path, 4.0, 5.0, sound_format)), dtype="float32")
        assert rate_hz == RATE_HZ
        np.testing.assert_array_equal(read.T, truth)
    first, second = viewing.pcm(path, 4 * RATE_HZ, 4 * RATE_HZ + 3_000, "s24"), viewing.pcm(path, 4 * RATE_HZ + 3_000, 5 * RATE_HZ, "s24")
    assert len(first + second) == RATE_HZ * 2 * 3
    assert viewing.cut(path, 4.0, 5.0)[80:] == first + second
    here, there = read_overview(path), viewing.overview(path)
    np.testing.assert_array_equal(here.low, there.low)
    np.testing.assert_array_equal(here.high, there.high)
    columns = viewing.columns(path, 4.0, 5.0, 10)
    assert columns.low[0] == round(float(truth[:, :800].min()) * 32_767)
    assert is_png(viewing.spectrogram(path, PictureRequest(4.0, 5.0, 100, 64)), 100, 64)


def test_errors_pass_the_border(tmp_path: Path) -> None:
    path = tmp_path / "page.wav"
    path.write_text("<html>")
    for view in (viewing.form, viewing.overview, lambda path: viewing.cut(path, 0.0, 1.0)):
        with pytest.raises(AudioFormatError, match="looks like HTML"):
            view(path)
    with pytest.raises(AudioLimitError, match="601 s are too much"):
        viewing.cut(path, 0.0, 601.0)
    with pytest.raises(InputError, match="no format 'mp3'"):
        viewing.cut(path, 0.0, 1.0, "mp3")
    with pytest.raises(InputError, match="no piece"):
        viewing.pcm(path, 5, 5, "s16")
    with pytest.raises(InputError, match="no stretch"):
        viewing.columns(path, 5.0, 1.0, 10)


ANSWERS = [
    ({}, []),
    ({"rate_hz": 8_000, "num_channels": 1, "depth": "s8"}, [np.zeros(3, np.float32)]),
    ({"rate_hz": 1, "num_channels": 1, "depth": "s16"}, [np.zeros((2, 2), np.uint8)]),
    ({"rate_hz": 8_000, "num_channels": 65, "depth": "s16"}, [np.zeros(7, np.uint8)]),
    ({"bin_num_samples": 256, "num_samples": 1_000, "rate_hz": 8_000}, [np.zeros(3, np.int16)] * 2),
    ({"bin_num_samples": 0, "num_samples": 1_000, "rate_hz": 8_000}, [np.zeros(4, np.int16)] * 2),
    ({"bin_num_samples": 256, "num_samples": 1_000, "rate_hz": 8_000}, [np.zeros(4, np.int16), np.zeros(5, np.int16)]),
]


@pytest.mark.parametrize(("body", "arrays"), ANSWERS)
def test_answers_that_cannot_be_are_not_believed(body, arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "_ask", lambda *args, **kwargs: (body, arrays))
    views = (viewing.form, viewing.overview, lambda path: viewing.columns(path, 0.0, 1.0, 9), lambda path: viewing.pcm(path, 0, 5, "s16"))
    for view in (*views, lambda path: viewing.spectrogram(path, PictureRequest(0.0, 1.0, 100, 64))):
        with pytest.raises(WorkerDiedError, match="nonsense"):
            view("x.wav")
    good = {"bin_num_samples": 256, "num_samples": 1_000, "rate_hz": 8_000}
    assert viewing.as_overview(good, [np.zeros(4, np.int16)] * 2) is not None


def test_a_process_that_dies_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "wav", noise(RATE_HZ), RATE_HZ)
    made: list[Worker] = []
    monkeypatch.setitem(viewing._lanes, os.getpid(), Lanes(lambda: made.append(Worker("hearken.audio.viewing")) or made[-1], 1))
    assert viewing.form(path).rate_hz == RATE_HZ
    assert made[0].pid is not None
    os.kill(made[0].pid, 9)
    made[0]._child._process.wait()
    assert viewing.form(path).rate_hz == RATE_HZ
    made[0].close()
