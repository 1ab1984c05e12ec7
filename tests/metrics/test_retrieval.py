"""Values of single queries: by hand, against naive definitions, and from lists that end early."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics.ranks import Ranks, ranks_of, ranks_of_lists, ranks_of_tables
from hearken.metrics.relevance import Relevance
from hearken.metrics.retrieval import (
    average_precision,
    average_precision_at,
    first_rank,
    precision_at,
    recall_at,
    reciprocal_rank,
)
from hearken.metrics.scores import TableScores
from tests.metrics import naive

CASES, AT_ONCE = 2_000, 8  # an example of hypothesis costs more than a case
SCORES = np.array([[0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.7, 0.6]])
RELEVANT = np.array([[0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 1]], bool)
RANKS = ranks_of_tables(SCORES, RELEVANT)
ALL: dict[str, tuple[Callable[[Ranks, int], np.ndarray], Callable[[list[tuple[float, bool]], int], float]]] = {
    "mAP": (lambda ranks, _: average_precision(ranks), lambda ranked, _: naive.mean_average_precision(ranked)),
    "mAP@k, reachable": (average_precision_at, naive.average_precision_reachable),
    "mAP@k, relevant": (lambda ranks, k: average_precision_at(ranks, k, "relevant"), naive.average_precision_relevant),
    "R@k, any": (recall_at, naive.recall_any),
    "R@k, fraction": (lambda ranks, k: recall_at(ranks, k, "fraction"), naive.recall_fraction),
    "P@k": (precision_at, naive.precision),
    "MRR": (lambda ranks, _: reciprocal_rank(ranks), lambda ranked, _: naive.reciprocal(ranked)),
    "MRR@k": (reciprocal_rank, naive.reciprocal_at),
    "medR, meanR": (lambda ranks, _: first_rank(ranks), lambda ranked, _: naive.first(ranked)),
}


def draw(seed: int, num_queries: int, num_items: int, levels: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Scores of so many levels (one: all tie), some columns twice; any number of relevant items, one at least."""
    random = np.random.default_rng(seed)
    scores = random.integers(-levels, levels, (num_queries, num_items)) / 7
    scores = scores[:, random.integers(num_items, size=num_items)] if random.random() < 0.3 else scores
    relevant = random.random((num_queries, num_items)) < random.choice([0.0, 0.2, 0.7, 1.0])
    relevant[np.arange(num_queries), random.integers(num_items, size=num_queries)] = True
    return random, scores.astype(random.choice([np.float32, np.float64])), relevant


cases = given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 24), st.sampled_from([1, 2, 5, 10_000]))


