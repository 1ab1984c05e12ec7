"""The ways to new captions that ask nobody: EDA and templates, for every item of a corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np

from hearken.augment.eda import Eda, augment
from hearken.data.clip import Corpus
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.templates import from_template
from hearken.data.rephrase.write import Variant
from hearken.text.wordnet import WordNet

Method = Literal["eda", "templates"]
METHODS: tuple[Method, ...] = ("eda", "templates")
_WORDS = re.compile(r"[a-z]+")
_MIN_COUNT = 2  # a word that comes once may be a slip of the pen


def vocabulary_of(corpus: Corpus) -> frozenset[str]:
    """Return the words (lower case, a to z) that the captions of a corpus use more than once."""
    counts = Counter(word for clip in corpus.clips for caption in clip.captions for word in _WORDS.findall(caption.lower()))
    return frozenset(word for word, count in counts.items() if count >= _MIN_COUNT)


def by_eda(items: Iterable[Item], num: int, eda: Eda, seed: int) -> Iterator[Variant]:
    """Yield each item with up to `num` changed captions. Item i draws from the seed (seed, i): order and limit change nothing."""
    note = f"EDA (Wei and Zou 2019): {', '.join(eda.operations)}; alpha {eda.alpha:g}; seed {seed}"
    for item in items:
        yield Variant(item, augment(item.caption, num, eda, np.random.default_rng([seed, item.index])), note)


def by_templates(items: Iterable[Item], num: int, seed: int, wordnet: WordNet | None = None) -> Iterator[Variant]:
    """Yield each item with up to `num` sentences made of its labels or its title; seeds as in `by_eda`."""
    for item in items:
        yield Variant(item, from_template(item, num, np.random.default_rng([seed, item.index]), wordnet), f"templates; seed {seed}")


def split_empty(variants: Iterable[Variant]) -> tuple[Sequence[Variant], Sequence[Item]]:
    """Return the variants that have texts, and the items for which there were none."""
    some, none = [], []
    for variant in variants:
        if variant.texts:
            some.append(variant)
        else:
            none.append(variant.item)
    return some, none
