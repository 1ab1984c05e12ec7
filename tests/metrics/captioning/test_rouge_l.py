from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.metrics.captioning.rouge_l import longest_common, rouge_l

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "golden" / "models" / "caption_metrics.json"
words = st.lists(st.sampled_from("abcd"), max_size=9).map(tuple)


def naive(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, mine in enumerate(first, start=1):
        for column, its in enumerate(second, start=1):
            same = table[row - 1][column - 1] + 1
            table[row][column] = same if mine == its else max(table[row - 1][column], table[row][column - 1])
    return table[-1][-1]


@given(words, words)
def test_longest_common_equals_the_table(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert longest_common(first, second) == naive(first, second)


def test_by_hand() -> None:
    # two of three words, two of four
    precision, recall = 2 / 3, 2 / 4
    expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision)
    assert rouge_l(["the dog barks"], [["a dog barks loudly"]]).value == pytest.approx(expected, abs=1e-15)


def test_best_precision_and_best_recall_may_be_of_two_references() -> None:
    # "a b" has precision 2/2 with "a b c d", recall 1/1 with "a"
    assert rouge_l(["a b"], [["a b c d", "a"]]).value == 1.0


@pytest.mark.parametrize("candidate", ["", "...", "cat"])
def test_nothing_in_common(candidate: str) -> None:
    assert rouge_l([candidate], [["a dog", ""]]).per_item.tolist() == [0.0]


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden file lies beside the clone")
@pytest.mark.parametrize("plain", [False, True])
def test_golden(plain: bool) -> None:
    removed = str.maketrans("", "", string.punctuation)
    tokens = {"tokens": lambda text: text.lower().translate(removed).split()} if plain else {}
    suffix = "_plain" if plain else ""
    for name, each in json.loads(GOLDEN.read_text()).items():
        if not name.startswith("_"):
            score = rouge_l(each["hyps"], each["refs"], **tokens)
            assert score.value == pytest.approx(each["scores" + suffix]["rouge_l"], abs=1e-12)
            assert score.per_item == pytest.approx(each["per_item" + suffix]["rouge_l"], abs=1e-12)


@given(words, st.lists(words, min_size=1, max_size=3))
def test_bounds_order_and_copies(candidate: tuple[str, ...], known: list[tuple[str, ...]]) -> None:
    texts = [" ".join(each) for each in known]
    value = rouge_l([" ".join(candidate)], [texts], tokens=str.split).value
    assert 0 <= value <= 1
    assert value == rouge_l([" ".join(candidate)], [[*reversed(texts), *texts]], tokens=str.split).value
    if candidate in known and candidate:
        assert value == pytest.approx(1.0)
