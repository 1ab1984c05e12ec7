from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.metrics.captioning.meteor_align import EXACT, STEM, SYNONYM, Match, align

words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5).map(tuple)


def naive(candidate: tuple[str, ...], reference: tuple[str, ...]) -> tuple[int, int, int]:
    """(-matches, chunks, distance) of the best of all ways to match equal words."""
    best = (0, 0, 0)
    for chosen in product([None, *range(len(reference))], repeat=len(candidate)):
        taken = [there for there in chosen if there is not None]
        if len(set(taken)) == len(taken) and all(there is None or candidate[at] == reference[there] for at, there in enumerate(chosen)):
            chunks = sum(
                there is not None and not (at and chosen[at - 1] is not None and chosen[at - 1] == there - 1)
                for at, there in enumerate(chosen)
            )
            best = min(best, (-len(taken), chunks, sum(abs(at - there) for at, there in enumerate(chosen) if there is not None)))
    return best


@settings(max_examples=40)
@given(words, words)
def test_equals_trying_everything(candidate: tuple[str, ...], reference: tuple[str, ...]) -> None:
    found = align(candidate, reference)
    distance = sum(abs(match.here - match.there) for match in found.matches)
    assert (-len(found.matches), found.chunks, distance) == naive(candidate, reference)


def test_kinds_of_match() -> None:
    meanings = {"car": frozenset({1}), "automobile": frozenset({1, 2})}

    def known(word: str) -> frozenset[int]:
        return meanings.get(word, frozenset())

    assert align(("a", "dog", "barks"), ("dog", "barking")).matches == (Match(1, 0, EXACT), Match(2, 1, STEM))
    assert align(("car",), ("automobile",)).matches == ()
    assert align(("car",), ("automobile",), known).matches == (Match(0, 0, SYNONYM),)  # type: ignore[arg-type]


def test_fewer_chunks_before_shorter_ways() -> None:
    found = align(("the", "dog"), ("the", "cat", "and", "the", "dog"))
    assert [match.there for match in found.matches] == [3, 4]
    assert found.chunks == 1


@pytest.mark.parametrize("length", [30])
def test_one_word_again_and_again_ends(length: int) -> None:
    found = align(("a",) * length, ("a",) * length)
    assert len(found.matches) == length
