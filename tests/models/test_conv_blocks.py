"""The shared blocks: sizes, pooling and first weights; their numbers are tested with the networks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.models.conv_blocks import ConvBlock, ConvBlock5x5, conv3x3, initialise, pooled  # noqa: E402


@pytest.mark.parametrize(
    ("block", "shape"), [(ConvBlock(1, 4), (1, 4, 5, 3)), (ConvBlock(1, 4, (1, 1)), (1, 4, 11, 6)), (ConvBlock5x5(1, 4), (1, 4, 5, 3))]
)
def test_blocks_keep_the_size_and_pool(block: nn.Module, shape: tuple[int, ...]) -> None:
    out = block.eval()(torch.ones(1, 1, 11, 6))
    assert out.shape == shape
    assert out.min() >= 0


def test_pooling_averages() -> None:
    x = torch.tensor([[[[1.0, 2.0, 9.0], [3.0, 6.0, 9.0]]]])
    assert pooled(x, (2, 2)).tolist() == [[[[3.0]]]]
    assert pooled(x, (2, 1)).tolist() == [[[[2.0, 4.0, 9.0]]]]
    assert pooled(x, (1, 1)) is x


def test_initial_weights() -> None:
    network = nn.Sequential(conv3x3(4, 4, groups=2), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 400), nn.Linear(400, 4))
    initialise(network)
    linear = network[3]
    assert linear.bias.eq(0).all()
    bound = (6 / 404) ** 0.5
    assert 0.9 * bound < linear.weight.abs().max() <= bound
    assert network[1].weight.eq(1).all()
    assert network[0].weight.shape == (4, 2, 3, 3)
    assert network[0].bias is None
