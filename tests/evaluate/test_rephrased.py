"""Caption ensembles, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.augment.eda import Eda
from hearken.data.clip import Variation
from hearken.errors import EvaluationError, MissingDataError
from hearken.evaluate.rephrased import by_eda, by_templates, from_corpus, rephrased, variations_of, with_variations
from hearken.evaluate.systems import Encoded
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.text.wordnet import WordNet

VECTORS = {"a": [2.0, 0.0], "b": [0.0, 5.0], "c": [0.0, 1.0], "d": [-1.0, 0.0]}


def encode(texts: list[str]) -> np.ndarray:
    return np.array([VECTORS[text] for text in texts])


def test_the_mean_of_unit_vectors_has_unit_length() -> None:
    found = rephrased(["a", "b", "c"], {"a": ["b", "c"], "b": [" b ", "", "a"]}, encode)
    assert found == pytest.approx(np.array([np.array([1, 2]) / np.sqrt(5), np.array([1, 1]) / np.sqrt(2), [0, 1]]))


def test_the_weight_of_its_own_words() -> None:
    assert rephrased(["a"], {"a": ["b", "c"]}, encode, own_weight=0.6) == pytest.approx(np.array([[0.6, 0.4]]) / np.hypot(0.6, 0.4))
    assert rephrased(["a", "b"], {"a": ["b"]}, encode, own_weight=1.0) == pytest.approx(np.eye(2))
    assert rephrased(["a", "b"], {"a": ["b"]}, encode, own_weight=0.0) == pytest.approx(np.array([[0, 1], [0, 1]]))
    with pytest.raises(EvaluationError, match=r"from 0 to 1, not 1\.5"):
        rephrased(["a"], {}, encode, own_weight=1.5)


def test_variations_that_cancel_out_are_refused() -> None:
    with pytest.raises(EvaluationError, match="'a' has no direction"):
        rephrased(["a"], {"a": ["d"]}, encode)


def test_variations_of_a_corpus_are_found_by_caption() -> None:
    corpus = [Variation("1.wav", "a ", ("b", "c")), Variation("2.wav", "a", ("c", "d")), Variation("3.wav", "z", ("b",))]
    assert from_corpus(["a", "q"], corpus) == {"a": ("b", "c", "d")}


def test_templates_as_variations() -> None:
    assert by_templates(["A dog barks."], ["{}", "this is {}."]) == {"A dog barks.": ("A dog barks", "this is A dog barks.")}


def test_eda_is_a_function_of_query_and_seed() -> None:
    eda = Eda(WordNet({}), 0.3, ("swap", "delete"))
    texts = ["a small dog barks at the passing car", "heavy rain falls on a tin roof"]
    both = by_eda(texts, eda, 3, seed=1)
    assert [len(both[text]) for text in texts] == [3, 3]
    assert all(text not in both[text] for text in texts)
    assert by_eda(texts[::-1], eda, 3, seed=1) == both
    assert by_eda(texts, eda, 3, seed=2) != both
    assert len(rephrased(texts, both, lambda some: np.array([[len(text), 1.0] for text in some]))) == 2


def corpus_of(folder: Path) -> str:
    """The variations of one caption, as `hearken data rephrase` writes them."""
    path = folder / "variations.json"
    path.write_text(json.dumps([{"path": "1.wav", "caption": "a", "variations": ["b", "c"]}]), encoding="utf-8")
    return str(path)


def test_encoded_queries_are_averaged_and_the_record_says_so(tmp_path: Path) -> None:
    task = Task("t", ("1.wav", "2.wav"), ("a", "q"), Relevance.from_lists([[0], [1]], 2))
    before = Encoded(task, np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), (), {"model": "m"})
    asked: list[str] = []

    def noting(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return encode(["a" if text in ("a", "q") else text for text in texts])

    after = with_variations(before, corpus_of(tmp_path), noting)
    assert asked == ["a", "b", "c", "q"]
    assert after.text == pytest.approx(np.array([np.array([1, 2]) / np.sqrt(5), [1, 0]]))
    assert after.text.dtype == np.float32
    assert after.facts == {"model": "m", "queries_rephrased": 1, "variations_of_them": 2}
    other = Encoded(Task("t", ("1.wav",), ("z",), Relevance.from_lists([[0]], 1)), before.audio[:1], before.text[:1], (), {})
    with pytest.raises(EvaluationError, match="no variation of the one query"):
        with_variations(other, corpus_of(tmp_path), encode)


def test_a_template_stands_for_variations() -> None:
    assert variations_of(["rain."], "the sound of {}") == {"rain.": ("the sound of rain",)}


def test_where_no_wordnet_is_the_way_out_is_one_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(self: object) -> Eda:
        raise MissingDataError("WordNet is not here.", "Name one by the option wordnet.")

    monkeypatch.setattr("hearken.evaluate.rephrased.RandomEda.eda", without)
    with pytest.raises(MissingDataError, match="WordNet is not here") as caught:
        variations_of(["rain"], "eda")
    assert "HEARKEN_WORDNET" in caught.value.hint
    assert "option" not in caught.value.hint
