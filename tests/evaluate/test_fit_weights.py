"""Fitted weights: found, deterministic, honest about what is gained, and never fitted on test."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError, InputError
from hearken.evaluate import fit_weights as module
from hearken.evaluate.ensemble import Member, Scale, WeightedScores, ensemble
from hearken.evaluate.fit_weights import Fitted, check_apart, fit_weights
from hearken.evaluate.task import Task
from hearken.metrics.definitions import definition, values_of
from hearken.metrics.ranks import ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores

NUM = 60


def task(name: str = "val", prefix: str = "v", *, paths: tuple[str, ...] = ()) -> Task:
    queries = tuple(f"{prefix} query {number}" for number in range(2 * NUM))
    relevance = Relevance.from_lists([[number // 2] for number in range(2 * NUM)], NUM)
    return Task(name, tuple(f"{prefix}{number}.wav" for number in range(NUM)), queries, relevance, paths=paths)


def members(noises: tuple[float, ...], seed: int = 0, of: Task | None = None) -> list[Member]:
    """Systems that hear every clip right, and noise of some strength over it."""
    generator, asked = np.random.default_rng(seed), of or task()
    return [
        Member(f"m{number}", asked, TableScores(asked.relevance.to_matrix() + generator.normal(0.0, noise, (2 * NUM, NUM))))
        for number, noise in enumerate(noises)
    ]


def mean_of(found: Fitted, systems: list[Member], weights: tuple[float, ...]) -> float:
    ranks = ranks_of(ensemble(systems, weights), systems[0].task.relevance)
    return float(values_of(ranks, found.metric, definition("any-of-n")).mean())


def test_a_useless_member_gets_little_and_the_gain_is_told() -> None:
    systems = members((0.4, 0.4, 3.0))
    found = fit_weights(systems)
    assert found.members == ("m0", "m1", "m2")
    assert sum(found.weights) == pytest.approx(1.0)
    assert min(found.weights) >= 0.0
    assert found.weights[2] < 0.1
    assert found.figure.value == pytest.approx(mean_of(found, systems, found.weights))
    assert found.plain.value == pytest.approx(mean_of(found, systems, (1 / 3, 1 / 3, 1 / 3)))
    assert [each.value for each in found.singles] == pytest.approx([mean_of(found, systems, tuple(row)) for row in np.eye(3).tolist()])
    assert found.gain.difference.value == pytest.approx(found.figure.value - found.plain.value)
    assert found.gain.difference.low > 0.0
    assert found.warning == ""


def test_weights_of_equals_are_no_better_than_the_mean_and_it_is_said() -> None:
    found = fit_weights(members((0.6, 0.6), seed=5))
    assert found.gain.difference.low <= 0.0
    assert found.warning.startswith("Over the plain mean the fitted weights gain +")
    assert "points of mAP@10 where they were fitted, which includes nought." in found.warning
    assert "alone" not in found.warning


def test_an_ensemble_that_is_no_better_than_its_best_member_is_told() -> None:
    found = fit_weights(members((0.3, 4.0), seed=2))
    assert found.gain.difference.low > 0.0
    assert found.over_best.difference.value == pytest.approx(found.figure.value - max(each.value for each in found.singles))
    assert found.warning.startswith("Over m0 alone")


def test_as_good_as_a_grid_over_all_weights() -> None:
    for seed in range(3):
        systems = members((0.5, 0.8), seed=seed)
        found = fit_weights(systems)
        grid = max(mean_of(found, systems, (step / 50, 1 - step / 50)) for step in range(51))
        assert found.figure.value >= grid - 0.005
        assert found.figure.value >= max(found.plain.value, *(each.value for each in found.singles))


def test_the_same_every_time_and_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = members((0.5, 0.7, 0.9))
    first = fit_weights(systems)
    assert fit_weights(systems, seed=1).weights == first.weights
    monkeypatch.setattr(module, "_BLOCK_SCORES", 17 * 3 * NUM)
    blocked = fit_weights(systems)
    assert (blocked.weights, blocked.figure, blocked.gain) == (first.weights, first.figure, first.gain)


def test_one_system_that_is_perfect_is_taken_alone_or_as_good() -> None:
    found = fit_weights(members((0.0, 5.0)))
    assert found.figure.value == 1.0
    assert found.weights[0] > 0.5


def test_never_worse_than_a_member_alone_though_every_mixture_is() -> None:
    asked = task()
    table = asked.relevance.to_matrix().astype(float)
    systems = [
        Member("bad", asked, TableScores(-1000 * table)),
        Member("good", asked, TableScores(table)),
        Member("bad too", asked, TableScores(-1000 * table)),
    ]
    found = fit_weights(systems)
    assert found.weights == (0.0, 1.0, 0.0)
    assert (found.figure.value, found.plain.value) == (1.0, 0.0)


def test_another_metric_and_scale() -> None:
    systems = members((0.5, 0.9))
    by_recall = fit_weights(systems, definition("merged"), metric="R@1", scale=Scale("z"))
    assert by_recall.metric == "R@1"
    loud = [systems[0], Member("m1", systems[1].task, WeightedScores((TableScores(100 * systems[1].scores.rows(0, 2 * NUM)),), (1.0,)))]
    assert fit_weights(loud, metric="R@1", scale=Scale("z")).weights == pytest.approx(by_recall.weights)
    with pytest.raises(InputError, match="no metric"):
        fit_weights(systems, metric="mAP@ten")


def test_never_on_what_is_tested() -> None:
    with pytest.raises(EvaluationError, match="val and again are the same"):
        fit_weights(members((0.5, 0.9)), test=task("again"))
    overlapping = Task("test", ("t0.wav", "v7.wav"), ("x", "y"), Relevance.from_lists([[0], [1]], 2))
    with pytest.raises(EvaluationError, match=r"val and test share 1 clips, as v7\.wav") as caught:
        fit_weights(members((0.5, 0.9)), test=overlapping)
    assert "validation split" in caught.value.hint
    assert fit_weights(members((0.5, 0.9)), test=task("test", "t")).members == ("m0", "m1")


def test_clips_of_one_name_in_different_places_are_different_unless_they_share_a_caption() -> None:
    ours = Task("val", ("Bus.wav",), ("a bus",), Relevance.from_lists([[0]], 1), paths=("val/Bus.wav",))
    theirs = Task("test", ("Bus.wav",), ("an engine",), Relevance.from_lists([[0]], 1), paths=("test/Bus.wav",))
    check_apart(ours, theirs)
    for other in (
        Task("test", ("Bus.wav",), ("an engine",), theirs.relevance),
        Task("test", ("Bus.wav",), ("an engine",), theirs.relevance, paths=("val/Bus.wav",)),
        Task("test", ("Bus.wav", "x"), ("a bus", "x"), Relevance.from_lists([[0], [1]], 2), paths=("test/Bus.wav", "x")),
    ):
        with pytest.raises(EvaluationError, match="share 1 clips"):
            check_apart(ours, other)


def test_one_system_has_no_weights() -> None:
    with pytest.raises(EvaluationError, match="no weights to fit"):
        fit_weights(members((0.5,)))
    with pytest.raises(EvaluationError, match="at least one"):
        fit_weights([])
