from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearken.evaluate.captioning.look import candidate_statistics, extremes, reference_statistics
from hearken.metrics.confidence import Interval
from tests.evaluate.captioning.captions_made import evaluated


def test_worst_and_best_clips() -> None:
    found = evaluated()
    worst = extremes(found, 2)
    assert [each.clip for each in worst] == ["c.wav", "b.wav"]
    assert (worst[0].candidate, worst[0].references, worst[0].metric, worst[0].value) == ("", ("wind",), "CIDEr-D", 0.0)
    assert [each.clip for each in extremes(found, 9, best=True)] == ["a.wav", "b.wav", "c.wav"]
    assert extremes(found, 0) == []


def test_of_equally_bad_clips_the_other_metrics_decide() -> None:
    captions = ("nothing of it", "a roof", "")
    assert [each.clip for each in extremes(evaluated(candidates=captions, metrics=("ROUGE-L",)), 3)] == ["a.wav", "c.wav", "b.wav"]
    found = evaluated(candidates=captions, metrics=("ROUGE-L", "BLEU-1"))  # of no word, BLEU is lower than of wrong ones
    assert [each.clip for each in extremes(found, 3)] == ["c.wav", "a.wav", "b.wav"]
    assert extremes(found, 1)[0].metric == "ROUGE-L"
    tied = replace(found, values={"ROUGE-L": np.zeros(3), "BLEU-1": np.array([2.0, 1.0, 1.0]), "BLEU-2": np.array([0.0, 2.0, 1.0])})
    tied = replace(tied, figures=dict.fromkeys(tied.values, Interval(0.0, 0.0, 0.0)))
    assert [each.clip for each in extremes(tied, 3)] == ["c.wav", "b.wav", "a.wav"], "BLEU-1 decides before BLEU-2"


def test_length_and_vocabulary() -> None:
    found = evaluated(candidates=("a dog meows", "a dog meows", "the wind"))
    mine, theirs = candidate_statistics(found), reference_statistics(found)
    assert (mine.num_captions, mine.num_words, mine.unknown) == (3, 5, pytest.approx(1 / 5))  # a dog meows the wind: meows
    assert mine.mean_words == pytest.approx(8 / 3)
    assert mine.distinct == pytest.approx(2 / 3)
    assert (theirs.num_captions, theirs.num_words, theirs.distinct, theirs.unknown) == (4, 11, 1.0, None)
    assert theirs.mean_words == pytest.approx(14 / 4)
