import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS, LAION_HTSAT_LOGMEL_48K, PANNS_LOGMEL_16K, PANNS_LOGMEL_32K  # noqa: E402
from hearken.audio.mel_filters import mel_matrix  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.frontend.constants import Names, panns_constants  # noqa: E402
from hearken.frontend.log_mel import LogMel  # noqa: E402

KEYS = json.loads((Path(__file__).parents[1] / "golden" / "models" / "keys.json").read_text(encoding="utf-8"))
FRONT = ("spectrogram_extractor.", "logmel_extractor.", "audio_feats_extractor.mel_trans.", "audio_feats_extractor.log_trans.")
# Of torchlibrosa 0.1.0's Spectrogram(1024, 320) and LogmelFilterBank(32 000, 1024, 64, 50, 14 000), run by us.
KERNEL = {
    (1, 300): (-0.16892423, -0.61041373),
    (100, 512): (1.0, 0.0),
    (511, 700): (-0.28473091, -0.64234269),
    (512, 511): (-0.99999058, 0.0),
}
MEL = {(2, 0): 0.0042890897, (3, 0): 0.0150118135, (100, 37): 0.0054063494, (440, 63): 0.0004470707, (447, 63): 0.0000558838}


@pytest.mark.parametrize("model", ["panns_cnn10", "panns_cnn14", "panns_resnet38", "htsat_retrocirce", "htsat_wavcaps"])
def test_keys_shapes_and_types_are_the_public_ones(model: str) -> None:
    wanted = {key: (shape, kind) for key, (shape, kind, _) in KEYS[model].items() if key.startswith(FRONT)}
    assert len(wanted) == 3
    names: Names = "wavcaps" if model == "htsat_wavcaps" else "panns"
    ours = panns_constants(PANNS_LOGMEL_32K, names=names)
    assert list(ours) == list(wanted)
    assert {key: (list(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for key, tensor in ours.items()} == wanted


def test_a_prefix_comes_first() -> None:
    assert list(panns_constants(LAION_HTSAT_LOGMEL_48K, "module.audio_branch.")) == [
        "module.audio_branch.spectrogram_extractor.stft.conv_real.weight",
        "module.audio_branch.spectrogram_extractor.stft.conv_imag.weight",
        "module.audio_branch.logmel_extractor.melW",
    ]


def test_values_are_torchlibrosas() -> None:
    real, imaginary, mel = panns_constants(PANNS_LOGMEL_32K).values()
    for (row, column), (wanted_real, wanted_imaginary) in KERNEL.items():
        assert real[row, 0, column].item() == pytest.approx(wanted_real, abs=1e-7)
        assert imaginary[row, 0, column].item() == pytest.approx(wanted_imaginary, abs=1e-7)
    for place, wanted in MEL.items():
        assert mel[place].item() == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize("front_end", [PANNS_LOGMEL_32K, PANNS_LOGMEL_16K], ids=["32k", "16k"])
def test_they_compute_what_the_front_end_computes(front_end: object) -> None:
    """Convolution with the kernels and the mel matrix, as torchlibrosa does it, against our Fourier transform."""
    assert front_end in FRONT_ENDS.values()
    one = PANNS_LOGMEL_32K if front_end == PANNS_LOGMEL_32K else PANNS_LOGMEL_16K
    real, imaginary, mel = (tensor.double() for tensor in panns_constants(one).values())
    wave = 0.1 * torch.randn(2, 1, 8_000, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(wave, (one.n_fft // 2,) * 2, mode="reflect").double()
    power = sum(torch.nn.functional.conv1d(padded, kernel, stride=one.hop) ** 2 for kernel in (real, imaginary))
    assert isinstance(power, torch.Tensor)
    wanted = 10 * torch.log10((power.transpose(1, 2) @ mel).clamp_min(1e-10))
    torch.testing.assert_close(LogMel(one)(wave[:, 0]), wanted.float(), rtol=0, atol=1e-4)


def test_the_mel_matrix_is_numpys_transposed() -> None:
    np.testing.assert_array_equal(panns_constants(PANNS_LOGMEL_32K)["logmel_extractor.melW"].numpy().T, mel_matrix(PANNS_LOGMEL_32K))


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="no public names 'laion'"):
        panns_constants(PANNS_LOGMEL_32K, names="laion")  # type: ignore[arg-type]
