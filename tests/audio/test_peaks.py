import itertools
from pathlib import Path

import numpy as np
import pytest

from hearken.audio import peaks
from hearken.audio.excerpt import open_spans
from hearken.audio.peaks import FIRST_BIN_NUM_SAMPLES, Overview, could_serve, read_columns, read_overview
from hearken.errors import AudioEmptyError
from tests.audio.making import noise, wav_header, write

RATE_HZ = 8_000
STEP = 1.1 / 32_767


def truth(sound: np.ndarray, edges: list[int]) -> tuple[np.ndarray, np.ndarray]:
    pairs = list(itertools.pairwise(edges))
    return np.array([sound[a:b].min() for a, b in pairs]), np.array([sound[a:b].max() for a, b in pairs])


def test_an_overview_holds_the_extremes_of_all_channels(tmp_path: Path) -> None:
    sound = noise(100_003, 2)
    told: list[float] = []
    found = read_overview(write(tmp_path, "float.wav", sound, RATE_HZ), told.append)
    edges = [*range(0, 100_003, FIRST_BIN_NUM_SAMPLES), 100_003]
    low, high = truth(sound, edges)
    assert (found.num_samples, found.rate_hz, found.bin_num_samples) == (100_003, RATE_HZ, FIRST_BIN_NUM_SAMPLES)
    assert found.duration_s == pytest.approx(100_003 / RATE_HZ)
    np.testing.assert_allclose(found.low / 32_767, low, atol=STEP)
    np.testing.assert_allclose(found.high / 32_767, high, atol=STEP)
    assert told[-1] == pytest.approx(100_003 / RATE_HZ)


def test_bins_become_wider_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = noise(200_001)
    path = write(tmp_path, "float.wav", sound, RATE_HZ)
    monkeypatch.setattr(peaks, "MAX_BINS", 101)
    found = read_overview(path)
    assert found.bin_num_samples >= 2_048
    assert len(found.low) == -(-200_001 // found.bin_num_samples) <= 101
    low, high = truth(sound, [*range(0, 200_001, found.bin_num_samples), 200_001])
    np.testing.assert_allclose(found.low / 32_767, low, atol=STEP)
    np.testing.assert_allclose(found.high / 32_767, high, atol=STEP)


def test_columns_of_an_overview_are_those_of_the_sound(tmp_path: Path) -> None:
    sound = noise(120_000)
    path = write(tmp_path, "float.wav", sound, RATE_HZ)
    overview = read_overview(path)
    assert overview.serves(0.0, 15.0, 200)
    assert not overview.serves(0.0, 15.0, 300)
    width = 12_000 // 256
    coarse = overview.columns(1.0, 13.0, width)
    with open_spans(path) as reader:
        fine = read_columns(reader, 1.0, 13.0, width)
    for side, other in ((coarse.low, fine.low), (coarse.high, fine.high)):
        assert np.corrcoef(side, other)[0, 1] > 0.8
    np.testing.assert_array_equal(overview.columns(0.0, 120_000 / RATE_HZ, 1).low, [overview.low.min()])
    for width in (1, 3, 58, 117):  # no bin is lost, whether edges lie on bins or within them
        for start_s, end_s in ((0.0, 15.0), (0.256, 14.848), (1.1, 13.7)):
            columns, bins = overview.columns(start_s, end_s, width), slice(int(start_s * 31.25), int(np.ceil(end_s * 31.25)))
            assert (columns.low.min(), columns.high.max()) == (overview.low[bins].min(), overview.high[bins].max())
    after = overview.columns(14.0, 30.0, 40)
    assert after.high[0] > 1000
    assert not after.high[10:].any()
    assert not after.low[10:].any()


@pytest.mark.parametrize("width", [1, 7, 800, 4_096])
def test_columns_of_the_sound_are_exact(tmp_path: Path, width: int) -> None:
    sound = noise(40_000, 2)
    path = write(tmp_path, "float.wav", sound, RATE_HZ)
    with open_spans(path) as reader:
        found = read_columns(reader, 1.0, 3.0, width)
    numbers = (np.arange(16_000) * width) // 16_000
    part = sound[8_000:24_000]
    low = [part[numbers == column].min() for column in range(width)]
    high = [part[numbers == column].max() for column in range(width)]
    np.testing.assert_allclose(found.low / 32_767, low, atol=STEP)
    np.testing.assert_allclose(found.high / 32_767, high, atol=STEP)


def test_columns_narrower_than_a_sample_hold_its_value_and_the_end_is_silent(tmp_path: Path) -> None:
    path = write(tmp_path, "float.wav", np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None], 2_000)
    with open_spans(path) as reader:
        found = read_columns(reader, 0.0, 0.006, 24)
    np.testing.assert_allclose(found.high[:18:2] / 32_767, np.linspace(0.1, 0.9, 9), atol=STEP)
    assert (found.low[1::2] == found.low[::2]).all()
    assert not found.high[18:].any()


def test_could_serve_foretells_serves() -> None:
    for duration_s, rate_hz in ((10.0, 48_000), (36_000.0, 48_000)):
        size = FIRST_BIN_NUM_SAMPLES
        while duration_s * rate_hz / size >= peaks.MAX_BINS:
            size *= 2
        empty = np.zeros(1, np.int16)
        for stretch_s in (1.0, 10.0, 100.0, 3_000.0):
            assert could_serve(duration_s, rate_hz, stretch_s, 1_000) == Overview(empty, empty, size, 1, rate_hz).serves(
                0.0, stretch_s, 1_000
            )


def test_nothing_has_no_overview(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header())
    with pytest.raises(AudioEmptyError):
        read_overview(path)
