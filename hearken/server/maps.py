"""The map of a library for the page: laid out by a process of its own, kept in the library's cache, made anew when much has changed.

Legend: `F` sounds, `K` regions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from hearken import errors
from hearken.audio import wire
from hearken.errors import HearkenError, StoreError
from hearken.files import write_whole
from hearken.library.hashing import digest_of
from hearken.library.store import CACHE_NAME, SqliteStore
from hearken.library.words import folder_words, name_words
from hearken.search.browse import root_of
from hearken.search.map_terms import TERMS
from hearken.search.map_worker import MAX_SOUNDS
from hearken.search.projection import MIN_SOUNDS, region_names
from hearken.server.state import Shelved

FILE_NAME = "map.json"
MAX_CHANGE = 0.05
"""Of the sounds may be new, gone or replaced before the map is made anew."""
_LAYOUT = 1
_REST_S = 30.0  # between two makings: a library that is being indexed changes all the time
_DECIMALS = 4
_FIELDS = ("id", "version", "x", "y", "group")


@dataclass(frozen=True)
class Map:
    """A map as it is kept: the state of the library that it shows, a column for each of `_FIELDS`, and the regions."""

    library_id: str
    model: str
    generation: int
    columns: Mapping[str, list[Any]]
    groups: list[dict[str, Any]]

    def change(self, versions: Mapping[int, int]) -> float:
        """Return how much of a library with these versions of files the map does not show as it is, 0 to 1 and more."""
        shown = dict(zip(self.columns["id"], self.columns["version"], strict=True))
        same = sum(versions.get(file_id) == version for file_id, version in shown.items())
        total = min(len(versions), MAX_SOUNDS)
        return float(len(shown) - same + max(total - same, 0)) / max(total, 1)


@dataclass(frozen=True)
class _View:
    """A library of some files at one generation, how much of it the map does not show, and the answers, fresh and stale."""

    generation: int
    known: Map | None
    num_files: int
    change: float
    ready: tuple[bytes, bytes]


def _view(generation: int, known: Map | None, versions: Mapping[int, int]) -> _View:
    """Return what a map is to a library with these versions of files; what is gone is left out of the answers."""
    if known is None:
        return _View(generation, None, len(versions), 0.0, (b"", b""))
    alive = [place for place, file_id in enumerate(known.columns["id"]) if file_id in versions]
    points = {name: [known.columns[name][place] for place in alive] for name in _FIELDS if name != "version"}
    body = {"state": "ready", "generation": known.generation, "points": points, "groups": known.groups}
    return _View(
        generation, known, len(versions), known.change(versions), (_json({**body, "stale": False}), _json({**body, "stale": True}))
    )


class Maps:
    """The map of one library. `tell` is called with news of it as JSON, from any thread."""

    def __init__(self, shelved: Shelved, tell: Callable[[str], None]) -> None:
        self._shelved, self._tell = shelved, tell
        self._lock = threading.Lock()
        self._map: Map | None = None
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._error: HearkenError | None = None
        self._ended_s = -_REST_S
        self._view: _View | None = None
        self._is_closed = self.is_wanted = False

    @property
    def is_computing(self) -> bool:
        """Whether a map is being made."""
        return self._thread is not None and self._thread.is_alive()

    def answer(self) -> tuple[int, bytes]:
        """Return the HTTP status and JSON for the present state of the library; starts the making of a map where one is due.

        Raises what making it raised, MissingExtraError among others, and StoreErrors.
        """
        self.is_wanted = True
        view = self._look()
        facts = {"generation": view.generation, "stale": False, "groups": [], "points": None}
        if view.num_files < MIN_SOUNDS:
            return 200, _json({"state": "empty", **facts})
        is_due = view.known is None or view.change > MAX_CHANGE
        if is_due:
            self._start()
        if view.known is None:
            if self._error is not None and not self.is_computing:
                raise self._error.with_traceback(None)  # which else would grow with every answer
            return 202, _json({"state": "computing", **facts})
        return 200, view.ready[is_due and self.is_computing]

    def close(self) -> None:
        """Break off what is being made."""
        self._is_closed = True
        process, thread = self._process, self._thread
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join(5)

    def _look(self) -> _View:
        """Return what the map is to the present state of the library; that is worked out once for each state."""
        with self._shelved.borrow() as library:
            store = library.parts().store
            with store.snapshot() as generation:
                known, view = self._known(store), self._view
                if view is None or view.generation != generation or view.known is not known:
                    view = self._view = _view(generation, known, store.file_versions())
        return view

    def _known(self, store: SqliteStore) -> Map | None:
        """Return the map of this library, from memory or the cache, or None where there is none to be trusted."""
        found = self._map or load(self._shelved.path / CACHE_NAME / FILE_NAME)
        if found is None or (found.library_id, found.model) != (store.library_id, store.model.digest):
            return None
        self._map = found
        return found

    def _start(self) -> None:
        with self._lock:
            resting = time.monotonic() - self._ended_s < _REST_S
            if self.is_computing or resting or self._is_closed:
                return
            self._error = None
            self._thread = threading.Thread(target=self._run, name="hearken-map", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            made = self._make()
            if made is not None:
                save(self._shelved.path / CACHE_NAME / FILE_NAME, made)
                self._map = made
                self._tell(json.dumps({"state": "ready", "generation": made.generation}))
        except HearkenError as error:
            self._error = error
        except (OSError, ValueError, wire.WireError) as error:
            self._error = StoreError(
                f"The map could not be made ({type(error).__name__}).", "Try again; the server's output may tell more."
            )
        finally:
            self._ended_s = time.monotonic()

    def _make(self) -> Map | None:
        with self._shelved.borrow() as library:
            encoder = library.parts().ready()[0]
        terms = np.asarray(encoder.encode_text([text for _, text in TERMS]), np.float32)
        body, arrays = self._ask(terms)
        if body.get("kind") == "empty" or self._is_closed:
            return None
        if body.get("kind") != "map":
            raise getattr(errors, str(body.get("class")), StoreError)(str(body.get("message")), str(body.get("hint")))
        ids, versions, xy, regions, votes = arrays
        with self._shelved.borrow() as library:
            groups = _groups(library.parts().store, ids.tolist(), xy, regions, votes)
        numbers = (
            ids.tolist(),
            versions.tolist(),
            xy[:, 0].round(_DECIMALS).tolist(),
            xy[:, 1].round(_DECIMALS).tolist(),
            regions.tolist(),
        )
        columns = dict(zip(_FIELDS, [_rounded(column) for column in numbers], strict=True))
        return Map(str(body["library_id"]), str(body["model"]), int(body["generation"]), columns, groups)

    def _ask(self, terms: wire.Array) -> tuple[wire.Message, list[wire.Array]]:
        """Return the answer of the process that lays out maps. Raises WireError where it died."""
        self._process = process = _popen(self._shelved.path)
        if self._is_closed:  # just now, when there was no process to end yet
            process.kill()
        try:
            if not isinstance(process.stdin, FileIO) or not isinstance(process.stdout, FileIO):
                raise wire.WireError("The process has no unbuffered pipes.")
            wire.send(process.stdin, {}, [terms])
            return wire.receive(process.stdout)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


def load(path: Path) -> Map | None:
    """Return the map at `path`, or None where there is none to be trusted."""
    try:
        body = json.loads(path.read_bytes())
        digest = body.pop("digest")
        if digest != _digest(body) or body.pop("layout") != _LAYOUT:
            return None
        return Map(**body)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # whatever is wrong with it, it is not what `save` wrote


def save(path: Path, made: Map) -> None:
    """Keep a map; where that cannot be, it is made again by the next server."""
    body = {**vars(made), "layout": _LAYOUT}
    try:
        write_whole(path, json.dumps({**body, "digest": _digest(body)}, separators=(",", ":")).encode())
    except OSError:
        return


def _groups(store: SqliteStore, ids: Sequence[int], xy: wire.Array, regions: wire.Array, votes: wire.Array) -> list[dict[str, Any]]:
    """Return the regions (K,) with names, centres and sizes."""
    count = len(votes)
    words: list[Counter[str]] = [Counter() for _ in range(count)]
    roots = store.roots()
    by_id = dict(zip(ids, regions.tolist(), strict=True))
    for record in store.files(ids):
        root = root_of(record.path, roots) or os.path.dirname(record.path)
        words[by_id[record.id]].update({*name_words(record.path).split(), *folder_words(record.path, root).split()})
    sizes = np.bincount(regions, minlength=count).tolist()
    names = region_names(votes, [name for name, _ in TERMS], words, sizes)
    centres = [np.median(xy[regions == region], axis=0) for region in range(count)]
    return [
        {"name": name, "x": round(float(x), _DECIMALS), "y": round(float(y), _DECIMALS), "num": size}
        for name, (x, y), size in zip(names, centres, sizes, strict=True)
    ]


def _rounded(column: Sequence[Any]) -> list[Any]:
    return [round(value, _DECIMALS) if isinstance(value, float) else value for value in column]


def _popen(library: Path) -> subprocess.Popen[bytes]:
    """Start the process in a group of its own, so that Ctrl-C reaches the server alone."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    own = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*(entry for entry in sys.path if os.path.isabs(entry)), own]))
    command = [sys.executable, "-P", "-m", "hearken.search.map_worker", str(library)]
    group: dict[str, Any] = {} if sys.platform == "win32" else {"process_group": 0}
    return subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, **group
    )


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode()


def _digest(body: Mapping[str, Any]) -> str:
    return digest_of([json.dumps(body, sort_keys=True).encode()])
