"""Best-first search gives what ACT's own code gave on the golden decoder, and what can be said by hand."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from hearken.caption.beam import IntArray, Written, beam_search
from hearken.caption.best_first import MAX_QUEUE, best_first_lists, best_first_search
from hearken.caption.decoding import Decoding
from hearken.errors import ModelError
from tests.caption.toy_language import END, START, Toy, captions, greedy

MARKS = {"start": START, "end": END}


class TestGolden:
    """ACT's decoder on filled weights; both searches stand on the same steps."""

    @pytest.fixture(autouse=True)
    def torch_is_there(self) -> None:
        pytest.importorskip("torch")

    @staticmethod
    def expected(case: str, name: str) -> list[tuple[int, ...]]:
        from tests.models.golden_act import END, golden

        rows = [row.tolist()[1:] for row in golden()[f"{case}.{name}"]]
        return [tuple(row[: row.index(END)]) for row in rows]

    @pytest.mark.parametrize("case", ["t500", "t300"])
    def test_act_s_own_searches(self, case: str) -> None:
        from tests.models.golden_act import CASES, END, START, toy_step

        step = functools.partial(toy_step, case)
        marks, count = {"start": START, "end": END}, CASES[case][2]
        for beam in (2, 3, 5):
            found = best_first_search(step, count, **marks, decoding=Decoding(beam))
            assert [written.tokens for written in found] == self.expected(case, f"beam{beam}")
        lists = best_first_lists(step, count, **marks, decoding=Decoding(3), wanted=3)
        assert [written.tokens for found in lists for written in found] == self.expected(case, "beam3_top3")
        for search in (best_first_search, beam_search):
            found = search(step, count, **marks, decoding=Decoding(1, 12))
            assert [written.tokens for written in found] == self.expected(case, "greedy")


@pytest.mark.parametrize("seed", range(10))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    toy = Toy(seed)
    found = best_first_search(toy, 5, **MARKS, decoding=Decoding(1, 6))
    assert [written.tokens for written in found] == [greedy(toy, clip, 6) for clip in range(5)]


@pytest.mark.parametrize("seed", range(4))
def test_without_length_it_finds_the_likeliest_of_all_captions(seed: int) -> None:
    """Sums only fall, so what comes out first is the best there is (Dijkstra), and what comes then the next best."""
    toy, every = Toy(seed), list(captions(3))
    found = best_first_lists(toy, 3, **MARKS, decoding=Decoding(5, 3, 0.0), wanted=5)
    for clip in range(3):
        assert [written.tokens for written in found[clip]] == sorted(every, key=lambda caption: -toy.chance(caption, clip))[:5]
        assert found[clip][0].score == pytest.approx(toy.chance(found[clip][0].tokens, clip))


def test_it_returns_to_a_short_beginning() -> None:
    """Word 2 looks best (0.6) but all that follows it is unlikely; the search comes back to word 3 (0.4), which ends for sure."""

    def step(tokens: IntArray, _: IntArray) -> np.ndarray:
        after = {START: [0, 0, 0.6, 0.4], 2: [0, 1e-3, 0.01, 0.01], 3: [0, 1, 0, 0]}
        rows = [after[line[-1]] for line in tokens.tolist()]
        with np.errstate(divide="ignore"):
            return np.log(np.array(rows))

    assert best_first_search(step, 1, **MARKS, decoding=Decoding(3, 10)) == [Written((3,), pytest.approx(math.log(0.4) / 2))]


def test_clips_and_rows_at_a_time_change_nothing() -> None:
    toy = Toy(7)
    together = best_first_lists(toy, 7, **MARKS, decoding=Decoding(3, 5), wanted=2)
    for max_rows in (1, 2, 100):
        few = Toy(7)
        assert best_first_lists(few, 7, **MARKS, decoding=Decoding(3, 5), wanted=2, max_rows=max_rows) == together
        assert few.most_rows <= max_rows
    alone = [
        best_first_lists(lambda tokens, rows, clip=clip: toy(tokens, rows + clip), 1, **MARKS, decoding=Decoding(3, 5), wanted=2)[0]
        for clip in range(7)
    ]
    assert alone == together


def test_the_longest_caption_can_only_end() -> None:
    for found in best_first_lists(Toy(2), 5, **MARKS, decoding=Decoding(4, 2), wanted=50):
        assert {len(written.tokens) for written in found} <= {0, 1, 2}
        assert len({written.tokens for written in found}) == len(found) == 13  # all there are: 1 + 3 + 9


def test_it_gives_up_as_the_authors_do() -> None:
    """Twenty words alike and an end that is hardly possible: the queue grows by 19 at a time until it is too long."""
    rows = 0

    def step(tokens: IntArray, _: IntArray) -> np.ndarray:
        nonlocal rows
        rows += len(tokens)
        answer = np.full((len(tokens), 22), math.log(1 / 20))
        answer[:, START], answer[:, END] = -np.inf, -50
        return answer

    (written,) = best_first_search(step, 1, **MARKS, decoding=Decoding(20, 90))
    assert rows == math.ceil(MAX_QUEUE / 19)
    assert written.score == pytest.approx(math.log(1 / 20))
    assert written.tokens


def test_where_nothing_is_possible() -> None:
    assert best_first_search(lambda tokens, _: np.full((len(tokens), 4), -np.inf), 1, **MARKS, decoding=Decoding()) == [
        Written((), -math.inf)
    ]
    with pytest.raises(ModelError, match="no log-probability"):
        best_first_search(lambda tokens, _: np.full((len(tokens), 4), np.nan), 1, **MARKS, decoding=Decoding())


def test_no_run_comes_twice() -> None:
    for seed in range(10):
        for written in best_first_search(Toy(seed, 0.3), 3, **MARKS, decoding=Decoding(3, 12, 2.0, no_repeat=2)):
            runs = [written.tokens[place : place + 2] for place in range(len(written.tokens) - 1)]
            assert len(set(runs)) == len(runs)
