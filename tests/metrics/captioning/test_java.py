"""METEOR and SPICE: the programs themselves where Java and their files are, and everything that can be wrong with them by a `java` of ours."""

import ast
import csv
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.metrics.captioning.java import JavaMetrics
from hearken.metrics.captioning.score import CaptionScore
from tests.metrics.captioning.fake_java import ANSWERS, fake_java, jars, needs_posix

SHARED = Path(__file__).resolve().parents[4] / "shared"
GOLDEN = SHARED / "golden" / "models" / "caption_metrics.json"
CONETTE = SHARED / "captions" / "conette_outputs"
CANDIDATES, REFERENCES = ["A dog barks.", "rain"], [["a dog barks", "dogs"], ["a bird"]]


def meteor_here() -> JavaMetrics:
    java = JavaMetrics(600)
    if reason := java.why_not("meteor"):
        pytest.skip(reason)
    return java


def folder(tmp_path: Path, code: str) -> dict[str, object]:
    return {"java": fake_java(tmp_path / "bin", code), "folders": [jars(tmp_path / "jars")]}


@needs_posix
def test_both_are_scored_on_words_by_the_java_of_the_path(tmp_path, monkeypatch):
    fake_java(tmp_path / "bin", ANSWERS)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    java = JavaMetrics(60, folders=[jars(tmp_path / "jars")])
    assert java.why_not("meteor") == java.why_not("spice") == ""
    meteor = java.score("meteor", CANDIDATES, REFERENCES)
    spice = java.score("spice", CANDIDATES, REFERENCES)
    assert isinstance(meteor, CaptionScore)
    assert isinstance(spice, CaptionScore)
    np.testing.assert_array_equal(meteor.per_item, [1.0, 0.0])  # "A dog barks." is "a dog barks" in words
    np.testing.assert_array_equal(spice.per_item, [0.5, 0.25])
    raw = java.score("meteor", CANDIDATES, REFERENCES, tokens=str.split)
    assert isinstance(raw, CaptionScore)
    np.testing.assert_array_equal(raw.per_item, [0.0, 0.0])


BAD = {
    "hangs at once": ("while True: pass", "was not done after 1 s"),
    "hangs in the middle": (
        "import sys, time\nsys.stdin.readline()\nprint(*['1.0'] * 23, flush=True)\ntime.sleep(600)",
        "was not done after 1 s",
    ),
    "the wrong Java": (
        "import sys\nsys.exit('Exception in thread \"main\" java.lang.UnsupportedClassVersionError')",
        "UnsupportedClassVersionError",
    ),
    "empty lines": ("import sys\nfor line in sys.stdin: print(flush=True)", "METEOR answered ''"),
    "ends in the middle": ("print(*['1.0'] * 23)", "ended too early with status 0"),
    "no memory": ("import sys\nsys.exit('Error occurred during initialization of VM')", "ended too early with status 1: Error occurred"),
}


@needs_posix
@pytest.mark.parametrize("code", BAD)
def test_a_java_that_fails_is_a_sentence_and_leaves_no_file(tmp_path, monkeypatch, code):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program, why = BAD[code]
    java = JavaMetrics(1.0 if "hangs" in code else 60.0, **folder(tmp_path, program))
    said = java.score("meteor", CANDIDATES, REFERENCES)
    assert isinstance(said, str)
    assert why in said
    assert said.endswith(".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "jars"]


def test_no_java_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java = JavaMetrics(folders=[jars(tmp_path)])
    assert "There is no program java" in java.why_not("meteor")
    assert java.score("spice", CANDIDATES, REFERENCES) == java.why_not("spice")


@needs_posix
def test_spice_and_javas_without_javascript(tmp_path):
    where = folder(tmp_path, ANSWERS.replace("11.0.2", "17.0.15"))
    java = JavaMetrics(60, **where)
    assert "which Java 17 has not. Use Java 8 to 14" in java.why_not("spice")
    assert java.why_not("meteor") == ""
    (tmp_path / "jars" / "nashorn-core-15.4.jar").touch()
    assert java.why_not("spice") == ""


@needs_posix
def test_files_that_are_missing(tmp_path):
    java = JavaMetrics(60, java=fake_java(tmp_path / "bin", ANSWERS), folders=[tmp_path])
    assert "METEOR is not here" in java.why_not("meteor")
    assert "SPICE is not here" in java.why_not("spice")


def test_what_makes_no_sense():
    with pytest.raises(InputError, match=r"no metric 'bleu'"):
        JavaMetrics().why_not("bleu")
    with pytest.raises(InputError, match="limit of time"):
        JavaMetrics(0)
    with pytest.raises(InputError, match="2 candidates"):
        JavaMetrics().score("meteor", CANDIDATES, [["x"]])


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden scores are not here")
def test_meteor_is_that_of_the_golden_scores():
    java, known = meteor_here(), json.loads(GOLDEN.read_text(encoding="utf-8"))["mixed3"]
    found = java.score("meteor", known["hyps"], known["refs"])
    assert isinstance(found, CaptionScore), found
    np.testing.assert_allclose(found.per_item, known["per_item"]["meteor"], atol=1e-6)
    assert found.value == pytest.approx(known["scores"]["meteor"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden scores are not here")
def test_meteor_is_that_of_all_golden_scores_and_no_caption_breaks_the_conversation():
    java, golden = meteor_here(), json.loads(GOLDEN.read_text(encoding="utf-8"))
    known = [item for name, item in golden.items() if name != "_about"]
    scores = [score for item in known for score in item["per_item"]["meteor"]]
    odd = ["a\n||| b", "|||", "", "\0\ud800 犬 ⟨é⟩", "EVAL ||| 1.0", 'a "dog"\r\nbarks\u2028']
    candidates, references = odd[:3], [[*odd[3:], "a dog barks"] for _ in range(3)]
    candidates += [text for item in known for text in item["hyps"]] + odd[3:]
    references += [texts for item in known for texts in item["refs"]] + [["", *odd[:3]], ["|||"], ["a dog barks"]]
    found = java.score("meteor", candidates, references)
    assert isinstance(found, CaptionScore), found
    assert len(scores) == 72
    np.testing.assert_allclose(found.per_item[3:-3], scores, atol=1e-6)
    assert found.per_item[2] == 0.0
    assert found.per_item[-1] > 0.9


@pytest.mark.slow
@pytest.mark.skipif(not CONETTE.exists(), reason="the published captions are not here")
@pytest.mark.parametrize(("name", "value"), [("clotho_eval", 0.19199394632448302), ("audiocaps_test", 0.23195610281653994)])
def test_meteor_is_that_which_was_published(name, value):
    java = meteor_here()
    with (CONETTE / f"outputs_{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = java.score("meteor", [row["cands"] for row in rows], [ast.literal_eval(row["mrefs"]) for row in rows])
    assert isinstance(found, CaptionScore), found
    np.testing.assert_allclose(found.per_item, [float(row["best_fense.cands.meteor"]) for row in rows], atol=1e-6)
    assert found.value == pytest.approx(value, abs=1e-6)
