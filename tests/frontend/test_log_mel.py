from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import (  # noqa: E402
    ACT_LOGMEL,
    FRONT_ENDS,
    PANNS_LOGMEL_32K,
    PASST_MEL,
    VGGISH_LOGMEL_16K,
    YAMNET_LOGMEL_16K,
    FrontEnd,
)
from hearken.audio.melspec import log_mel  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.frontend.jitter import Jitter, shifted  # noqa: E402
from hearken.frontend.log_mel import LogMel  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden" / "frontends.npz"
EVERYWHERE = ("passt_mel", "act_logmel", "dcase2022_logmel_44k", "dcase2023_logmel_44k")
"""Rows met to 1e-4 in every cell."""
WHERE_SOUND_IS = {
    "panns_logmel_32k": 1e-4, "panns_logmel_16k": 1e-4, "laion_htsat_logmel_48k": 1e-4, "laion_fusion_mel_48k": 1e-4,
    "wavtext5k_logmel_44k": 2e-4,
}  # fmt: skip
"""Rows whose quiet bands hold the rounding noise of a convolution, or of the Fourier transform of one kind of processor (another
kind is up to 2 dB away there): tolerance in dB where a band has 1e-5 of its frame's energy."""


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def sound(front_end: FrontEnd, batch: int = 2, seconds: float = 0.5) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return 0.1 * torch.randn(batch, int(seconds * front_end.rate_hz), generator=generator)


def test_every_golden_row_is_tested(golden: dict[str, np.ndarray]) -> None:
    assert sorted([*EVERYWHERE, *WHERE_SOUND_IS]) == sorted(name for name in golden if not name.startswith("wave_"))


@pytest.mark.parametrize("name", [*EVERYWHERE, *WHERE_SOUND_IS])
def test_golden_rows(golden: dict[str, np.ndarray], name: str) -> None:
    front_end = FRONT_ENDS[name]
    wanted = golden[name].T if name == "passt_mel" else golden[name]
    ours = LogMel(front_end)(torch.from_numpy(golden[f"wave_{front_end.rate_hz}"])[None])[0].numpy()
    assert ours.shape == wanted.shape
    if name in EVERYWHERE:
        assert np.abs(ours - wanted).max() <= 1e-4
        return
    energy, wanted_energy = 10 ** (ours.astype(np.float64) / 10), 10 ** (wanted.astype(np.float64) / 10)
    frame_energy = wanted_energy.sum(axis=1, keepdims=True)
    is_sound = wanted_energy >= 1e-5 * frame_energy
    assert is_sound.mean() > 0.37
    assert np.abs(ours - wanted)[is_sound].max() <= WHERE_SOUND_IS[name]
    assert (np.abs(energy - wanted_energy) / frame_energy)[~is_sound].max() <= 1e-9


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_equal_to_numpy(front_end: FrontEnd) -> None:
    wave = sound(front_end)
    ours = LogMel(front_end)(wave)
    assert ours.dtype == torch.float32
    assert ours.is_contiguous()
    for row, clip in zip(ours, wave, strict=True):
        np.testing.assert_allclose(row.numpy(), log_mel(clip.numpy(), front_end), rtol=0, atol=1e-4)


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
@pytest.mark.parametrize("num_samples", [2, 3, 320, 321, 399, 401, 512, 513, 514, 1023, 1025, 1026])
def test_equal_to_numpy_at_every_edge(front_end: FrontEnd, num_samples: int) -> None:
    wave = 0.1 * torch.randn(num_samples, generator=torch.Generator().manual_seed(num_samples))  # sound in all bands
    ours = LogMel(front_end)(wave[None])[0]
    assert ours.shape == (front_end.num_frames(num_samples), front_end.num_mels)
    np.testing.assert_allclose(ours.numpy(), log_mel(wave.numpy(), front_end), rtol=0, atol=1e-4)


def test_a_clip_does_not_depend_on_its_batch() -> None:
    """top_db too is counted from the loudest value of the clip, not of the batch."""
    quiet, loud = torch.split(sound(ACT_LOGMEL), 1)
    quiet = quiet * 1e-4
    together = LogMel(ACT_LOGMEL)(torch.cat([quiet, 10 * loud]))
    torch.testing.assert_close(together[:1], LogMel(ACT_LOGMEL)(quiet), rtol=0, atol=1e-4)
    assert together[0].max() < together[1].min() - 20


def test_silence_is_the_floor() -> None:
    silence = torch.zeros(1, 3_200)
    torch.testing.assert_close(LogMel(PANNS_LOGMEL_32K)(silence), torch.full((1, 11, 64), -100.0))
    torch.testing.assert_close(LogMel(YAMNET_LOGMEL_16K)(silence), torch.full((1, 18, 64), float(np.log(0.001))))


