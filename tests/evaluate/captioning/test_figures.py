from __future__ import annotations

import math

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.captioning import figures
from hearken.evaluate.captioning.figures import DRAWS, bleu_figures, measure
from hearken.metrics.captioning.bleu import bleu_counts
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.confidence import Interval, bootstrap, jackknife
from tests.evaluate.captioning.captions_made import CANDIDATES, CLIPS, REFERENCES, evaluated, small_task


def test_bleu_is_computed_of_the_counts_of_all() -> None:
    """All five words are right; the references nearest in length have 3, 6 and 1 words: the penalty is exp(1 - 10/5)."""
    found = evaluated().figures["BLEU-1"]
    assert found.value == pytest.approx(math.exp(-1), rel=1e-6)
    assert found.method == "bootstrap"
    assert found.low < found.value < found.high


def test_the_jackknife_of_bleu_leaves_out_a_clip_at_a_time() -> None:
    """Without a: 2 words for 7; without b: 3 for 4; without c: 5 for 9."""
    without = np.exp([1 - 7 / 2, 1 - 4 / 3, 1 - 9 / 5])
    error = 1.959963984540054 * math.sqrt(2 / 3 * float(np.square(without - without.mean()).sum()))
    found = evaluated(interval="jackknife").figures["BLEU-1"]
    assert (found.low, found.high) == pytest.approx((math.exp(-1) - error, math.exp(-1) + error), rel=1e-6)
    assert found.method == "jackknife"


def test_the_bootstrap_of_bleu_agrees_with_drawing_by_hand() -> None:
    counts = bleu_counts(CANDIDATES * 20, REFERENCES * 20)
    low, high = (getattr(bleu_figures(counts, "bootstrap", 1)[0], bound) for bound in ("low", "high"))
    random = np.random.default_rng(5)
    by_hand = []
    for _ in range(DRAWS):
        rows = random.integers(60, size=60)
        words, closest = counts.lengths[rows].sum(), counts.closest[rows].sum()
        by_hand.append(math.exp(min(0.0, 1 - closest / words)))
    assert (low, high) == pytest.approx(tuple(np.percentile(by_hand, [2.5, 97.5])), abs=0.015)
    assert bleu_figures(counts, "bootstrap", 1) == bleu_figures(counts, "bootstrap", 1)
    assert bleu_figures(counts, "bootstrap", 1) != bleu_figures(counts, "bootstrap", 2)


@pytest.mark.parametrize("interval", ["bootstrap", "jackknife"])
def test_how_many_drawings_are_made_at_a_time_changes_nothing(interval: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = bleu_counts(CANDIDATES * 3, REFERENCES * 3)
    whole = bleu_figures(counts, interval)
    assert sum(len(rows) for rows in figures._drawn(9, 0)) == DRAWS
    monkeypatch.setattr(figures, "_BLOCK", 9 * 7)  # seven rows, and what is left over
    assert sum(len(rows) for rows in figures._drawn(9, 0)) == DRAWS
    for one, other in zip(whole, bleu_figures(counts, interval), strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_means_have_the_intervals_of_means() -> None:
    found = evaluated()
    for name in ("ROUGE-L", "CIDEr-D"):
        assert found.figures[name] == bootstrap(found.values[name], draws=DRAWS)
        assert evaluated(interval="jackknife").figures[name] == jackknife(found.values[name])
    assert found.values["CIDEr-D"][2] == 0.0


def test_a_figure_that_is_no_mean_has_its_interval_moved() -> None:
    values = np.array([0.0, 0.5, 1.0])
    known = {"METEOR": CaptionScore("METEOR", 0.6, values)}
    found = measure("me", small_task(), CANDIDATES, metrics=("METEOR",), known=known).figures["METEOR"]
    mean = bootstrap(values, draws=DRAWS)
    assert (found.value, found.low, found.high) == pytest.approx((0.6, mean.low + 0.1, mean.high + 0.1))


def test_a_moved_interval_does_not_go_below_nothing() -> None:
    known = {"METEOR": CaptionScore("METEOR", 0.2, np.array([0.0, 0.5, 1.0]))}
    found = measure("me", small_task(), CANDIDATES, metrics=("METEOR",), known=known).figures["METEOR"]
    assert found.low == 0.0 < found.value < found.high


def test_one_clip_has_no_interval() -> None:
    counts = bleu_counts(["rain"], [["rain"]])
    assert bleu_figures(counts, "bootstrap")[0] == Interval(pytest.approx(1.0), pytest.approx(1.0), pytest.approx(1.0))


def test_what_is_not_available_has_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.metrics.captioning.java.JavaMetrics.why_not", lambda self, name: f"No {name}.")
    found = evaluated(metrics=("SPICE", "BLEU-1", "SPIDEr"))
    assert list(found.figures) == ["BLEU-1"]
    assert found.metrics == ("SPICE", "BLEU-1", "SPIDEr")
    assert found.why_not == ["SPICE is not available. No spice.", "SPIDEr is not available. It needs SPICE."]


def test_captions_and_clips_must_fit() -> None:
    with pytest.raises(EvaluationError, match=r"2 captions, and mine\.csv has 3 clips"):
        measure("me", small_task(), CANDIDATES[:2], metrics=("BLEU-1",))
    with pytest.raises(EvaluationError, match="no interval 'bootstrp'") as told:
        measure("me", small_task(), CANDIDATES, metrics=("BLEU-1",), interval="bootstrp")
    assert "Did you mean bootstrap?" in told.value.hint
    assert len(CLIPS) == 3
