"""Curves of training: which there are, and which epoch was kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.evaluate.report.training import Curve, Training
from hearken.evaluate.report.training_part import best_step, drawn_in, monitor_of, training_part

pytest.importorskip("matplotlib")


def training(monitor: str = "t2a_mAP@10", name: str = "run", **curves: list[float]) -> Training:
    found = {
        key.replace("__", "/").replace("_at_", "@"): Curve(np.arange(1, len(each) + 1) * 10, np.array(each)) for key, each in curves.items()
    }
    return Training(Path(name), "toy/recipe", {"training": {"monitor": monitor}}, {}, found)


def test_the_best_step_follows_the_monitor() -> None:
    curves = {
        "validation__t2a_mAP_at_10": [0.1, 0.3, 0.3, 0.2],
        "validation__a2t_mAP_at_10": [0.1, 0.1, 0.4, 0.1],
        "validation__loss": [3.0, 2.0, 1.5, 1.7],
    }
    assert best_step(training(**curves), "t2a_mAP@10") == 20
    assert best_step(training(**curves), "mean_mAP@10") == 30
    assert best_step(training(**curves), "loss") == 30
    assert best_step(training(loss=[1.0]), "t2a_mAP@10") is None
    assert best_step(training(loss=[1.0]), "mean_mAP@10") is None


def test_the_monitor_of_a_strange_recipe() -> None:
    assert monitor_of(training("loss")) == "loss"
    assert monitor_of(Training(Path("x"), "x", {"training": 3}, {}, {})) == "t2a_mAP@10"


def test_only_curves_that_exist_are_drawn() -> None:
    part = training_part([training(loss=[3.0, 2.0], validation__t2a_mAP_at_10=[0.1, 0.2])])
    assert len(part.charts) == 2
    assert ["kept</text>" in chart.svg for chart in part.charts] == [False, True]
    assert training_part([training()]) is None
    assert training_part([]) is None


def test_several_runs_lie_over_each_other_and_none_is_marked() -> None:
    runs = [training(name=f"run{number}", loss=[3.0, 2.0], validation__t2a_mAP_at_10=[0.1, 0.2]) for number in range(10)]
    part = training_part(runs)
    assert part.intro == ["8 of 10 runs are drawn."]
    assert "run7</text>" in part.charts[0].svg
    assert "run8</text>" not in part.charts[0].svg
    assert "kept</text>" not in part.charts[1].svg


@pytest.mark.parametrize(("monitor", "unit"), [("t2a_mAP@10", "in %"), ("CIDEr-D", "times 100"), ("loss", "in %")])
def test_a_figure_that_goes_beyond_one_is_no_percentage(monitor: str, unit: str) -> None:
    assert drawn_in(monitor) == unit
