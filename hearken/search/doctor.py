"""`hearken doctor`: look at every part of a library and of the installation, and say what is wrong and what to do."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hearken.errors import HearkenError, LibraryNotFoundError, show
from hearken.library.notebook_check import check_notebook, rescue_notebook
from hearken.library.records import ModelRecord
from hearken.library.schema import check_model
from hearken.library.store import CACHE_NAME, SqliteStore, open_store
from hearken.library.vectors import VectorCache

PACKAGES = ("hearken", "numpy", "onnxruntime", "tokenizers", "av", "soxr", "usearch", "numkong", "filelock", "platformdirs")
_SHOWN = 5
_SHOWN_PROBLEMS = 3
_REPAIR = "`hearken doctor --repair` takes such files out of the library; `hearken index` of their folders brings them back."
_CAPTIONS = "`hearken doctor --repair` drops such captions and mends their index; `hearken index DIR --captions` makes them again."
_FORGET = (
    "Connect the disk, if they are on one. `hearken index` of their folders finds what was moved and takes out what was "
    "deleted; where the folder itself is gone for good, `hearken forget DIR` does."
)

Status = Literal["ok", "warning", "error"]
ModelLoader = Callable[[ModelRecord], Any]
"""Returns the model that made a library, with name, digest and dim, and perhaps the folder where its files are."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `details` say what is wrong, one sentence each, and `hint` what to do."""

    name: str
    status: Status
    details: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class DoctorReport:
    """All checks in order, and the versions of everything that has a part in the results."""

    path: str
    checks: tuple[Check, ...]
    versions: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether no check found an error; warnings are allowed."""
        return all(check.status != "error" for check in self.checks)


def examine(path: Path, load_model: ModelLoader, *, repair: bool) -> DoctorReport:
    """Return the report on the library in `path`; nothing is changed unless `repair` is set.

    `repair` takes out files whose facts or vectors cannot be used, drops vectors that no file has and machine-made captions that
    were altered, and makes the cache anew.
    """
    return DoctorReport(str(path), tuple(_checks(path, load_model, repair=repair)), versions())


def versions() -> dict[str, str]:
    """Return the versions of Python, the platform, our packages, SQLite and the FFmpeg libraries; "absent" for what is not installed."""
    found = {"python": sys.version.split()[0], "platform": platform.platform(), "sqlite": sqlite3.sqlite_version}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found | _ffmpeg_versions()


def _ffmpeg_versions() -> dict[str, str]:
    try:
        import av
    except (ImportError, OSError):
        return {"ffmpeg": "absent"}
    return {name: ".".join(str(number) for number in version) for name, version in av.library_versions.items()}


def _checks(path: Path, load_model: ModelLoader, *, repair: bool) -> Iterator[Check]:
    try:
        store = open_store(path, read_only=not repair)
    except HearkenError as error:
        yield Check("library", "error", (error.message,), error.hint)
        if not isinstance(error, LibraryNotFoundError):
            yield _guarded("notebook", lambda: _notebook(path, repair=repair))
        return
    with store:
        yield Check("library", "ok")
        yield _guarded("database", lambda: _database(store, repair=repair))
        yield _guarded("captions", lambda: _captions(store, repair=repair))
        yield _guarded("notebook", lambda: _notebook(path, repair=repair))
        yield _guarded("cache", lambda: _cache(path, store, repair=repair))
        yield _guarded("vectors", lambda: _unusable(store))
        yield _guarded("model", lambda: _model(store, load_model))
        yield _guarded("sounds", lambda: _missing(store))
        yield _guarded("ledger", lambda: _ledger(store))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """Run a check; one that cannot be carried out is an error and keeps no other from running."""
    try:
        return check()
    except HearkenError as error:
        return Check(name, "error", (error.message,), error.hint)


def _verdict(name: str, problems: list[str], hint: str) -> Check:
    return Check(name, "error", _few(problems), hint) if problems else Check(name, "ok")


def _few(problems: Sequence[str]) -> tuple[str, ...]:
    """Return the first lines of what is wrong, and how many more there are: one damaged page may have hundreds."""
    lines = [line for problem in problems for line in problem.splitlines()]
    more = len(lines) - _SHOWN_PROBLEMS
    return (*lines[:_SHOWN_PROBLEMS], f"and {more} more") if more > 0 else tuple(lines)


def _num_files(count: int, one: str, many: str) -> str:
    """Return a count of files with the verb that fits."""
    return f"1 file {one}" if count == 1 else f"{count} files {many}"


def _database(store: SqliteStore, *, repair: bool) -> Check:
    removed = store.repair() if repair else []
    if problems := store.check():
        anew = f"elete the files library.sqlite* in {show(store.folder)} and index again; your sounds are untouched."
        return _verdict("database", problems, f"D{anew}" if repair else f"{_REPAIR} If that does not help, d{anew}")
    if not removed:
        return Check("database", "ok")
    details = [
        _num_files(len(removed), "was", "were") + " taken out, as what the library held was damaged.",
        *(show(path) for path in removed[:_SHOWN]),
    ]
    return Check("database", "warning", tuple(details), "Run `hearken index` on their folders: it listens to them again.")


def _captions(store: SqliteStore, *, repair: bool) -> Check:
    problems = store.check_captions()
    if not (problems and repair):
        return _verdict("captions", problems, _CAPTIONS)
    count = store.repair_captions()
    if remaining := store.check_captions():
        return _verdict("captions", remaining, _CAPTIONS)
    details = (*(f"Repaired: {problem}" for problem in _few(problems)), *([f"{count} captions were dropped."] if count else []))
    return Check("captions", "warning" if count else "ok", details, "`hearken index DIR --captions` makes them again." if count else "")


def _notebook(path: Path, *, repair: bool) -> Check:
    problems = check_notebook(path)
    if not (problems and repair):
        return _verdict("notebook", problems, "`hearken doctor --repair` saves what can still be read, and keeps the damaged file.")
    return Check("notebook", "warning", tuple(rescue_notebook(path)))


def _cache(path: Path, store: SqliteStore, *, repair: bool) -> Check:
    cache = VectorCache(path / CACHE_NAME, store)
    problems = cache.check()
    if repair:
        cache.rebuild()
        return Check("cache", "ok", tuple(f"Repaired: {problem}" for problem in problems))
    return _verdict("cache", problems, "`hearken doctor --repair` makes the cache anew from the library.")


def _unusable(store: SqliteStore) -> Check:
    ids = [item.file_id for item in store.read_vectors(store.file_versions()) if not all(np.isfinite(part).all() for part in item[1:])]
    paths = [f"The vectors of {show(record.path)} cannot be used; no search finds it." for record in store.files(ids)]
    return _verdict("vectors", paths, _REPAIR)


def _model(store: SqliteStore, load_model: ModelLoader) -> Check:
    model = load_model(store.model)
    check_model(store.folder, store.model, model)
    folder = getattr(model, "folder", None)
    if folder is not None:
        from hearken.runtime.catalog import read_checked, read_config

        config = read_config(folder)
        for name in config["files"]:
            read_checked(folder, name, config)
    return Check("model", "ok")


def _missing(store: SqliteStore) -> Check:
    gone = [path for path in sorted(store.known_files()) if not os.path.exists(path)]
    if not gone:
        return Check("sounds", "ok")
    details = [
        _num_files(len(gone), "of the library is", "of the library are") + " not there now.",
        *(show(path) for path in gone[:_SHOWN]),
    ]
    return Check("sounds", "warning", tuple(details), _FORGET)


def _ledger(store: SqliteStore) -> Check:
    failed = [failure for failure in store.failures() if failure.stage != "scan"]
    if not failed:
        return Check("ledger", "ok")
    details = [
        _num_files(len(failed), "could", "could") + " not be indexed.",
        *(f"{show(failure.path)}: {failure.message}" for failure in failed[:_SHOWN]),
    ]
    return Check("ledger", "warning", tuple(details), "`hearken info --failures` lists them with what can be done.")
