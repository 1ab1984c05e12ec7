"""Figures of the authors' own code on the same vectors (`tests/golden/SOURCE.md`), and the figure that one of them gets wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearken.metrics.confidence import bootstrap
from hearken.metrics.definitions import definition, statistic_of, values_of
from hearken.metrics.ranks import Ranks, ranks_and_order, ranks_of
from hearken.metrics.relevance import Relevance
from hearken.metrics.retrieval import first_rank
from hearken.metrics.scores import Scores, VectorScores

GOLDEN = Path(__file__).parents[1] / "golden"
FIGURES: dict[str, Any] = json.loads((GOLDEN / "metrics.json").read_text(encoding="utf-8"))
NAMES = {"R1": "R@1", "R5": "R@5", "R10": "R@10", "R50": "R@50", "medR": "medR", "meanR": "meanR", "mAP10": "mAP@10"}
RELEVANCE = Relevance.from_lists([[text // 5] for text in range(300)], 60)


def vectors() -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "metrics.npz") as file:
        return {name: file[name] for name in file.files}


def asked(way: str) -> tuple[Scores, Relevance]:
    audio, text = (array / np.linalg.norm(array, axis=1, keepdims=True) for array in (vectors()["audio"], vectors()["text"]))
    scores = VectorScores(text, audio)
    return (scores, RELEVANCE) if way == "t2a" else (scores.transposed(), RELEVANCE.transposed())


def figure(ranks: Ranks, metric: str, by: str) -> float:
    share = 1.0 if metric in ("medR", "meanR") else 100.0
    return share * bootstrap(values_of(ranks, metric, definition(by)), statistic=statistic_of(metric), draws=1).value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["t2a", "a2t"])
def test_figures_are_those_of_the_public_code(way: str, name: str) -> None:
    ranks = ranks_of(*asked(way))
    assert figure(ranks, NAMES[name], "any-of-n") == pytest.approx(FIGURES[way][name], abs=1e-9)
    if way == "t2a":
        for by in ("dcase", "dcase2025", "fraction", "merged"):
            assert figure(ranks, NAMES[name], by) == pytest.approx(FIGURES[way][name], abs=1e-9), "with one answer, all agree"


@pytest.mark.parametrize("way", ["t2a", "a2t"])
def test_first_ranks_are_those_of_the_public_code(way: str) -> None:
    np.testing.assert_array_equal(first_rank(ranks_of(*asked(way))) - 1, vectors()[f"{way}_ranks0"])


@pytest.mark.parametrize("name", FIGURES["a2t_xieh97_2023_fraction_R"])
def test_shares_of_captions_are_those_of_the_2023_baseline(name: str) -> None:
    """That figure is a mean of float32, which is right to seven digits."""
    ranks = ranks_of(*asked("a2t"))
    assert figure(ranks, NAMES[name], "fraction") == pytest.approx(FIGURES["a2t_xieh97_2023_fraction_R"][name], rel=1e-7)
    assert figure(ranks, "mAP@10", "fraction") == pytest.approx(FIGURES["a2t"]["mAP10"], abs=1e-9)


@pytest.mark.parametrize("case", FIGURES["cpjku_ap_examples"])
def test_precision_is_that_of_the_2025_baseline(case: str) -> None:
    parts = re.fullmatch(r"ranks0=\[(.*)\],k=(\d+)", case)
    assert parts is not None
    values = np.array([int(rank) + 1 for rank in parts[1].split(",")])
    ranks = Ranks(values, np.array([0, len(values)]), np.array([len(values)]), num_items=1045)
    found = values_of(ranks, f"mAP@{parts[2]}", definition("dcase2025"))
    assert found.tolist() == pytest.approx([FIGURES["cpjku_ap_examples"][case]], abs=1e-12)


def test_laions_figure_is_the_wrong_one() -> None:
    """LAION-CLAP (`training/train.py`) counts captions in the order of the file and not of their ranks: the second caption that it comes to
    gets 2 / rank, though it may be the first that was found. AP comes out higher, and may exceed 1."""
    scores, relevance = asked("a2t")
    ranks, order = ranks_and_order(scores, relevance, np.zeros(300))
    of_captions = np.zeros(300, int)
    of_captions[order] = ranks.values
    wrong = []
    for found in of_captions.reshape(60, 5):
        seen = found[found <= 10]
        wrong.append((np.arange(1, len(seen) + 1) / seen).sum() / 5)
    assert 100 * np.mean(wrong) == pytest.approx(FIGURES["a2t_laion_mAP10_unsorted_bug"], abs=1e-9)
    right = figure(ranks, "mAP@10", "any-of-n")
    assert right == pytest.approx(FIGURES["a2t_mAP10_correct_check"], abs=1e-9)
    assert round(100 * np.mean(wrong), 3) == 49.018
    assert round(right, 3) == 37.895
    assert max(wrong) > 1, "no average precision is above 1"
