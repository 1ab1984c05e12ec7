from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hearken.errors import EvaluationError, QueryError
from hearken.evaluate.captioning.scores import BLEU, USUAL, chosen, main_metric, moved, of_clips, score, with_empty
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.table import CAPTION_METRICS
from tests.evaluate.captioning.captions_made import CANDIDATES, REFERENCES


def test_names_whatever_the_capitals() -> None:
    assert chosen(("cider-d", "BLEU-4", "CIDER-D")) == ("CIDEr-D", "BLEU-4")
    assert chosen(()) == USUAL
    assert set(USUAL) <= set(CAPTION_METRICS)
    with pytest.raises(EvaluationError, match="no metric 'CIDR' of captions") as told:
        chosen(("CIDR",))
    assert "Did you mean CIDEr?" in told.value.hint


def test_which_metric_tells_good_from_bad() -> None:
    assert main_metric(("BLEU-1", "CIDEr-D")) == "CIDEr-D"
    assert main_metric(("ROUGE-L", "BLEU-1")) == "ROUGE-L"
    assert moved(("BLEU-1", "METEOR-style", "METEOR", "SPICE")) == ["METEOR-style", "METEOR"]
    assert [of_clips(name) for name in ("BLEU-2", "METEOR", "CIDEr-D")] == ["BLEU-2 by clip", "METEOR by clip", "CIDEr-D"]
    assert {name for name, each in CAPTION_METRICS.items() if each.statistic == "corpus"} == {*BLEU, "METEOR-style", "METEOR"}


def test_scores_and_what_they_were_computed_by() -> None:
    found = score(("ROUGE-L", "METEOR-style", "sentence similarity"), CANDIDATES, REFERENCES)
    rouge, similarity = found.scores["ROUGE-L"], found.scores["sentence similarity"]
    assert isinstance(rouge, CaptionScore)
    assert rouge.per_item[0] == pytest.approx(1.0)
    assert isinstance(similarity, CaptionScore)
    assert similarity.per_item[2] == pytest.approx(0.0), "an empty caption is like nothing"
    assert similarity.per_item[0] > 0.7
    assert found.by["METEOR-style"].startswith("METEOR-style (exact")
    assert found.by["sentence similarity"].startswith("cosines of the text side of pocket (digest ")
    assert "ROUGE-L" not in found.by
    assert score((), CANDIDATES, REFERENCES).scores == {}


def test_a_damaged_text_model_makes_a_metric_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise QueryError(f"{name} is damaged.")

    monkeypatch.setattr("hearken.runtime.catalog.find_model", refuse)
    assert isinstance(score(("sentence similarity",), CANDIDATES, REFERENCES).scores["sentence similarity"], str)


def test_texts_without_a_word_point_where_no_other_does() -> None:
    def encode(texts: Sequence[str]) -> np.ndarray:
        if not texts[0]:
            raise QueryError("There is no word in it.")
        return np.array([[0.6, 0.8]])

    assert with_empty(encode, ["x", ""]).tolist() == [[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]
    assert with_empty(encode, [""]).tolist() == [[1.0]]
