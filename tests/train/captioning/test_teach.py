"""Captioners learn: from all at once or from parts, in one process or in two, and nothing but what may change changes."""

from __future__ import annotations

import math

import pytest
import torch

from hearken.train.batch import Batch
from hearken.train.captioning import teach
from hearken.train.captioning.lesson import lesson
from hearken.train.recipe import OptimizerPart
from hearken.train.step import compute_gradients, update
from tests.train.captioning.small_captioner import captioner, learner
from tests.train.small import batch


def test_the_loss_is_the_mean_over_tokens() -> None:
    made = learner(captioner())
    some = batch()
    loss = compute_gradients(made, some, 0)
    with torch.no_grad():
        taught = lesson(made.model.vocabulary, some.texts)  # type: ignore[union-attr]
        heard = made.model.hear(some.wave, some.num_samples)  # type: ignore[union-attr]
        found = made.model(taught.tokens, heard, taught.padding).log_softmax(-1)
    by_hand, count = 0.0, 0
    for row, target, absent in zip(found, taught.targets, taught.padding, strict=True):
        for scores, token, is_absent in zip(row, target, absent, strict=True):
            if not is_absent:
                others = (scores.sum() - scores[token]) / (len(scores) - 1)
                by_hand, count = by_hand - float(0.9 * scores[token] + 0.1 * others), count + 1
    assert loss == pytest.approx(by_hand / count, rel=1e-5)


def test_captions_beside_it_change_nothing() -> None:
    """What a caption is filled up with is seen by no word, and no sound is heard by another caption."""
    made, some = learner(captioner()), batch(2)
    longer = Batch(some.wave, some.num_samples, (some.texts[0], "a dog barks on a tin roof " * 3), some.ids, some.names, some.pairs)
    alone, beside = (made.method.encode(made, each, 0, 0)[0][0] for each in (some, longer))
    torch.testing.assert_close(beside[: len(alone)], alone[: len(beside)], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["cross", "prefix"])
def test_it_learns(kind: str) -> None:
    made = learner(captioner(kind), optimizer=OptimizerPart(rate=1e-2))
    losses = [update(made, batch(), step).loss for step in range(30)]
    assert losses[-1] < 0.75 * losses[0]
    assert losses[0] < 2 * math.log(20)


def test_frozen_ears_stay_as_they_are() -> None:
    model = captioner()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    made = learner(model, optimizer=OptimizerPart(rate=1e-2, frozen=("audio",)))
    assert update(made, batch(), 0).is_done
    changed = {name.partition(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"decoder"}


def test_what_is_no_number_changes_nothing() -> None:
    model = captioner()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert update(learner(model), batch(nan=True), 0).is_bad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_parts_of_a_batch_are_averaged() -> None:
    losses = [compute_gradients(learner(captioner()), batch().part(start, start + 4), 0) for start in (0, 4)]
    assert compute_gradients(learner(captioner(), accumulate=2), batch(), 0) == pytest.approx(sum(losses) / 2, rel=1e-5)


def test_two_processes_have_the_gradients_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean is over the tokens of both, of which each has another number. Each is played in turn: `gather` gives it what the other one has,
    and gradients for its own from both (`tests/train/test_gather.py`)."""
    halves = [batch().part(0, 3), batch().part(3, 8)]
    told: list[list[torch.Tensor]] = [[], []]
    for half, mine in zip(halves, told, strict=True):
        monkeypatch.setattr(teach, "gather", lambda local, mine=mine: mine.append(local.detach()) or local)
        compute_gradients(learner(captioner()), half, 0)
    losses, gradients = [], []
    for half, theirs in zip(halves, reversed(told), strict=True):
        waiting = iter(theirs)
        monkeypatch.setattr(teach, "gather", lambda own, waiting=waiting: torch.cat([own * 2 - own.detach(), next(waiting)]))
        made = learner(captioner())
        losses.append(compute_gradients(made, half, 0))
        gradients.append([weight.grad for weight in made.weights])
    monkeypatch.undo()
    alone = learner(captioner())
    assert losses == pytest.approx([compute_gradients(alone, batch(), 0)] * 2, rel=1e-5)
    for weight, one, other in zip(alone.weights, *gradients, strict=True):
        if weight.grad is not None:
            torch.testing.assert_close((one + other) / 2, weight.grad, rtol=1e-3, atol=1e-6)
