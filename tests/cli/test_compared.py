from __future__ import annotations

from dataclasses import replace

import numpy as np

from hearken.cli.compared import comparison_rows, comparison_tables, comparisons_json, of_classified, of_evaluations, print_compared
from hearken.cli.evaluated import width_of
from hearken.cli.evaluation_notes import notes_of
from hearken.cli.output import console
from hearken.evaluate.classify import Classified
from hearken.evaluate.zero_shot import zero_shot
from tests.cli.test_evaluated import done_of
from tests.evaluate.asking import small_task

LABELS = (("water",), ("animal",), ("water",), ("animal",))


def classified(system: str, vectors: list[list[float]], **task: object) -> Classified:
    clips = tuple(f"{number}.wav" for number in range(len(vectors)))
    asked = small_task(**{"clips": clips, "labels": LABELS, "paths": ()} | task)
    words = {"animal": [1.0, 0.0], "water": [0.0, 1.0]}
    result = zero_shot(np.array(vectors), LABELS, lambda texts: np.array([words[text] for text in texts]))
    return Classified(system, asked, result, (), {})


def test_each_further_system_is_compared_with_the_first() -> None:
    rows = comparison_rows(of_evaluations([done_of(), done_of("worse", flip=True)]))
    assert rows[0] == ("system", "figure", "difference", "p", "effect", "better / same / worse")
    assert [row[:2] for row in rows[1:]] == [("worse", "t2a_mAP@10"), ("worse", "a2t_mAP@10")]
    # ranks 1 3 1 1 3 become 2 2 1 1 3 when columns are turned about: -1/2 + 1/6, over five queries
    assert rows[1][2].startswith("-6.67 [")
    assert rows[1][5] == "1 / 3 / 1"


def test_other_tasks_and_definitions_are_not_compared_and_ranks_neither() -> None:
    first = done_of()
    other = done_of("two", clips=("x", "y", "z"))
    assert of_evaluations([first, other]) == []
    assert any("two is not compared with one" in line for line in notes_of([first, other]))
    assert of_evaluations([first, done_of("two", by="fraction")]) == []
    ranks = [done_of(name, flip=name == "two", metrics=("meanR", "medR")) for name in ("one", "two")]
    assert of_evaluations(ranks) == []
    assert of_evaluations([done_of(metrics=("meanR", "R@1")), done_of("two", metrics=("meanR", "R@1"))])[0].figure == "t2a_R@1"


def test_classifications_are_compared_clip_by_clip() -> None:
    right, wrong = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    first, other = classified("one", right), classified("two", wrong)
    (found,) = of_classified([first, other])
    assert (found.system, found.figure, found.comparison.difference.value) == ("two", "top-1", -0.5)
    assert (found.comparison.wins, found.comparison.ties, found.comparison.losses) == (0, 2, 2)
    grouped = of_classified([replace(first, recordings=np.array([0, 0, 1, 1])), other])[0].comparison.difference
    assert (grouped.value, grouped.low, grouped.high) == (-0.5, -0.5, -0.5), "each recording has one right and one wrong"
    assert of_classified([first, classified("three", right, clips=("w", "x", "y", "z"))]) == []


def test_json_of_comparisons() -> None:
    (found, _) = comparisons_json(of_evaluations([done_of(), done_of("two", flip=True)]))
    assert np.isclose(found["difference"]["value"], -1 / 15)
    assert (found["system"], found["figure"], found["wins"], found["ties"], found["losses"]) == ("two", "t2a_mAP@10", 1, 3, 1)


def test_a_narrow_table_has_a_part_for_each_figure() -> None:
    rows = comparison_rows(of_evaluations([done_of(), done_of("runs/cnn-0", flip=True)]))
    ((title, wide),) = comparison_tables("one", rows, 200)
    assert (title, wide) == ("against one", [rows])
    narrow = comparison_tables("one", rows, 40)
    assert [title for title, _ in narrow] == ["against one, t2a_mAP@10", "against one, a2t_mAP@10"]
    assert max(width_of(part) for _, parts in narrow for part in parts) <= 40
    assert narrow[0][1][0][0] == ("system", "difference")
    assert all(len(part) == 2 for _, parts in narrow for part in parts)


def test_words_are_not_broken(capsys, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COLUMNS", "40")
    print_compared(console(), "one", of_evaluations([done_of(), done_of("runs/cnn-0", flip=True)]))
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("against", "system", "runs/cnn-0")) for line in lines)
    print_compared(console(), "one", [])
    assert capsys.readouterr().out == ""
