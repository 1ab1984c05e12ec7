"""The DCASE 2022 CRNN is the authors' network."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.models import crnn  # noqa: E402
from hearken.models.crnn import Dcase2022Crnn  # noqa: E402
from tests.golden.filling import assert_close, fill, grid  # noqa: E402
from tests.models.golden_panns import GOLDEN, layout, outputs, replaced  # noqa: E402

CASES = [("t151", 1700, 2, 151), ("t500", 1710, 1, 500), ("t63", 1720, 1, 63)]


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return fill(Dcase2022Crnn())


@pytest.fixture(scope="module")
def golden() -> Any:
    return outputs("models", "dcase2022_crnn")


def spectrograms(seed: int, count: int, frames: int) -> Tensor:
    return torch.from_numpy(np.stack([grid(seed + number, frames, 64, -0.2, 0.25) for number in range(count)]))


@torch.inference_mode()
def check(network: Dcase2022Crnn, golden: Any, case: str, seed: int, count: int, frames: int) -> None:
    mel = spectrograms(seed, count, frames)
    maps = network.cnn(mel)
    assert_close(golden, f"{case}.cnn", maps, atol=2e-5)
    assert_close(golden, f"{case}.gru", network.gru(maps)[0], atol=2e-5)
    states = network.frames(mel)
    assert_close(golden, f"{case}.frames", states[0] if count > 1 else states, atol=2e-5)
    if f"{case}.frames_all.shape" in golden:
        assert_close(golden, f"{case}.frames_all", states, atol=2e-5)
    pooled = network(mel)
    assert_close(golden, f"{case}.pooled", pooled, atol=1e-5)
    assert_close(golden, f"{case}.normalised", functional.normalize(pooled, dim=-1), atol=1e-6)


@pytest.mark.parametrize(("case", "seed", "count", "frames"), CASES)
def test_layer_by_layer(network: Dcase2022Crnn, golden: Any, case: str, seed: int, count: int, frames: int) -> None:
    check(network, golden, case, seed, count, frames)


def test_public_keys(network: Dcase2022Crnn) -> None:
    keys = json.loads((GOLDEN / "models" / "keys.json").read_text())["dcase2022_crnn"]
    assert layout(network.state_dict()) == {key: (shape, dtype) for key, (shape, dtype, _) in keys.items()}
    assert len(keys) == 38


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("cnn.features.3", nn.LPPool2d(2, (2, 4))),
        ("cnn.features.3", nn.AvgPool2d((2, 4))),
        ("cnn.features.10", nn.MaxPool2d((2, 4))),
        ("cnn.features.6", nn.LeakyReLU(0.01)),
        ("cnn.features.0", nn.Identity()),
    ],
)
def test_another_layer_would_show(network: Dcase2022Crnn, golden: Any, name: str, module: nn.Module) -> None:
    before = replaced(network, name, module)
    with pytest.raises(AssertionError):
        check(network, golden, *CASES[2])
    replaced(network, name, before)


def test_other_upsampling_would_show(network: Dcase2022Crnn, golden: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    interpolate = functional.interpolate
    monkeypatch.setattr(
        crnn.functional,
        "interpolate",
        lambda x, size, mode, align_corners: interpolate(x, size, mode=mode, align_corners=not align_corners),
    )
    with pytest.raises(AssertionError):
        check(network, golden, *CASES[2])


def test_gradients_reach_every_weight() -> None:
    network = Dcase2022Crnn(dim=20).train()
    network(spectrograms(1, 2, 40)).sum().backward()
    assert network.dim == 20
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.isfinite().all()] == []


def test_silence_in_all_cells_trains_on() -> None:
    pool = crnn._PowerMean((2, 2))
    x = torch.tensor([[[[0.0, 0.0, -1.0, 2.0], [0.0, 0.0, 3.0, 0.5]]]], requires_grad=True)
    out = pool(x)
    assert torch.allclose(out, nn.LPPool2d(4, (2, 2))(x), atol=1e-6)
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad[..., 2:].ne(0).all()


def test_it_has_no_tags(network: Dcase2022Crnn) -> None:
    with pytest.raises(NotImplementedError):
        network.tag_logits(torch.zeros(1, 300))


@torch.inference_mode()
def test_places_come_before_interpolation(network: Dcase2022Crnn) -> None:
    mel = spectrograms(1, 2, 63)
    places = network.tokens(mel)
    assert places.shape == (2, 15, network.token_dim)
    frames = functional.interpolate(places.transpose(1, 2), 63, mode="linear", align_corners=False)
    torch.testing.assert_close(frames.mean(2), network(mel))
