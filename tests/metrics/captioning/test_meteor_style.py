from __future__ import annotations

import ast
import csv
from pathlib import Path

import numpy as np
import pytest

from hearken.metrics.captioning.meteor_style import FUNCTION_WORDS, meteor_style

CONETTE = Path(__file__).resolve().parents[4] / "shared" / "captions" / "conette_outputs" / "outputs_clotho_eval.csv"


def test_by_hand() -> None:
    # 'a' is a function word, 'dog', 'barks', 'loudly' are not; 'dog barks' matches in one chunk, 'loudly' does not
    precision = recall = (0.75 * 2 + 0.25 * 1) / (0.75 * 3 + 0.25 * 1)
    mean = precision * recall / (0.85 * precision + 0.15 * recall)
    score = meteor_style(["a dog barks loudly"], [["a dog barks often"]])
    assert score.value == pytest.approx(mean * (1 - 0.6 * (1 / 3) ** 0.2))
    assert score.name == "METEOR-style (exact, stem)"


def test_stems_count_less_and_equal_captions_have_one() -> None:
    # of the last reference 9 words are content and 3 (on, a, while) are not: recall 0.75 / 7.5; METEOR 1.5, with its own list, says 0.0434
    assert meteor_style(["a dog barks"], [["a dog barks", "x"]]).per_item.tolist() == [1.0]
    assert meteor_style(["dogs"], [["dog"]]).value == pytest.approx(0.6)
    recall = 0.75 / (9 * 0.75 + 3 * 0.25)
    mean = recall / (0.85 + 0.15 * recall)
    score = meteor_style(["rain"], [["rain falls heavily on a metal roof while thunder roars far away"]])
    assert score.value == pytest.approx(mean * (1 - 0.6))


def test_synonyms_where_they_are_given() -> None:
    score = meteor_style(["car"], [["automobile"]], meanings=lambda word: frozenset({1}) if word in {"car", "automobile"} else frozenset())
    assert score.name == "METEOR-style (exact, stem, synonym)"
    assert score.value == pytest.approx(0.8)


def test_the_corpus_sums_its_counts() -> None:
    score = meteor_style(["dog cat cow", "x"], [["dog cat cow"], ["y"]])
    share = 3 / 4
    assert score.per_item.tolist() == [1.0, 0.0]
    assert score.value == pytest.approx(share * (1 - 0.6 * (1 / 3) ** 0.2))


def test_nothing() -> None:
    assert meteor_style(["", "...", "a"], [["a"], ["a"], [""]]).per_item.tolist() == [0.0, 0.0, 0.0]


def test_function_words() -> None:
    assert {"the", "a", "'s"} <= FUNCTION_WORDS
    assert "dog" not in FUNCTION_WORDS


@pytest.mark.skipif(not CONETTE.exists(), reason="the published scores lie beside the clone")
def test_goes_with_meteor_and_is_lower_without_synonyms() -> None:
    with CONETTE.open(newline="") as stream:
        table = list(csv.DictReader(stream))[:200]
    score = meteor_style([row["cands"] for row in table], [ast.literal_eval(row["mrefs"]) for row in table])
    real = np.array([float(row["best_fense.cands.meteor"]) for row in table])
    assert np.corrcoef(score.per_item, real)[0, 1] > 0.9
    assert -0.04 < (score.per_item - real).mean() < 0


def test_the_function_words_are_the_stop_words_and_what_the_splitter_makes() -> None:
    from hearken.text.stop_words import STOP_WORDS

    assert set(FUNCTION_WORDS) >= STOP_WORDS
    assert set(FUNCTION_WORDS) - STOP_WORDS <= {"'s", "n't", "'re", "'ve", "'ll", "'m", "'d", "-lrb-", "-rrb-"}
