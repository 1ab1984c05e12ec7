"""The projections: shapes and key names of the public models, and MS-CLAP's formula by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio  # noqa: E402
from hearken.models.projection import PROJECTIONS, TagBridge, Turned, TurnedTags, build_projection, build_projections, with_turn  # noqa: E402

KEYS = {
    "linear": ["bias", "weight"],
    "mlp": ["0.bias", "0.weight", "2.bias", "2.weight"],
    "residual": ["layer_norm.bias", "layer_norm.weight", "linear1.weight", "linear2.weight"],
    "tags": ["bridge", "hidden.bias", "hidden.weight", "residual.weight", "tags.bias", "tags.weight"],
    "turned": ["content.weight", "sense.bias", "sense.weight", "turn.weight"],
    "turned_tags": ["bridge", "hidden.bias", "hidden.weight", "residual.weight", "tags.bias", "tags.weight", "turn.weight"],
    "none": [],
}


def test_key_names_are_the_public_ones() -> None:
    assert {kind: sorted(build_projection(kind, 6, 6).state_dict()) for kind in PROJECTIONS} == KEYS


@pytest.mark.parametrize("kind", ["linear", "mlp", "residual", "tags", "turned", "turned_tags"])
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


def test_tags_are_the_head_of_pocket() -> None:
    torch.manual_seed(0)
    audio, bridge = PocketAudio(MobileNetV3(num_tags=5).eval(), torch.randn(5, 8)), TagBridge(384, 8, num_tags=5)
    torch.nn.init.normal_(audio.residual.weight)
    head = audio.tagger.classifier
    bridge.load_state_dict(
        {
            "hidden.weight": head[2].weight, "hidden.bias": head[2].bias, "tags.weight": head[5].weight, "tags.bias": head[5].bias,
            "bridge": audio.bridge, "residual.weight": audio.residual.weight,
        }
    )  # fmt: skip
    pooled = torch.randn(3, 384)
    torch.testing.assert_close(functional.normalize(bridge(pooled), dim=-1), audio.head(pooled))


def test_tags_start_as_probabilities_times_vectors() -> None:
    bridge = TagBridge(4, 6, num_hidden=3, num_tags=2)
    pooled = torch.randn(2, 4)
    probabilities = torch.sigmoid(bridge.tags(functional.hardswish(bridge.hidden(pooled))))
    torch.testing.assert_close(bridge(pooled), probabilities @ bridge.bridge)


def test_turned_tags_are_the_head_of_pocket_that_hears_slopes() -> None:
    torch.manual_seed(0)
    audio, bridge = PocketAudio(MobileNetV3(num_tags=5).eval(), torch.randn(5, 8)), TurnedTags(768, 8, num_tags=5)
    torch.nn.init.normal_(audio.residual.weight)
    head = audio.tagger.classifier
    bridge.load_state_dict(
        {
            "hidden.weight": head[2].weight, "hidden.bias": head[2].bias, "tags.weight": head[5].weight, "tags.bias": head[5].bias,
            "bridge": audio.bridge, "residual.weight": audio.residual.weight, "turn.weight": audio.turn.weight,
        }
    )  # fmt: skip
    pooled, slope = torch.randn(2, 3, 384)
    both = torch.cat([pooled, slope], dim=1)
    ours = functional.normalize(bridge(both), dim=-1)
    torch.testing.assert_close(ours, audio.head(pooled, slope))
    assert (ours - audio.head(pooled)).abs().max() > 0.01, "then the slope would count for nothing"
    torch.testing.assert_close(bridge(both[0]), bridge(both)[0])


def test_a_turn_by_hand() -> None:
    """Content as it is: late less early is the slope, which the matrix turns from the second axis to the first."""
    turn = torch.nn.Linear(2, 2, bias=False)
    turn.weight.data = torch.tensor([[0.0, 3.0], [0.0, 0.0]])
    pooled, slope = torch.tensor([[1.0, 2.0]]), torch.tensor([[5.0, 0.5]])
    torch.testing.assert_close(with_turn(lambda features: features, turn, pooled, slope), torch.tensor([[2.5, 2.0]]))
    torch.testing.assert_close(with_turn(lambda features: features, turn, pooled[0], slope[0]), torch.tensor([2.5, 2.0]))
    assert with_turn(lambda features: features, turn, pooled[:0], slope[:0]).shape == (0, 2)


def test_mean_and_slope_have_one_size() -> None:
    for projection in (TurnedTags, Turned):
        with pytest.raises(InputError, match="7 numbers"):
            projection(7, 4)


def test_all_turns_start_alike() -> None:
    assert torch.equal(Turned(6, 4).turn.weight, TurnedTags(8, 4).turn.weight)


def test_a_sense_by_hand() -> None:
    """The course counts half, and the other way around where the sense is negative: 2 * 1 - 3 + 1/2 * 3 = 1/2."""
    turned = Turned(4, 2)
    with torch.no_grad():
        turned.content.weight.copy_(torch.eye(2))
        turned.turn.weight.copy_(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    embedding = torch.tensor([[1.0, 3.0, 2.0, -6.0]])  # late (2, 0), early (0, 6): a course of (1, -1), turned (-1, -1)
    whole = torch.tensor([[1.0, 3.0]]) / 10**0.5
    torch.testing.assert_close(turned(embedding), whole)
    turned.sense.weight.data = torch.tensor([[2.0, 0.5]])
    turned.sense.bias.data = torch.tensor([-3.0])
    torch.testing.assert_close(turned(embedding), whole - 0.5)
    turned.sense.bias.data = torch.tensor([-4.0])
    torch.testing.assert_close(turned(embedding), whole + 0.5)


def test_sides_may_differ() -> None:
    audio, text = build_projections("tags+linear", 7, 5, 4)
    assert (type(audio), audio.hidden.in_features) == (TagBridge, 7)
    assert (type(text), text.weight.shape) == (torch.nn.Linear, (4, 5))
    both = build_projections("mlp", 7, 5, 4)
    assert [layers[0].in_features for layers in both] == [7, 5]
    with pytest.raises(InputError, match="'conv'"):
        build_projections("linear+conv", 1, 1, 1)
