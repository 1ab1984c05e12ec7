import numpy as np
from pocket_negatives import negatives

OTHERS = ["A bell rings.", "A dog is barking."]


def test_a_sequence_has_its_order_source_and_presence_changed() -> None:
    made = {each.kind: each for each in negatives(["A dog barks.", "A door slams."], "then", OTHERS, np.random.default_rng(0))}
    assert set(made) == {"order", "source", "negation"}
    assert made["order"].text != made["order"].true
    assert sorted(made["order"].text.lower().strip(".").replace(",", "").split()) == sorted(
        made["order"].true.lower().strip(".").replace(",", "").split()
    )
    assert "bell" in made["source"].text  # the other dog would be true
    assert " without " in made["negation"].text
    assert made["negation"].text.replace(" without ", " with ") == made["negation"].true


def test_what_sounds_at_once_does_not_follow() -> None:
    order = negatives(["A dog barks.", "Rain falls."], "while", [], np.random.default_rng(1))[0]
    assert ", then " in order.text
    assert "then" not in order.true


def test_a_single_sound_is_counted() -> None:
    (made,) = negatives(["A dog barks."], "then", OTHERS, np.random.default_rng(0))
    assert made.true == "A dog barks once."
    assert made.text in {"A dog barks twice.", "A dog barks three times.", "A dog barks four times."}
    assert negatives(["Rain falls."], "then", OTHERS, np.random.default_rng(0)) == []  # goes on: cannot be counted


def test_an_alike_caption_is_no_other_source() -> None:
    alike = {("A bell rings.", "A door slams.")}
    made = negatives(["A dog barks.", "A door slams."], "then", OTHERS, np.random.default_rng(0), alike=alike)
    assert {each.kind for each in made} == {"order", "negation"}


def test_what_grammar_does_not_know_gives_none() -> None:
    assert negatives(["The sound of dig snappy.", "A dog barks."], "then", OTHERS, np.random.default_rng(0)) == []
    assert negatives([], "then", OTHERS, np.random.default_rng(0)) == []
