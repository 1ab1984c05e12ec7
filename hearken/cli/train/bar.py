"""How training goes: a live line on a terminal, and a line for each epoch that stays, in a pipe as well."""

from __future__ import annotations

import math
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearken.cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from hearken.train.runs.report import StepReport, Validated

_WIDE_CELLS = 110
_TOLD = ("t2a_mAP@10", "a2t_mAP@10", "CIDEr-D", "loss")
"""The figures of a validation that an epoch's line has; all are in the log."""


class TrainBar:
    """A context manager that shows training on stderr: epoch, step, loss, temperature, learning rate, clips a second, time left.

    A narrow terminal shows epoch, step, loss and time left. Where stderr is no terminal there is no live line. Quiet when told to be.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._losses: list[float] = []
        self._last: StepReport | None = None

    def hush(self) -> None:
        """Be quiet from now on: this process is not the first."""
        self._quiet = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end_epoch("")
        if self._bar:
            self._bar.stop()

    def on_step(self, report: StepReport) -> None:
        """Show a step."""
        if self._quiet:
            return
        if self._last is not None and report.epoch != self._last.epoch:
            self._end_epoch("")
        self._last = report
        if math.isfinite(report.loss):
            self._losses.append(report.loss)
        if sys.stderr.isatty():
            self._show(report)

    def on_validated(self, seen: Validated) -> None:
        """Show what a validation came to, at the end of its epoch's line."""
        if not self._quiet:
            self._end_epoch(validation_text(seen))

    def _show(self, report: StepReport) -> None:
        if self._bar is None or self._task is None:
            self._bar = _make_bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=report.num_steps, completed=report.step, epoch="", text="")
        wide = self._bar.console.width >= _WIDE_CELLS
        self._bar.update(
            self._task, completed=report.step, epoch=f"epoch {report.epoch}/{report.num_epochs}", text=step_text(report, wide=wide)
        )  # fmt: skip

    def _end_epoch(self, validation: str) -> None:
        """Print the line of the epoch that has ended, unless there is nothing to tell."""
        report, losses = self._last, self._losses
        self._losses = []
        if report is None or self._quiet or not (losses or validation):
            return
        parts = [f"epoch {report.epoch}/{report.num_epochs}", f"step {report.step}/{report.num_steps}"]
        parts += [f"loss {sum(losses) / len(losses):.4f}"] if losses else []
        parts += [f"temperature {report.temperature:.4f}"] if report.temperature is not None else []
        parts += [
            f"learning rate {report.rate:.1e}",
            f"{report.clips_per_s:.1f} clips/s",
            validation,
        ]
        line = ", ".join(part for part in parts if part)
        if self._bar:
            self._bar.console.print(line)
        else:
            output.note(line)


def step_text(report: StepReport, *, wide: bool) -> str:
    """Return the figures of a step in few words: the loss, and where there is room all others."""
    loss = f"loss {report.loss:.3f}"
    if not wide:
        return loss
    temperature = "" if report.temperature is None else f"temperature {report.temperature:.3f}, "
    return f"{loss}, {temperature}learning rate {report.rate:.1e}, {report.clips_per_s:.1f} clips/s"


def validation_text(seen: Validated) -> str:
    """Return the figures of a validation in few words, and whether they are the best so far."""
    figures = [figure_text(name, seen.figures[name]) for name in _TOLD if name in seen.figures]
    return f"validation: {', '.join(figures)}{' (best so far)' if seen.is_best else ''}" if figures else ""


def figure_text(name: str, value: float) -> str:
    """Return a figure as people read it: shares in percent, CIDEr-D times 100 as papers print it, the loss as it is."""
    return f"{name} {value:.4f}" if name == "loss" else f"{name} {100 * value:.2f}{sign(name)}"


def sign(name: str) -> str:
    """Return what stands behind a figure that is times 100: " %", and nothing for what goes above 1 and is no share."""
    return "" if name.rpartition(" ")[2].startswith(("CIDEr", "SPIDEr")) else " %"


def _make_bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = output.console(stderr=True)
    narrow = screen.width < _WIDE_CELLS
    return Progress(
        TextColumn("{task.fields[epoch]}", markup=False),
        BarColumn(bar_width=10 if narrow else 16),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        TimeRemainingColumn(compact=True),
        console=screen,
        transient=True,
    )
