"""ResNet22 and ResNet38 are the authors' networks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.models.panns_resnet import ResNet22, ResNet38  # noqa: E402
from tests.golden.filling import fill, fill_zoo, waves  # noqa: E402
from tests.models.golden_panns import (  # noqa: E402
    assert_models,
    assert_places,
    assert_public_keys,
    assert_zoo,
    mels,
    num_parameters,
    outputs,
    replaced,
)

CASES = [("a", 1020, 2, 64_000), ("b", 1025, 1, 52_345)]


@pytest.fixture(scope="module")
def resnet38() -> nn.Module:
    return fill(ResNet38())


@pytest.fixture(scope="module")
def resnet22() -> nn.Module:
    return ResNet22()


@pytest.mark.parametrize(("case", "seed", "count", "num_samples"), CASES)
def test_layer_by_layer(resnet38: nn.Module, case: str, seed: int, count: int, num_samples: int) -> None:
    assert_models(resnet38, outputs("models", "panns_resnet38"), case, waves(seed, count, num_samples))


@pytest.mark.parametrize(
    "name", ["resnet.layer2.0.downsample.0", "resnet.layer3.0.downsample.2", "resnet.layer4.1.conv2", "resnet.layer1.0.bn2"]
)
def test_a_missing_or_other_part_would_show(resnet38: nn.Module, name: str) -> None:
    before = replaced(resnet38, name, nn.MaxPool2d(2) if name.endswith("downsample.0") else nn.Identity())
    with pytest.raises(AssertionError):
        assert_models(resnet38, outputs("models", "panns_resnet38"), "b", waves(1025, 1, 52_345))
    replaced(resnet38, name, before)


def test_pooling_after_the_first_convolution_would_show(resnet38: nn.Module) -> None:
    block = resnet38.get_submodule("resnet.layer2.0")
    block.pool = (1, 1)
    hook = block.conv1.register_forward_hook(lambda _module, _inputs, output: functional.avg_pool2d(output, 2))
    with pytest.raises(AssertionError):
        assert_models(resnet38, outputs("models", "panns_resnet38"), "b", waves(1025, 1, 52_345))
    hook.remove()
    block.pool = (2, 2)


def test_zoo_keys_and_parameters(resnet22: nn.Module, resnet38: nn.Module) -> None:
    for name, network in (("ResNet22", resnet22), ("ResNet38", resnet38)):
        assert_public_keys(network, name)
    assert num_parameters(resnet38) == 74_866_703
    assert num_parameters(resnet22) == 63_675_087 + 1_083_456
    assert_zoo(fill_zoo(resnet22), "ResNet22")
    assert_zoo(fill_zoo(resnet38), "ResNet38")
    fill(resnet38)  # as the other tests expect it


def test_a_new_block_is_its_shortcut() -> None:
    block = ResNet22().get_submodule("resnet.layer1.1").eval()
    x = torch.rand(1, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(x), x)


def test_gradients_reach_every_weight(resnet22: nn.Module) -> None:
    resnet22.train()
    mel = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(0))
    resnet22.tag_logits(resnet22(mel)).sum().backward()
    assert [name for name, parameter in resnet22.named_parameters() if parameter.grad is None] == []


def test_places_before_pooling(resnet38: nn.Module) -> None:
    assert_places(resnet38, 3, mels(waves(1, 1, 32_000)))
