"""Evaluations of captions in a report: what is collected, the tables, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.captioning.store import StoredCaptions, load, save
from hearken.evaluate.report.captioning import caption_facts, caption_groups, caption_parts, caption_tables
from hearken.evaluate.report.collect import collect
from hearken.evaluate.report.comparison import report_tables
from hearken.evaluate.report.table import cell_text
from tests.evaluate.captioning.captions_made import evaluated
from tests.evaluate.report.made import make_evaluation, make_run

PERFECT = ("a dog barks", "heavy rain falls on a roof", "wind")


def stored(folder: Path, system: str = "me", **changes: object) -> StoredCaptions:
    save(
        folder,
        replace(evaluated(system, **changes), not_available={"SPICE": "No Java."}, metrics=("SPICE", "BLEU-1", "ROUGE-L", "CIDEr-D")),
    )
    return load(folder)


def test_tables_of_one(tmp_path: Path) -> None:
    figures, words, worst, best = caption_tables([stored(tmp_path)], count=2)
    assert (figures.title, figures.columns) == ("Machine-made captions of mine.csv", ("metric", "me"))
    assert [cell_text(row[0]) for row in figures.rows] == ["SPICE", "BLEU-1", "ROUGE-L", "CIDEr-D"]
    assert cell_text(figures.rows[0][1]) == "not available"
    assert cell_text(figures.rows[1][1]).startswith("36.8 [")
    assert "SPICE is not available. No Java." in figures.notes
    assert any(note.startswith("BLEU is of the whole corpus") for note in figures.notes)
    assert [cell_text(cell) for cell in words.rows[0]] == ["me", "3", "1.7", "5", "100.0", "0.0"]
    assert [cell_text(cell) for cell in words.rows[1]] == ["references, by people", "4", "3.5", "11", "100.0", "-"]
    assert [cell_text(cell) for cell in worst.rows[0]] == ["c.wav", "0.0", "(empty)", "wind"]
    assert [cell_text(row[0]) for row in best.rows] == ["a.wav", "b.wav"]
    assert cell_text(best.rows[0][3]) == "a dog barks / the dog barks loudly"


def test_what_is_said_of_references_and_means_is_so(tmp_path: Path) -> None:
    one = stored(tmp_path)
    assert caption_parts([one])[0].charts[0].caption.startswith("CIDEr-D of single clips: the figure is their mean.")
    found = one.evaluation
    task = replace(found.task, record=found.task.record | {"references_machine_made": ["wavcaps: a language model"]})
    bleu = replace(one, evaluation=replace(found, task=task, figures={"BLEU-1": found.figures["BLEU-1"]}, metrics=("BLEU-1",)))
    part = caption_parts([bleu])[0]
    assert part.charts[0].caption == "BLEU-1 of single clips. The last bar holds all that lies above it."
    assert part.intro[0].endswith("held against 4 references.")
    assert cell_text(caption_tables([bleu])[1].rows[1][0]) == "references"


def test_two_of_one_task_are_compared(tmp_path: Path) -> None:
    group = [stored(tmp_path / "a"), stored(tmp_path / "b", candidates=PERFECT)]
    figures, against, *_ = caption_tables(group)
    assert figures.columns == ("metric", "me (a)", "me (b)")
    assert (against.title, cell_text(against.rows[0][3])) == ("Against me (a), clip by clip", "2 / 1 / 0")
    assert cell_text(against.rows[0][1]).startswith("+")
    other = replace(group[1], evaluation=replace(group[1].evaluation, task=replace(group[1].evaluation.task, clips=("x", "y", "z"))))
    assert [len(each) for each in caption_groups([*group, other])] == [2, 1]


def test_how_it_was_done_and_how_to_do_it_again(tmp_path: Path) -> None:
    one = stored(tmp_path)
    facts = {fact.name: fact.lines for fact in caption_facts([one])[0].facts}
    assert facts["to evaluate again"] == (f"hearken evaluate {tmp_path} --captions",)
    for told, command in (
        ({"captions": "t.csv"}, "hearken evaluate t.csv --captions --data mine.csv"),
        (
            {"model": "runs/x", "tta": "5:1x5", "decoding": {"beam": 3, "search": "best_first"}},
            "hearken evaluate runs/x --captions --data mine.csv --tta 5:1x5 --beam 3 --search best_first",
        ),
    ):
        changed = replace(one, evaluation=replace(one.evaluation, facts=told))
        assert {fact.name: fact.lines for fact in caption_facts([changed])[0].facts}["to evaluate again"] == (command,)


def test_what_lies_in_folders_is_found(tmp_path: Path) -> None:
    stored(tmp_path / "x" / "captions")
    make_evaluation(tmp_path / "x" / "toy")
    make_run(tmp_path / "run")
    stored(tmp_path / "run" / "evaluations" / "toy-captions")
    found = collect([tmp_path])
    assert [each.folder.name for each in found.captioned] == ["toy-captions", "captions"]
    assert [system.name for system in found.systems] == ["run", "toy"]
    assert found.skipped == (), "a run whose captions were evaluated was evaluated"
    assert [each.folder for each in collect([tmp_path / "x" / "captions", tmp_path / "x"]).captioned] == [tmp_path / "x" / "captions"]
    assert sum(table.title.startswith("Machine-made captions") for table in report_tables(found)) == 1


def test_a_damaged_one_is_told_and_left_out(tmp_path: Path) -> None:
    stored(tmp_path / "good")
    stored(tmp_path / "bad")
    (tmp_path / "bad" / "captions.csv").write_text("clip\n")
    found = collect([tmp_path])
    assert len(found.captioned) == 1
    assert "bad" in found.skipped[0]
    (tmp_path / "good" / "evaluation.json").unlink()
    with pytest.raises(EvaluationError, match="half written"):
        collect([tmp_path / "good"])


def test_the_page(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from hearken.evaluate.report.page import PageOptions, build

    stored(tmp_path / "a", "<b>one</b>")
    page = build(collect([tmp_path]), PageOptions(made_on="2026-01-01"))
    assert "<title>Captions of &lt;b&gt;one&lt;/b&gt;</title>" in page
    assert "Captions of 3 clips, held against 4 references that people wrote." in page
    assert "Clips described worst: &lt;b&gt;one&lt;/b&gt;" in page
    assert '<svg class="chart"' in page
    assert 'id="figures"' not in page
    make_evaluation(tmp_path / "toy")
    both = build(collect([tmp_path]), PageOptions())
    assert 'id="figures"' in both
    assert 'id="captions-1"' in both
    (part,) = caption_parts(collect([tmp_path]).captioned)
    assert part.title == "Machine-made captions: mine.csv"
