from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hearken.audio.front_ends import ACT_LOGMEL, VGGISH_LOGMEL_16K
from hearken.audio.melspec import FRONT_ENDS, PANNS_LOGMEL_32K, PASST_MEL, FrontEnd, hann, log_mel, mel_matrix, surround
from hearken.errors import AudioEmptyError

GOLDEN = Path(__file__).parents[1] / "golden" / "frontends.npz"
NOISE_SHARE = 1e-5
"""Mel bands with less than this share (-50 dB) of their frame's energy are dominated by the rounding of the golden code."""


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[np.float32]]:
    with np.load(GOLDEN, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def panns_in_float64(wave: NDArray[np.float32]) -> NDArray[np.float64]:
    """The PANNs front end in plain float64: an independent second opinion, frame by frame."""
    front_end = PANNS_LOGMEL_32K
    padded = np.pad(wave.astype(np.float64), 512, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.array([padded[at : at + 1024] * window for at in range(0, len(padded) - 1023, 320)])
    power = np.abs(np.fft.rfft(frames)) ** 2
    return 10 * np.log10(np.maximum(power @ mel_matrix(front_end).astype(np.float64).T, 1e-10))


EVERYWHERE = ("passt_mel", "act_logmel", "dcase2022_logmel_44k", "dcase2023_logmel_44k")
"""Rows that are met to 1e-4 in every cell. The others hold, in quiet bands, the rounding noise of a float32 Fourier transform."""
WHERE_SOUND_IS = {
    "panns_logmel_32k": 1e-4, "panns_logmel_16k": 1e-4, "laion_htsat_logmel_48k": 1e-4, "laion_fusion_mel_48k": 1e-4, "wavtext5k_logmel_44k": 1.5e-4,
}  # fmt: skip
"""The tolerance in dB in bands that hold a 100 000th of their frame's energy; float64 arithmetic is as far from WavText5K's row."""


def row(golden: dict[str, NDArray[np.float32]], name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Our and the authors' output (L, F) of one row."""
    wanted = golden[name].T if name == "passt_mel" else golden[name]
    return log_mel(golden[f"wave_{FRONT_ENDS[name].rate_hz}"], FRONT_ENDS[name]), wanted


def test_every_golden_row_is_tested(golden: dict[str, NDArray[np.float32]]) -> None:
    assert sorted([*EVERYWHERE, *WHERE_SOUND_IS]) == sorted(name for name in golden if not name.startswith("wave_"))


@pytest.mark.parametrize("name", EVERYWHERE)
def test_golden_rows_that_are_met_everywhere(golden: dict[str, NDArray[np.float32]], name: str) -> None:
    ours, wanted = row(golden, name)
    assert ours.shape == wanted.shape
    assert np.abs(ours - wanted).max() <= 1e-4


@pytest.mark.parametrize(("name", "tolerance"), WHERE_SOUND_IS.items())
def test_golden_rows_with_noise_in_quiet_bands(golden: dict[str, NDArray[np.float32]], name: str, tolerance: float) -> None:
    """Equal to 1e-4 dB in every band that holds a 100 000th of its frame's energy, and close in energy everywhere.

    Most golden code computes the Fourier transform as a convolution in float32, whose rounding noise is some 120 dB below
    the loudest band. In quiet bands that noise is what it outputs: exact arithmetic is 0.05 dB away from it there.
    """
    ours, wanted = row(golden, name)
    assert ours.shape == wanted.shape
    energy, wanted_energy = 10 ** (ours.astype(np.float64) / 10), 10 ** (wanted.astype(np.float64) / 10)
    frame_energy = wanted_energy.sum(axis=1, keepdims=True)
    is_sound = wanted_energy >= NOISE_SHARE * frame_energy
    assert is_sound.mean() > 0.37
    assert np.abs(ours - wanted)[is_sound].max() <= tolerance
    assert (np.abs(energy - wanted_energy) / frame_energy)[~is_sound].max() <= 1e-9


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("passt_mel", {"periodic_window": True}), ("passt_mel", {"fmax_hz": 16_000.0}), ("passt_mel", {"win_length": 1024}),
        ("act_logmel", {"top_db": None}), ("act_logmel", {"pad": "reflect"}), ("dcase2022_logmel_44k", {"fmin_hz": 0.0}),
        ("dcase2022_logmel_44k", {"double": False}), ("dcase2023_logmel_44k", {"log_floor": 1e-10}),
        ("panns_logmel_16k", {"fmax_hz": 7_999.0}), ("laion_fusion_mel_48k", {"mel": "slaney"}), ("wavtext5k_logmel_44k", {"filter_rate_hz": 32_000}),
    ],
)  # fmt: skip
def test_a_wrong_constant_turns_the_golden_rows_red(golden: dict[str, NDArray[np.float32]], name: str, fault: dict[str, Any]) -> None:
    ours, wanted = row(golden, name)
    wrong = log_mel(golden[f"wave_{FRONT_ENDS[name].rate_hz}"], replace(FRONT_ENDS[name], **fault))
    loud = wanted > np.median(wanted) if name in WHERE_SOUND_IS else np.ones_like(wanted, bool)
    assert np.abs(wrong - wanted)[loud].max() > 20 * np.abs(ours - wanted)[loud].max()
    assert np.abs(wrong - wanted)[loud].max() > 1e-3


@pytest.mark.parametrize(
    ("name", "mean", "std", "first", "middle", "tolerance"),
    [
        ("vggish_logmel_16k", -1.8187650553, 2.9661443729, [1.0921738075, 2.5286758936, 2.9945226762], [0.7549269316, 1.1832440711, 1.4462474187], 1e-5),
        ("yamnet_logmel_16k", None, None, [1.0891500711, 2.5279576778, 2.9940719604], [0.7506873608, 1.1804835796, 1.4441260099], 1e-5),
    ],
)  # fmt: skip
def test_vggish_and_yamnet(
    golden: dict[str, NDArray[np.float32]],
    name: str,
    mean: float | None,
    std: float | None,
    first: list[float],
    middle: list[float],
    tolerance: float,
) -> None:
    """Values of `wave_16000` from Google's mel_features (in harritaylor/torchvggish) and from a torch port of YAMNet, run by us."""
    ours = log_mel(golden["wave_16000"], FRONT_ENDS[name])
    assert ours.shape == (148, 64)
    np.testing.assert_allclose(ours[0, :3], first, atol=tolerance)
    np.testing.assert_allclose(ours[70, 20:23], middle, atol=tolerance)
    if mean is not None and std is not None:
        np.testing.assert_allclose([ours.mean(), ours.std()], [mean, std], atol=tolerance)


@pytest.mark.parametrize(("num_samples", "num_frames"), [(1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (16_000, 98)])
def test_frames_inside_the_sound(num_samples: int, num_frames: int) -> None:
    """25 ms every 10 ms; no frame reads past the end, but a shorter sound is filled up to one."""
    sound = np.linspace(-1, 1, num_samples, dtype=np.float32)
    ours = log_mel(sound, VGGISH_LOGMEL_16K)
    assert ours.shape == (num_frames, 64)
    start = 160 * (num_frames - 1)
    np.testing.assert_allclose(
        ours[-1], log_mel(np.pad(sound[start : start + 400], (0, max(0, 400 - num_samples))), VGGISH_LOGMEL_16K)[0], atol=1e-5
    )


def test_top_db_is_counted_from_the_loudest_value_of_the_clip() -> None:
    sound = np.concatenate([np.sin(np.arange(16_000, dtype=np.float32) * 0.3), np.zeros(16_000, np.float32)])
    ours = log_mel(sound, ACT_LOGMEL)
    assert ours.min() == np.float32(ours.max() - 80)
    assert log_mel(sound[16_000:], ACT_LOGMEL).max() == pytest.approx(-100)


def test_where_we_differ_from_the_golden_panns_values_exact_arithmetic_agrees_with_us(golden: dict[str, NDArray[np.float32]]) -> None:
    ours, wanted, exact = (
        log_mel(golden["wave_32000"], PANNS_LOGMEL_32K),
        golden["panns_logmel_32k"],
        panns_in_float64(golden["wave_32000"]),
    )
    assert np.abs(wanted - exact).max() > 0.04
    assert np.abs(ours - exact).max() < 0.1 * np.abs(wanted - exact).max()
    assert np.abs(ours - exact).mean() < 0.1 * np.abs(wanted - exact).mean()


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_blocks_buffers_and_groups_change_nothing(name: str) -> None:
    """The same in plain steps: all frames at once, new arrays, and a product with the whole filter bank."""
    front_end = FRONT_ENDS[name]
    wave = (np.random.default_rng(0).standard_normal(front_end.hop * 75 + 17) * 0.1).astype(np.float32)
    before = wave.copy()
    sound = wave[1:] - np.float32(front_end.preemphasis) * wave[:-1] if front_end.preemphasis else wave
    left, right, reflect = surround(front_end, len(sound))
    padded = np.pad(sound, (left, right), mode="reflect" if reflect else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, front_end.n_fft)[:: front_end.hop]
    spectrum = np.abs(np.fft.rfft(frames * hann(front_end)))
    power = (spectrum if front_end.magnitude else np.square(spectrum)).astype(np.float32)
    mel = power @ mel_matrix(front_end).T
    floored = mel + np.float32(front_end.log_floor) if front_end.add_floor else np.maximum(mel, np.float32(front_end.log_floor))
    plain = (front_end.log_scale * np.log(floored) + front_end.shift) / front_end.divide
    if front_end.top_db is not None:
        plain = np.maximum(plain, plain.max() - front_end.top_db)
    ours = log_mel(wave, front_end)
    assert len(ours) > 64
    np.testing.assert_allclose(ours, plain, atol=2e-5 * front_end.log_scale / front_end.divide)
    assert log_mel(wave, front_end).tobytes() == ours.tobytes()
    assert wave.tobytes() == before.tobytes()


def test_two_threads_do_not_share_buffers() -> None:
    waves = [(np.random.default_rng(seed).standard_normal(160_000) * 0.1).astype(np.float32) for seed in range(8)]
    wanted = [log_mel(wave, PASST_MEL) for wave in waves]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda wave: log_mel(wave, PASST_MEL), waves))
    assert all(np.array_equal(ours, alone) for ours, alone in zip(found, wanted, strict=True))