@pytest.mark.parametrize("front_end", [PASST_MEL, ACT_LOGMEL, VGGISH_LOGMEL_16K], ids=lambda front_end: front_end.name)
def test_the_gradient_is_that_of_a_small_step(front_end: FrontEnd) -> None:
    wave = sound(front_end, batch=1, seconds=0.1).requires_grad_()
    weights = torch.randn(LogMel(front_end)(wave.detach()).shape[1:], generator=torch.Generator().manual_seed(1))
    module = LogMel(front_end)
    (module(wave) * weights).sum().backward()
    step = torch.randn(wave.shape, generator=torch.Generator().manual_seed(2)) * 1e-3
    with torch.no_grad():
        difference = ((module(wave + step) - module(wave - step)) * weights).sum() / 2
    assert wave.grad is not None
    torch.testing.assert_close((wave.grad * step).sum(), difference, rtol=0.02, atol=1e-2)


def test_the_gradient_of_silence_is_finite() -> None:
    for front_end in (VGGISH_LOGMEL_16K, PANNS_LOGMEL_32K):
        wave = torch.zeros(1, 2_000, requires_grad=True)
        LogMel(front_end)(wave).sum().backward()
        assert wave.grad is not None
        assert wave.grad.isfinite().all()


def test_float32_under_autocast_and_after_half_precision() -> None:
    wave = sound(PANNS_LOGMEL_32K)
    wanted = LogMel(PANNS_LOGMEL_32K)(wave)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(LogMel(PANNS_LOGMEL_32K)(wave), wanted, rtol=0, atol=0)
    module = LogMel(PANNS_LOGMEL_32K).to(torch.bfloat16)
    torch.testing.assert_close(module(wave), wanted, rtol=0, atol=0)
    assert module(wave.to(torch.bfloat16)).dtype == torch.float32
    double = deepcopy(LogMel(FRONT_ENDS["dcase2022_logmel_44k"])).half()
    assert double.window.dtype == torch.float64


def test_nothing_of_it_is_saved_or_learnt() -> None:
    module = LogMel(PASST_MEL)
    assert module.state_dict() == {}
    assert list(module.parameters()) == []
    assert "passt_mel" in repr(module)


def test_jitter_moves_the_edges_in_training_only() -> None:
    wave = sound(PASST_MEL)
    module = LogMel(PASST_MEL, jitter=(10, 2000))
    shift = Jitter(10, 2000).draw(torch.Generator().manual_seed(3))
    moved = module.train()(wave, torch.Generator().manual_seed(3))
    torch.testing.assert_close(moved, LogMel(shifted(PASST_MEL, shift))(wave))
    still = module.eval()(wave, torch.Generator().manual_seed(3))
    torch.testing.assert_close(still, LogMel(PASST_MEL)(wave), rtol=0, atol=0)
    assert (moved - still).abs().max() > 1e-2


def test_without_jitter_training_is_evaluation() -> None:
    wave = sound(PASST_MEL)
    torch.testing.assert_close(LogMel(PASST_MEL).train()(wave), LogMel(PASST_MEL).eval()(wave), rtol=0, atol=0)


def test_long_sound_is_the_same_in_blocks() -> None:
    """Frames are transformed in blocks on a CPU; what lies around a block's edge must not differ."""
    wave = sound(PANNS_LOGMEL_32K, batch=1, seconds=3)
    late = LogMel(PANNS_LOGMEL_32K)(wave[:, 320 * 50 :])
    torch.testing.assert_close(LogMel(PANNS_LOGMEL_32K)(wave)[:, 52:], late[:, 2:], rtol=0, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_equal_on_a_cuda_device(front_end: FrontEnd) -> None:
    wave = sound(front_end)
    ours = LogMel(front_end).cuda()(wave.cuda())
    torch.testing.assert_close(ours.cpu(), LogMel(front_end)(wave), rtol=0, atol=1e-4)


def test_what_has_no_spectrogram() -> None:
    with pytest.raises(InputError, match=r"not as torch\.int16"):
        LogMel(FRONT_ENDS["passt_mel"])(torch.zeros(1, 1000, dtype=torch.int16))
    with pytest.raises(InputError, match="not with 1 axes"):
        LogMel(PASST_MEL)(torch.zeros(100))
    for front_end, num_samples in ((PANNS_LOGMEL_32K, 0), (PASST_MEL, 1), (PASST_MEL, 0)):
        with pytest.raises(AudioEmptyError, match="no samples"):
            LogMel(front_end)(torch.zeros(2, num_samples))


def test_a_front_end_of_ones_own_works_as_well() -> None:
    own = replace(PASST_MEL, name="own", n_fft=512, win_length=500, hop=100, num_mels=20, preemphasis=0.0, magnitude=True, mel="htk")
    wave = sound(own)
    np.testing.assert_allclose(LogMel(own)(wave)[0].numpy(), log_mel(wave[0].numpy(), own), rtol=0, atol=1e-4)
