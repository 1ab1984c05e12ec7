"""What goes on in the libraries of a server while it runs: their indexing, their maps, and who listens to news of them.

One `Live` for each library, made when it is first asked for; `Lives` is on `app.state` and ends with the server.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from hearken.errors import HearkenError
from hearken.library.store import DATABASE_NAME, open_store
from hearken.search.answer import Encoder
from hearken.search.library import Library
from hearken.server.broadcast import Broadcast
from hearken.server.jobs import Indexing
from hearken.server.maps import Maps
from hearken.server.schemas import Job
from hearken.server.state import LibraryDep, Shelved

if TYPE_CHECKING:
    from hearken.library.index import IndexEvent, IndexReport

_LOOK_INTERVAL_S = 1.5
_Stamp = tuple[tuple[int, int, int], ...]
_making = threading.Lock()


class Live:
    """Indexing, map and listeners of one library."""

    def __init__(self, shelved: Shelved) -> None:
        self.shelved = shelved
        self.news = Broadcast()
        self.indexing = Indexing(self._tell_job)
        self.maps = Maps(shelved, lambda text: self.news.publish("map", text))
        self._seen: _Stamp = ()
        self._looked_s = -math.inf
        self._watching = threading.Lock()
        self._tell_job(self.indexing.job)

    def start_indexing(self, *, captions: bool, retry_failed: bool) -> Job:
        """Index the folders of the library and those that the server was given. Raises BusyError, InputError, StoreError."""

        def index(roots: Sequence[str], *, retry_failed: bool, captions: bool, on_event: Callable[[IndexEvent], None]) -> IndexReport:
            with Library(self.shelved.path, self._model()) as library:
                return library.index(roots, retry_failed=retry_failed, captions=captions, on_event=on_event)

        return self.indexing.start(index, self.roots(), retry_failed=retry_failed, captions=captions)

    def roots(self) -> list[str]:
        """Return the folders that may be indexed: those that were, and those of `--root`. Raises StoreError."""
        known: list[str] = []
        if self.shelved.exists:
            with open_store(self.shelved.path) as store:
                known = store.roots()
        return list(dict.fromkeys([*known, *map(str, self.shelved.roots)]))

    @property
    def is_look_due(self) -> bool:
        """Whether nobody has looked for a while; all listeners look for each other."""
        return time.monotonic() - self._looked_s >= _LOOK_INTERVAL_S

    def look(self) -> None:
        """Tell listeners if the library has changed since the last look, whoever changed it. Cheap where nothing has. Raises StoreError."""
        if not self._watching.acquire(blocking=False):
            return
        try:
            self._looked_s = time.monotonic()
            seen = _stamp(self.shelved.path)
            if seen != self._seen and self.shelved.exists:
                with open_store(self.shelved.path) as store:
                    facts = {"generation": store.generation, "num_files": store.stats().num_files}
                self.news.publish("library", json.dumps(facts))
                self._follow_with_map()
            self._seen = seen
        finally:
            self._watching.release()

    def close(self) -> None:
        """End everything, within about ten seconds."""
        self.news.end()
        self.maps.close()
        self.indexing.close()

    def _model(self) -> Encoder | str | None:
        """Return the model to index with: the one that searches, or, for a library that is still to be made, the one that was named."""
        if not self.shelved.exists:
            return self.shelved.settings.model
        with self.shelved.borrow() as library:
            return library.parts().ready()[0]

    def _follow_with_map(self) -> None:
        """Have the map made anew if somebody looks at maps here and much has changed, but not while more is on its way."""
        if self.maps.is_wanted and not self.indexing.is_running:
            with contextlib.suppress(HearkenError):  # who asks for the map is told
                self.maps.answer()

    def _tell_job(self, job: Job) -> None:
        self.news.publish("indexing", job.model_dump_json())


class Lives:
    """The `Live` of each library, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lives: dict[str, Live] = {}

    def of(self, shelved: Shelved) -> Live:
        """Return what goes on in a library."""
        with self._lock:
            if shelved.name not in self._lives:
                self._lives[shelved.name] = Live(shelved)
            return self._lives[shelved.name]

    def end_streams(self) -> None:
        """End all streams of events, which else keep a server from ending; may be called from a handler of signals."""
        for live in list(self._lives.values()):
            live.news.end()

    def close(self) -> None:
        """End everything."""
        for live in list(self._lives.values()):
            live.close()


async def the_lives(request: Request) -> Lives:
    """Return what goes on in the server that a request came to; `async`, as all that routes depend on: else each would take a thread."""
    state = request.app.state
    with _making:
        if not hasattr(state, "lives"):
            state.lives = Lives()
            if hasattr(state, "closing"):
                state.closing.append(state.lives.close)
    lives: Lives = state.lives
    return lives


async def the_live(request: Request, shelved: LibraryDep) -> Live:
    """Return what goes on in the library that the address of a request names."""
    return (await the_lives(request)).of(shelved)


LiveDep = Annotated[Live, Depends(the_live)]


def _stamp(folder: Path) -> _Stamp:
    """Return what changes with every commit to the library in `folder`, without opening it."""
    found = []
    for name in (DATABASE_NAME, DATABASE_NAME + "-wal"):
        try:
            status = os.stat(folder / name)
        except OSError:
            continue
        if status.st_size:  # whoever opens the library to read makes an empty log
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
