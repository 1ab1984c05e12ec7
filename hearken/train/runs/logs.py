"""What is written down while training: `log.jsonl` always, TensorBoard's curves, Weights & Biases where that is asked for.

Every line of `log.jsonl` has its `step`, the number of updates that were made. When a run goes on from a checkpoint, what was written
after it is cut off first, so that nothing is there twice. Once training has begun, no log stops a run: what a full disk or another program
does not take is lost, with one warning.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from hearken.errors import InputError, MissingExtraError, RunError, extra_hint, show
from hearken.train.runs.checkpoint import log_size
from hearken.train.runs.compare import digest, finite
from hearken.train.runs.run import RunFolder

KINDS = ("tensorboard", "wandb")
_ID_CHARS = 16
_FILE = "log.jsonl"

Warn = Callable[[str], None]
"""Called with a sentence for the user."""


def _nobody(text: str) -> None:
    """Warn nobody."""


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise InputError for kinds that are not in `KINDS`, and MissingExtraError where their package is missing.

    For the beginning of a run, before anything is fetched, read or computed.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise InputError(f"There is no log {', '.join(map(repr, unknown))}.", f"One of {', '.join(KINDS)}.")
    for kind in kinds:
        if not _is_installed(kind):
            raise _missing(kind)


def _is_installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    found = find_spec(package)
    return found is not None and found.origin is not None  # a folder of this name, such as W&B leaves behind, is no package


def _missing(kind: str) -> MissingExtraError:
    if kind == "tensorboard":
        return MissingExtraError("TensorBoard is not installed.", f"{extra_hint('train')}, or leave it out with --log none.")
    return MissingExtraError("Weights & Biases is not installed.", "pip install wandb, or leave --log wandb out.")


class _Sink(Protocol):
    """Where figures go besides the file; `title` is what people call it."""

    title: str

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Take the figures of a step."""

    def close(self) -> None:
        """Finish."""


class Log:
    """The log of `run`, for the process that holds the run's lock. It is a context manager.

    `kinds` are those of `KINDS` that are wanted besides the file; None, for the other processes, writes nothing at all. `resume_step` is
    the step of the checkpoint that the run goes on from, 0 for none. `warn` is told, once each, of what takes no more. Raises InputError for
    unknown kinds, MissingExtraError where their package is missing, RunError when the file cannot be written or W&B be reached.
    """

    def __init__(
        self, run: RunFolder, kinds: Sequence[str] | None = ("tensorboard",), *, resume_step: int = 0, warn: Warn = _nobody
    ) -> None:  # fmt: skip
        self._file: BinaryIO | None = None
        self._sinks: list[_Sink] = []
        self._warn, self._warned = warn, set[str]()
        if kinds is None:
            return
        check_kinds(kinds)
        try:
            _cut(run.log_path, log_size(run, resume_step) if resume_step else 0)
            self._file = run.log_path.open("ab")
        except OSError as error:
            raise RunError(f"The log {show(run.log_path)} cannot be written: {error.strerror}.", "Check its permissions.") from error
        try:
            for kind in dict.fromkeys(kinds):
                self._open(kind, run, resume_step)
        except BaseException:
            self.close()
            raise

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Write down the figures of `step`, such as the loss; those that are not finite as "nan", "inf" or "-inf"."""
        self._line({"step": step, **finite(values)})
        for sink in self._sinks:
            self._try(sink.title, lambda sink=sink: sink.values(step, values))  # type: ignore[misc]

    def note(self, step: int, note: Mapping[str, Any]) -> None:
        """Write down what happened after `step`, such as a validation, as plain values. The figures among them, also one level
        down, become curves."""
        self._line({"step": step, **finite(note)})
        for name, value in note.items():
            figures = _figures(f"{name}/", value) if isinstance(value, Mapping) else {}
            for sink in self._sinks if figures else ():
                self._try(sink.title, lambda sink=sink, figures=figures: sink.values(step, figures))  # type: ignore[misc]

    def close(self) -> None:
        """Finish all; harmless when done already."""
        for sink in self._sinks:
            self._try(sink.title, sink.close)
        self._sinks = []
        if self._file:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _line(self, value: Mapping[str, Any]) -> None:
        if (file := self._file) is not None:
            line = json.dumps(value, allow_nan=False, default=str).encode() + b"\n"
            self._try(_FILE, lambda: (file.write(line), file.flush()))  # flushed, so that it outlives this process

    def _open(self, kind: str, run: RunFolder, resume_step: int) -> None:
        if kind == "wandb":
            self._sinks.append(_WeightsAndBiases(run))
        else:
            self._try(_TensorBoard.title, lambda: self._sinks.append(_TensorBoard(run, resume_step)))

    def _try(self, title: str, write: Callable[[], object]) -> None:
        """Do what may fail; `warn` is told the first time that it does."""
        try:
            write()
        except MissingExtraError:
            raise
        except Exception as error:  # noqa: BLE001 - other people's packages raise what they like, and hours of training are worth more
            if title not in self._warned:
                self._warned.add(title)
                reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
                self._warn(f"{title} takes no figures ({show(reason).rstrip('.')}). Training goes on without it.")


class _TensorBoard:
    """Curves for TensorBoard, in the run's folder; `resume_step` is the last step that stays."""

    title = "TensorBoard"

    def __init__(self, run: RunFolder, resume_step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise _missing("tensorboard") from error
        folder = str(run.tensorboard_path)
        self._writer = SummaryWriter(folder, purge_step=resume_step + 1)

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class _WeightsAndBiases:
    """The site wandb.ai, or a local copy: its own variables, such as WANDB_MODE=offline, say where. A run that goes on is one run there."""

    title = "Weights & Biases"

    def __init__(self, run: RunFolder) -> None:
        try:
            import wandb
        except ImportError as error:
            raise _missing("wandb") from error
        name = digest({"name": run.name, "at": run.record["starts"][0]["at"]})[:_ID_CHARS]
        try:
            self._run = wandb.init(project="hearken", name=run.name, id=name, resume="allow", dir=str(run.path), config=run.recipe_json)
        except Exception as error:  # its errors have no common base that all of its versions share
            hint = "`wandb login` first, or set WANDB_MODE=offline, or leave --log wandb out."
            raise RunError(f"Weights & Biases cannot be used: {show(str(error)).rstrip('.')}.", hint) from error

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Send the figures of a step."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """Wait until all is sent."""
        self._run.finish()


def _figures(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {f"{prefix}{name}": float(value) for name, value in values.items() if isinstance(value, int | float)}


def _cut(path: Path, size: int) -> None:
    """Keep the first `size` bytes of a file, as far as they are whole lines. Raises OSError."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        kept = file.read(size)
        file.truncate(kept.rfind(b"\n") + 1)
        os.fsync(file.fileno())
