from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.measure import measure
from hearken.evaluate.store import check_place, corpora_of, csv_bytes, is_evaluation, load, metrics_of, save
from hearken.metrics.scores import Scores
from tests.evaluate.asking import SCORES, small_scores, small_task, small_vectors


@pytest.mark.parametrize("scores", [small_scores(), small_vectors()])
@pytest.mark.parametrize("interval", ["bootstrap", "jackknife"])
def test_what_is_kept_comes_back(tmp_path: Path, scores: Scores, interval: str) -> None:
    task = small_task(grades=np.array([1.0, 0.2, 1.0, 1.0, 0.5]))
    made = measure("me", task, scores, interval=interval, seed=3, facts={"digest": "d"})
    save(tmp_path / "e", made, task, scores, interval=interval, seed=3)
    found = load(tmp_path / "e")
    assert found.figures == made.figures == found.evaluation.figures
    assert (found.system, found.definition, found.facts, found.task.digest) == ("me", "any-of-n", {"digest": "d"}, task.digest)
    assert (found.task.labels, found.task.paths, found.task.record) == (task.labels, task.paths, task.record)
    assert found.task.grades is not None
    assert found.task.grades.tolist() == [1.0, 0.2, 1.0, 1.0, 0.5]
    assert np.allclose(found.scores.rows(0, 5), SCORES, atol=1e-7)


def test_tables_of_queries_and_clips(tmp_path: Path) -> None:
    save(tmp_path, measure("me", small_task(), small_scores()), small_task(), small_scores())
    with (tmp_path / "queries.csv").open(newline="", encoding="utf-8") as file:
        queries = list(csv.DictReader(file))
    assert [row["rank"] for row in queries] == ["1", "3", "1", "1", "3"]
    assert queries[1]["text"] == "heavy rain"
    assert queries[1]["top"] == "b.wav|c.wav|a.wav"
    assert float(queries[1]["ap"]) == pytest.approx(1 / 3)
    with (tmp_path / "clips.csv").open(newline="", encoding="utf-8") as file:
        assert [row["rank"] for row in csv.DictReader(file)] == ["1", "1", "2"]


def test_an_earlier_one_gives_way_and_nothing_else(tmp_path: Path) -> None:
    task, scores = small_task(), small_scores()
    for system in ("one", "two"):
        save(tmp_path / "e", measure(system, task, scores), task, scores)
    assert load(tmp_path / "e").system == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["e"], "nothing is left over"
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(EvaluationError, match="holds something that is no evaluation"):
        save(other, measure("me", task, scores), task, scores)
    assert (other / "thesis.txt").read_text() == "years of work"
    assert not is_evaluation(other)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="cannot be written"):
        save(tmp_path / "file" / "e", measure("me", small_task(), small_scores()), small_task(), small_scores())


@pytest.mark.parametrize("name", ["evaluation.json", "task.json", "vectors.npz"])
def test_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    save(tmp_path, measure("me", small_task(), small_vectors()), small_task(), small_vectors())
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(EvaluationError, match=name):
        load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(EvaluationError, match="scores.npz" if name == "vectors.npz" else name):
        load(tmp_path)


def test_files_of_two_evaluations_do_not_go_together(tmp_path: Path) -> None:
    for name, task in (("one", small_task()), ("two", small_task(clips=("x", "y", "z")))):
        save(tmp_path / name, measure("me", task, small_vectors()), task, small_vectors())
    (tmp_path / "one" / "task.json").write_bytes((tmp_path / "two" / "task.json").read_bytes())
    with pytest.raises(EvaluationError, match="do not belong together"):
        load(tmp_path / "one")


@pytest.mark.parametrize(
    "figure",
    [
        {"value": "x", "low": 0, "high": 1},
        {"value": float("nan"), "low": 0, "high": 1},
        {"value": 0.5},
        3,
        {"value": 0, "low": 0, "high": 0, "method": []},
    ],
)
def test_figures_that_are_none(tmp_path: Path, figure: object) -> None:
    save(tmp_path, measure("me", small_task(), small_vectors()), small_task(), small_vectors())
    record = json.loads((tmp_path / "evaluation.json").read_text())
    (tmp_path / "evaluation.json").write_text(json.dumps(record | {"figures": {"t2a_R@1": figure}}))
    with pytest.raises(EvaluationError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "evaluation.json").write_text("[" * 100_000)
    with pytest.raises(EvaluationError, match="cannot be read"):
        load(tmp_path)


