"""A sweep in tables: who is compared with whom, by what, and which words the figures get."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.measure import measure
from hearken.evaluate.report.claims import Claim
from hearken.evaluate.report.collect import Collected, collect
from hearken.evaluate.report.comparison import (
    against,
    compare,
    decided,
    figures_table,
    groups,
    holm,
    main_group,
    num_systems,
    orderings,
    report_tables,
)
from hearken.evaluate.report.table import cell_text
from hearken.evaluate.store import save
from hearken.metrics.compare import Comparison, paired
from hearken.metrics.confidence import Interval
from hearken.metrics.scores import TableScores
from tests.evaluate.report.made import make_evaluation, make_run, make_task

SKILLS = {"good": 3.0, "bad": 0.5, "equal": 3.0}


@pytest.fixture
def sweep(tmp_path: Path) -> Collected:
    for number, (name, skill) in enumerate(SKILLS.items()):
        make_run(tmp_path / name, name)
        make_evaluation(tmp_path / name / "evaluations" / "toy", skill, seed=number)
    return collect([tmp_path])


def values_of(collected: Collected, name: str, metric: str) -> np.ndarray:
    direction = collected.named(name)[0].evaluations["toy"].evaluation.directions["t2a"]
    return direction.values[metric]


def test_all_figures_with_the_best_of_each_column_marked(sweep: Collected) -> None:
    (group,) = groups(sweep)
    table = figures_table(group)
    assert table.title == "toy: 40 queries, 20 clips"
    assert table.columns[:3] == ("system", "T2A mAP@10", "T2A R@1")
    assert [row[0].text for row in table.rows] == ["bad", "equal", "good"]
    column = table.columns.index("T2A mAP@10")
    values = {row[0].text: row[column].figure.value for row in table.rows if row[column].figure}
    assert values == {name: pytest.approx(values_of(sweep, name, "mAP@10").mean()) for name in SKILLS}
    assert [row[0].text for row in table.rows if row[column].is_best] == [max(values, key=lambda name: values[name])]
    ranks = table.columns.index("T2A meanR")
    lowest = min(row[ranks].figure.value for row in table.rows if row[ranks].figure)
    assert [row[ranks].is_best for row in table.rows] == [row[ranks].figure.value == lowest for row in table.rows if row[ranks].figure]
    assert "any-of-n" in table.notes[0]
    assert "bootstrap" in table.notes[0]


def test_a_difference_that_is_not_decided_has_no_winner_either_way(sweep: Collected) -> None:
    (group,) = groups(sweep)
    rows = [
        next(row for row in against(group, other).rows if row[0].text == name) for name, other in (("equal", "good"), ("good", "equal"))
    ]
    there, back = (row[1].figure for row in rows)
    assert there is not None
    assert back is not None
    assert there.value == -back.value != 0.0
    assert [row[-1].text for row in rows] == ["undecided", "undecided"]


def test_other_tasks_and_definitions_stand_in_other_tables(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "a", system="one")
    make_evaluation(tmp_path / "b", system="one", by="fraction")
    make_evaluation(tmp_path / "c", system="one", task=make_task("larger", clips=30))
    make_evaluation(tmp_path / "d", system="two")
    found = groups(collect([tmp_path]))
    assert [(group.task, group.definition, [row.name for row in group.rows]) for group in found] == [
        ("toy", "any-of-n", ["one", "two"]), ("toy", "fraction", ["one"]), ("larger", "any-of-n", ["one"]),
    ]  # fmt: skip


def test_several_evaluations_of_one_task_are_named_apart(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    for number, name in enumerate(("toy", "toy-tta")):
        make_evaluation(tmp_path / "run" / "evaluations" / name, seed=number)
    (group,) = groups(collect([tmp_path]))
    assert [row.name for row in group.rows] == ["run, toy", "run, toy-tta"]
    table = against(group, "run, toy")
    assert [row[0].text for row in table.rows] == ["run, toy-tta"]


def test_a_run_is_compared_by_its_plainest_evaluation(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    for name, skill, facts in (("a-tta", 5.0, {"tta": "5"}), ("plain", 0.5, {"tta": ""})):
        make_evaluation(tmp_path / "run" / "evaluations" / name, skill, facts=facts)
    make_evaluation(tmp_path / "pocket", 2.0)
    collected = collect([tmp_path])
    row = orderings(collected, [Claim("run", "pocket")]).rows[0]
    assert row[-1].text == "contradicted"
    (group,) = groups(collected)
    assert [(row[0].text, row[-1].text) for row in against(group, "run").rows] == [("run, a-tta", "better"), ("pocket", "better")]


def test_an_evaluation_that_cannot_be_measured_again_is_not_compared(sweep: Collected) -> None:
    record = sweep.named("bad")[0].evaluations["toy"].folder / "evaluation.json"
    record.write_text(record.read_text().replace('"seed": 0', '"seed": 0, "color": 1').replace('"any-of-n"', '"no-such-definition"'))
    collected = collect([record.parents[3]])
    assert orderings(collected, [Claim("good", "bad"), Claim("equal", "bad")]).rows[0][-1].text == "not run"
    assert len(report_tables(collected)) == 2


def test_each_against_a_baseline(sweep: Collected) -> None:
    table = against(groups(sweep)[0], "equal")
    assert [row[0].text for row in table.rows] == ["bad", "good"]
    expected = paired(values_of(sweep, "bad", "mAP@10"), values_of(sweep, "equal", "mAP@10"), np.arange(40) // 2)
    difference = table.rows[0][1].figure
    assert difference == expected.difference
    assert table.rows[0][2].text == f"{expected.wins} / {expected.ties} / {expected.losses}"
    assert (table.rows[0][5].text, table.rows[1][5].text) == ("worse", "undecided")
    assert "about 0.1 would look decided" in " ".join(table.notes)


def test_claims_and_what_becomes_of_them(sweep: Collected) -> None:
    claims = (
        Claim("good", "bad", "more is more", "A paper, Table 1"),
        Claim("bad", "good"),
        Claim("good", "equal"),
        Claim("good", "nobody"),
        Claim("good", "bad", metric="t2a_meanR"),
        Claim("good", "bad", metric="a2t_R@1"),
        Claim("good", "bad", metric="t2a_medR"),
        Claim("good", "bad", metric="nonsense"),
    )
    table = orderings(sweep, claims)
    assert [row[-1].text for row in table.rows] == [
        "confirmed", "contradicted", "undecided", "not run", "confirmed", "confirmed", table.rows[6][-1].text, "not run",
    ]  # fmt: skip
    assert [cell_text(cell) for cell in table.rows[0][:2]] == ["more is more (T2A mAP@10)", "A paper, Table 1"]
    assert [cell_text(cell) for cell in table.rows[3][2:5]] == ["-", "-", "-"]
    assert cell_text(table.rows[0][2]).startswith("+")
    assert cell_text(table.rows[1][2]).startswith("-")
    assert table.columns[2] == "difference"


def test_what_is_decided_alone_but_not_among_many_is_told(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "base", 1.0, seed=1)
    make_evaluation(tmp_path / "more", 1.9, seed=2)
    collected = collect([tmp_path])
    alone = orderings(collected, [Claim("more", "base")])
    assert (alone.rows[0][-1].text, len(alone.notes)) == ("confirmed", 4)
    p_value = float(alone.rows[0][3].text)
    assert 0.0005 < p_value < 0.05
    many = orderings(collected, [Claim("more", "base")] * (int(0.05 / p_value) + 2))
    assert many.rows[0][-1].text == "confirmed"
    assert many.notes[-2].startswith("Decided alone, but not among so many")
    assert "more above base" in many.notes[-2]
    few = orderings(collected, [Claim("more", "base")] * 2) if p_value < 0.02 else alone
    assert not any(note.startswith("Decided alone") for note in few.notes)


def test_the_title_counts_the_verdicts(sweep: Collected) -> None:
    table = orderings(sweep, [Claim("good", "bad"), Claim("bad", "good"), Claim("equal", "bad"), Claim("good", "nobody")])
    assert table.title == "Do the claimed orderings hold here? Of 4: 2 confirmed, 1 contradicted, 1 not run"
    assert table.columns == ("claim", "from", "difference, T2A mAP@10", "p", "p (Holm)", "verdict")
    assert [cell_text(cell) for cell in table.rows[0][:2]] == ["good above bad", "-"]


def test_lower_ranks_are_better_and_are_ranks(sweep: Collected) -> None:
    row = orderings(sweep, [Claim("good", "bad", metric="t2a_meanR")]).rows[0]
    expected = values_of(sweep, "bad", "meanR").mean() - values_of(sweep, "good", "meanR").mean()
    assert row[2].unit == "rank"
    assert row[2].figure is not None
    assert row[2].figure.value == pytest.approx(expected)
    assert expected > 0


def test_seeds_are_averaged_query_by_query_over_those_that_both_have(tmp_path: Path) -> None:
    for name, seeds in (("cnn", (0, 1, 2)), ("other", (1, 2, 3))):
        for seed in seeds:
            make_run(tmp_path / f"{name}-{seed}", name, seed=seed)
            make_evaluation(tmp_path / f"{name}-{seed}" / "evaluations" / "toy", 3.0 if name == "cnn" else 1.0, seed=10 * len(name) + seed)
    collected = collect([tmp_path])
    row = orderings(collected, [Claim("cnn", "other")]).rows[0]
    means = [np.mean([values_of(collected, f"{name}-{seed}", "mAP@10") for seed in (1, 2)], axis=0) for name in ("cnn", "other")]
    assert row[2].figure == paired(means[0], means[1], np.arange(40) // 2).difference


def test_those_who_were_asked_different_things_are_not_compared(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "a", system="one")
    make_evaluation(tmp_path / "b", system="two", task=make_task(clips=30))
    collected = collect([tmp_path])
    rows = [group.rows[0] for group in groups(collected)]
    assert compare(rows[:1], rows[1:], "t2a_mAP@10") is None
    assert orderings(collected, [Claim("one", "two")]).rows[0][-1].text == "not run"


def test_a_difference_is_decided_only_where_interval_and_p_value_agree() -> None:
    def found(low: float, high: float, p_value: float) -> Comparison:
        return Comparison(Interval((low + high) / 2, low, high, "bootstrap"), p_value, 0.0, 1, 1, 1, 10)

    assert [decided(found(0.1, 0.2, p_value)) for p_value in (0.049, 0.05, 0.5)] == [1, 0, 0]
    assert decided(found(-0.2, -0.1, 0.01)) == -1
    assert decided(found(-0.1, 0.2, 0.01)) == 0


def test_few_queries_that_all_get_better_decide_nothing(tmp_path: Path) -> None:
    """Four queries from rank 2 to rank 1: the bootstrap's interval has no width, and the permutation test says 2 in 16."""
    task = make_task(clips=4, captions=1)
    for name, own in (("better", 1.0), ("worse", 0.5)):
        table = np.where(np.eye(4), own, 0.0) + np.roll(np.eye(4), 1, axis=1) * 0.7
        save(tmp_path / name, measure(name, task, TableScores(table)), task, TableScores(table))
    collected = collect([tmp_path])
    table = orderings(collected, [Claim("better", "worse")])
    assert (cell_text(table.rows[0][2]), table.rows[0][3].text) == ("+50.0 [+50.0, +50.0]", "0.125")
    assert table.rows[0][-1].text == "undecided"
    assert against(groups(collected)[0], "worse").rows[0][-1].text == "undecided"
    notes = " ".join(figures_table(groups(collected)[0]).notes)
    assert "Of so few queries and clips (4 and 4)" in notes
    assert "no certainty" in notes


