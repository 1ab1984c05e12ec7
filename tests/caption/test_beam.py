"""Beam search against the list of all captions of a small language, greedy decoding, and tables made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hearken.caption.beam import IntArray, Step, Written, beam_lists, beam_search
from hearken.caption.decoding import Decoding
from hearken.errors import ModelError
from tests.caption.toy_language import END, SIZE, START, Toy, captions, greedy

MARKS = {"start": START, "end": END}


def fixed(*rows: list[float]) -> Step:
    """A step whose chances of tokens 0 to 3 (1 is the end) depend on how many tokens there are alone; the last row holds on."""

    def step(tokens: IntArray, numbers: IntArray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(np.tile(np.array(rows[min(tokens.shape[1], len(rows)) - 1], np.float64), (len(numbers), 1)))

    return step


@pytest.mark.parametrize("power", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_wide_enough_it_finds_what_the_list_of_all_captions_says(seed: int, power: float) -> None:
    toy, every = Toy(seed), list(captions(3))
    assert len(every) == 1 + 3 + 9 + 27
    found = beam_lists(toy, 3, **MARKS, decoding=Decoding(40, 3, power))
    for clip in range(3):
        ranked = sorted(every, key=lambda caption: -toy.chance(caption, clip) / (len(caption) + 1) ** power)
        assert [written.tokens for written in found[clip]] == sorted(every, key=lambda c: toy.chance(c, clip) / (len(c) + 1) ** power)[::-1]
        assert found[clip][0].score == pytest.approx(toy.chance(ranked[0], clip) / (len(ranked[0]) + 1) ** power)


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    toy = Toy(seed)
    found = beam_search(toy, 5, **MARKS, decoding=Decoding(1, 6))
    assert [written.tokens for written in found] == [greedy(toy, clip, 6) for clip in range(5)]


def test_a_wider_beam_finds_likelier_captions_on_the_whole() -> None:
    scores = [
        np.mean([beam_search(Toy(seed), 4, **MARKS, decoding=Decoding(beam, 6))[2].score for seed in range(40)]) for beam in (1, 2, 5)
    ]
    assert scores[0] < scores[1] < scores[2]


def test_clips_and_rows_at_a_time_change_nothing() -> None:
    decoding = Decoding(3, 5)
    toy = Toy(7)
    together = beam_lists(toy, 7, **MARKS, decoding=decoding)
    assert toy.most_rows == 21
    for max_rows in (1, 3, 4, 7, 1000):
        few = Toy(7)
        assert beam_lists(few, 7, **MARKS, decoding=decoding, max_rows=max_rows) == together
        assert few.most_rows <= max(3, max_rows)
    order = [4, 0, 6, 2]
    turned = beam_lists(lambda tokens, rows: toy(tokens, np.array(order)[rows]), 4, **MARKS, decoding=decoding)
    assert turned == [together[clip] for clip in order]
    assert beam_lists(toy, 0, **MARKS, decoding=decoding) == []


def test_lists_are_finished_different_and_in_order() -> None:
    for found in beam_lists(Toy(3), 6, **MARKS, decoding=Decoding(4, 5)):
        assert 1 <= len(found) <= 4
        assert len({written.tokens for written in found}) == len(found)
        assert [written.score for written in found] == sorted((written.score for written in found), reverse=True)
        for written in found:
            assert len(written.tokens) <= 5
            assert not {START, END} & set(written.tokens)


def test_scores_by_hand() -> None:
    """Chances of the end are 1/4 and then 1/2, of word 2 they are 3/4 and 1/2: "2" has 3/8 in two tokens, nothing has 1/4 in one."""
    step = fixed([0, 1 / 4, 3 / 4, 0], [0, 1 / 2, 1 / 2, 0])
    (found,) = beam_lists(step, 1, **MARKS, decoding=Decoding(2, 1))
    assert [written.tokens for written in found] == [(2,), ()]
    assert [written.score for written in found] == pytest.approx([math.log(3 / 8) / 2, math.log(1 / 4)])
    (found,) = beam_lists(step, 1, **MARKS, decoding=Decoding(2, 1, length_power=0.0))
    assert [written.score for written in found] == pytest.approx([math.log(3 / 8), math.log(1 / 4)])


def test_length_power_chooses_between_short_and_long() -> None:
    """Nothing has 0.3; two words and the end have 0.7 * 0.6 * 0.6 = 0.252: less likely, but likelier a token."""
    step = fixed([0, 0.3, 0.7, 0], [0, 0.4, 0, 0.6], [0, 0.6, 0.4, 0])
    assert beam_search(step, 1, **MARKS, decoding=Decoding(3, 5, 0.0))[0] == Written((), pytest.approx(math.log(0.3)))
    assert beam_search(step, 1, **MARKS, decoding=Decoding(3, 2, 1.0))[0] == Written((2, 3), pytest.approx(math.log(0.252) / 3))


def test_a_caption_of_most_tokens_can_only_end() -> None:
    step = fixed([0, 0.001, 0.999, 0])
    (written,) = beam_search(step, 1, **MARKS, decoding=Decoding(1, 4))
    assert written.tokens == (2, 2, 2, 2)
    assert written.score == pytest.approx((4 * math.log(0.999) + math.log(0.001)) / 5)


def test_where_nothing_can_end_the_best_beginning_stands() -> None:
    endless = fixed([0, 0, 0.9, 0.1])
    assert beam_lists(endless, 2, **MARKS, decoding=Decoding(2, 3)) == [[Written((2, 2, 2), pytest.approx(math.log(0.9)))]] * 2
    nothing = fixed([0, 0, 0, 0])
    assert beam_search(nothing, 1, **MARKS, decoding=Decoding(2, 3)) == [Written((), -math.inf)]
    stuck = fixed([0, 0, 1, 0], [0, 0, 0, 0])
    assert beam_search(stuck, 1, **MARKS, decoding=Decoding(2, 3)) == [Written((2,), 0.0)]


def test_the_search_stops_when_nothing_better_goes_on() -> None:
    calls = []

    def step(tokens: IntArray, rows: IntArray) -> np.ndarray:
        calls.append(tokens.shape[1])
        return fixed([0, 0.9, 0.1, 0])(tokens, rows)

    assert beam_search(step, 1, **MARKS, decoding=Decoding(1, 50))[0].tokens == ()
    assert calls == [1]


def test_no_run_comes_twice() -> None:
    parrot = fixed([0, 0.01, 0.6, 0.39])
    assert beam_search(parrot, 1, **MARKS, decoding=Decoding(1, 6))[0].tokens == (2, 2, 2, 2, 2, 2)
    assert beam_search(parrot, 1, **MARKS, decoding=Decoding(1, 6, no_repeat=1))[0].tokens == (2, 3)
    assert beam_search(parrot, 1, **MARKS, decoding=Decoding(1, 6, no_repeat=2))[0].tokens == (2, 2, 3, 2)
    for seed in range(10):
        for written in beam_search(Toy(seed, 0.3), 3, **MARKS, decoding=Decoding(3, 12, 2.0, no_repeat=2)):
            runs = [written.tokens[place : place + 2] for place in range(len(written.tokens) - 1)]
            assert len(set(runs)) == len(runs)


def test_equal_chances_are_told_apart_by_number() -> None:
    even = fixed([0, 0.2, 0.4, 0.4], [0, 1, 0, 0])
    assert [written.tokens for written in beam_lists(even, 1, **MARKS, decoding=Decoding(2, 3))[0]] == [(2,), (3,)]


@pytest.mark.parametrize("answer", [np.full((1, SIZE), np.nan), np.zeros(SIZE), np.zeros((2, SIZE)), np.full((1, SIZE), 3.0)])
def test_what_is_no_log_probability_is_refused(answer: np.ndarray) -> None:
    with pytest.raises(ModelError, match="no log-probability"):
        beam_search(lambda _, __: answer, 1, **MARKS, decoding=Decoding(1))  # one beginning at a time, so that the shape is right


def test_the_step_may_keep_its_answer() -> None:
    table = Toy(1)(np.array([[START]]), np.array([0])).astype(np.float32)
    before = table.copy()
    beam_search(lambda tokens, _: np.repeat(table, len(tokens), 0), 1, **MARKS, decoding=Decoding(3, 6, no_repeat=1))
    assert np.array_equal(table, before)
