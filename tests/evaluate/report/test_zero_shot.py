"""Zero-shot classifications: what is read of their folders, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.report.table import cell_text
from hearken.evaluate.report.zero_shot import is_zero_shot, read_zero_shot, zero_shot_facts, zero_shot_tables, zero_shot_words
from tests.evaluate.report.made import make_zero_shot


def test_figures_worst_classes_and_confusions(tmp_path: Path) -> None:
    make_zero_shot(tmp_path / "one", system="runs/mine")
    assert is_zero_shot(tmp_path / "one")
    assert not is_zero_shot(tmp_path)
    found = read_zero_shot(tmp_path / "one")
    figures, worst, confused = zero_shot_tables(found)
    assert figures.title == "Zero-shot classification: mine on mine.csv"
    assert [[cell_text(cell) for cell in row] for row in figures.rows] == [
        ["top-1", "60.0 [40.0, 80.0]", "33.3"],
        ["mAP", "60.0 [40.0, 80.0]", "-"],
    ]
    assert "2 clips have no label" in " ".join(figures.notes)
    assert [cell_text(row[0]) for row in worst.rows] == ["cow", "cat", "dog"]
    assert [cell_text(cell) for cell in worst.rows[0]] == ["cow", "1", "0.0 [0.0, 80.0]", "-"]
    assert [[cell_text(cell) for cell in row] for row in confused.rows] == [
        ["cat taken for dog", "2 of 4", "50.0"], ["cat taken for cow", "1 of 4", "25.0"], ["cow taken for dog", "1 of 1", "100.0"],
    ]  # fmt: skip


def test_what_it_says_in_sentences(tmp_path: Path) -> None:
    make_zero_shot(tmp_path / "one")
    found = read_zero_shot(tmp_path / "one")
    assert zero_shot_words(found) == [
        "pocket on mine.csv: a right one of 3 classes comes first for 60.0 % of 10 clips; by chance 33.3 %, who always says the commonest label 50.0 %.",
        "Prompts: a {}.",
    ]
    facts = {fact.name: fact.lines for fact in zero_shot_facts(found, "it").facts}
    assert facts["digest of the weights"] == ("abc",)
    assert facts["to evaluate again"] == ("hearken evaluate pocket --data mine.csv --zero-shot --template 'a {}'",)


@pytest.mark.parametrize(
    "change",
    [
        {"figures": 3},
        {"figures": {"top-1": {"value": "x"}}},
        {"chance": {"top-1": float("nan")}},
        {"system": None, "task": 3, "figures": None},
    ],
)
def test_a_damaged_record_is_an_error_that_names_it(tmp_path: Path, change: dict[str, object]) -> None:
    make_zero_shot(tmp_path / "one")
    path = tmp_path / "one" / "zero_shot.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(EvaluationError, match=r"zero_shot\.json cannot be read"):
        read_zero_shot(tmp_path / "one")


@pytest.mark.parametrize("text", [b"\xff", b"class,clips\ncat,many", b"class\ncat", b'class,clips\n"cat,1'])
def test_a_damaged_table_is_named_and_left_out(tmp_path: Path, text: bytes) -> None:
    make_zero_shot(tmp_path / "one")
    (tmp_path / "one" / "classes.csv").write_bytes(text)
    (tmp_path / "one" / "confusion.csv").unlink()
    found = read_zero_shot(tmp_path / "one")
    assert (found.classes, found.confusions) == ((), ())
    assert [name in sentence for name, sentence in zip(("classes.csv", "confusion.csv"), found.broken, strict=True)] == [True, True]
    assert len(zero_shot_tables(found)) == 1


@pytest.mark.parametrize("record", [{"facts": 3, "record": [], "templates": "x", "classes": None}, {"chance": {}}])
def test_what_another_hand_wrote_is_told_as_far_as_it_goes(tmp_path: Path, record: dict[str, object]) -> None:
    make_zero_shot(tmp_path / "one")
    path = tmp_path / "one" / "zero_shot.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    found = read_zero_shot(tmp_path / "one")
    assert len(zero_shot_tables(found)) == 3
    assert zero_shot_facts(found, "it").title == "it"
    assert all(isinstance(sentence, str) for sentence in zero_shot_words(found))
