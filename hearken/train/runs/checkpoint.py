"""Checkpoints: all that a run needs to go on, whole or not there.

A checkpoint `checkpoints/STEP/` is a model folder (so it loads like any other) with `state.safetensors`, the optimizer's and the like,
and `state.json`: facts, the SHA-256 of every file, and one of itself. It is written beside its place and moved there when all is on
the disk; the newest `KEPT` stay. One of the same step is replaced, and meanwhile kept under another name: at no moment is there none.
The best model, `best/`, is written in the same manner. Only who holds the run's lock writes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hearken.errors import ModelError, RunError, show
from hearken.files import PART, adopt, sync_folder, write_whole
from hearken.models import weights
from hearken.train.runs.compare import digest, plain
from hearken.train.runs.run import RunFolder

KEPT = 2
FORMAT = 1
STATE, TENSORS, VALIDATION = "state.json", "state.safetensors", "validation.json"
_OLD = ".old"
"""What the name of a folder ends in while another takes its place."""
_DIGITS = 8


class Savable(Protocol):
    """A model that can be written."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model folder. Raises ModelError when it cannot."""
        ...


Warn = Callable[[str], None]
"""Called with a sentence for the user."""


def _nobody(text: str) -> None:
    """Warn nobody."""


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: its `folder`, the `step` after which it was written, and the `facts` that were given."""

    folder: Path
    step: int
    facts: dict[str, Any]

    def model_state(self) -> dict[str, Tensor]:
        """Return the weights of the model by name. Raises ModelError or CheckpointError when they cannot be read."""
        return weights.read(self.folder).state

    def tensors(self) -> dict[str, Tensor]:
        """Return the other tensors by name. Raises RunError when they cannot be read."""
        try:
            return load_file(self.folder / TENSORS)
        except (OSError, SafetensorError, ValueError, struct.error) as error:
            raise RunError(f"The checkpoint {show(self.folder)} cannot be read: {error}.") from error


def write_checkpoint(
    run: RunFolder, step: int, *, model: Savable, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], warn: Warn = _nobody
) -> Path | None:
    """Write the checkpoint of `step` and return its folder; older ones but one go then.

    When it cannot be written (a full disk above all), `warn` is told, those that were there stay, and None is returned: what is in
    memory is worth more than an early end. A best model that the facts speak of must be written before.
    """

    def fill(folder: Path) -> None:
        model.save_pretrained(folder)
        _write_tensors(folder / TENSORS, tensors)
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
        state = {"format": FORMAT, "step": step, "facts": plain(facts), "log_size": _synced_size(run.log_path), "files": files}
        _write_json(folder / STATE, {**state, "digest": digest(state)})

    place = run.checkpoints_path / _name(step)
    written = _place_folder(place, fill, f"The checkpoint of step {step}", warn)
    if written:
        with suppress(OSError):  # what cannot be removed now is removed the next time
            _prune(run, step)
    return written


def last_checkpoint(run: RunFolder, *, warn: Warn = _nobody) -> Checkpoint | None:
    """Return the newest whole checkpoint, or None where none was written yet; `warn` is told of each newer one that is damaged.

    Every file is compared with its digest. Raises RunError when there are checkpoints and none is whole.
    """
    folders = [folder for _, folder in _folders(run)]
    for folder in folders:
        try:
            return _checked(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            warn(f"The checkpoint {show(folder)} is damaged ({_reason(error)}); the one before is tried.")
    if folders:
        hint = "Begin another run with --run; best/ may still hold a model."
        raise RunError(f"None of the {len(folders)} checkpoints of the run {show(run.path)} is whole.", hint)
    return None


def write_best(run: RunFolder, model: Savable, facts: Mapping[str, Any], *, warn: Warn = _nobody) -> Path | None:
    """Write the best model so far into `best/`, with `facts` (step, epoch, figures) beside it; return the folder.

    When it cannot be written, `warn` is told, the one that was there stays, and None is returned.
    """

    def fill(folder: Path) -> None:
        model.save_pretrained(folder)
        _write_json(folder / VALIDATION, plain(facts))

    return _place_folder(run.best_path, fill, "The best model", warn)


def best_model(run: RunFolder) -> Path:
    """Return the model folder of the best validation; without one, that of the newest whole checkpoint. Raises RunError without any."""
    for folder in (run.best_path, _old(run.best_path)):
        if (folder / weights.CONFIG).is_file():
            return folder
    last = last_checkpoint(run)
    if last is None:
        raise RunError(f"The run {show(run.path)} has no model yet.", "It has one after its first checkpoint: hearken train ... --resume.")
    return last.folder


def best_figures(run: RunFolder) -> dict[str, float]:
    """Return the figures that `write_best` was given; {} without a best model. Raises RunError when they cannot be read."""
    for folder in (run.best_path, _old(run.best_path)):
        if (path := folder / VALIDATION).is_file():
            try:
                return dict(json.loads(path.read_text(encoding="utf-8")).get("figures", {}))
            except (OSError, ValueError, TypeError, AttributeError) as error:
                raise RunError(f"The figures {show(path)} cannot be read: {error}.") from error
    return {}


def log_size(run: RunFolder, step: int) -> int:
    """Return how long the run's log was when the checkpoint of `step` was written. Raises OSError when that cannot be read."""
    folder = next((folder for number, folder in _folders(run) if number == step), run.checkpoints_path / _name(step))
    try:
        return int(json.loads((folder / STATE).read_text(encoding="utf-8"))["log_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise OSError(errno.EIO, f"the checkpoint of step {step} is damaged") from error


def _place_folder(place: Path, fill: Callable[[Path], None], what: str, warn: Warn) -> Path | None:
    """Make the folder `place` with what `fill` writes, whole or not at all; None, and a warning, when that is not possible."""
    temp, old = place.with_name(place.name + PART), _old(place)
    try:
        _mend(place)
        _remove(temp)  # what a killed one left
        temp.mkdir(parents=True)
        fill(temp)
        sync_folder(temp)
        if place.exists():
            place.replace(old)
        temp.replace(place)
        sync_folder(place.parent)
    except (OSError, ModelError, SafetensorError) as error:
        _remove(temp)
        with suppress(OSError):
            _mend(place)
        warn(f"{what} could not be written: {_reason(error)}. Training goes on; what was written before is kept.")
        return None
    except BaseException:
        _remove(temp)
        raise
    _remove(old)
    return place


def _mend(place: Path) -> None:
    """Give a folder its name back that was to be replaced when its process died; remove it where the other is in its place."""
    old = _old(place)
    if old.exists():
        if place.exists():
            _remove(old)
        else:
            old.replace(place)


def _name(step: int) -> str:
    return f"{step:0{_DIGITS}d}"


def _synced_size(path: Path) -> int:
    """How long a file is, all of it on the disk; 0 where there is none. Raises OSError."""
    if not path.exists():
        return 0
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


def _old(place: Path) -> Path:
    return place.with_name(place.name + _OLD)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, as far as that is possible now (Windows keeps mapped files)."""
    shutil.rmtree(folder, ignore_errors=True)


def _folders(run: RunFolder) -> Iterator[tuple[int, Path]]:
    """The steps and folders of what should be checkpoints, the newest first; one that is being replaced after the one that replaces it."""
    names = [path.name for path in run.checkpoints_path.iterdir()] if run.checkpoints_path.is_dir() else []
    steps = {name: name.removesuffix(_OLD) for name in names}
    found = [(int(step), name == step, name) for name, step in steps.items() if step.isascii() and step.isdigit()]
    yield from ((step, run.checkpoints_path / name) for step, _, name in sorted(found, reverse=True))


def _prune(run: RunFolder, step: int) -> None:
    """Remove all checkpoints but the newest up to `step`, and what killed writers left; later ones were damaged, or we would not be here."""
    for path in list(run.checkpoints_path.glob(f"*{_OLD}")):
        _mend(path.with_name(path.name.removesuffix(_OLD)))
    kept = [folder for number, folder in _folders(run) if number <= step][:KEPT]
    for path in list(run.checkpoints_path.iterdir()):
        if path not in kept and path.is_dir():
            _remove(path)


def _checked(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`. Raises OSError, ValueError, KeyError, TypeError or AttributeError when it is not whole."""
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    if state.pop("digest") != digest(state):
        raise ValueError(f"{STATE} is not what was written")
    for name, sha256 in state["files"].items():
        if _sha256(folder / name) != sha256:
            raise ValueError(f"{name} is not what was written")
    return Checkpoint(folder, state["step"], state["facts"])


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    temp = path.with_name(path.name + PART)
    save_file(weights.apart(tensors), temp, metadata={"format": "pt"})
    adopt(temp, path)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(value, indent=2) + "\n").encode(), alone=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    """Why something failed, in few words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return show(text).rstrip(".") or type(error).__name__
