"""Estimates that can be checked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.clip import Clip
from hearken.data.rephrase.cost import by_characters, by_tokenizer, estimate
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.run import Question
from hearken.errors import DataError, MissingDataError

CLIP = Clip("a", "all", "a.wav")


def question(caption: str, query: str) -> Question:
    return Question(Item(0, CLIP, caption=caption), query, query)


def test_four_characters_make_a_token() -> None:
    assert [by_characters(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]


def test_tokens_and_price() -> None:
    asked = [question("a" * 40, "q" * 400), question("", "q" * 80)]
    found = estimate(asked, 5, price_in=2.0, price_out=10.0)
    assert found.num_requests == 2
    assert found.tokens_in == 100 + 8 + 20 + 8
    assert found.tokens_out == 5 * (10 + 4) + 5 * (18 + 4)
    assert found.price == pytest.approx(136 * 2e-6 + 180 * 10e-6)
    assert "4 characters a token" in found.method


def test_no_price_is_no_zero_and_the_limit_of_tokens_counts() -> None:
    asked = [question("a" * 40, "q")]
    assert estimate(asked, 5).price is None
    assert estimate(asked, 5, price_out=1.0).price == pytest.approx(70e-6)
    assert estimate(asked, 5, max_tokens=30).tokens_out == 30
    assert estimate([], 5, price_in=1.0).price == 0.0


def test_a_tokenizer_counts_better(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"rain": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    count = by_tokenizer(tmp_path / "tokenizer.json")
    assert count("rain falls hard") == 3
    found = estimate([question("rain", "rain rain")], 1, count=count)
    assert (found.tokens_in, found.tokens_out) == (10, 5)
    assert "counted by the tokenizer" in found.method


def test_what_is_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="There is no tokenizer"):
        by_tokenizer(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match="is no tokenizer"):
        by_tokenizer(tmp_path / "bad.json")
