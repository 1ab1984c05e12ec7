"""The projections: shapes and key names of the public models, and MS-CLAP's formula by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.projection import PROJECTIONS, build_projection  # noqa: E402

KEYS = {
    "linear": ["bias", "weight"],
    "mlp": ["0.bias", "0.weight", "2.bias", "2.weight"],
    "residual": ["layer_norm.bias", "layer_norm.weight", "linear1.weight", "linear2.weight"],
    "none": [],
}


def test_key_names_are_the_public_ones() -> None:
    assert {kind: sorted(build_projection(kind, 6, 6).state_dict()) for kind in PROJECTIONS} == KEYS


@pytest.mark.parametrize("kind", ["linear", "mlp", "residual"])
def test_shapes(kind: str) -> None:
    assert build_projection(kind, 6, 4).eval()(torch.randn(3, 6)).shape == (3, 4)


def test_mlp_has_a_relu_between() -> None:
    mlp = build_projection("mlp", 2, 2)
    torch.testing.assert_close(mlp(torch.ones(1, 2)), mlp[2](mlp[0](torch.ones(1, 2)).clamp(min=0)))


def test_residual_by_hand() -> None:
    layer = build_projection("residual", 3, 2).eval()
    x = torch.tensor([[1.0, -2.0, 0.5]])
    first = x @ layer.linear1.weight.T
    expected = functional.layer_norm(
        first + functional.gelu(first) @ layer.linear2.weight.T, (2,), layer.layer_norm.weight, layer.layer_norm.bias
    )
    torch.testing.assert_close(layer(x), expected)
    assert layer.drop.p == 0.5


def test_none_needs_equal_sizes() -> None:
    x = torch.randn(2, 5)
    assert build_projection("none", 5, 5)(x) is x
    with pytest.raises(InputError, match="5 and 4"):
        build_projection("none", 5, 4)


def test_an_unknown_kind_lists_the_table() -> None:
    with pytest.raises(InputError, match="conv") as caught:
        build_projection("conv", 1, 1)
    assert "residual" in caught.value.hint
