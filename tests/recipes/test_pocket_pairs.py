from pathlib import Path

import numpy as np
import pytest
from pocket_pairs import misspelt, names_of, negation_triples, order_triples, plain_pairs, read_classes, source_triples


def test_a_class_has_several_names() -> None:
    assert names_of("Vehicle horn, car horn, honking") == ["vehicle horn", "car horn", "honking"]
    assert names_of("Whimper (dog)") == ["whimper"]


def test_an_order_is_told_rightly_and_wrongly() -> None:
    made = order_triples(
        ["A dog barks followed by a man talking.", "A dog barks", "It rings then it stops", "A bell rings then a dog barks then a car"]
    )
    assert made == [
        ("A dog barks followed by a man talking.", "first a dog barks, then a man talking", "a man talking followed by a dog barks"),
    ]


def test_sources_are_exchanged() -> None:
    assert source_triples(["A man talks while a dog barks", "A man talks while a man barks", "A dog barks"]) == [
        ("A man talks while a dog barks", "a dog barking and a man talking", "a man barking and a dog talking"),
    ]


def test_a_second_thing_is_denied() -> None:
    assert negation_triples(["A man talking with a dog barking", "A man talking while a dog barks"]) == [
        ("A man talking with a dog barking", "a dog barking and a man talking", "a man talking without dog barking"),
    ]


def test_a_slip_changes_one_word_by_one_key() -> None:
    for seed in range(40):
        slip = misspelt("a dog barks", np.random.default_rng(seed))
        assert slip.startswith("a dog b")
        assert abs(len(slip) - len("a dog barks")) <= 1
    assert misspelt("a cat", np.random.default_rng(0)) == "a cat"


def test_pairs_are_other_forms() -> None:
    ((caption, other),) = plain_pairs(["A dog barks"], 5, np.random.default_rng(0))
    assert caption == "A dog barks"
    assert "bark" in other
    assert other != caption


def test_the_file_of_classes_names_classes() -> None:
    rows = read_classes()
    assert len(rows) > 300
    assert all(0 <= tag < 527 for tags, _ in rows for tag in tags)


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("# remark\nbark: woof\n")
    with pytest.raises(ValueError, match=r"classes\.txt, line 2"):
        read_classes(path)
