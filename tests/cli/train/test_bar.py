"""The live line of training: figures on a terminal, a line for each epoch everywhere, nothing when quiet."""

from __future__ import annotations

import io
import re
import sys

import pytest

from hearken.cli.train.bar import TrainBar, figure_text, step_text, validation_text
from hearken.train.runs.report import StepReport, Validated


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def step(number: int, *, loss: float = 2.0) -> StepReport:
    """Four steps, two to an epoch."""
    return StepReport((number + 1) // 2, 2, number, 4, loss, 0.05, 2e-5, 12.34)


def drive(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False, width: int = 140, validate: bool = True) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    with TrainBar(quiet=quiet) as bar:
        for number in (1, 2, 3, 4):
            bar.on_step(step(number, loss=float(number)))
            if validate and number % 2 == 0:
                bar.on_validated(Validated(number // 2, number, {"t2a_mAP@10": 0.25, "t2a_R@1": 0.1, "loss": 1.5}, number == 2))
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


LINES = [
    "epoch 1/2, step 2/4, loss 1.5000, temperature 0.0500, learning rate 2.0e-05, 12.3 clips/s",
    "epoch 2/2, step 4/4, loss 3.5000, temperature 0.0500, learning rate 2.0e-05, 12.3 clips/s",
]


def test_a_pipe_gets_a_line_for_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = ", validation: t2a_mAP@10 25.00 %, loss 1.5000"
    assert drive(io.StringIO(), monkeypatch).splitlines() == [f"{LINES[0]}{seen} (best so far)", f"{LINES[1]}{seen}"]
    assert drive(io.StringIO(), monkeypatch, validate=False).splitlines() == LINES


def test_a_terminal_shows_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drive(Terminal(), monkeypatch)
    assert "epoch 2/2" in shown
    assert "4/4" in shown
    assert "loss 4.000, temperature 0.050, learning rate 2.0e-05, 12.3 clips/s" in shown
    assert LINES[0] in shown
    assert "t2a_mAP@10 25.00 %" in shown


@pytest.mark.parametrize("width", [50, 70, 90])
def test_a_narrow_terminal_keeps_epoch_step_loss_and_time(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    live = [line for line in drive(Terminal(), monkeypatch, width=width).splitlines() if "━" in line][-1]
    assert "epoch 2/2" in live
    assert "4/4" in live
    assert "loss 4.000" in live
    assert "0:00" in live or "--:--" in live
    assert "temperature" not in live


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    assert drive(stream, monkeypatch, quiet=True) == ""


def test_a_process_that_is_not_the_first_is_hushed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with TrainBar() as bar:
        bar.hush()
        bar.on_step(step(1))
        bar.on_validated(Validated(1, 1, {"loss": 1.0}, True))
    assert capsys.readouterr().err == ""


def test_steps_that_were_skipped_do_not_spoil_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainBar() as bar:
        bar.on_step(step(1, loss=float("nan")))
        bar.on_step(step(2, loss=3.0))
    assert "loss 3.0000" in capsys.readouterr().err
    with TrainBar() as bar:
        bar.on_step(step(1, loss=float("nan")))
    assert capsys.readouterr().err == ""
    with TrainBar():
        pass
    assert capsys.readouterr().err == ""


def test_texts() -> None:
    assert step_text(step(1), wide=False) == "loss 2.000"
    assert figure_text("loss", 0.5) == "loss 0.5000"
    assert figure_text("t2a_R@1", 0.5) == "t2a_R@1 50.00 %"
    assert validation_text(Validated(1, 1, {}, True)) == ""
