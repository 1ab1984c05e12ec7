"""The closed table of corpora and the references into it."""

from __future__ import annotations

import pytest

from hearken.data import table
from hearken.data.card import Definition
from hearken.data.table import CORPORA, definition, parse_reference, unknown
from hearken.errors import DataError


@pytest.mark.parametrize("name", CORPORA)
def test_every_name_has_a_definition(name: str) -> None:
    found = definition(name)
    assert isinstance(found, Definition)
    assert found is definition(name)
    splits = tuple(split.name for split in found.card.splits if not split.by_name)
    assert splits
    assert parse_reference(name) == (name, splits)
    for split in found.card.splits:
        assert parse_reference(f"{name}-{split.name}") == (name, (split.name,))


def test_the_longest_name_counts() -> None:
    assert parse_reference("audiocaps-v2-test") == ("audiocaps-v2", ("test",))
    assert parse_reference("audiocaps-test") == ("audiocaps", ("test",))
    assert parse_reference("clotho-graded") == ("clotho-graded", ("development", "validation", "evaluation"))
    assert parse_reference("clotho-evaluation") == ("clotho", ("evaluation",))


def test_a_split_without_captions_has_to_be_named() -> None:
    assert parse_reference("clotho") == ("clotho", ("development", "validation", "evaluation"))
    assert parse_reference("clotho-test") == ("clotho", ("test",))


def test_unknown_names_get_the_nearest() -> None:
    for found in ("cloto", "\x1b[31m", "audiocap"):
        with pytest.raises(DataError, match="There is no corpus") as caught:
            parse_reference(found)
        assert caught.value.message.isprintable()
        assert "hearken data list" in caught.value.hint
    assert "clotho" in unknown("cloto").hint
    assert "Did you mean" not in unknown("zzzzzz").hint
    with pytest.raises(DataError, match="There is no corpus 'nothing'"):
        definition("nothing")


def test_unknown_splits_get_the_known_ones() -> None:
    with pytest.raises(DataError, match="clotho has no split 'eval'") as caught:
        parse_reference("clotho-eval")
    assert "development, validation, evaluation" in caught.value.hint


def test_an_entry_must_be_a_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.CORPORA, "odd", "clotho:RATE_HZ")
    with pytest.raises(TypeError, match="no Definition"):
        definition("odd")


def test_only_where_a_path_may_be_given_is_one_suggested() -> None:
    assert "path" not in unknown("clohto").hint
    assert unknown("clohto", or_path=True).hint.endswith("a path works as well.")
