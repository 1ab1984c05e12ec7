"""YAMNet is the public port's network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.audio.front_ends import YAMNET_LOGMEL_16K  # noqa: E402
from hearken.models.yamnet import Yamnet  # noqa: E402
from tests.golden.filling import fill, grid  # noqa: E402
from tests.models.golden_panns import GOLDEN, replaced  # noqa: E402

PORTS = np.load(GOLDEN / "ports.npz")
MEL = torch.from_numpy(np.stack([grid(1810 + number, 192, 64, -1.0, 1.0) for number in range(2)]))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return fill(Yamnet())


def assert_port(network: Yamnet) -> None:
    with torch.inference_mode():
        patches = network.patch_embeddings(MEL)
        np.testing.assert_allclose(patches.numpy(), PORTS["yamnet.patches"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(network.tag_logits(patches).numpy(), PORTS["yamnet.logits"], rtol=0, atol=1e-5)
        assert torch.allclose(network(MEL), patches.mean(1))


def test_numbers_of_the_public_port(network: Yamnet) -> None:
    assert_port(network)


@pytest.mark.parametrize("eps", [1e-5, 1e-3])
def test_another_eps_would_show(network: Yamnet, eps: float) -> None:
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-4}
    assert len(norms) == 27
    for norm in norms:
        norm.eps = eps
    with pytest.raises(AssertionError):
        assert_port(network)
    for norm in norms:
        norm.eps = 1e-4


def test_padding_on_both_sides_would_show(network: Yamnet) -> None:
    before = network.layer1.fused.conv
    even = nn.Conv2d(1, 32, 3, 2, padding=1, bias=False)
    even.load_state_dict(before.state_dict())
    replaced(network, "layer1.fused.conv", even)
    with pytest.raises(AssertionError):
        assert_port(network)
    replaced(network, "layer1.fused.conv", before)


def test_names_and_sizes(network: Yamnet) -> None:
    keys = set(network.state_dict())
    assert {
        "layer1.fused.conv.weight",
        "layer2.depthwise_conv.bn.running_var",
        "layer14.pointwise_conv.conv.weight",
        "classifier.bias",
    } <= keys
    assert len(keys) == 27 * 6 + 2
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_740_425
    assert (network.dim, network.front_end) == (1024, YAMNET_LOGMEL_16K)


@pytest.mark.parametrize(("frames", "patches"), [(10, 1), (96, 1), (97, 2), (144, 2), (998, 20)])
def test_patches_of_a_clip(network: Yamnet, frames: int, patches: int) -> None:
    with torch.inference_mode():
        assert network.patch_embeddings(torch.zeros(1, frames, 64)).shape == (1, patches, 1024)


def test_gradients_reach_every_weight() -> None:
    network = Yamnet().train()
    network.tag_logits(network(MEL)).sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


@torch.inference_mode()
def test_places_are_the_patches(network: Yamnet) -> None:
    places = network.tokens(MEL)
    assert places.shape == (2, 3, network.token_dim)
    torch.testing.assert_close(places.mean(1), network(MEL))
