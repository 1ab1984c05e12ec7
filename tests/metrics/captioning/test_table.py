from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.table import CAPTION_METRICS, score_captions

CANDIDATES = ["a dog barks", "rain falls"]
REFERENCES = [["a dog is barking", "dogs bark"], ["rain falls on a roof"]]


class FakeJava:
    """Runs SPICE, and has no METEOR."""

    def why_not(self, name: str) -> str:
        return "There is no Meteor here." if name == "meteor" else ""

    def score(
        self, name: str, candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: object = None
    ) -> CaptionScore | str:
        assert name == "spice"
        return CaptionScore("SPICE", 0.5, np.full(len(candidates), 0.5))


def encoder(texts: Sequence[str]) -> np.ndarray:
    return np.tile(np.array([1.0, 0.0]), (len(texts), 1))


def test_everything_without_java_or_encoder() -> None:
    found = score_captions(tuple(CAPTION_METRICS), CANDIDATES, REFERENCES)
    assert tuple(found) == tuple(CAPTION_METRICS)
    for name, metric in CAPTION_METRICS.items():
        score = found[name]
        assert isinstance(score, str) == bool(metric.needs), name
        if isinstance(score, CaptionScore):
            assert score.per_item.shape == (2,)
            assert score.name.startswith(name)


def test_what_java_has_and_has_not() -> None:
    found = score_captions(["SPIDEr", "METEOR", "SPICE"], CANDIDATES, REFERENCES, java=FakeJava())
    assert found["METEOR"] == "There is no Meteor here."
    rare = score_captions(["CIDEr-D"], CANDIDATES, REFERENCES)["CIDEr-D"]
    mean = found["SPIDEr"]
    assert isinstance(mean, CaptionScore)
    assert isinstance(rare, CaptionScore)
    assert mean.value == pytest.approx((rare.value + 0.5) / 2)
    assert tuple(found) == ("SPIDEr", "METEOR", "SPICE")


def test_spider_says_why_spice_is_missing() -> None:
    found = score_captions(["SPIDEr"], CANDIDATES, REFERENCES)["SPIDEr"]
    assert found == "Needs SPICE. It runs by Java, which was not asked for."
    assert isinstance(found, str)
    assert "SPICE" in found


def test_with_an_encoder_and_meanings() -> None:
    names = ["sentence similarity", "sentence similarity, faults by rules", "METEOR-style"]
    found = score_captions(names, CANDIDATES, REFERENCES, sentence_encoder=encoder, meanings=lambda _: frozenset())
    assert [score.value for score in found.values() if isinstance(score, CaptionScore)][:2] == [1.0, 1.0]
    style = found["METEOR-style"]
    assert isinstance(style, CaptionScore)
    assert "synonym" in style.name


def test_means_are_means() -> None:
    for name, score in score_captions(tuple(CAPTION_METRICS), CANDIDATES, REFERENCES, sentence_encoder=encoder).items():
        if isinstance(score, CaptionScore):
            mean = score.value == pytest.approx(float(score.per_item.mean()))
            assert mean or CAPTION_METRICS[name].statistic == "corpus", name


def test_refused() -> None:
    with pytest.raises(InputError, match=r"no caption metric 'CIDEr-E'") as caught:
        score_captions(["CIDEr-E"], CANDIDATES, REFERENCES)
    assert "Did you mean CIDEr" in caught.value.hint
    with pytest.raises(InputError, match="Clip number 1 has no reference"):
        score_captions(["BLEU-1"], CANDIDATES, [["x"], []])