def test_the_main_task_is_that_of_most_systems_then_of_most_queries(tmp_path: Path) -> None:
    large, other = make_task("large", clips=40), make_task("other", clips=30)
    make_evaluation(tmp_path / "a", system="one", task=large)
    make_evaluation(tmp_path / "b", system="one")
    make_evaluation(tmp_path / "c", system="two")
    collected = collect([tmp_path])
    group = main_group(collected)
    assert group is not None
    assert (group.task, num_systems(group)) == ("toy", 2)
    for name in ("one", "two"):
        make_evaluation(tmp_path / f"{name}-other", system=name, task=other)
    group = main_group(collect([tmp_path]))
    assert group is not None
    assert group.task == "other"
    assert main_group(Collected(())) is None


def test_a_comparison_with_nobody_is_no_table(tmp_path: Path) -> None:
    make_evaluation(tmp_path / "a", system="one")
    make_evaluation(tmp_path / "b", system="one", task=make_task("larger", clips=30))
    make_evaluation(tmp_path / "c", system="two")
    titles = [table.title for table in report_tables(collect([tmp_path]), baseline="one")]
    assert [title for title in titles if title.startswith("Against")] == ["Against one: toy: 40 queries, 20 clips"]


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_all_tables_of_a_report(sweep: Collected) -> None:
    titles = [table.title for table in report_tables(sweep, baseline="good", claims=[Claim("good", "bad")])]
    assert titles == [
        "Do the claimed orderings hold here? Of 1: 1 confirmed",
        "toy: 40 queries, 20 clips",
        "Against good: toy: 40 queries, 20 clips",
    ]
    assert [table.title for table in report_tables(sweep)] == titles[1:2]
    with pytest.raises(EvaluationError, match="no system nobody") as caught:
        report_tables(sweep, baseline="nobody")
    assert "bad, equal, good" in caught.value.hint