def test_a_later_format_is_not_guessed_at(tmp_path: Path) -> None:
    save(tmp_path, measure("me", small_task(), small_vectors()), small_task(), small_vectors())
    record = json.loads((tmp_path / "evaluation.json").read_text())
    (tmp_path / "evaluation.json").write_text(json.dumps(record | {"format": 99}))
    with pytest.raises(EvaluationError, match="has the format 99"):
        load(tmp_path)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    save(tmp_path, measure("me", small_task(), small_vectors()), small_task(), small_vectors())
    np.savez(tmp_path / "vectors.npz", text=np.array([{}], object), audio=np.eye(3))
    with pytest.raises(EvaluationError, match=r"vectors\.npz"):
        load(tmp_path)


def test_tables() -> None:
    assert csv_bytes([]) == b""
    assert csv_bytes([{"a": 1, "b": 'x, "y"'}]) == b'a,b\n1,"x, ""y"""\n'
    assert csv_bytes([{"a": "\udce9"}]) == b"a\n\\udce9\n"
    assert csv_bytes([{"a": 1, "b": "x\ry"}]) == b'"a","b"\n"1","x\ry"\n'


def test_what_else_lies_in_the_folder_stays(tmp_path: Path) -> None:
    task, folder = small_task(), tmp_path / "e"
    save(folder, measure("one", task, small_vectors()), task, small_vectors())
    save(folder / "inner", measure("inner", task, small_vectors()), task, small_vectors())
    (folder / "report.html").write_text("a page")
    save(folder, measure("two", task, small_scores(), ways=("t2a",)), task, small_scores())
    assert (load(folder).system, load(folder / "inner").system, (folder / "report.html").read_text()) == ("two", "inner", "a page")
    assert not (folder / "vectors.npz").exists(), "of the earlier one nothing is left"
    assert not (folder / "clips.csv").exists()


def test_the_earlier_one_stays_where_the_next_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = small_task()
    save(tmp_path, measure("one", task, small_vectors()), task, small_vectors())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hearken.evaluate.store._write_scores", full)
    with pytest.raises(EvaluationError, match="No space left"):
        save(tmp_path, measure("two", task, small_vectors()), task, small_vectors())
    assert load(tmp_path).system == "one"
    assert len(list(tmp_path.iterdir())) == 5


def test_one_that_was_broken_off_is_none_and_gives_way(tmp_path: Path) -> None:
    task = small_task()
    save(tmp_path, measure("one", task, small_vectors()), task, small_vectors())
    (tmp_path / "evaluation.json").unlink()
    (tmp_path / "evaluation.json.tmp-1-abc").mkdir()
    assert not is_evaluation(tmp_path)
    save(tmp_path, measure("two", task, small_vectors()), task, small_vectors())
    assert load(tmp_path).system == "two"


def test_the_current_folder_is_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    task = small_task()
    save(Path("."), measure("one", task, small_vectors()), task, small_vectors())
    assert load(tmp_path).system == "one"


def test_places_can_be_looked_at_before(tmp_path: Path) -> None:
    check_place(tmp_path / "new")
    check_place(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="holds something"):
        check_place(tmp_path)
    with pytest.raises(EvaluationError, match="cannot be written"):
        check_place(tmp_path / "file")
    check_place(tmp_path, "file")


def test_the_corpora_of_an_evaluation(tmp_path: Path) -> None:
    task = small_task(record={"corpora": ["t.csv"]})
    save(tmp_path, measure("one", task, small_vectors()), task, small_vectors())
    assert corpora_of(tmp_path) == ["t.csv"]
    assert corpora_of(tmp_path, "zero_shot.json") is None
    (tmp_path / "evaluation.json").write_text("[]")
    assert corpora_of(tmp_path) is None
    assert corpora_of(tmp_path / "nowhere") is None


def test_metrics_of_the_same_task_and_definition(tmp_path: Path) -> None:
    task = small_task()
    save(tmp_path, measure("me", task, small_scores(), metrics=("R@1", "medR")), task, small_scores())
    assert metrics_of(tmp_path, task.digest, "any-of-n") == ("R@1", "medR")
    assert metrics_of(tmp_path, task.digest, "fraction") == ()
    assert metrics_of(tmp_path, "0", "any-of-n") == ()
    assert metrics_of(tmp_path / "nowhere", task.digest, "any-of-n") == ()
