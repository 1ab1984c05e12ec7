from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hearken.audio.melspec import FRONT_ENDS, PANNS_LOGMEL_32K, PASST_MEL, FrontEnd, hann, log_mel, mel_matrix
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


def test_golden_passt_mel(golden: dict[str, NDArray[np.float32]]) -> None:
    ours = log_mel(golden["wave_32000"], PASST_MEL)
    assert ours.shape == (150, 128)
    assert np.abs(ours.T - golden["passt_mel"]).max() <= 1e-4


def test_golden_panns_logmel_32k(golden: dict[str, NDArray[np.float32]]) -> None:
    """Equal to 1e-4 dB in every band that holds a 100 000th of its frame's energy, and close in energy everywhere.

    The golden code computes the Fourier transform as a convolution in float32, whose rounding noise is some 120 dB below
    the loudest band. In quiet bands that noise is what it outputs: exact arithmetic is 0.05 dB away from it there.
    """
    ours, wanted = log_mel(golden["wave_32000"], PANNS_LOGMEL_32K), golden["panns_logmel_32k"]
    assert ours.shape == wanted.shape == (151, 64)
    energy, wanted_energy = 10 ** (ours.astype(np.float64) / 10), 10 ** (wanted.astype(np.float64) / 10)
    frame_energy = wanted_energy.sum(axis=1, keepdims=True)
    is_sound = wanted_energy >= NOISE_SHARE * frame_energy
    assert is_sound.sum() > 3_500
    assert np.abs(ours - wanted)[is_sound].max() <= 1e-4
    assert (np.abs(energy - wanted_energy) / frame_energy)[~is_sound].max() <= 1e-9


def test_where_we_differ_from_the_golden_panns_values_exact_arithmetic_agrees_with_us(golden: dict[str, NDArray[np.float32]]) -> None:
    ours, wanted, exact = (
        log_mel(golden["wave_32000"], PANNS_LOGMEL_32K),
        golden["panns_logmel_32k"],
        panns_in_float64(golden["wave_32000"]),
    )
    assert np.abs(wanted - exact).max() > 0.04
    assert np.abs(ours - exact).max() < 0.1 * np.abs(wanted - exact).max()
    assert np.abs(ours - exact).mean() < 0.1 * np.abs(wanted - exact).mean()


def test_slaney_matrix_equals_librosas() -> None:
    filters = pytest.importorskip("librosa.filters", reason="librosa is not installed", exc_type=ImportError)
    theirs = filters.mel(sr=32_000, n_fft=1024, n_mels=64, fmin=50, fmax=14_000)
    ours = mel_matrix(PANNS_LOGMEL_32K)
    assert ours.shape == (64, 513)
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_kaldi_triangles_rise_to_one_on_the_mel_axis_and_leave_the_nyquist_bin_out() -> None:
    matrix = mel_matrix(PASST_MEL)
    assert matrix.shape == (128, 513)
    assert not matrix[:, -1].any()
    step = 1127 * np.log(1 + 15_000 / 700) / 129
    third_bin = 1127 * np.log(1 + 3 * 31.25 / 700)  # lies between the peaks of two triangles
    upper = int(third_bin // step)
    share = third_bin / step - upper
    np.testing.assert_allclose(matrix[[upper - 1, upper], 3], [1 - share, share], atol=1e-6)
    assert np.count_nonzero(matrix[:, 3]) == 2


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
