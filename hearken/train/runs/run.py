"""The folder of a training run.

    run.json            the recipe, versions, seed, data: what is needed to train it again
    log.jsonl           a line for each step and each validation
    tensorboard/        the same as curves
    checkpoints/STEP/   a model folder with the optimizer's state beside it; the newest two (`checkpoint.py`)
    best/               the model folder of the best validation
    model/              the same as `hearken index` runs it
    failed.jsonl        sounds that could not be read
    stopped.json        why training stopped of itself, if it did
    lock                held while it is trained

A folder is a run once it has its `run.json`, which is written whole after the lock is taken; a folder that holds anything else
is left alone. Training uses `RunFolder.enter`, everything else `RunFolder.open`, which takes no lock and writes nothing.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from hearken.errors import RunError, show
from hearken.files import PART, TEMP_MARK, write_whole
from hearken.train.recipe import Recipe
from hearken.train.runs.code import code_facts
from hearken.train.runs.compare import differences, digest, finite, plain, settled

FORMAT = 1
RECORD, LOCK = "run.json", "lock"
_POLL_S = 0.2


class RunFolder:
    """The run in the folder `path`, whose `run.json` is `record`.

    Made by `create`, `resume` or `enter`, it holds the run's lock until `release` (it is a context manager); made by `open` it
    holds none. It can be handed to another process (pickled), where it holds none.
    """

    def __init__(self, path: Path, record: dict[str, Any], lock: FileLock | None = None) -> None:
        self.path, self.record, self._lock = path, record, lock

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe, facts: Mapping[str, Any] | None = None) -> RunFolder:
        """Make a run of `recipe` in a folder that is not there, or empty, or holds a run that never made a step, whose place it takes.

        `facts`, such as the number of processes, go into its record.

        Raises RunError where there is a run already, where the folder holds anything else (which stays as it is), where another
        process is at it, and where it cannot be written.
        """
        folder = Path(path)
        _check_free(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        lock = _locked(folder)
        try:
            _check_free(folder)  # somebody else may have been quicker
            _empty(folder)
            values = plain(recipe.to_json())
            record = {
                "format": FORMAT, "name": recipe.name, "recipe": values, "recipe_sha256": digest(values),
                "data": {}, "starts": [_start(recipe, facts)],
            }  # fmt: skip
            run = cls(folder, record, lock)
            run._write()
        except BaseException:
            lock.release()
            raise
        return run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Return the run in `path`, to be read. Raises RunError where there is none, or its record is damaged or of a newer Hearken."""
        folder = Path(path)
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RunError(f"There is no training run in {show(folder)}: it has no {RECORD}.") from error
        except (OSError, ValueError) as error:
            raise RunError(f"The record {show(folder / RECORD)} cannot be read: {error}.") from error
        if not isinstance(record, dict) or not isinstance(version := record.get("format"), int):
            raise RunError(f"{show(folder / RECORD)} is no record of a training run.")
        if version > FORMAT:
            raise RunError(f"The run in {show(folder)} has format {version}; this Hearken reads up to {FORMAT}.", "Upgrade Hearken.")
        if not all(isinstance(record.get(key), kind) for key, kind in _KEYS.items()) or digest(record["recipe"]) != record["recipe_sha256"]:
            raise RunError(
                f"The record {show(folder / RECORD)} is damaged.", "Begin another run; the models in this one can still be used."
            )
        return cls(folder, record)

    @classmethod
    def resume(cls, path: str | Path, recipe: Recipe, facts: Mapping[str, Any] | None = None) -> RunFolder:
        """Return the run in `path`, to go on with. Raises as `open`, and RunError where its recipe is not `recipe`, or another process is at it."""
        folder = Path(path)
        cls.open(folder)  # before the lock, which would make a file
        lock = _locked(folder)
        try:
            run = cls.open(folder)
            run._lock = lock
            run._check_recipe(recipe)
            run.record["starts"].append(_start(recipe, facts))
            run._write()
            run.stopped_path.unlink(missing_ok=True)
        except BaseException:
            lock.release()
            raise
        return run

    @classmethod
    def enter(cls, path: str | Path, recipe: Recipe, facts: Mapping[str, Any] | None = None, *, resume: bool = False) -> RunFolder:
        """Return the run to train: with `resume` the one in `path`, where there is one, and a new one otherwise. Raises as these do."""
        if resume and (Path(path) / RECORD).exists():
            return cls.resume(path, recipe, facts)
        return cls.create(path, recipe, facts)

    @classmethod
    def clear_smoke(cls, path: str | Path, name: str) -> None:
        """Empty the folder `path` where it is a smoke run of the recipe `name`, which means nothing to anybody; all else stays.

        Raises RunError where another process is at it, or it cannot be emptied.
        """
        folder = Path(path)
        try:
            record = cls.open(folder).record
        except RunError:
            return  # whoever makes a run there will see what it is
        if record["name"] != name or record["starts"][0].get("smoke") is not True:
            return
        lock = _locked(folder)
        try:
            _empty(folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        finally:
            lock.release()

    @classmethod
    def join(cls, path: str | Path, recipe: Recipe, *, patience_s: float = 60.0) -> RunFolder:
        """Return the run in `path` for a further process of it, without the lock, as soon as the first process has made it.

        Raises RunError when it has not within `patience_s`, or when it is of another recipe.
        """
        folder, until = Path(path), time.monotonic() + patience_s
        while not (folder / RECORD).exists() and time.monotonic() < until:
            time.sleep(_POLL_S)
        run = cls.open(folder)
        run._check_recipe(recipe)
        return run

    @property
    def moved(self) -> str:
        """What is otherwise than when the run was started before, of what the last bits of its weights depend on, in words; "" for nothing."""
        before, now = ([*self.record["starts"][-2:]] * 2)[:2]
        return differences({key: before.get(key) for key in _BITS}, {key: now.get(key) for key in _BITS})

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return str(self.record["name"])

    @property
    def recipe_json(self) -> dict[str, Any]:
        """The recipe, as `read.from_mapping` takes it."""
        return dict(self.record["recipe"])

    @property
    def log_path(self) -> Path:
        """The file of the figures of every step."""
        return self.path / "log.jsonl"

    @property
    def tensorboard_path(self) -> Path:
        """The folder of the same as curves."""
        return self.path / "tensorboard"

    @property
    def checkpoints_path(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def best_path(self) -> Path:
        """The model folder of the best validation; `checkpoint.best_model` finds it wherever it is."""
        return self.path / "best"

    @property
    def vocabulary_path(self) -> Path:
        """The file of the words that a captioner learnt before its first step."""
        return self.path / "vocabulary.json"

    @property
    def ledger_path(self) -> Path:
        """The file of sounds that could not be read."""
        return self.path / "failed.jsonl"

    @property
    def stopped_path(self) -> Path:
        """The file that says why training stopped of itself."""
        return self.path / "stopped.json"

    def add_data(self, record: Mapping[str, Any]) -> None:
        """Note what is learnt from (`TrainingData.record`); in a run that was begun, compare.

        Raises RunError where the data are no longer what the run began with, saying what differs: the steps to come would not be those
        that would have come.
        """
        new, old = plain(record), self.record["data"]
        if old and (told := differences(old, new)):
            hint = "Bring the data back to what they were, or begin another run with --run."
            raise RunError(f"The data of the run {show(self.path)} have changed: {told}.", hint)
        if not old:
            self.record["data"] = new
            self._write()

    def mark_stopped(self, facts: Mapping[str, Any]) -> None:
        """Note why training stopped of itself, such as the clips of the batches at fault. Raises RunError when that cannot be written."""
        self._put(self.stopped_path, plain(finite(facts)))

    def release(self) -> None:
        """Let the next process train this run; harmless when done already."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None}

    def _check_recipe(self, recipe: Recipe) -> None:
        values = plain(recipe.to_json())
        if told := differences(settled(self.record["recipe"]), values):
            hint = "Resume with the recipe it began with, or begin another run with --run."
            raise RunError(f"The run {show(self.path)} is of another recipe: {told}.", hint)

    def _write(self) -> None:
        self._put(self.path / RECORD, self.record)

    def _put(self, path: Path, value: Mapping[str, Any]) -> None:
        try:
            write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode(), alone=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error


_BITS = ("processes", "device", "num_threads", "torch", "hearken", "commit")
_KEYS = {"name": str, "recipe": dict, "recipe_sha256": str, "data": dict, "starts": list}


def _start(recipe: Recipe, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**code_facts(), "seed": recipe.training.seed, **plain(facts or {})}


def _check_free(folder: Path) -> None:
    """Raise RunError unless a run may begin in `folder`: it is not there, or holds only what a beginning leaves that came to nothing."""
    if (folder / RECORD).exists():
        if _came_to_nothing(folder):
            return
        hint = "--resume goes on with it; --run DIR begins another one elsewhere."
        raise RunError(f"There is a training run in {show(folder)} already.", hint)
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(folder, error) from error
    if foreign := sorted(name for name in names if name not in (LOCK, RECORD + PART) and not name.startswith(RECORD + TEMP_MARK)):
        found = f"it holds {show(foreign[0])}"
        raise RunError(f"{show(folder)} is no training run: {found}. It was left as it is.", "Name an empty or a new folder with --run.")


def _came_to_nothing(folder: Path) -> bool:
    """Whether the run in `folder` never made a step: its data were not there, say, or a name in its recipe was wrong."""
    log, kept = folder / "log.jsonl", (folder / "checkpoints", folder / "best")
    return not any(path.exists() for path in kept) and not (log.is_file() and log.stat().st_size)


def _empty(folder: Path) -> None:
    """Remove what is in the folder of a run, its record last: killed before, it is still that run."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name not in (LOCK, RECORD):
            each.unlink()
    (folder / RECORD).unlink(missing_ok=True)


def _locked(folder: Path) -> FileLock:
    """The lock of a run, taken. The system releases it when its holder dies."""
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(f"Another process is training the run {show(folder)}.", "Wait for it to end, or stop it.") from None
    except OSError as error:
        raise _unwritable(folder, error) from error
    return lock


def _unwritable(folder: Path, error: OSError) -> RunError:
    hint = "Check its permissions and the space left, or name another place with --run."
    return RunError(f"The run {show(folder)} cannot be written: {error.strerror or error}.", hint)
