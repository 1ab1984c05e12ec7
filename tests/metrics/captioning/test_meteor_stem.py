from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.metrics.captioning.meteor_stem import stem


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        # as the algorithm says; checked against the package snowballstemmer
        ("consist", "consist"), ("consisted", "consist"), ("consistency", "consist"), ("consistently", "consist"), ("consolation", "consol"),
        ("consolingly", "consol"), ("conspicuously", "conspicu"), ("constables", "constabl"), ("knackeries", "knackeri"), ("knightly", "knight"),
        ("knots", "knot"), ("kneeling", "kneel"), ("knocked", "knock"), ("skies", "sky"), ("dying", "die"), ("news", "news"),
        ("hopping", "hop"), ("hoping", "hope"), ("ties", "tie"), ("cries", "cri"), ("gas", "gas"), ("gaps", "gap"), ("kiwis", "kiwi"),
        ("agreed", "agre"), ("feed", "feed"), ("generously", "generous"), ("communities", "communiti"), ("sky", "sky"), ("say", "say"), ("by", "by"),
        ("happy", "happi"), ("relational", "relat"), ("rational", "ration"), ("electrical", "electr"), ("adoption", "adopt"), ("boy's", "boy"),
        ("youth", "youth"), ("enjoying", "enjoy"), ("barks", "bark"), ("barking", "bark"), ("controlling", "control"), ("fulfill", "fulfil"),
        ("passes", "pass"), ("inning", "inning"), ("analogies", "analog"), ("probably", "probabl"), ("hopefulness", "hope"), ("a", "a"), ("", ""),
    ],
)  # fmt: skip
def test_stems(word: str, expected: str) -> None:
    assert stem(word) == expected


@given(st.text(alphabet="abcdegilnorstuyz'", max_size=12))
def test_a_stem_is_no_longer_than_its_word_and_an_e(word: str) -> None:
    assert len(stem(word)) <= len(word) + 1
    assert stem(word) == stem(word).lower()
