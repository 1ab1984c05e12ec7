"""Folded networks give the same numbers, without batch norms behind their convolutions."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.models.crnn import Dcase2022Crnn  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402
from hearken.models.fusion import fused  # noqa: E402
from hearken.models.mobilenet_encoder import MobileNetEncoder  # noqa: E402
from hearken.models.panns import Cnn6, Cnn10  # noqa: E402
from hearken.models.panns_mobilenet import PannsMobileNetV1, PannsMobileNetV2  # noqa: E402
from hearken.models.panns_resnet import ResNet22  # noqa: E402
from hearken.models.panns_wavegram import WavegramLogmelCnn14  # noqa: E402
from hearken.models.yamnet import Yamnet  # noqa: E402
from tests.golden.filling import fill  # noqa: E402

# Batch norms that stand before a convolution, or alone, stay.
KINDS = [(Cnn6, 1), (Cnn10, 1), (ResNet22, 1), (PannsMobileNetV1, 1), (PannsMobileNetV2, 1), (WavegramLogmelCnn14, 1), (Yamnet, 0), (MobileNetEncoder, 0),
         (Dcase2022Crnn, 5)]  # fmt: skip


@pytest.mark.parametrize(("kind", "left"), KINDS)
def test_same_numbers_with_fewer_layers(kind: type[AudioEncoder], left: int) -> None:
    network = fill(kind()).train()
    draw = torch.Generator().manual_seed(0)
    scale, shift = (20.0, -40.0) if hasattr(network, "bn0") else (0.5, 0.0)
    mel = torch.randn(2, 96, network.front_end.num_mels, generator=draw) * scale + shift
    wave = torch.randn(2, 95 * 320, generator=draw) * 0.1
    fast = fused(network)
    assert network.training
    assert not fast.training
    assert sum(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in fast.modules()) == left
    with torch.inference_mode():
        expected = network.eval()(mel, wave)
        assert (fast(mel, wave) - expected).abs().max() <= 1e-5 * max(1.0, float(expected.abs().max()))
        assert expected.abs().max() > 1e-3


def test_a_batch_norm_of_other_numbers_is_not_dropped() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.AvgPool2d(2), nn.BatchNorm2d(2)).eval()
    network[2].running_mean.fill_(3.0)
    network[5].running_mean.fill_(3.0)
    fast = fused(network)
    assert [type(module).__name__ for module in fast] == ["Conv2d", "ReLU", "BatchNorm2d", "Conv2d", "AvgPool2d", "Identity"]
    x = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(fast(x), network(x), atol=1e-6)
