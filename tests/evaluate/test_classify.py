from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError, ModelNotFoundError
from hearken.evaluate.classify import check_labels, classify
from hearken.evaluate.evaluate import Wish
from hearken.types import FloatArray
from tests.evaluate.asking import FakeSystem, small_task, write_corpus

WORDS = {"water": 0, "animal": 1, "alarm": 2}


class Labelled(FakeSystem):
    """Says water of a.wav, animal of b.wav, and water of c.wav."""

    def encode_texts(self, texts: list[str]) -> FloatArray:  # type: ignore[override]
        self.asked_texts += texts
        vectors = np.array([[1, 0, 0.9], [0, 1, 0], [0.1, 0, 0.5]], np.float32)
        return vectors[[WORDS[text.rstrip(".").split()[-1]] for text in texts]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Labelled:
    system = Labelled()
    monkeypatch.setattr("hearken.evaluate.classify.open_system", lambda *_, **__: system)
    return system


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_from_labels_to_a_folder(tmp_path: Path, fake: Labelled) -> None:
    found = classify("pocket", [str(write_corpus(tmp_path))], ["sound of {}"], Wish(), out=tmp_path / "z")
    assert sorted(fake.asked_texts) == ["sound of alarm", "sound of animal", "sound of water"]
    assert found.result.figures["top-1"].value == pytest.approx(1.0)
    record = json.loads((tmp_path / "z" / "zero_shot.json").read_text())
    assert (record["system"], record["classes"], record["templates"], record["clips"]) == (
        "pocket", ["alarm", "animal", "water"], ["sound of {}"], 3,
    )  # fmt: skip
    assert record["figures"]["top-1"]["value"] == pytest.approx(found.result.figures["top-1"].value)
    assert record["facts"]["recordings"] == 3
    sounds = rows_of(tmp_path / "z" / "sounds.csv")
    assert [(row["clip"], row["labels"], row["rank"]) for row in sounds] == [
        ("a.wav", "water", "1"), ("b.wav", "animal", "1"), ("c.wav", "alarm", "1"),
    ]  # fmt: skip
    assert [row["label"] for row in rows_of(tmp_path / "z" / "confusion.csv")] == ["alarm", "animal", "water"]
    assert len(rows_of(tmp_path / "z" / "classes.csv")) == 3


def test_clips_need_labels_and_no_captions(tmp_path: Path, fake: Labelled) -> None:
    write_corpus(tmp_path)
    (tmp_path / "t.csv").write_text("file,caption,tags\na.wav,,water\nb.wav,,animal\nc.wav,,\n")
    found = classify("pocket", [str(tmp_path / "t.csv")], ["plain"], Wish())
    assert (found.result.without_label, found.folder, found.result.figures["top-1"].value) == (1, None, 1.0)
    with pytest.raises(EvaluationError, match="have no labels"):
        classify("pocket", [str(write_corpus(tmp_path / "bare", tags=False))], ["plain"], Wish())


def test_a_class_whose_clips_cannot_be_read_still_competes(tmp_path: Path, fake: Labelled) -> None:
    fake.failing = {"a.wav"}
    found = classify("pocket", [str(write_corpus(tmp_path))], ["plain"], Wish())
    assert (found.result.classes, found.result.classes_without_clip) == (("alarm", "animal", "water"), ("water",))
    assert (len(found.failures), found.facts["clips_failed"], found.task.record["clips_unreadable"]) == (1, 1, 1)
    fake.failing = {"a.wav", "b.wav", "c.wav"}
    with pytest.raises(EvaluationError, match="None of the clips"):
        classify("pocket", [str(tmp_path / "t.jsonl")], ["plain"], Wish())


def test_clips_of_one_recording_are_left_out_together(tmp_path: Path, fake: Labelled) -> None:
    path = write_corpus(tmp_path)
    rows = [json.loads(line) | {"group": group} for line, group in zip(path.read_text().splitlines(), ("x", "y", "x"), strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert classify("pocket", [str(path)], ["plain"], Wish()).facts["recordings"] == 2
    fake.failing = {"b.wav"}
    assert classify("pocket", [str(path)], ["plain"], Wish()).facts["recordings"] == 1


def test_what_can_be_known_before_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.classify.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    corpus = str(write_corpus(tmp_path / "c"))
    with pytest.raises(EvaluationError, match="no set of templates"):
        classify("pocket", [corpus], ["lion"], Wish())
    with pytest.raises(EvaluationError, match="no accelerator"):
        classify("pocket", [corpus], ["laion"], Wish(accelerator="gpu"))
    with pytest.raises(ModelNotFoundError):
        classify("pokcet", [corpus], ["laion"], Wish())
    with pytest.raises(EvaluationError, match="holds something that is no"):
        classify("pocket", [corpus], ["laion"], Wish(), out=tmp_path / "c")
    for labels, message in (
        ((("dog",), ("dog",), ()), "all have the label 'dog'"), ((("dog bark",), ("Dog_bark",), ()), "'Dog_bark' and 'dog bark' read alike"),
    ):  # fmt: skip
        with pytest.raises(EvaluationError, match=message):
            check_labels(small_task(labels=labels))
    check_labels(small_task())


def test_what_is_kept_gives_way_to_the_next_and_to_nothing_else(tmp_path: Path, fake: Labelled) -> None:
    corpus = str(write_corpus(tmp_path / "c"))
    for template in ("plain", "laion"):
        classify("pocket", [corpus], [template], Wish(), out=tmp_path / "z", label=template)
    assert json.loads((tmp_path / "z" / "zero_shot.json").read_text())["system"] == "laion"
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="cannot be written"):
        classify("pocket", [corpus], ["plain"], Wish(), out=tmp_path / "file")
