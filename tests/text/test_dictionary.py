"""Which words there are, and which are near."""

from __future__ import annotations

import pytest

from hearken.text.dictionary import FOLDER, Dictionary, english

SMALL = Dictionary({"dog": 100, "bark": 50, "glass": 20, "and": 900}, lambda: {"choppy", "stop", "zither"})


def test_words_of_captions_of_the_rest_and_their_forms_are_known() -> None:
    for word in ("dog", "dogs", "barked", "barking", "zithers", "choppily", "nonstop", "the"):
        assert SMALL.knows(word), word
    for word in ("dgo", "brak", "choppp", "zithre", "nonbarkk"):
        assert not SMALL.knows(word), word


def test_the_rest_is_read_only_when_a_word_is_in_no_caption() -> None:
    asked = []

    def rest() -> set[str]:
        asked.append(1)
        return {"zither"}

    words = Dictionary({"dog": 1}, rest)
    assert words.knows("dog")
    assert not asked
    assert words.knows("zither")
    assert not words.knows("zzither")
    assert asked == [1]


def test_near_words_lack_and_add_few_letters() -> None:
    assert SMALL.near("dgo", 1, same_start=False) == ["dog"]
    assert SMALL.near("bakr", 1, same_start=False) == ["bark"]
    assert SMALL.near("glsss", 1, same_start=False) == ["glass"]
    assert SMALL.near("glxyss", 1, same_start=False) == []
    assert SMALL.near("lgass", 1, same_start=True) == []
    assert SMALL.near("lgass", 1, same_start=False) == ["glass"]
    assert Dictionary({}).near("dog", 1, same_start=False) == []


def test_what_is_shipped() -> None:
    words = english()
    assert words is english()
    assert words.counts["barking"] > 500
    assert 5_000 < len(words.counts) < 7_000
    for word in str.split("didgeridoo theremin cajon sitar kettle she lawnmower petrol lorry choppily crunchy echoey zappy"):
        assert words.knows(word), word
    for word in ("glsas", "barkign", "teh", "dgo", "continous", "hlicopter", "realy", "quiety", "closey"):
        assert not words.knows(word), word


@pytest.mark.parametrize("name", ["sounds.txt", "english.txt"])
def test_lists_hold_each_word_once_in_small_letters(name: str) -> None:
    words = [line.split(" ")[0] for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
    assert len(set(words)) == len(words)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)


def test_the_lists_are_small_and_say_where_they_are_from() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 800_000
    source = (FOLDER / "SOURCE.md").read_text(encoding="utf-8")
    for name in ("AudioCaps", "WavText5K", "Open English WordNet", "Princeton", "CC BY 4.0", "MIT", "Apache-2.0"):
        assert name in source
    for name in ("sounds.txt", "english.txt"):
        count = len((FOLDER / name).read_text(encoding="utf-8").splitlines())
        assert f"{count:,}".replace(",", " ") in source
