"""Which search a decoding names, and the marks that no search writes."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.caption.beam import IntArray, beam_lists
from hearken.caption.best_first import best_first_lists
from hearken.caption.decoding import SEARCHES, Decoding
from hearken.caption.search import search, search_lists, spoken
from hearken.errors import ModelError
from hearken.text.vocabulary import WordVocabulary
from tests.caption.toy_language import END, START, Toy

MARKS = {"start": START, "end": END}
WORDS = WordVocabulary(["<sos>", "<eos>", "<pad>", "rain", "falls"])


def test_each_name_is_another_search() -> None:
    beam, best_first = Decoding(3, 5), Decoding(3, 5, search="best_first")
    differ = 0
    for seed in range(20):
        toy = Toy(seed)
        lists = search_lists(toy, 4, **MARKS, decoding=beam)
        first = search_lists(toy, 4, **MARKS, decoding=best_first)
        assert lists == beam_lists(toy, 4, **MARKS, decoding=beam)
        assert first == best_first_lists(toy, 4, **MARKS, decoding=beam)
        for decoding, found in ((beam, lists), (best_first, first)):
            assert search(toy, 4, **MARKS, decoding=decoding) == [each[0] for each in found]
        differ += [each[0] for each in lists] != [each[0] for each in first]
    assert differ


def test_rows_at_a_time_are_passed_on() -> None:
    for name in SEARCHES:
        toy = Toy()
        search(toy, 6, **MARKS, decoding=Decoding(2, 4, search=name), max_rows=2)
        assert toy.most_rows <= 2


@pytest.mark.parametrize("name", SEARCHES)
def test_marks_have_no_chance(name) -> None:
    answer = np.log([0.4, 0.1, 0.3, 0.15, 0.05])
    kept = answer.copy()

    def step(tokens: IntArray, _: IntArray) -> np.ndarray:
        return np.broadcast_to(answer, (len(tokens), 5))

    said = spoken(step, WORDS)(np.array([[0]]), np.array([0]))
    np.testing.assert_array_equal(said, [[-np.inf, kept[1], -np.inf, kept[3], kept[4]]])
    np.testing.assert_array_equal(answer, kept)
    (found,) = search(spoken(step, WORDS), 1, start=WORDS.start, end=WORDS.end, decoding=Decoding(2, 3, search=name))
    assert not {WORDS.start, WORDS.pad} & set(found.tokens)


def test_an_end_that_also_fills_batches_can_be_said() -> None:
    words = WordVocabulary(["<sos>", "<eos>", "rain"])
    said = spoken(lambda *_: np.log([[0.5, 0.3, 0.2]]), words)(np.array([[0]]), np.array([0]))
    np.testing.assert_array_equal(np.isfinite(said), [[False, True, True]])


@pytest.mark.parametrize("answer", [np.zeros((1, 4)), np.zeros((1, 6)), np.zeros(5)])
def test_answers_about_other_tokens_are_refused(answer) -> None:
    with pytest.raises(ModelError, match="not about the 5 tokens of its vocabulary"):
        spoken(lambda *_: answer, WORDS)(np.array([[0]]), np.array([0]))
