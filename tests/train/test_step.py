"""One update: three ways to the same gradients, two processes like one, and the guard."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from hearken.losses.table import build_loss
from hearken.train.batch import Batch
from hearken.train.gather import average_gradients
from hearken.train.optimizer import training_mode
from hearken.train.recipe import OptimizerPart
from hearken.train.step import Learner, autocast, compute_gradients, seed_step, update
from tests.train.ranks import together
from tests.train.small import batch, learner, model


def gradients(made: Learner, given: Batch) -> dict[str, torch.Tensor]:
    made.optimizer.zero_grad(set_to_none=True)
    compute_gradients(made, given, step=0)
    return {name: weight.grad.clone() for name, weight in made.model.named_parameters() if weight.grad is not None}


def weights(dual: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in dual.state_dict().items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], tolerance: float) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=tolerance, atol=tolerance, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("size", [1, 3, 7])
def test_cached_gradients_are_those_of_the_whole_batch(size: int) -> None:
    whole = gradients(learner(model()), batch())
    cached = gradients(learner(model(), cache_batch=size), batch())
    assert_same(whole, cached, 1e-5)
    assert "logit_scale" in whole


def test_cached_gradients_with_dropout_and_patchout_are_those_of_their_parts() -> None:
    """What is drawn in the first pass is drawn again in the second: else the gradient would be that of another function."""
    dual = model(dropout=True, patchout=[1, 1])
    made = learner(dual, cache_batch=4)
    training_mode(dual, build_loss("nt_xent"), ())
    first = gradients(made, batch())
    assert_same(first, gradients(made, batch()), 0.0)
    made = learner(model(dropout=True, patchout=[1, 1]))
    training_mode(made.model, made.loss, ())
    with torch.no_grad():
        parts = []
        for number in range(2):  # the embeddings that both passes of the cache must have seen
            part = batch().part(4 * number, 4 * number + 4)
            seed_step(made.training.seed, 0, 0x656E6364, 0, number)
            parts.append(made.model.encode_audio(part.wave, part.num_samples))
    whole_loss = compute_gradients(learner(dual, cache_batch=4), batch(), step=0)
    assert math.isfinite(whole_loss)
    assert not torch.equal(parts[0], made.model.encode_audio(batch().part(0, 4).wave, batch().num_samples[:4])), "nothing was dropped"


def test_cached_gradients_leave_running_means_alone_in_the_first_pass() -> None:
    def after(size: int | None) -> dict[str, torch.Tensor]:
        dual = model("cnn10_tiny")
        made = learner(dual, cache_batch=size)
        training_mode(dual, build_loss("nt_xent"), ())
        gradients(made, batch())
        return {name: value for name, value in weights(dual).items() if "num_batches" in name}

    assert {int(value) for value in after(None).values()} == {1}
    assert {int(value) for value in after(4).values()} == {2}, "two parts, each counted once"


def test_accumulated_losses_are_the_mean_of_the_parts() -> None:
    parts = [gradients(learner(model()), batch().part(start, start + 4)) for start in (0, 4)]
    mean = {name: (parts[0][name] + parts[1][name]) / 2 for name in parts[0]}
    assert_same(mean, gradients(learner(model(), accumulate=2), batch()), 1e-5)
    whole = gradients(learner(model()), batch())
    assert not torch.allclose(whole["audio_projection.weight"], mean["audio_projection.weight"], rtol=1e-2), "a part sees fewer others"


def test_parts_may_be_cached_each_for_itself() -> None:
    parts = gradients(learner(model(), accumulate=2), batch())
    both = gradients(learner(model(), accumulate=2, cache_batch=2), batch())
    assert_same(parts, both, 1e-5)
    assert not torch.allclose(parts["audio_projection.weight"], gradients(learner(model()), batch())["audio_projection.weight"], rtol=1e-2)


def joint(rank: int, num: int, cache: int | None, steps: int, double: bool) -> dict[str, list[float]]:
    """Weights after some updates by process `rank` of `num`, each with its rows of the joint batch; without steps, the gradients."""
    dual = model().double() if double else model()
    made = learner(dual, rank=rank, cache_batch=cache)  # in evaluation mode: PaSST draws places and patches for each process anew
    size = 8 // num
    rows = [batch(seed=step).part(rank * size, (rank + 1) * size) for step in range(max(1, steps))]
    if not steps:
        compute_gradients(made, rows[0], 0)
        average_gradients(made.weights)
        return {name: weight.grad.flatten()[:2000].tolist() for name, weight in dual.named_parameters() if weight.grad is not None}
    assert all(update(made, row, step).is_done for step, row in enumerate(rows))
    return {name: value.flatten()[:2000].tolist() for name, value in dual.state_dict().items()}


PARTS = {"updates": (None, 3, True), "updates of cached parts": (2, 3, True), "gradients": (None, 0, False)}


def joints(rank: int, num: int) -> dict[str, dict[str, list[float]]]:
    """What comes of all parts: to start processes takes longer than that."""
    return {name: joint(rank, num, *part) for name, part in PARTS.items()}


@pytest.fixture(scope="module")
def both() -> list[dict[str, dict[str, list[float]]]]:
    """What each of two processes has in the end, by the names of `PARTS`."""
    return together("tests.train.test_step:joints", 2)


@pytest.mark.parametrize("part", ["updates", "updates of cached parts"])
def test_two_processes_end_with_the_weights_of_one(both: list[dict[str, dict[str, list[float]]]], part: str) -> None:
    """In float64: Adam divides by the gradient's size, and so makes rounding errors of gradients near nought as large as steps."""
    alone, start = joint(0, 1, None, 3, True), joint(0, 1, None, 1, True)
    for each in both:
        for name, values in alone.items():
            assert each[part][name] == pytest.approx(values, rel=1e-5, abs=1e-5), name
    moved = max(abs(one - two) for name in alone for one, two in zip(alone[name], start[name], strict=True))
    assert moved > 1e-3, "nothing was learnt, so nothing was shown"


