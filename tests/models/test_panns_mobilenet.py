"""PANNs' MobileNets are the authors' networks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from hearken.models import panns  # noqa: E402
from hearken.models.panns_mobilenet import PannsMobileNetV1, PannsMobileNetV2  # noqa: E402
from tests.golden.filling import fill_zoo  # noqa: E402
from tests.models.golden_panns import ZOO_WAVE, assert_places, assert_public_keys, assert_zoo, mels, num_parameters, replaced  # noqa: E402

KINDS = [(PannsMobileNetV1, "MobileNetV1", 4_796_303), (PannsMobileNetV2, "MobileNetV2", 4_075_343)]


@pytest.mark.parametrize(("kind", "name", "count"), KINDS)
def test_numbers_keys_and_parameters(kind: type, name: str, count: int) -> None:
    network = fill_zoo(kind())
    assert_public_keys(network, name)
    assert num_parameters(network) == count + 1_083_456
    assert_zoo(network, name)


@pytest.mark.parametrize(
    ("kind", "name", "part"), [(PannsMobileNetV1, "MobileNetV1", "features.2"), (PannsMobileNetV2, "MobileNetV2", "features.2.conv")]
)
def test_maxima_for_means_would_show(kind: type, name: str, part: str) -> None:
    network = fill_zoo(kind())
    pool = next(f"{part}.{child}" for child, module in network.get_submodule(part).named_children() if isinstance(module, nn.AvgPool2d))
    replaced(network, pool, nn.MaxPool2d(2))
    with pytest.raises(AssertionError):
        assert_zoo(network, name)


def test_a_missing_shortcut_would_show() -> None:
    network = fill_zoo(PannsMobileNetV2())
    assert [index for index, block in enumerate(network.features) if getattr(block, "residual", False)] == [
        3,
        5,
        6,
        8,
        9,
        10,
        12,
        13,
        15,
        16,
    ]
    network.features[3].residual = False
    with pytest.raises(AssertionError):
        assert_zoo(network, "MobileNetV2")


@pytest.mark.parametrize(("kind", "chances"), [(PannsMobileNetV1, [0.5, 0.5]), (PannsMobileNetV2, [0.5])])
def test_dropout(kind: type, chances: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def dropout(x: Tensor, p: float, training: bool) -> Tensor:
        seen.append(p)
        return x

    monkeypatch.setattr(panns.functional, "dropout", dropout)
    kind()(torch.zeros(2, 64, 64))
    assert seen == chances


@pytest.mark.parametrize(("kind", "size"), [(PannsMobileNetV1, 1024), (PannsMobileNetV2, 1280)])
def test_places_before_pooling(kind: type, size: int) -> None:
    network = fill_zoo(kind())
    assert network.token_dim == size
    assert_places(network, 6, mels(ZOO_WAVE.numpy()))
