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
from hearken.train import sweep
from hearken.train.recipe import About, DataPart, Recipe, Row
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
TESTED = {"clips.csv:test t2a_mAP@10": 31.25, "clips.csv:test a2t_meanR": 7.5}


class Made:
    folder = Path("run/model")


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    with RunFolder.create(tmp_path / "run", RECIPE) as run:
        write_best(run, model(), {"figures": {}})
    monkeypatch.setattr(export, "export_run", lambda run, **_: Made)
    monkeypatch.setattr(sweep, "try_out", lambda recipe, run, **_: TESTED)
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
    assert "test, clips.csv:test text to audio: mAP@10 31.25 % audio to text: meanR 7.50 published Table 3, CNN10:" in out
    assert "t2a_mAP@10 23.72 %, t2a_meanR 50.10 use it" in out
    assert err == "trying it on the test sets ...\n"


def test_a_smoke_run_is_not_held_against_a_paper(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    assert "published" not in ended(outcome, capsys, smoke=True)[1]


def test_figures_that_are_there_are_not_made_again(
    outcome: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "kept_figures", lambda run, recipe: TESTED)
    monkeypatch.setattr(sweep, "try_out", lambda *_, **__: pytest.fail("again"))
    assert "mAP@10 31.25 %" in ended(outcome, capsys)[1]


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_what_fails_afterwards_loses_nothing(outcome: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "export_run", failing(ModelError("It does not fit.", "Try another.")))
    code, out, err = ended(outcome, capsys, json=True)
    value = json.loads(out)
    assert (code, value["exported"], value["test_percent"], value["best"]["loss"]) == (1, None, TESTED, 1.5)
    assert "kept, but it could not be exported: It does not fit. Try another." in err
    assert f"`hearken export {outcome.run}` does that later." in err
    monkeypatch.setattr(sweep, "try_out", failing(DataError("No test sounds.", "Bring them.")))
    monkeypatch.setattr(export, "export_run", lambda run, **_: Made)
    code, out, err = ended(outcome, capsys)
    assert code == 1
    assert "hearken index DIR --model" in out, "it is exported all the same"
    assert f"could not be tried on its test sets: No test sounds. Bring them.\n`hearken train --run {outcome.run} --resume`" in err
    monkeypatch.setattr(sweep, "try_out", failing(KeyboardInterrupt()))
    code, _, err = ended(outcome, capsys)
    assert (code, "Training has ended and is kept" in err) == (130, True)


def test_figures_that_are_no_numbers_are_words_in_json(outcome: Outcome) -> None:
    value = finish.outcome_json(replace(outcome, best={"loss": float("nan")}), Path("m"), None, {})
    assert json.loads(json.dumps(value, allow_nan=False))["best"] == {"loss": "nan"}


def test_rows_without_figures_are_left_out() -> None:
    assert published_facts(RECIPE) == [("published", ["Table 3, CNN10: t2a_mAP@10 23.72 %, t2a_meanR 50.10"])]
    assert published_facts(Recipe()) == []
    assert tried_facts({}) == []
