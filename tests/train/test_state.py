"""What a checkpoint holds is enough to go on bit for bit."""

from __future__ import annotations

import pytest
import torch

from hearken.errors import RunError
from hearken.losses.table import build_loss
from hearken.train.monitor import Watch
from hearken.train.optimizer import training_mode
from hearken.train.state import Place, averaged, from_tensors, to_tensors
from hearken.train.step import update
from tests.train.small import batch, learner, model


def test_the_place_survives() -> None:
    place = Place(2, 5, 25, 1, 0, Watch(0.25, 1, 2, 0.25, 1, 0.1))
    assert Place.from_json(place.to_json()) == place
    with pytest.raises(RunError, match="not those of a training run"):
        Place.from_json({"epoch": 1})


@pytest.mark.parametrize("loss", ["nt_xent", "sigmoid"])
def test_a_run_goes_on_as_if_nothing_had_happened(loss: str) -> None:
    def fresh() -> tuple:
        made = learner(model(dropout=True, patchout=[1, 1]), loss=build_loss(loss))
        training_mode(made.model, made.loss, ())
        return made, averaged(made.model, 0.5)

    def steps(made, mean, numbers: range) -> None:
        for step in numbers:
            assert update(made, batch(seed=step), step).is_done
            mean.update_parameters(made.model)

    one, mean = fresh()
    steps(one, mean, range(4))
    first, first_mean = fresh()
    steps(first, first_mean, range(2))
    saved = {name: value.clone() for name, value in to_tensors(first, first_mean).items()}
    second, second_mean = fresh()
    second.model.load_state_dict({name: value.clone() for name, value in first.model.state_dict().items()})
    from_tensors(second, second_mean, saved)
    steps(second, second_mean, range(2, 4))
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    expected, found = to_tensors(one, mean), to_tensors(second, second_mean)
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert any(name.startswith("optimizer.audio.encoder.") and name.endswith(".exp_avg") for name in found)
    assert any(name.startswith("average.") for name in found)
    assert any(name.startswith("loss.") for name in found) == (loss == "sigmoid")


def test_a_foreign_checkpoint_is_refused() -> None:
    made = learner(model())
    with pytest.raises(RunError, match="does not fit"):
        from_tensors(made, None, {"optimizer.audio.ears.exp_avg": torch.zeros(1)})
    with pytest.raises(RunError, match="does not fit"):
        from_tensors(made, None, {"loss.bias": torch.zeros(1)})


def test_without_a_share_there_is_no_mean() -> None:
    assert averaged(model(), None) is None