def test_two_processes_have_the_gradients_of_one(both: list[dict[str, dict[str, list[float]]]]) -> None:
    alone = joint(0, 1, None, 0, False)
    for each in (parts["gradients"] for parts in both):
        assert each.keys() == alone.keys()
        largest = max(abs(value) for values in alone.values() for value in values)
        for name, values in alone.items():
            assert each[name] == pytest.approx(values, rel=1e-4, abs=1e-6 * largest), name


def test_an_update_changes_what_learns_and_nothing_else() -> None:
    dual = model()
    made = learner(dual)
    before = weights(dual)
    done = update(made, batch(), 0)
    assert done.is_done
    assert math.isfinite(done.loss)
    assert done.norm > 0
    changed = {name for name, value in weights(dual).items() if not torch.equal(value, before[name])}
    assert {"logit_scale", "audio_projection.weight", "text_projection.weight", "audio.encoder.patch_embed.proj.weight"} <= changed
    assert not {name for name in changed if ".head" in name}, "tag heads are of no use here"


def test_fault_T1_what_is_not_finite_never_reaches_the_weights() -> None:
    dual = model()
    made = learner(dual)
    update(made, batch(), 0)
    before, state = weights(dual), {key: value.clone() for key, value in made.optimizer.state[dual.logit_scale].items()}
    done = update(made, batch(nan=True), 1)
    assert not done.is_done
    assert done.is_bad
    assert not math.isfinite(done.loss)
    assert done.names[0] == "clip0"
    assert_same(before, weights(dual), 0.0)
    assert all(torch.equal(value, made.optimizer.state[dual.logit_scale][key]) for key, value in state.items())
    assert update(made, batch(seed=1), 2).is_done