def test_hann_windows_by_hand() -> None:
    tiny = FrontEnd("tiny", 8, 8, 4, 2, 2, 0.0, 4.0, "slaney", True, 0.0, 1.0, 1e-10, False, 0.0, 1.0)
    np.testing.assert_allclose(hann(tiny), [0, 0, 0, 0.5, 1, 0.5, 0, 0], atol=1e-7)
    symmetric = FrontEnd("tiny", 8, 8, 5, 2, 2, 0.0, 4.0, "slaney", False, 0.0, 1.0, 1e-10, False, 0.0, 1.0)
    np.testing.assert_allclose(hann(symmetric), [0, 0, 0.5, 1, 0.5, 0, 0, 0], atol=1e-7)


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("num_samples", [2, 3, 319, 320, 321, 512, 513, 514, 1023, 32_000])
def test_any_length_gives_the_announced_number_of_finite_frames(name: str, num_samples: int) -> None:
    front_end = FRONT_ENDS[name]
    out = log_mel(np.linspace(-1, 1, num_samples, dtype=np.float32), front_end)
    assert out.shape == (front_end.num_frames(num_samples), front_end.num_mels)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()


def test_silence_is_the_floor_in_every_band() -> None:
    silence = np.zeros(3_200, np.float32)
    np.testing.assert_allclose(log_mel(silence, PANNS_LOGMEL_32K), -100.0, atol=1e-4)
    np.testing.assert_allclose(log_mel(silence, PASST_MEL), (np.log(1e-5) + 4.5) / 5, atol=1e-6)


def test_a_frame_does_not_depend_on_what_comes_much_later() -> None:
    wave = np.random.default_rng(0).standard_normal(64_000).astype(np.float32) * 0.1
    whole, start = log_mel(wave, PASST_MEL), log_mel(wave[:40_000], PASST_MEL)
    np.testing.assert_allclose(whole[:100], start[:100], atol=1e-5)


def test_the_callers_samples_are_left_alone() -> None:
    wave = np.linspace(-1, 1, 5_000, dtype=np.float32)
    before = wave.copy()
    for front_end in FRONT_ENDS.values():
        log_mel(wave, front_end)
    np.testing.assert_array_equal(wave, before)


@pytest.mark.parametrize(("front_end", "num_samples"), [(PANNS_LOGMEL_32K, 0), (PASST_MEL, 0), (PASST_MEL, 1)])
def test_nothing_has_no_spectrogram(front_end: FrontEnd, num_samples: int) -> None:
    with pytest.raises(AudioEmptyError, match="no samples"):
        log_mel(np.zeros(num_samples, np.float32), front_end)