@cases
@settings(max_examples=CASES // AT_ONCE, deadline=None)
def test_every_metric_is_its_definition(seed: int, num_queries: int, num_items: int, levels: int) -> None:
    for number in range(AT_ONCE):
        holds_its_definition(seed + number, num_queries, num_items, levels)


def holds_its_definition(seed: int, num_queries: int, num_items: int, levels: int) -> None:
    random, scores, relevant = draw(seed, num_queries, num_items, levels)
    k = int(random.integers(1, num_items + 1))
    ranks = ranks_of_tables(scores, relevant)
    ranked = [naive.ranking(row, hits) for row, hits in zip(scores.tolist(), relevant.tolist(), strict=True)]
    for name, (ours, plain) in ALL.items():
        expected = [plain(each, k) for each in ranked]
        assert np.abs(ours(ranks, k) - expected).max() <= 1e-12 * max(expected), (name, k, ours(ranks, k), expected)


@cases
@settings(max_examples=CASES // AT_ONCE, deadline=None)
def test_fault_E2_orders_and_blocks_change_no_bit(seed: int, num_queries: int, num_items: int, levels: int) -> None:
    for number in range(AT_ONCE):
        keeps_its_bits(seed + number, num_queries, num_items, levels)


def keeps_its_bits(seed: int, num_queries: int, num_items: int, levels: int) -> None:
    random, scores, relevant = draw(seed, num_queries, num_items, levels)
    k, items, queries = int(random.integers(1, num_items + 1)), random.permutation(num_items), random.permutation(num_queries)
    ranks = ranks_of_tables(scores, relevant)
    moved = ranks_of(
        TableScores(scores[queries][:, items]), Relevance.from_matrix(relevant[queries][:, items]), block=int(random.integers(1, 5))
    )
    for name, (ours, _) in ALL.items():
        assert np.array_equal(ours(ranks, k)[queries], ours(moved, k)), name


def test_average_precision_by_hand() -> None:
    assert average_precision(RANKS) == pytest.approx([1 / 3, (1 / 1 + 2 / 3) / 2, 1 / 4])


def test_average_precision_at_by_hand() -> None:
    assert average_precision_at(RANKS, 10) == pytest.approx([1 / 3, (1 + 2 / 3) / 2, 1 / 4])
    assert average_precision_at(RANKS, 2) == pytest.approx([0.0, 1 / 2, 0.0]), "two could have been in the first two"
    assert average_precision_at(RANKS, 1) == pytest.approx([0.0, 1.0, 0.0]), "the first place holds one"
    assert average_precision_at(RANKS, 1, "relevant") == pytest.approx([0.0, 1 / 2, 0.0]), "and there are two"


def test_recall_by_hand() -> None:
    assert recall_at(RANKS, 1).tolist() == [0.0, 1.0, 0.0]
    assert recall_at(RANKS, 1, "fraction").tolist() == [0.0, 0.5, 0.0]
    assert recall_at(RANKS, 3).tolist() == [1.0, 1.0, 0.0]
    assert recall_at(RANKS, 99).tolist() == [1.0, 1.0, 1.0]


def test_the_others_by_hand() -> None:
    assert [precision_at(RANKS, k)[1] for k in (1, 2, 3, 4)] == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert first_rank(RANKS).tolist() == [3, 1, 4]
    assert reciprocal_rank(RANKS) == pytest.approx([1 / 3, 1, 1 / 4])
    assert reciprocal_rank(RANKS, 3) == pytest.approx([1 / 3, 1, 0])


def test_one_caption_of_five_at_the_top_is_recall_one_and_precision_a_fifth() -> None:
    """Why WavText5K's audio-to-text mAP@10 is below its R@1."""
    ranks = ranks_of_tables(np.array([[9, 4, 3, 2, 1, *[8] * 10]], float), np.array([[1] * 5 + [0] * 10], bool))
    assert ranks.values.tolist() == [1, 12, 13, 14, 15]
    assert recall_at(ranks, 1).tolist() == [1.0]
    assert average_precision_at(ranks, 10, "relevant").tolist() == [0.2]


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300])
def test_fault_E1_constant_scores_are_no_better_than_chance(scale: float) -> None:
    num_items = 100
    relevant = np.zeros((20, num_items), bool)
    relevant[np.arange(20), np.arange(20) * 5] = True
    ranks = ranks_of_tables(np.full((20, num_items), scale), relevant)
    for k in (1, 10, 50, 99):
        chance = k / num_items
        assert recall_at(ranks, k).mean() <= chance
        assert average_precision_at(ranks, k).mean() <= chance
        assert precision_at(ranks, k).mean() <= 1 / num_items
    assert average_precision(ranks).mean() == pytest.approx(1 / num_items)
    assert first_rank(ranks).tolist() == [num_items] * 20


def test_lists_tell_no_more_than_they_hold() -> None:
    relevance = Relevance.from_lists([[0, 3], [4]], 6)
    ranks = ranks_of_lists([[3, 1, 2], [4, 5, 0]], relevance, depth=3)
    assert average_precision_at(ranks, 3).tolist() == [1 / 2, 1.0]
    assert recall_at(ranks, 3, "fraction").tolist() == [1 / 2, 1.0]
    assert precision_at(ranks, 3) == pytest.approx([1 / 3, 1 / 3])
    assert reciprocal_rank(ranks, 3).tolist() == [1.0, 1.0]
    for deeper in (average_precision_at, recall_at, precision_at, reciprocal_rank):
        with pytest.raises(InputError, match="The first 4 cannot be judged from lists of 3"):
            deeper(ranks, 4)
    for whole in (average_precision, first_rank, reciprocal_rank):
        with pytest.raises(InputError, match=r"needs the rank of all that is relevant, and 1 of them are not in the lists of 3"):
            whole(ranks)


def test_lists_that_hold_all_that_is_relevant_tell_all() -> None:
    ranks = ranks_of_lists([[3, 1, 0], [5, 4]], Relevance.from_lists([[0, 3], [4]], 6), depth=3)
    assert average_precision(ranks) == pytest.approx([(1 + 2 / 3) / 2, 1 / 2])
    assert first_rank(ranks).tolist() == [1, 2]
    assert average_precision_at(ranks, 5).tolist() == average_precision_at(ranks, 3).tolist()


def test_lists_without_any_answer_are_worth_nothing() -> None:
    ranks = ranks_of_lists([[1], []], Relevance.from_lists([[0], [0]], 2), depth=1)
    for measure in (average_precision_at, recall_at, precision_at, reciprocal_rank):
        assert measure(ranks, 1).tolist() == [0.0, 0.0]


def test_no_queries_have_no_values() -> None:
    ranks = ranks_of_tables(np.zeros((0, 3)), np.zeros((0, 3), bool))
    for name, (ours, _) in ALL.items():
        assert ours(ranks, 2).shape == (0,), name


@pytest.mark.parametrize("measure", [average_precision_at, recall_at, reciprocal_rank])
def test_k_begins_at_one(measure: Callable[[Ranks, int], np.ndarray]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        measure(RANKS, 0)


@pytest.mark.parametrize("k", [0, 5])
def test_precision_is_of_no_more_than_all_items(k: int) -> None:
    with pytest.raises(InputError, match="k must be between 1 and the number of items, 4"):
        precision_at(RANKS, k)
