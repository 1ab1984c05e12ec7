"""The open libraries of a server.

A search keeps its library to itself while it runs, so each library is open several times (`Settings.num_searchers`), in objects that
share one model and the same mapped files. `await shelved.run(work)` runs `work(library)` in a thread as soon as one is free;
who waits, waits without a thread. `await shelved.look(work)` is for quick work. Nothing is opened before it is asked for, and a library that was made anew in its place is
opened anew.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import anyio
from anyio.to_thread import run_sync
from fastapi import Depends, Request

from hearken.errors import HearkenError
from hearken.library.store import DATABASE_NAME, open_store
from hearken.search.answer import Encoder
from hearken.search.library import Library
from hearken.search.origin import find_origin
from hearken.server.problems import not_found
from hearken.server.settings import Settings

T = TypeVar("T")
_Stamp = tuple[int, int]
_NUM_LOOKERS = 2


class Models:
    """Loaded models by digest, each loaded once for all libraries that it made."""

    def __init__(self, *loaded: Encoder) -> None:
        self._lock = threading.Lock()
        self._models = {model.digest: model for model in loaded}

    def of(self, library: Path) -> Encoder:
        """Return the model that made the library in the folder `library`. Raises LibraryNotFoundError, ModelError, ModelMismatchError."""
        from hearken.runtime.model import load_model

        with open_store(library) as store:
            record = store.model
        with self._lock:
            if record.digest not in self._models:
                self._models[record.digest] = load_model(find_origin(library, record))
            return self._models[record.digest]


class Shelved:
    """One library of the server: `name` in addresses, `path` of its folder."""

    def __init__(self, name: str, path: Path, models: Models, settings: Settings) -> None:
        self.name, self.path, self.settings = name, path, settings
        self._models = models
        self._lock = threading.Lock()
        self._idle: list[tuple[_Stamp, Library]] = []
        self._gate = threading.BoundedSemaphore(settings.num_searchers + _NUM_LOOKERS)
        self._searching: anyio.CapacityLimiter | None = None
        self._looking: anyio.CapacityLimiter | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a library in the folder yet."""
        return (self.path / DATABASE_NAME).is_file()

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders that may be indexed besides those that are: `--root`, which is for the first library."""
        return self.settings.roots if self.path == self.settings.libraries[0] else ()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Library]:
        """Lend a Library to this thread alone; waits for one to become free. Raises LibraryNotFoundError and other StoreErrors."""
        with self._gate:
            stamp, library = self._take()
            try:
                yield library
            finally:
                with self._lock:
                    self._idle.append((stamp, library))

    async def run(self, work: Callable[[Library], T]) -> T:
        """Return `work(library)`, done in a thread with a Library of its own. Raises what `borrow` and `work` raise."""
        if self._searching is None:
            self._searching = anyio.CapacityLimiter(self.settings.num_searchers)
        return await self._lent(work, self._searching)

    async def look(self, work: Callable[[Library], T]) -> T:
        """Do the same for work of a millisecond, such as finding a file: it does not queue up behind searches."""
        if self._looking is None:
            self._looking = anyio.CapacityLimiter(_NUM_LOOKERS)
        return await self._lent(work, self._looking)

    async def _lent(self, work: Callable[[Library], T], limiter: anyio.CapacityLimiter) -> T:
        def lent() -> T:
            with self.borrow() as library:
                return work(library)

        return await run_sync(lent, limiter=limiter)

    def close(self) -> None:
        """Close what is idle; nothing may be lent any more."""
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()

    def _take(self) -> tuple[_Stamp, Library]:
        now = _stamp(self.path)
        with self._lock:
            while self._idle:
                stamp, library = self._idle.pop()
                if stamp == now:
                    return stamp, library
                library.close()  # another library lies there by now
        return now, Library(self.path, self._models.of(self.path))


class Shelf:
    """All libraries of a server, by name."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self._shelved = {name: Shelved(name, path, models, settings) for name, path in settings.names.items()}

    @property
    def names(self) -> list[str]:
        """Names of the libraries, the first one is shown first."""
        return list(self._shelved)

    def get(self, name: str) -> Shelved:
        """Return the library `name`. Raises the 404 of `problems`."""
        if name not in self._shelved:
            raise not_found()
        return self._shelved[name]

    def warm(self) -> None:
        """Read what the first search in each library needs, models and dictionary, before anybody waits for it."""
        for shelved in self._shelved.values():
            with contextlib.suppress(HearkenError), shelved.borrow() as library:  # whoever searches is told what is wrong
                library.search("warm", k=1)

    def close(self) -> None:
        """Close everything."""
        for shelved in self._shelved.values():
            shelved.close()


def _stamp(folder: Path) -> _Stamp:
    """Return which database file lies in a library's folder, zeros for none."""
    try:
        status = os.stat(folder / DATABASE_NAME)
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


async def the_shelf(request: Request) -> Shelf:
    """Return the libraries of the server that a request came to."""
    shelf: Shelf = request.app.state.shelf
    return shelf


async def the_library(lib: str, shelf: Annotated[Shelf, Depends(the_shelf)]) -> Shelved:
    """Return the library that the address of a request names. Raises the 404 of `problems`."""
    return shelf.get(lib)


async def the_settings(shelf: Annotated[Shelf, Depends(the_shelf)]) -> Settings:
    """Return the settings of the server."""
    return shelf.settings


ShelfDep = Annotated[Shelf, Depends(the_shelf)]
LibraryDep = Annotated[Shelved, Depends(the_library)]
SettingsDep = Annotated[Settings, Depends(the_settings)]
