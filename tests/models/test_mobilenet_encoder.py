"""mn04 and mn10 as encoders: MobileNetV3's own numbers, asked in another way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import PASST_MEL  # noqa: E402
from hearken.audio.melspec import log_mel  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.mobilenet_encoder import MobileNetEncoder  # noqa: E402
from tests.golden.filling import fill, grid, waves  # noqa: E402
from tests.models.golden_panns import GOLDEN, layout  # noqa: E402

SHARED = Path(os.environ.get("HEARKEN_SHARED", Path(__file__).parents[3] / "shared"))
CHECKPOINT = SHARED / "weights" / "mn04_as" / "mn04_as_mAP_432.pt"


def test_names_and_sizes() -> None:
    keys = json.loads((GOLDEN / "models" / "keys.json").read_text())["mn04_as"]
    small, large = MobileNetEncoder(), MobileNetEncoder(1.0)
    assert layout(small.state_dict()) == {key: (shape, dtype) for key, (shape, dtype, _) in keys.items()}
    assert len(keys) == 312
    assert (small.dim, sum(parameter.numel() for parameter in small.parameters())) == (384, 983_599)
    assert (large.dim, sum(parameter.numel() for parameter in large.parameters())) == (960, 4_876_831)
    assert small.front_end == PASST_MEL


def test_embedding_and_tags_are_the_taggers() -> None:
    encoder, tagger = fill(MobileNetEncoder()), fill(MobileNetV3())
    mel = torch.from_numpy(np.stack([grid(seed, 128, 200, -0.4, 1.0).T for seed in (1, 2)]))
    with torch.inference_mode():
        embedding = encoder(mel)
        assert embedding.shape == (2, 384)
        assert torch.allclose(embedding, tagger.frames(mel).mean(1))
        np.testing.assert_allclose(encoder.tag_logits(embedding).numpy(), tagger(mel).numpy(), atol=1e-4)


@pytest.mark.skipif(not CHECKPOINT.is_file(), reason="the public mn04_as checkpoint is not beside this checkout")
@pytest.mark.parametrize(("case", "seed", "count", "num_samples"), [("s3", 1600, 1, 96_000), ("s10", 1610, 2, 320_000)])
def test_golden_numbers_of_the_public_checkpoint(case: str, seed: int, count: int, num_samples: int) -> None:
    encoder = MobileNetEncoder().eval()
    encoder.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True))
    golden = np.load(GOLDEN / "mn04_as.npz")
    mel = torch.from_numpy(np.stack([log_mel(samples, PASST_MEL) for samples in waves(seed, count, num_samples)]))
    with torch.inference_mode():
        embedding = encoder(mel)
        np.testing.assert_allclose(embedding.numpy(), golden[f"{case}.features"], atol=1e-4)
        np.testing.assert_allclose(encoder.tag_logits(embedding).numpy(), golden[f"{case}.logits"], atol=1e-3)


@torch.inference_mode()
def test_places_are_the_feature_frames() -> None:
    encoder, mel = fill(MobileNetEncoder()), torch.from_numpy(grid(1, 128, 200, -0.4, 1.0).T.copy())[None]
    places = encoder.tokens(mel)
    assert places.shape == (1, 7, encoder.token_dim)
    torch.testing.assert_close(places.mean(1), encoder(mel))
