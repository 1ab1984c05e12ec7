"""Parts of the page on evaluations: what is in them, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearken.evaluate.measure import measure
from hearken.evaluate.report import parts as module
from hearken.evaluate.report.charts import TtaPoint
from hearken.evaluate.report.collect import collect
from hearken.evaluate.report.comparison import main_group
from hearken.evaluate.report.parts import (
    curves_part,
    labels_part,
    licence_of,
    mistakes_part,
    systems_part,
    tiles_of,
    tta_part,
    zero_shot_part,
)
from hearken.evaluate.report.published import Published
from hearken.evaluate.report.sounds import Sounds
from hearken.evaluate.store import save
from hearken.metrics.confidence import Interval
from hearken.metrics.scores import TableScores
from tests.evaluate.report.made import make_evaluation, make_run, make_task, make_zero_shot

pytest.importorskip("matplotlib")
SILENT = Sounds(is_wanted=False)


def stored_in(folder, **kinds):
    make_evaluation(folder, **kinds)
    return collect([folder]).systems[0].evaluations[folder.name]


def test_tiles_have_unit_interval_and_publication() -> None:
    figures = {
        "a2t_medR": Interval(3, 2, 4, "bootstrap"),
        "t2a_R@1": Interval(0.25, 0.2, 0.3, "bootstrap"),
        "t2a_MRR": Interval(0.1, 0.1, 0.1),
    }
    first, second = tiles_of(figures, {"t2a_R@1": Published(24.5, "Some et al.", "Table 1")})
    assert (first.name, first.value, first.unit, first.between) == ("R@1, text to audio", "25.0", "%", "[20.0, 30.0]")
    assert first.published == "published 24.5 (Some et al., Table 1)"
    assert (second.name, second.value, second.unit, second.published) == ("medR, audio to text", "3", "", "")


def test_systems_are_compared_on_the_task_that_most_did(tmp_path) -> None:
    for name in ("a", "b"):
        make_evaluation(tmp_path / name)
    make_evaluation(tmp_path / "c", task=make_task("other", clips=30))
    found = collect([tmp_path])
    chart = systems_part(main_group(found))
    assert "a</text>" in chart.svg
    assert "b</text>" in chart.svg
    assert "c</text>" not in chart.svg
    assert "of each system on toy: 40 queries, 20 clips" in chart.caption
    assert systems_part(main_group(collect([tmp_path / "a"]))) is systems_part(None) is None
    assert "Diamonds" not in chart.caption


def test_published_figures_are_diamonds_among_the_systems(tmp_path) -> None:
    rows = ({"table": "Table 3", "row": "x", "expected": {"t2a_mAP@10": 40.0}},)
    make_run(tmp_path / "run", rows=rows, paper="primus2023")
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    make_evaluation(tmp_path / "other")
    chart = systems_part(main_group(collect([tmp_path])))
    assert "Diamonds are the published figures." in chart.caption
    assert "var(--ground)" in chart.svg


def test_curves_are_drawn_and_told(tmp_path) -> None:
    part = curves_part(stored_in(tmp_path / "one", skill=30.0), 1)
    assert len(part.charts) == 2
    assert "100 % of the right pairs score above 99 % of the others" in part.charts[1].caption


def test_mistakes_are_bounded_and_hubs_are_named(tmp_path) -> None:
    part = mistakes_part(stored_in(tmp_path / "one", skill=0.5), 2, SILENT, 3)
    assert part.id == "mistakes-2"
    assert [group.title for group in part.misses] == ["Nearest mistakes", "Worst mistakes"]
    assert [len(group.mistakes) for group in part.misses] == [3, 3]
    worst = part.misses[1].mistakes
    assert worst[0].rank >= worst[1].rank >= worst[2].rank > 1
    assert worst[0].of == 20
    assert worst[0].instead[0].score > worst[0].right.score
    assert 1 <= len(part.clips[0].heard) <= 3
    assert part.intro == ["There are no players: the evaluation does not say where the sounds are."]


def test_a_clip_with_the_same_caption_is_no_mistake(tmp_path) -> None:
    """Clips 0 and 1 are worded alike but for case, and take each other's place; clip 2 loses to clip 3, which is another thing."""
    task = replace(make_task(clips=4, captions=1), queries=("A dog barks.", " a dog  Barks.", "A cat.", "A cow."))
    table = np.eye(4) * 0.5
    table[0, 1] = table[1, 0] = table[2, 3] = 0.9
    scores = TableScores(table)
    save(tmp_path / "one", measure("one", task, scores), task, scores)
    part = mistakes_part(collect([tmp_path / "one"]).systems[0].evaluations["one"], 1, SILENT, 1)
    assert [[mistake.text for mistake in group.mistakes] for group in part.misses] == [["A cat."], ["A cat."]]
    assert "the very same caption came first" in part.intro[-1]
    table[2, 3] = 0.0
    save(tmp_path / "one", measure("one", task, TableScores(table)), task, TableScores(table))
    part = mistakes_part(collect([tmp_path / "one"]).systems[0].evaluations["one"], 1, SILENT, 3)
    assert part.misses == []
    assert not any("every query finds" in words for words in part.intro)


