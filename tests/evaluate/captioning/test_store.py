from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate import store as retrieval
from hearken.evaluate.captioning.figures import CaptionEvaluation, measure
from hearken.evaluate.captioning.store import check_place, is_caption_evaluation, load, save, to_json
from hearken.evaluate.captioning.task import CaptionTask
from hearken.evaluate.measure import measure as measure_retrieval
from tests.evaluate.asking import small_scores, small_task
from tests.evaluate.captioning.captions_made import CANDIDATES, CLIPS, REFERENCES, evaluated


def made() -> CaptionEvaluation:
    return replace(
        evaluated(interval="jackknife"), not_available={"SPICE": "No Java."}, metrics=("SPICE", "BLEU-1", "ROUGE-L", "CIDEr-D"), seed=3
    )


def test_captions_come_back_whatever_is_in_them(tmp_path: Path) -> None:
    texts = ("a\nb", "a\rb", 'q"uo,te\r\n', "=cmd()", "x\u2028y\x85", "", " lead ")
    task = CaptionTask("t", tuple(f"c{number}" for number in range(7)), tuple((text or "rain", "a dog") for text in texts))
    save(tmp_path / "e", measure("s", task, texts, metrics=("ROUGE-L",)))
    found = load(tmp_path / "e").evaluation
    assert (found.candidates, found.task.references) == (texts, task.references)


@pytest.mark.parametrize("figure", [{"value": "much"}, {"value": None}, {"high": float("nan")}, {"method": 3}])
def test_a_figure_that_is_none_is_damage(figure: dict[str, object], tmp_path: Path) -> None:
    save(tmp_path, made())
    record = json.loads((tmp_path / "evaluation.json").read_text())
    record["figures"]["ROUGE-L"] |= figure
    (tmp_path / "evaluation.json").write_text(json.dumps(record))
    with pytest.raises(EvaluationError, match="cannot be read"):
        load(tmp_path)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    one = made()
    save(tmp_path / "e", one)
    found = load(tmp_path / "e").evaluation
    assert (found.figures, found.not_available, found.metrics) == (one.figures, one.not_available, one.metrics)
    assert (found.system, found.candidates, found.facts, found.interval, found.seed) == ("me", CANDIDATES, one.facts, "jackknife", 3)
    assert (found.task.clips, found.task.references, found.task.record) == (CLIPS, REFERENCES, one.task.record)
    assert all(np.array_equal(found.values[name], values) for name, values in one.values.items()), "not one bit is lost"
    assert is_caption_evaluation(tmp_path / "e")
    assert [path.name for path in tmp_path.iterdir()] == ["e"]
    assert json.loads(json.dumps(to_json(found)))["references"] == 4


def test_odd_texts_come_back(tmp_path: Path) -> None:
    odd = replace(evaluated(), candidates=('a "dog", barking;\nloudly', "Regen fällt 🌧", " "))
    save(tmp_path, odd)
    assert load(tmp_path).evaluation.candidates == odd.candidates


def test_the_table_has_a_row_for_each_clip(tmp_path: Path) -> None:
    save(tmp_path, evaluated())
    with (tmp_path / "captions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["clip"] for row in rows] == list(CLIPS)
    assert (rows[0]["candidate"], rows[0]["reference_2"], rows[1]["reference_2"]) == ("a dog barks", "the dog barks loudly", "")
    assert float(rows[2]["CIDEr-D"]) == 0.0


def test_scores_that_take_long_are_known(tmp_path: Path) -> None:
    one = evaluated(metrics=("BLEU-1", "sentence similarity"))
    save(tmp_path, one)
    known = load(tmp_path).known()
    assert list(known) == ["sentence similarity"]
    assert known["sentence similarity"].value == one.figures["sentence similarity"].value


def test_an_earlier_one_gives_way_and_nothing_else(tmp_path: Path) -> None:
    save(tmp_path / "e", evaluated("one"))
    save(tmp_path / "e", evaluated("two"))
    assert load(tmp_path / "e").evaluation.system == "two"
    retrieval.save(tmp_path / "r", measure_retrieval("me", small_task(), small_scores()), small_task(), small_scores())
    with pytest.raises(EvaluationError, match="another kind"):
        save(tmp_path / "r", evaluated())
    assert retrieval.load(tmp_path / "r").system == "me"
    with pytest.raises(EvaluationError, match="an evaluation of captions, not of retrieval"):
        retrieval.load(tmp_path / "e")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(EvaluationError, match="holds something that is no evaluation"):
        check_place(tmp_path / "mine")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="cannot be written"):
        save(tmp_path / "file" / "e", evaluated())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 9}, "format 9"),
        ({"kind": "x"}, "kind x"),
        ({"figures": 3}, "cannot be read"),
        ({"task_sha256": "0"}, "do not belong together"),
    ],
)
def test_a_damaged_one_is_told(tmp_path: Path, change: dict[str, object], told: str) -> None:
    save(tmp_path, evaluated())
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(EvaluationError, match=told):
        load(tmp_path)


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    save(tmp_path, evaluated())
    path = tmp_path / "captions.csv"
    whole = path.read_text()
    path.write_text(whole.replace("a dog barks", "a cat", 1))
    assert load(tmp_path).evaluation.candidates[0] == "a cat", "a candidate may be corrected; its references may not"
    path.write_text(whole.replace("heavy rain", "light rain"))
    with pytest.raises(EvaluationError, match="do not belong together"):
        load(tmp_path)
    path.write_text("clip,candidate\nx")
    with pytest.raises(EvaluationError, match=r"captions\.csv, line 2"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(EvaluationError, match=r"captions\.csv is not there"):
        load(tmp_path)
    assert not is_caption_evaluation(tmp_path / "no")
