from __future__ import annotations

import json
import math
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.metrics.captioning.bleu import bleu, bleu_counts, n_grams

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "golden" / "models" / "caption_metrics.json"
ODD = (
    ["a dog barks", "rain", "a a a a a", "birds chirp and a stream flows", "someone's phone rings; it isn't answered"],
    [
        ["a dog barks", "A dog is barking.", "the dog's bark echoes", "dogs bark", "a dog barks"],
        ["rain falls heavily on a metal roof while thunder roars far away"] * 2,
        ["a man speaks, and (loudly) a car horn beeps!", "a horn - beeping"],
        ["an engine idles"],
        ["someone's phone is ringing and isn't answered", "a phone rings"],
    ],
)
captions = st.lists(st.sampled_from(["a", "b", "c", "dog"]), max_size=7).map(" ".join)
clips = st.lists(st.tuples(captions, st.lists(captions, min_size=1, max_size=3)), min_size=1, max_size=5)


def naive(pairs: list[tuple[list[str], list[list[str]]]], n: int) -> float:
    """BLEU-n by its definition, with the two constants."""
    found, length, closest = 1.0, 0, 0
    for size in range(1, n + 1):
        match = total = 0
        for words, known in pairs:
            grams = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
            total += len(grams)
            for gram in set(grams):
                most = max(sum(tuple(other[at : at + size]) == gram for at in range(len(other))) for other in known)
                match += min(grams.count(gram), most)
        found *= (match + 1e-15) / (total + 1e-9)
    for words, known in pairs:
        length += len(words)
        closest += min((abs(len(other) - len(words)), len(other)) for other in known)[1]
    ratio = (length + 1e-15) / (closest + 1e-9)
    return float(found ** (1 / n)) * (math.exp(1 - 1 / ratio) if ratio < 1 else 1.0)


def test_by_hand() -> None:
    # 2 of 3 words match, 1 of 2 pairs, no run of three; the nearest reference has 4 words: exp(1 - 4/3)
    scores = bleu(["the dog barks"], [["a dog barks loudly"]])
    assert [score.name for score in scores] == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"]
    assert scores[0].value == pytest.approx(2 / 3 * math.exp(-1 / 3), abs=1e-8)
    assert scores[1].value == pytest.approx(math.sqrt(2 / 3 * 1 / 2) * math.exp(-1 / 3), abs=1e-8)
    assert scores[2].value < 1e-4


def test_what_the_reference_code_says_of_odd_captions() -> None:
    scores = bleu(*ODD)
    assert [score.value for score in scores] == pytest.approx(
        [0.41690675777608405, 0.34581509308116554, 0.26637993498645085, 3.436228108527725e-05], abs=1e-12
    )
    assert scores[0].per_item == pytest.approx(
        [0.9999999993333338, 1.670170075684248e-05, 0.3999999999200002, 1.666666666388889e-16, 0.772184789568475], abs=1e-12
    )


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden file lies beside the clone")
@pytest.mark.parametrize("plain", [False, True])
def test_golden(plain: bool) -> None:
    removed = str.maketrans("", "", string.punctuation)
    tokens = {"tokens": lambda text: text.lower().translate(removed).split()} if plain else {}
    suffix = "_plain" if plain else ""
    for name, each in json.loads(GOLDEN.read_text()).items():
        if not name.startswith("_"):
            for n, score in enumerate(bleu(each["hyps"], each["refs"], **tokens), start=1):
                assert score.value == pytest.approx(each["scores" + suffix][f"bleu_{n}"], abs=1e-12)
                assert score.per_item == pytest.approx(each["per_item" + suffix][f"bleu_{n}"], abs=1e-12)


@given(clips)
def test_equals_the_definition(pairs: list[tuple[str, list[str]]]) -> None:
    split = [(words.split(), [other.split() for other in known]) for words, known in pairs]
    for n, score in enumerate(bleu(*zip(*pairs, strict=True)), start=1):  # type: ignore[misc]
        assert score.value == pytest.approx(naive(split, n), abs=1e-12)
        assert score.per_item == pytest.approx([naive([pair], n) for pair in split], abs=1e-12)
        assert 0 <= score.value <= 1
        assert ((score.per_item >= 0) & (score.per_item <= 1)).all()


@given(clips)
def test_order_and_copies_of_references_do_not_matter(pairs: list[tuple[str, list[str]]]) -> None:
    mine = [words for words, _ in pairs]
    first = bleu(mine, [known for _, known in pairs])
    other = bleu(mine, [[*reversed(known), known[0]] for _, known in pairs])
    assert [score.value for score in first] == [score.value for score in other]


def test_drawn_clips_are_those_clips() -> None:
    counts = bleu_counts(*ODD)
    drawn = [0, 0, 4, 3, 0]
    again = bleu([ODD[0][at] for at in drawn], [ODD[1][at] for at in drawn])
    weights = np.bincount(drawn, minlength=5)
    assert counts.corpus(weights) == pytest.approx([score.value for score in again], abs=1e-15)
    assert counts.corpus(np.stack([weights, np.ones(5)]))[1] == pytest.approx(counts.corpus(), abs=0)
    for wrong in (np.ones(4), np.ones((1, 1, 5)), 1.0):
        with pytest.raises(InputError, match="5 clips"):
            counts.corpus(wrong)


def test_an_empty_candidate_has_nothing() -> None:
    assert all(score.value < 1e-5 for score in bleu([""], [["a dog"]]))
    assert not np.isnan(bleu([""], [[""]])[3].per_item).any()


def test_n_grams() -> None:
    assert n_grams(("a", "b", "a"), [1, 2]) == {("a",): 2, ("b",): 1, ("a", "b"): 1, ("b", "a"): 1}