def test_classifications_have_a_part(tmp_path) -> None:
    make_zero_shot(tmp_path / "words")
    part = zero_shot_part(collect([tmp_path]).classified)
    assert part.id == "zero-shot"
    assert len(part.tables) == 3
    assert zero_shot_part(()) is None


def test_where_all_is_right_that_is_said(tmp_path) -> None:
    part = mistakes_part(stored_in(tmp_path / "one", skill=50.0), 1, SILENT, 3)
    assert part.misses == part.clips == []
    assert "every query finds a right clip first" in part.intro[-1]


def test_no_mistakes_are_shown_where_none_are_wanted(tmp_path) -> None:
    assert mistakes_part(stored_in(tmp_path / "one"), 1, SILENT, 0) is None


def test_sounds_that_are_not_public_stay_out(tmp_path, monkeypatch) -> None:
    stored = stored_in(tmp_path / "one", skill=0.5, task=replace(make_task(), paths=("x.wav",) * 20))
    asked = []
    monkeypatch.setattr(Sounds, "of", lambda self, path: asked.append(self.is_wanted) or module.Sound())
    assert "audiocaps" not in licence_of(stored.task)
    named = replace(stored, task=replace(stored.task, name="audiocaps-test"))
    assert "not public" in licence_of(named.task)
    part = mistakes_part(named, 1, Sounds(), 2)
    assert asked
    assert not any(asked)
    assert "The sounds were left out of this page." in part.intro
    asked.clear()
    mistakes_part(stored, 1, Sounds(), 2)
    assert all(asked)


def test_licences_of_several_corpora(tmp_path) -> None:
    task = make_task("clotho-evaluation + esc50 + mine.csv")
    assert licence_of(task).startswith("Creative Commons, another one for each clip")
    assert "CC BY-NC 3.0" in licence_of(task)
    assert licence_of(make_task("mine.csv")) == ""


def test_labels_only_where_there_are_some(tmp_path) -> None:
    assert labels_part(stored_in(tmp_path / "one"), 1) is None
    task = replace(make_task(), labels=(("dog",),) * 20)
    assert labels_part(stored_in(tmp_path / "two", task=task), 1).tables[0].rows[0][0].ours == "dog"


def test_a_curve_of_tta_has_figures_and_costs_by_tau() -> None:
    points = tuple(
        TtaPoint(name, tau, "t2a_R@10", Interval(0.3, 0.2, 0.4, "bootstrap"), cost)
        for name, tau, cost in (("Mid", 1, 0.05), ("Mid", 10, 0.5), ("Multi", 10, None))
    )
    part = tta_part(points)
    assert len(part.charts) == 1
    figures, costs = part.tables
    assert figures.columns == ("way", "τ = 1", "τ = 10")
    assert [cell.ours for cell in figures.rows[1]] == ["Multi", "-", "30.0"]
    assert [cell.ours for cell in costs.rows[0]] == ["Mid", "0.05", "0.5"]
    assert tta_part(()) is None
    ranks = tta_part((replace(points[0], metric="t2a_medR", figure=Interval(4.0, 3.0, 5.0, "bootstrap")),))
    assert "T2A medR over the number of augmented copies with 95 % intervals. " in ranks.charts[0].svg
    assert "4.0 from 3.0 to 5.0" in ranks.charts[0].svg
    assert len(tta_part((replace(points[0], seconds_per_clip=None),)).tables) == 1
