"""VGGish is the public port's network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from hearken.audio.front_ends import VGGISH_LOGMEL_16K  # noqa: E402
from hearken.models.vggish import Vggish, VggishPostprocessor  # noqa: E402
from tests.golden.filling import fill, grid  # noqa: E402
from tests.models.golden_panns import GOLDEN, replaced  # noqa: E402

PORTS = np.load(GOLDEN / "ports.npz")
MEL = torch.from_numpy(np.stack([grid(1800 + number, 300, 64, -1.0, 1.0) for number in range(2)]))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return fill(Vggish())


def assert_port(network: Vggish) -> Tensor:
    with torch.inference_mode():
        patches = network.patch_embeddings(MEL)
    np.testing.assert_allclose(patches.numpy(), PORTS["vggish.patches"], rtol=0, atol=5e-5)
    return patches


def test_numbers_of_the_public_port(network: Vggish) -> None:
    patches = assert_port(network)
    with torch.inference_mode():
        assert torch.allclose(network(MEL), patches.mean(1))
    post = fill(VggishPostprocessor())
    post.pca_eigen_vectors.mul_(0.2)
    steps = post(torch.from_numpy(PORTS["vggish.patches"])) - torch.from_numpy(PORTS["vggish.processed"]).float()
    assert steps.abs().max() <= 1  # a value that lies between two steps may be rounded to either
    assert steps.ne(0).float().mean() < 0.01
    assert set(post.state_dict()) == {"pca_eigen_vectors", "pca_means"}
    assert not any(parameter.requires_grad for parameter in post.parameters())


def test_other_order_of_the_last_maps_would_show(network: Vggish) -> None:
    before = replaced(network, "features.15", nn.Sequential(nn.MaxPool2d(2), nn.Unflatten(1, (64, 8)), nn.Flatten(1, 2)))
    assert_port(network)  # the same maps
    replaced(network, "features.15", nn.Sequential(nn.MaxPool2d(2), Transposed()))
    with pytest.raises(AssertionError):
        assert_port(network)
    replaced(network, "features.15", before)


class Transposed(nn.Module):
    """Channels first where channels last are due: what `flatten` alone would give."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", ["features.2", "embeddings.5", "features.4"])
def test_another_layer_would_show(network: Vggish, name: str) -> None:
    before = replaced(network, name, nn.AvgPool2d(2) if name == "features.2" else nn.Identity())
    with pytest.raises(AssertionError):
        assert_port(network)
    replaced(network, name, before)


def test_names_and_sizes(network: Vggish) -> None:
    convolutions = {f"features.{number}.{kind}" for number in (0, 3, 6, 8, 11, 13) for kind in ("weight", "bias")}
    assert set(network.state_dict()) == convolutions | {
        f"embeddings.{number}.{kind}" for number in (0, 2, 4) for kind in ("weight", "bias")
    }
    assert sum(parameter.numel() for parameter in network.parameters()) == 72_141_184
    assert (network.dim, network.front_end) == (128, VGGISH_LOGMEL_16K)


@pytest.mark.parametrize(("frames", "patches"), [(10, 1), (96, 1), (191, 1), (192, 2), (998, 10)])
def test_patches_of_a_clip(network: Vggish, frames: int, patches: int) -> None:
    with torch.inference_mode():
        assert network.patch_embeddings(torch.zeros(1, frames, 64)).shape == (1, patches, 128)


@torch.inference_mode()
def test_places_are_the_patches(network: Vggish) -> None:
    places = network.tokens(MEL)
    assert places.shape == (2, 3, network.token_dim)
    torch.testing.assert_close(places.mean(1), network(MEL))
