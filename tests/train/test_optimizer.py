"""Parts, their learning rates, and what is frozen."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hearken.errors import InputError
from hearken.losses.table import build_loss
from hearken.train.optimizer import (
    DUAL_PARTS,
    FREEZABLE,
    freeze,
    layer_shares,
    make_optimizer,
    named_weights,
    part_of,
    set_rates,
    training_mode,
)
from hearken.train.recipe import OptimizerPart
from tests.train.small import model


def rates(settings: OptimizerPart, loss: str = "nt_xent") -> dict[str, tuple[float, float]]:
    """Full learning rate and weight decay by weight."""
    dual, own = model(), build_loss(loss)
    names = {id(weight): name for name, weight in named_weights(dual, own).items()}
    groups = make_optimizer(dual, own, settings).param_groups
    return {names[id(weight)]: (group["rate"], group["weight_decay"]) for group in groups for weight in group["params"]}


def test_every_weight_belongs_to_a_part() -> None:
    weights = named_weights(model(), build_loss("sigmoid"))
    assert {part_of(name) for name in weights} == set(DUAL_PARTS)
    assert part_of("audio_projection.weight") == "audio_projection"
    assert part_of("logit_scale") == "temperature"


def test_parts_have_rates_of_their_own() -> None:
    found = rates(OptimizerPart(rate=1e-4, weight_decay=0.1, rates={"audio": 1e-3, "temperature": 1e-2}))
    assert found["audio.encoder.norm.weight"] == (1e-3, 0.1)
    assert found["text_projection.weight"] == (1e-4, 0.1)
    assert found["logit_scale"] == (1e-2, 0.0)
    with pytest.raises(InputError, match="no part 'head'"):
        rates(OptimizerPart(rates={"head": 1.0}))
    with pytest.raises(InputError, match="no optimizer 'sgd'"):
        rates(OptimizerPart(name="sgd"))


def test_lower_layers_learn_more_slowly() -> None:
    shares = layer_shares(list(named_weights(model(), build_loss("nt_xent"))), 0.5)
    assert shares["audio.encoder.blocks.3.mlp.fc1.weight"] == 1.0
    assert shares["audio.encoder.blocks.0.mlp.fc1.weight"] == 0.125
    assert shares["audio.encoder.patch_embed.proj.weight"] == shares["audio.encoder.cls_token"] == 0.0625
    assert shares["audio.encoder.norm.weight"] == 1.0
    assert shares["text.transformer.encoder.layer.0.output.dense.weight"] == 0.5
    assert shares["text.transformer.embeddings.word_embeddings.weight"] == 0.25
    assert "audio_projection.weight" not in shares
    cnn = layer_shares([name for name, _ in model("cnn10_tiny").named_parameters()], 0.5)
    assert cnn["audio.encoder.conv_block4.conv1.weight"] == cnn["audio.encoder.fc1.weight"] == 1.0
    assert cnn["audio.encoder.conv_block1.conv1.weight"] == 0.125
    assert cnn["audio.encoder.bn0.weight"] == 0.0625
    assert layer_shares(["audio.encoder.blocks.0.x"], 1.0) == {}


def test_frozen_parts_do_not_learn() -> None:
    dual, loss = model(), build_loss("nt_xent")
    freeze(dual, loss, ("text", "temperature"))
    optimizer = make_optimizer(dual, loss, OptimizerPart())
    learning = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    assert {part_of(name) for name, weight in dual.named_parameters() if id(weight) in learning} == {
        "audio",
        "audio_projection",
        "text_projection",
    }
    with pytest.raises(InputError, match="no part 'ears'"):
        freeze(dual, loss, ("ears",))
    with pytest.raises(InputError, match="nothing could be learnt"):
        freeze(dual, loss, FREEZABLE)


def test_frozen_parts_stay_in_evaluation_mode() -> None:
    dual = model("cnn10_tiny")
    training_mode(dual, build_loss("nt_xent"), ("text",))
    assert dual.audio.training
    assert not dual.text.training
    norms = [module for module in dual.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert all(norm.training for norm in norms)
    training_mode(dual, build_loss("nt_xent"), ("batch_statistics",))
    assert dual.text.training
    assert not any(norm.training for norm in norms)


def test_rates_move_together() -> None:
    optimizer = make_optimizer(model(), build_loss("nt_xent"), OptimizerPart(rate=1e-4, rates={"audio": 1e-3}))
    set_rates(optimizer, 0.5)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == [5e-5, 5e-4]
    assert sorted({group["rate"] for group in optimizer.param_groups}) == [1e-4, 1e-3]


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_update_is_that_of_the_published_method(name: str) -> None:
    """One step of Adam with decay by hand: bias-corrected moments of the first gradient are that gradient, so the step is rate * sign."""
    dual, loss = model(), build_loss("nt_xent")
    optimizer = make_optimizer(dual, loss, OptimizerPart(name=name, rate=0.1, weight_decay=0.5, epsilon=0.0))
    weight = dual.audio_projection.bias
    with torch.no_grad():
        weight.fill_(2.0)
    weight.grad = torch.full_like(weight, 3.0)
    optimizer.step()
    expected = 2.0 * (1 - 0.1 * 0.5) - 0.1 if name == "adamw" else 2.0 - 0.1  # in Adam the decay joins a gradient of the same sign
    torch.testing.assert_close(weight.detach(), torch.full_like(weight, expected))