def test_fault_T1_batch_statistics_are_put_back_too() -> None:
    dual = model("cnn10_tiny")
    made = learner(dual)
    training_mode(dual, made.loss, ())
    update(made, batch(), 0)
    before = weights(dual)
    assert not update(made, batch(nan=True), 1).is_done
    assert_same(before, weights(dual), 0.0)
    assert update(made, batch(seed=2), 2).is_done
    assert not torch.equal(before["audio.encoder.bn0.running_mean"], dual.state_dict()["audio.encoder.bn0.running_mean"])


def test_a_gradient_without_end_is_refused_even_where_the_loss_is_finite() -> None:
    dual = model()
    dual.text_projection.weight.register_hook(lambda gradient: gradient * torch.inf)
    before = weights(dual)
    done = update(learner(dual), batch(), 0)
    assert math.isfinite(done.loss)
    assert not done.is_done
    assert_same(before, weights(dual), 0.0)


def test_half_precision_looks_for_its_scale() -> None:
    """An overflow lowers the scale and is no fault; one at a scale below 1 is, and so is a loss without end at any."""

    def searching(scale: float) -> Learner:
        scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        return replace(learner(model()), scaler=scaler)

    made = searching(2.0**126)
    done = update(made, batch(), 0)
    assert (done.is_done, done.is_bad) == (False, False)
    assert made.scaler.get_scale() == 2.0**125
    assert update(searching(1024.0), batch(), 0).is_done
    assert update(searching(1024.0), batch(nan=True), 0).is_bad
    dual = model()
    dual.text_projection.weight.register_hook(lambda gradient: gradient * torch.inf)
    assert update(replace(learner(dual), scaler=torch.amp.GradScaler("cpu", init_scale=0.5)), batch(), 0).is_bad


def test_gradients_are_clipped_at_their_norm() -> None:
    made = learner(model(), clip_norm=1e-3)
    done = update(made, batch(), 0)
    assert done.norm > 1e-3
    clipped = torch.linalg.vector_norm(torch.stack([weight.grad.norm() for weight in made.weights if weight.grad is not None]))
    assert float(clipped) == pytest.approx(1e-3, rel=1e-3)


def test_the_learnt_temperature_stays_above_a_hundredth() -> None:
    dual = model()
    with torch.no_grad():
        dual.logit_scale.fill_(9.0)
    update(learner(dual), batch(), 0)
    assert float(dual.temperature.detach()) == pytest.approx(0.01)


def test_a_frozen_temperature_stays_as_it_is() -> None:
    dual = model()
    with torch.no_grad():
        dual.logit_scale.fill_(9.0)
    assert update(learner(dual, optimizer=OptimizerPart(frozen=("temperature",))), batch(), 0).is_done
    assert float(dual.logit_scale) == 9.0


def test_steps_are_drawn_apart_and_the_same_again() -> None:
    def drawn(*words: int) -> float:
        seed_step(*words)
        return float(torch.rand(1))

    assert drawn(1, 2) == drawn(1, 2)
    assert len({drawn(1, 2), drawn(2, 1), drawn(1, 3), drawn(1, 2, 1), drawn(1, 2, 1, 1)}) == 5


def test_half_precision_is_near() -> None:
    made, half = learner(model()), learner(model(), precision="bf16")
    exact, near = update(made, batch(), 0), update(half, batch(), 0)
    assert near.is_done
    assert near.loss == pytest.approx(exact.loss, rel=0.05)
    assert near.loss != exact.loss
    with autocast(torch.device("cpu"), "bf16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_teachers_are_asked() -> None:
    plain = learner(model(), loss=build_loss("nt_xent"))
    taught = replace(learner(model(), loss=build_loss("distillation")), teachers=(model(seed=8), model(seed=9)))
    assert update(taught, batch(), 0).is_done
    assert update(plain, batch(), 0).loss != compute_gradients(taught, batch(), 1)
