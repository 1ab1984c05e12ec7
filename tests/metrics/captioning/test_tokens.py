"""Words as PTBTokenizer finds them: what it said of these texts (Stanford CoreNLP 3.4.1, -preserveLines -lowerCase), written down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.metrics.captioning.tokens import ptb

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "golden" / "models" / "caption_metrics.json"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A dog is barking.", "a dog is barking"),
        ("the dog's bark echoes", "the dog 's bark echoes"),
        ("someone's phone rings; it isn't answered", "someone 's phone rings it is n't answered"),
        ("a man speaks, and (loudly) a car horn beeps!", "a man speaks and -lrb- loudly -rrb- a car horn beeps"),
        ("a horn - beeping", "a horn beeping"),
        ("Mr. Smith can't, cannot, gonna, he'll they've 'tis", "mr. smith ca n't can not gon na he 'll they 've 't is"),
        ("well-known state-of-the-art x-ray", "well-known state-of-the-art x-ray"),
        ("\"quoted\" and 'single' ``latex''", "quoted and single latex"),
        ("$5.00, £3, €20, 50% of 1,000,000", "$ 5.00 # 3 $ 20 50 % of 1,000,000"),
        ("Music box, C# 2, take at 200 ft.", "music box c# 2 take at 200 ft."),
        ("1/2 or 3 1/2 or 10-12 at 12:30 p.m. on 3/4/2020", "1/2 or 3 1/2 or 10-12 at 12:30 p.m. on 3/4/2020"),
        ("it’s naïve… “yes” – no — °C", "it 's naïve yes no ° c"),
        ("a/b and/or w/o 5kg AT&T R&D a & b", "a/b and/or w/o 5kg at&t r&d a & b"),
        ("birds, etc. and so on... St. Paul's vs. them", "birds etc. and so on st. paul 's vs. them"),
        ("rock'n'roll o'clock 1990's dogs' barks", "rock 'n' roll o'clock 1990 's dogs barks"),
        ("instrumental.The drum Hello?! [x] :)", "instrumental.the drum hello ?! -lsb- x -rsb- :-rrb-"),
        ("3½ years", "3 1/2 years"),
        ("日本語 русский äöü", "日本語 русский äöü"),
        ("a  dog\nbarks\t", "a dog barks"),
        ("@user #hashtag", "@user #hashtag"),
        ("", ""),
        (" ... --", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert ptb(text) == words.split()


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden file lies beside the clone")
def test_golden_captions() -> None:
    sets = [value for name, value in json.loads(GOLDEN.read_text()).items() if not name.startswith("_")]
    assert len(sets) == 6
    for each in sets:
        assert [" ".join(ptb(text)) for text in each["hyps"]] == each["ptb_hyps"]
        assert [[" ".join(ptb(text)) for text in known] for known in each["refs"]] == each["ptb_refs"]


@given(st.text(max_size=60))
def test_any_text_becomes_lower_words_without_blanks(text: str) -> None:
    for word in ptb(text):
        assert word
        assert not any(char.isspace() for char in word)
        assert word == word.lower()


@given(st.lists(st.sampled_from(["the", "dog", "barks", "loudly", "while", "some", "wind", "blows"]), max_size=8))
def test_plain_words_are_kept(words: list[str]) -> None:
    assert ptb(" ".join(words)) == words
    assert ptb(", ".join(words) + " .") == words
