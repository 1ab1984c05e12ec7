"""The MobileNet is the published one: sizes and key names always, numbers where the public checkpoint is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.melspec import PASST_MEL, log_mel  # noqa: E402
from hearken.models.mobilenet import MobileNetV3, round_channels  # noqa: E402
from tests.golden import filling  # noqa: E402

SHARED = Path(os.environ.get("HEARKEN_SHARED", Path(__file__).parents[3] / "shared"))
CHECKPOINT = SHARED / "weights" / "mn04_as" / "mn04_as_mAP_432.pt"
GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "mn04_as.npz")


@pytest.mark.parametrize(("channels", "rounded"), [(6.4, 8), (16.0, 16), (9.6, 16), (44.8, 48), (64.0, 64), (26.0, 24)])
def test_round_channels(channels: float, rounded: int) -> None:
    assert round_channels(channels) == rounded


def test_parameter_count_is_the_published_one() -> None:
    model = MobileNetV3(width=0.4)
    assert sum(p.numel() for p in model.parameters()) == 983_599
    assert len(model.state_dict()) == 312
    assert model.num_features == 384


def test_key_names_follow_the_checkpoint() -> None:
    keys = set(MobileNetV3(width=0.4).state_dict())
    assert {"features.0.0.weight", "features.4.block.2.conc_se_layers.0.fc1.weight", "classifier.5.bias"} <= keys


def test_frames_are_one_for_32_spectrogram_frames() -> None:
    model = MobileNetV3(width=0.4).eval()
    with torch.no_grad():
        assert [model.frames(torch.zeros(1, length, 128)).shape[1] for length in (32, 33, 64, 1024)] == [1, 2, 2, 32]


@pytest.mark.skipif(not CHECKPOINT.is_file(), reason="the public mn04_as checkpoint is not beside this checkout")
@pytest.mark.parametrize(("case", "seed", "count", "num_samples"), [("s3", 1600, 1, 96_000), ("s10", 1610, 2, 320_000)])
def test_golden_numbers_of_the_public_checkpoint(case: str, seed: int, count: int, num_samples: int) -> None:
    model = MobileNetV3(width=0.4)
    model.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True), strict=True)
    model.eval()
    waves = filling.waves(seed, count, num_samples)
    mel = torch.from_numpy(np.stack([log_mel(samples, PASST_MEL) for samples in waves]))
    with torch.no_grad():
        np.testing.assert_allclose(model(mel).numpy(), GOLDEN[f"{case}.logits"], atol=1e-3)
        np.testing.assert_allclose(model.frames(mel).mean(1).numpy(), GOLDEN[f"{case}.features"], atol=1e-4)
