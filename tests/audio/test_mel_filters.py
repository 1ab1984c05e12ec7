from dataclasses import replace

import numpy as np
import pytest

from hearken.audio.front_ends import (
    FRONT_ENDS,
    LAION_FUSION_MEL_48K,
    LAION_HTSAT_LOGMEL_48K,
    MSCLAP2022_LOGMEL_44K,
    MSCLAP2023_LOGMEL_44K,
    PANNS_LOGMEL_32K,
    PASST_MEL,
    FrontEnd,
)
from hearken.audio.mel_filters import mel_band, mel_groups, mel_matrix

SLANEY = [front_end for front_end in FRONT_ENDS.values() if front_end.mel == "slaney"]


@pytest.mark.parametrize("front_end", SLANEY, ids=[front_end.name for front_end in SLANEY])
def test_slaney_matrix_equals_librosas(front_end: FrontEnd) -> None:
    filters = pytest.importorskip("librosa.filters", reason="librosa is not installed", exc_type=ImportError)
    rate = front_end.filter_rate_hz or front_end.rate_hz
    theirs = filters.mel(sr=rate, n_fft=front_end.n_fft, n_mels=64, fmin=front_end.fmin_hz, fmax=front_end.fmax_hz)
    np.testing.assert_allclose(mel_matrix(front_end), theirs, atol=1e-8)


def test_htk_matrix_equals_librosas_without_norm() -> None:
    filters = pytest.importorskip("librosa.filters", reason="librosa is not installed", exc_type=ImportError)
    theirs = filters.mel(sr=48_000, n_fft=1024, n_mels=64, fmin=50, fmax=14_000, htk=True, norm=None)
    np.testing.assert_allclose(mel_matrix(LAION_FUSION_MEL_48K), theirs, atol=1e-5)


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


def test_htk_triangles_by_hand() -> None:
    """Two bands from 0 Hz to 700 (10^(3/2) - 1) Hz, mel 0 to 3892.5: the corners lie at 2595 / 2 mel steps."""
    edges = 700 * (10 ** (np.arange(4) / 2) - 1)
    tiny = replace(PANNS_LOGMEL_32K, rate_hz=64_000, n_fft=64, num_mels=2, fmin_hz=0.0, fmax_hz=float(edges[3]), mel="htk")
    matrix = mel_matrix(tiny)
    assert matrix.shape == (2, 33)
    np.testing.assert_allclose(matrix[0, 1], 1000 / edges[1], atol=1e-6)
    np.testing.assert_allclose(matrix[0, 2], (edges[2] - 2000) / (edges[2] - edges[1]), atol=1e-6)
    np.testing.assert_allclose(matrix[0, 2] + matrix[1, 2], 1, atol=1e-6)


def test_the_fusion_filters_are_no_others_scaled() -> None:
    assert (
        np.abs(mel_matrix(LAION_FUSION_MEL_48K) / mel_matrix(LAION_FUSION_MEL_48K).max() - mel_matrix(LAION_HTSAT_LOGMEL_48K)).max() > 0.5
    )


def test_filters_made_for_another_rate_are_those_of_that_rate() -> None:
    np.testing.assert_array_equal(mel_matrix(MSCLAP2023_LOGMEL_44K), mel_matrix(PANNS_LOGMEL_32K))
    assert np.abs(mel_matrix(MSCLAP2023_LOGMEL_44K) - mel_matrix(MSCLAP2022_LOGMEL_44K)).max() > 1e-3


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_the_band_is_all_of_the_matrix_that_is_not_zero(front_end: FrontEnd) -> None:
    matrix = mel_matrix(front_end)
    band, low, high = mel_band(front_end)
    assert matrix.dtype == band.dtype == np.float32
    assert band.shape == (high - low, front_end.num_mels)
    rebuilt = np.zeros_like(matrix)
    rebuilt[:, low:high] = band.T
    np.testing.assert_array_equal(rebuilt, matrix)


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("size", [5, 32, 1000])
def test_groups_put_together_are_the_filter_bank(name: str, size: int) -> None:
    """Every weight is in exactly one group, and a group begins and ends where one of its bands does."""
    matrix = mel_matrix(FRONT_ENDS[name])
    together = np.zeros_like(matrix)
    for bins, bands, weights in mel_groups(FRONT_ENDS[name], size):
        together[bands, bins] += weights.T
        assert weights[0].any()
        assert weights[-1].any()
        assert bands.stop - bands.start <= size
    np.testing.assert_array_equal(together, matrix)


def test_groups_leave_most_zeros_out() -> None:
    """128 bands of 480 bins are 61 440 numbers, of which 948 are not zero; four groups hold a quarter of them."""
    assert np.count_nonzero(mel_matrix(PASST_MEL)) == 948
    assert sum(group.weights.size for group in mel_groups(PASST_MEL, 32)) < 61_440 / 3.9


def test_a_group_of_bands_that_no_bin_falls_into_hears_nothing() -> None:
    narrow = replace(PANNS_LOGMEL_32K, n_fft=64, win_length=64, num_mels=256)
    first = mel_groups(narrow, 8)[0]
    assert not mel_matrix(narrow)[:8].any()
    assert first.weights.shape == (0, 8)
