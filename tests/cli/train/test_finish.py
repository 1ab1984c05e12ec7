"""After training: test sets, export, and what is printed; whatever fails then, the run is there and all else is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

pytest.importorskip("torch")

from hearken.cli.train import finish
from hearken.cli.train.finish import Finish, published_facts, tried_facts
from hearken.errors import DataError, ModelError
from hearken.evaluate import tests_of_runs
from hearken.evaluate.tests_of_runs import Trial, Tried, Watch
from hearken.metrics.confidence import Interval
from hearken.train.recipe import About, DataPart, DecoderPart, Recipe, Row
from hearken.train.runs import export
from hearken.train.runs.checkpoint import write_best
from hearken.train.runs.report import Outcome
from hearken.train.runs.run import RunFolder
from tests.train.small import model

RECIPE = Recipe(
    name="mine",
    about=About("primus2023", "", (Row("Table 3", "CNN10", {"t2a_mAP@10": 23.72, "t2a_meanR": 50.1}), Row("Table 4", "none yet"))),
    data=DataPart(test=("clips.csv:test",)),
)
FIGURES = {"t2a_mAP@10": Interval(0.3125, 0.25, 0.375, "bootstrap"), "a2t_meanR": Interval(7.5, 6.0, 9.0, "bootstrap")}
TESTED = (
    Tried(Trial("clips.csv:test"), "any-of-n", Path("run/evaluations/clips"), FIGURES, 1_200),
    Tried(Trial("clips.csv:test", "4:2x2"), "any-of-n", Path("run/evaluations/clips-tta"), {"t2a_R@1": Interval(1.0, 1.0, 1.0)}),
)


class Made:
    folder = Path("run/model")


def try_out(recipe: Recipe, run: Path, *, watch: Watch, **_: Any) -> tuple[Tried, ...]:
    """Stands for what takes time, and says so."""
    with watch(TESTED[0].trial) as on_progress:
        on_progress(1, 1)
    return TESTED


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    with RunFolder.create(tmp_path / "run", RECIPE) as run:
        write_best(run, model(), {"figures": {}})
    monkeypatch.setattr(export, "export_run", lambda run, **_: Made)
    monkeypatch.setattr(tests_of_runs, "try_out", try_out)
    return Outcome(tmp_path / "run", {"t2a_mAP@10": 0.25, "loss": 1.5}, 3, 40, 0, True)


def ended(outcome: Outcome, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[int, str, str]:
    """Exit code, stdout and stderr, in single spaces."""
    code = 0
    try:
        Finish(RECIPE, outcome, **{"smoke": False, "json": False, **options})(export=True, accelerator="cpu", jobs=1)
    except typer.Exit as error:
        code = error.exit_code
    seen = capsys.readouterr()
    return code, re.sub(r"[ \n]+", " ", seen.out), seen.err


def test_test_sets_stand_beside_what_was_published(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(outcome, capsys)
    assert code == 0
    assert (
        "test clips.csv:test, with 95 % intervals, by the definition any-of-n, without 1 200 clips that could not be read "
        "text to audio: mAP@10 31.25 [25.00, 37.50] % audio to text: meanR 7.5 [6.0, 9.0] kept in run/evaluations/clips test clips.csv:test tta=4:2x2,"
    ) in out
    assert "text to audio: R@1 100.00 % kept in run/evaluations/clips-tta published Table 3, CNN10:" in out
    assert f"t2a_mAP@10 23.72 %, t2a_meanR 50.10 look closer hearken report {outcome.run} --out report.html use it" in out
    assert err == "trying it on clips.csv:test ...\n"


def test_a_smoke_run_is_not_held_against_a_paper(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = ended(outcome, capsys, smoke=True)
    assert "published" not in out
    assert err.startswith("A smoke run: its figures mean nothing.\n")
    assert "smoke" not in ended(outcome, capsys)[2] + ended(outcome, capsys, smoke=True, json=True)[2]


def test_figures_that_are_there_take_no_time(outcome: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tests_of_runs, "try_out", lambda *_, **__: TESTED)
    code, out, err = ended(outcome, capsys)
    assert (code, err, "mAP@10 31.25 [25.00, 37.50] %" in out) == (0, "", True)


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_what_fails_afterwards_loses_nothing(outcome: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "export_run", failing(ModelError("It does not fit.", "Try another.")))
    code, out, err = ended(outcome, capsys, json=True)
    value = json.loads(out)
    assert (code, value["exported"], value["best"]["loss"]) == (1, None, 1.5)
    assert value["test_percent"] == {
        "clips.csv:test t2a_mAP@10": 31.25,
        "clips.csv:test a2t_meanR": 7.5,
        "clips.csv:test tta=4:2x2 t2a_R@1": 100,
    }
    ends = [value[f"test_percent_{end}"]["clips.csv:test t2a_mAP@10"] for end in ("low", "high")]
    assert ends == [25.0, 37.5]
    assert value["evaluations"][0] == {
        "corpus": "clips.csv:test", "tta": "", "definition": "any-of-n", "folder": "run/evaluations/clips", "clips_failed": 1_200,
        "not_available": {},
    }  # fmt: skip
    assert "kept, but it could not be exported: It does not fit. Try another." in err
    assert f"`hearken export {outcome.run}` does that later." in err
    monkeypatch.setattr(tests_of_runs, "try_out", failing(DataError("No test sounds.", "Bring them.")))
    monkeypatch.setattr(export, "export_run", lambda run, **_: Made)
    code, out, err = ended(outcome, capsys)
    assert code == 1
    assert "hearken index DIR --model" in out, "it is exported all the same"
    assert f"could not be tried on its test sets: No test sounds. Bring them.\n`hearken train --run {outcome.run} --resume`" in err
    monkeypatch.setattr(tests_of_runs, "try_out", failing(KeyboardInterrupt()))
    code, _, err = ended(outcome, capsys)
    assert (code, "Training has ended and is kept" in err) == (130, True)


def test_figures_that_are_no_numbers_are_words_in_json(outcome: Outcome) -> None:
    value = finish.outcome_json(replace(outcome, best={"loss": float("nan")}), Path("m"), None, ())
    assert json.loads(json.dumps(value, allow_nan=False))["best"] == {"loss": "nan"}


def test_rows_without_figures_are_left_out() -> None:
    assert published_facts(RECIPE) == [("published", ["Table 3, CNN10: t2a_mAP@10 23.72 %, t2a_meanR 50.10"])]
    assert published_facts(Recipe()) == []
    assert tried_facts(()) == []


def test_a_reason_that_metrics_share_is_told_once() -> None:
    tested = Tried(Trial("x"), "captions", Path("e"), {}, 0, {"METEOR": "No Java.", "SPICE": "No Java.", "SPIDEr": "It needs SPICE."})
    ((_, lines),) = tried_facts([tested])
    assert lines[1:-1] == ["METEOR, SPICE not available: No Java.", "SPIDEr not available: It needs SPICE."]


def test_a_captioner_is_tried_and_not_exported(
    outcome: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"BLEU-1": Interval(0.5, 0.4, 0.6, "bootstrap"), "CIDEr-D": Interval(1.5, 1.25, 1.75, "bootstrap")}
    tested = Tried(Trial("x"), "captions", Path("run/evaluations/x-captions"), figures, 0, {"SPICE": "No Java."})
    row = Row("Table 1", "Baseline", {"BLEU-1": 65.4, "SPIDEr": 40.2})
    recipe = replace(RECIPE, model=replace(RECIPE.model, decoder=DecoderPart()), about=About("kim2023", "", (row,)))
    monkeypatch.setattr(tests_of_runs, "try_out", lambda *_, **__: (tested,))
    monkeypatch.setattr(export, "export_run", failing(ModelError("It is exported.")))
    monkeypatch.setattr("tests.cli.train.test_finish.RECIPE", recipe)
    code, out, err = ended(outcome, capsys)
    assert (code, err) == (0, "")
    assert (
        "test x, with 95 % intervals, of machine-made captions, times 100 BLEU-1 50.00 [40.00, 60.00] % CIDEr-D 150.00 [125.00, 175.00] "
        "SPICE not available: No Java. kept in run/evaluations/x-captions published Table 1, Baseline: BLEU-1 65.40 %, SPIDEr 40.20 look closer"
    ) in out
    assert out.strip().endswith(f"hearken caption FILE --model {outcome.run}")
    value = json.loads(ended(outcome, capsys, json=True)[1])
    assert (value["exported"], value["test_percent"]["x CIDEr-D"], value["evaluations"][0]["not_available"]) == (
        None,
        150,
        {"SPICE": "No Java."},
    )
