"""EDA and templates over a corpus: seeds by item, and what has no variants."""

from __future__ import annotations

from pathlib import Path

from hearken.augment.eda import Eda
from hearken.data.clip import Clip, Corpus
from hearken.data.rephrase.items import items_of
from hearken.data.rephrase.offline import by_eda, by_templates, split_empty, vocabulary_of
from hearken.text.wordnet import WordNet

CORPUS = Corpus("mine", Path("/x"), (
    Clip("a", "all", "a.wav", ("Rain falls hard.", "rain falls"), tags=("rain",)), Clip("b", "all", "b.wav", ("Hail.",)),
))  # fmt: skip
EDA = Eda(WordNet({}), operations=("swap",))


def test_words_that_come_twice() -> None:
    assert vocabulary_of(CORPUS) == {"rain", "falls"}


def test_what_an_item_gets_depends_on_it_and_the_seed_alone() -> None:
    items = list(items_of(CORPUS, per_caption=True))
    made = {variant.item.index: variant.texts for variant in by_eda(items, 2, EDA, 1)}
    assert {variant.item.index: variant.texts for variant in by_eda(items[1:], 2, EDA, 1)} == {key: made[key] for key in (1, 2)}
    assert next(by_eda(items, 2, EDA, 1)).query == "EDA (Wei and Zou 2019): swap; alpha 0.1; seed 1"
    some, none = split_empty(by_eda(items, 2, EDA, 1))
    assert [variant.item.index for variant in some] == [0, 1]
    assert [item.caption for item in none] == ["Hail."]


def test_templates() -> None:
    some, none = split_empty(by_templates(items_of(CORPUS, per_caption=False), 2, 0))
    assert [len(variant.texts) for variant in some] == [2]
    assert [item.clip.id for item in none] == ["b"]
