from pathlib import Path

import pytest
from pocket_phrasings import PATH, key_of, phrasings, read_phrasings, without_determiner


def texts(caption: str, how: str) -> list[str]:
    return [each.text for each in phrasings(caption, {}) if each.how == how]


def test_the_key_is_the_same_for_all_tenses() -> None:
    assert key_of("A dog is barking.") == key_of("A dog barks.") == "dog bark"
    assert key_of("A snare drum is struck.") == "snare drum strike"


def test_rules_turn_an_active_clause() -> None:
    made = [each.text for each in phrasings("A dog barks.", {})]
    for wanted in ("A dog is barking.", "a dog barking", "dog barking", "dog bark", "a barking dog", "the bark of a dog"):
        assert wanted in made
    assert "A dog barks." not in made


def test_rules_turn_a_passive_clause() -> None:
    assert texts("A snare drum is struck.", "active") == ["Someone strikes a snare drum.", "striking a snare drum"]
    assert texts("A dog barks.", "active") == []


def test_what_is_no_clause_stays_alone() -> None:
    assert phrasings("The sound of dig snappy.", {}) == []


def test_written_phrasings_come_first_and_broader_ones_are_marked() -> None:
    made = phrasings("A dog barks.", {"dog bark": ("woof", "~ an animal", "A dog is barking")}, ["Dog  barking!"])
    assert [(each.text, each.how) for each in made[:3]] == [("woof", "written"), ("an animal", "broader"), ("A dog is barking", "written")]
    assert [each.text for each in made].count("A dog is barking.") == 0  # the same text already
    assert not any(each.how == "mined" for each in made)  # a rule made it first


def test_an_article_goes() -> None:
    assert without_determiner("a dog barking") == "dog barking"
    assert without_determiner("rain falling") == "rain falling"


@pytest.mark.parametrize("line", ["dog bark woof", "dog bark:  | ", "a: b\na: c"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "texts.txt").write_text(line)
    with pytest.raises(ValueError, match=r"texts\.txt, line [12]"):
        read_phrasings(tmp_path / "texts.txt")


def test_all_keys_of_the_file_are_keys() -> None:
    assert [key for key in read_phrasings(PATH) if key != key.lower() or not key.isascii()] == []
