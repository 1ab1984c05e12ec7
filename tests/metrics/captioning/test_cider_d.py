from __future__ import annotations

import ast
import csv
import json
import math
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.metrics.captioning.bleu import bleu
from hearken.metrics.captioning.cider_d import cider, cider_d
from hearken.metrics.captioning.rouge_l import rouge_l
from hearken.metrics.captioning.tokens import ptb

SHARED = Path(__file__).resolve().parents[4] / "shared"
GOLDEN = SHARED / "golden" / "models" / "caption_metrics.json"
CONETTE = SHARED / "captions" / "conette_outputs"
captions = st.lists(st.sampled_from(["a", "b", "c", "dog"]), max_size=7).map(" ".join)
clips = st.lists(st.tuples(captions, st.lists(captions, min_size=1, max_size=3)), min_size=1, max_size=5)


def naive(pairs: list[tuple[list[str], list[list[str]]]], *, robust: bool = True) -> list[float]:
    """The formula, with a vector over all n-grams of a size."""
    scores = [0.0] * len(pairs)
    for size in range(1, 5):

        def count(words: list[str], gram: tuple[str, ...], size: int = size) -> int:
            return sum(tuple(words[at : at + size]) == gram for at in range(len(words) - size + 1))

        texts = [text for words, known in pairs for text in (words, *known)]
        grams = sorted({tuple(text[at : at + size]) for text in texts for at in range(len(text) - size + 1)})
        with_gram = [sum(any(count(other, gram) for other in known) for _, known in pairs) for gram in grams]
        rarity = np.array([math.log(len(pairs)) - math.log(max(1, number)) for number in with_gram])
        for row, (words, known) in enumerate(pairs):
            mine = np.array([count(words, gram) for gram in grams]) * rarity
            for other in known:
                its = np.array([count(other, gram) for gram in grams]) * rarity
                product = float((np.minimum(mine, its) if robust else mine) @ its)
                norm = float(np.linalg.norm(mine) * np.linalg.norm(its))
                apart = max(0, len(words) - 1) - max(0, len(other) - 1)
                factor = math.exp(-(apart**2) / 72) if robust else 1.0
                scores[row] += 10 * factor * (product / norm if norm else 0.0) / 4 / len(known)
    return scores


def test_by_hand() -> None:
    # every word is in one clip of two, so all weights are log 2: cosines 1, 1 and, of three words and four, none
    score = cider_d(["a b", "c d"], [["a b"], ["c x"]])
    assert score.per_item[0] == pytest.approx(10 * 2 / 4)
    assert score.per_item[1] == pytest.approx(10 * 0.5 / 4)
    assert score.value == pytest.approx((5 + 1.25) / 2)


def test_what_is_said_again_and_again_gains_nothing() -> None:
    references = [["dog x"], ["cat y"]]
    twice, once = cider_d(["dog dog", "z"], references), cider_d(["dog x", "z"], references)
    assert twice.per_item[0] < once.per_item[0]
    assert cider(["dog dog", "z"], references).per_item[0] > twice.per_item[0]


def test_one_clip_alone_and_an_empty_candidate_have_nothing() -> None:
    assert cider_d(["a dog"], [["a dog"]]).per_item.tolist() == [0.0]
    assert cider_d(["", "a b"], [["a dog"], ["a b"]]).per_item[0] == 0.0


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden file lies beside the clone")
@pytest.mark.parametrize("plain", [False, True])
def test_golden(plain: bool) -> None:
    removed = str.maketrans("", "", string.punctuation)
    tokens = {"tokens": lambda text: text.lower().translate(removed).split()} if plain else {}
    suffix = "_plain" if plain else ""
    for name, each in json.loads(GOLDEN.read_text()).items():
        if not name.startswith("_"):
            score = cider_d(each["hyps"], each["refs"], **tokens)
            assert score.value == pytest.approx(each["scores" + suffix]["cider_d"], abs=1e-12)
            assert score.per_item == pytest.approx(each["per_item" + suffix]["cider_d"], abs=1e-12)


@pytest.mark.skipif(not CONETTE.exists(), reason="the published scores lie beside the clone")
@pytest.mark.parametrize(("name", "rows"), [("clotho_eval", 1045), ("audiocaps_test", 912)])
def test_published_scores_of_whole_test_sets(name: str, rows: int) -> None:
    with (CONETTE / f"outputs_{name}.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == rows
    candidates = [row["cands"] for row in table]
    references = [ast.literal_eval(row["mrefs"]) for row in table]
    # AudioCaps' captions have two apostrophes; the published scores come from "woman's" and "vehicle's" as one word each
    tokens = str.split if name == "audiocaps_test" else ptb
    corpus = dict(line.split(": ") for line in (CONETTE / f"scores_{name}.yaml").read_text().splitlines() if ": " in line)
    scores = [
        *bleu(candidates, references, tokens=tokens),
        rouge_l(candidates, references, tokens=tokens),
        cider_d(candidates, references, tokens=tokens),
    ]
    for key, score in zip(("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider_d"), scores, strict=True):
        published = next(float(value) for found, value in corpus.items() if found.endswith(f"cands.{key}"))
        assert score.value == pytest.approx(published, abs=1e-12), key
        assert score.per_item == pytest.approx([float(row[f"best_fense.cands.{key}"]) for row in table], abs=1e-12), key


@given(clips)
def test_equals_the_formula(pairs: list[tuple[str, list[str]]]) -> None:
    split = [(words.split(), [other.split() for other in known]) for words, known in pairs]
    given_captions = [words for words, _ in pairs], [known for _, known in pairs]
    found = cider_d(*given_captions).per_item
    assert found == pytest.approx(naive(split), abs=1e-9)
    assert cider(*given_captions).per_item == pytest.approx(naive(split, robust=False), abs=1e-9)
    assert ((found >= 0) & (found <= 10 + 1e-9)).all()


@given(clips, st.randoms(use_true_random=False))
def test_order_of_references_and_clips_does_not_matter(pairs: list[tuple[str, list[str]]], chance) -> None:
    found = cider_d([words for words, _ in pairs], [known for _, known in pairs]).per_item
    order = list(range(len(pairs)))
    chance.shuffle(order)
    other = cider_d([pairs[at][0] for at in order], [[*reversed(pairs[at][1])] for at in order]).per_item
    assert other == pytest.approx(found[order], abs=1e-12)
    twice = cider_d([words for words, _ in pairs], [[*known, *known] for _, known in pairs]).per_item
    assert twice == pytest.approx(found, abs=1e-12)
