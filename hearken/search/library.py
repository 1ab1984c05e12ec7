"""`hearken.Library`: a library of sounds as a Python object. Index folders, search them, look after the result."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from hearken.audio.crew import num_cores
from hearken.library.records import LibraryStats, ModelRecord
from hearken.library.schema import check_model
from hearken.library.store import CACHE_NAME, open_store, stored_model
from hearken.library.vectors import VectorCache
from hearken.search import engine, wording
from hearken.search.answer import Answer, Encoder, Parts, Wish, answer, understand
from hearken.search.asking import checked
from hearken.search.captioning import caption_sounds, ready_captioner
from hearken.search.captions import CaptionCache
from hearken.search.confidence import Calibration, calibration_of
from hearken.search.origin import find_origin
from hearken.search.query import SearchRequest, made_filters
from hearken.search.selection import marked_files
from hearken.types import Embedder, Failure, Hit

if TYPE_CHECKING:
    from hearken.caption.captioner import VectorCaptioner
    from hearken.library.index import IndexEvent, IndexReport
    from hearken.library.store import SqliteStore
    from hearken.search.doctor import DoctorReport

DEFAULT_MODEL = "pocket"

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class LibraryInfo:
    """What a library is: its place, the model that made it, its totals, and the bytes of its search cache."""

    path: str
    model: ModelRecord
    stats: LibraryStats
    cache_bytes: int


def default_path() -> Path:
    """Return where the library is when nobody says: `$HEARKEN_HOME`, or Hearken's user-data folder on this platform."""
    home = os.environ.get("HEARKEN_HOME")
    if home:
        return Path(home).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("hearken", appauthor=False)


class Library:
    """The library in the folder `path` (default: `default_path()`), for one model.

    `model` is a name, a folder or a loaded model; by default the one that made the library, and "pocket" for a new one.
    Nothing is read before it is needed. One object may serve several threads, which take turns; any number of processes
    may search while one indexes. `embedder` replaces the processes that turn files into vectors. `captioner`, a name, a
    folder or a loaded one, writes machine-made captions; by default one that is here for the model.

    Every method may raise StoreError or a subclass: LibraryNotFoundError where there is no library yet (except `index`),
    ModelMismatchError before anything is compared, DamagedError.
    """

    def __init__(
        self,
        path: StrPath | None = None,
        model: StrPath | Encoder | None = None,
        *,
        embedder: Embedder | None = None,
        captioner: StrPath | VectorCaptioner | None = None,
    ) -> None:
        self.path = Path(os.path.abspath(os.path.expanduser(path))) if path is not None else default_path()
        self._named = model
        self._given_embedder = embedder
        self._named_captioner = captioner
        self._lock = threading.RLock()  # around opening, so that threads share one store and one model
        self._store: SqliteStore | None = None
        self._cache: VectorCache | None = None
        self._captions: CaptionCache | None = None
        self._encoder: Encoder | None = None
        self._calibration: Calibration | None = None  # the encoder's

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def index(
        self,
        folders: StrPath | Sequence[StrPath],
        *,
        jobs: int | None = None,
        retry_failed: bool = False,
        captions: bool = False,
        on_event: Callable[[IndexEvent], None] | None = None,
    ) -> IndexReport:
        """Bring the library up to date with `folders`, making it if there is none; what was done already is not done again.

        `jobs` processes work side by side (default: one for each core). `on_event` tells how far it is. Bad files end in
        `failures()` and are not tried again until they change, or with `retry_failed`. With `captions`, every sound of the library
        that has no machine-made caption gets one afterwards, as `caption` does; without, captions that are there stay. Raises
        LockedError when another process is writing, AudioReadError for a folder that is not there, and ModelMismatchError for a
        captioner of another model; then no library is made for it.
        """
        from hearken.library.index import IndexEvent, check_new_roots, index_folders

        roots = [folders] if isinstance(folders, str | os.PathLike) else list(folders)
        made_by = stored_model(self.path)
        if made_by is None:
            check_new_roots(roots)
        embedder = self._embedder(made_by)
        model = ModelRecord(embedder.name, embedder.digest, embedder.dim, self._model_folder())
        writer = ready_captioner(self._named_captioner, str(self.path), model) if captions else None
        with open_store(self.path, create=True, model=model, read_only=False) as store:
            report = index_folders(store, embedder, roots, jobs=jobs or num_cores(), on_event=on_event, retry_failed=retry_failed)

            def tell(done: int, total: int) -> None:
                if on_event is not None:
                    on_event(IndexEvent("graph", done, total, report.audio_s, 0.0, report.failed))

            VectorCache(self.path / CACHE_NAME, store).refresh(on_progress=tell)
            return report if writer is None else replace(report, captioned=self._caption(store, writer, on_event))

    def caption(self, on_event: Callable[[IndexEvent], None] | None = None) -> int:
        """Give every sound that has no caption by the captioner a machine-made one, and return how many sounds that were.

        No sound is read again, and copies share a caption. Captions by another captioner are replaced. What is done stays done
        when this is interrupted. Raises LockedError, ModelMismatchError for a captioner of another model, ModelError.
        """
        with open_store(self.path, read_only=False) as store:
            return self._caption(store, ready_captioner(self._named_captioner, str(self.path), store.model), on_event)

    def _caption(self, store: SqliteStore, writer: VectorCaptioner, on_event: Callable[[IndexEvent], None] | None) -> int:
        from hearken.library.index import IndexEvent

        def tell(done: int, total: int) -> None:
            if on_event is not None:
                on_event(IndexEvent("caption", done, total, 0.0, 0.0, 0))

        return caption_sounds(store, writer, self._encode(store), tell)

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        not_text: str | None = None,
        moments: bool = False,
        min_duration_s: float | None = None,
        max_duration_s: float | None = None,
        path_glob: str | None = None,
        formats: Sequence[str] = (),
        rates_hz: Sequence[int] = (),
        num_channels: Sequence[int] = (),
        labels: Sequence[str] = (),
        collection: int | None = None,
        fold: bool = True,
        names: bool = True,
        captions: bool = True,
        as_typed: bool = False,
    ) -> list[Hit]:
        """Return at most `k` hits for a description of a sound, best first; equal scores are ordered by path.

        One hit for each file, at its best moment; with `moments`, all that stand out. Files can be required to last
        `min_duration_s` to `max_duration_s` seconds, to have a path that fits `path_glob`, and to be of one of some
        `formats` (container, codec or suffix), `rates_hz` or `num_channels`; to have one of the `labels` that `hearken tag` gave, or
        to be in a `collection` (its number). `not_text` says what it should not sound like;
        `fold` puts copies of a recording into `Hit.duplicates`; `names` lets words in names, folders, tags and captions
        count too, `captions` machine-made captions, which hits then show. The text is read as `understand` says, or with
        `as_typed` taken as it stands. Where the model has a calibration, hits tell their `confidence`
        and whether they are `weak`. How scores come about is told in `search/engine.py`. Raises QueryError for a request that
        makes no sense.
        """
        filters = made_filters(min_duration_s, max_duration_s, path_glob, formats, rates_hz, num_channels)
        wish = Wish(text, not_text, names=names, captions=captions, as_typed=as_typed)
        request = SearchRequest(k, moments, fold, filters)  # checked before anything is opened
        return self.answer(wish, replace(request, only=self._only(labels, collection))).hits

    def answer(self, wish: Wish, request: SearchRequest) -> Answer:
        """Return the hits for any wish, with what is known of their files; see `search/answer.py`. Raises QueryError."""
        return answer(self.parts(), wish, request)

    def understand(self, text: str) -> wording.Understood:
        """Return what `search` takes a text to ask for: typing errors, imitations of sounds, requests and negations are put into words
        that a model knows. Words in names, folders, tags and captions of the library are no typing errors. Raises QueryError.
        """
        return understand(self._opened()[0], text)

    def similar(
        self,
        sound: StrPath | np.ndarray,
        k: int = 10,
        *,
        sample_rate: int | None = None,
        moments: bool = False,
        min_duration_s: float | None = None,
        max_duration_s: float | None = None,
        path_glob: str | None = None,
        formats: Sequence[str] = (),
        rates_hz: Sequence[int] = (),
        num_channels: Sequence[int] = (),
        labels: Sequence[str] = (),
        collection: int | None = None,
        fold: bool = True,
    ) -> list[Hit]:
        """Return at most `k` hits that sound like a file or an array, best first; see `search` for the rest.

        An array is (T,) or (C, T), full scale = 1, at `sample_rate` Hz. A file that is in the library itself is left out.
        Raises AudioError for sound that cannot be used.
        """
        filters = made_filters(min_duration_s, max_duration_s, path_glob, formats, rates_hz, num_channels)
        request = SearchRequest(k, moments, fold, filters)
        store, cache = self._opened()
        request = replace(request, only=self._only(labels, collection))
        path = None if isinstance(sound, np.ndarray) else os.path.abspath(os.path.expanduser(sound))
        vector = self._encode(store).encode_audio([sound if path is None else path], sample_rate=sample_rate)[0]
        itself = None if path is None else _find(store, path)
        return engine.search(store, cache, engine.Query(checked(vector), leave_out=itself), request, self._captions)

    def info(self) -> LibraryInfo:
        """Return the place, model, totals and cache size of the library."""
        store, _ = self._opened()
        sizes = [entry.stat().st_size for entry in _entries(self.path / CACHE_NAME)]
        return LibraryInfo(str(self.path), store.model, store.stats(), sum(sizes))

    def failures(self) -> list[Failure]:
        """Return the ledger: every file that could not be indexed, and why."""
        return self._opened()[0].failures()

    def doctor(self, *, repair: bool = False) -> DoctorReport:
        """Examine everything and return a report; `repair` takes out what was damaged and makes the cache anew. Raises nothing of ours."""
        from hearken.search.doctor import examine

        return examine(self.path, self._model_for, repair=repair)

    def remove(self, folder: StrPath) -> int:
        """Forget a folder (or file) and return how many files that were; the files themselves are not touched. Raises LockedError."""
        from hearken.library.index import remove_folder

        with open_store(self.path, read_only=False) as store:
            return remove_folder(store, folder)

    def close(self) -> None:
        """Release the files of the library; the next call opens them again."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            if self._store is not None:
                self._store.close()
            self._store = self._cache = self._captions = None

    def _opened(self) -> tuple[SqliteStore, VectorCache]:
        with self._lock:
            if self._store is None or self._cache is None:
                self._store = open_store(self.path)
                self._cache = VectorCache(self.path / CACHE_NAME, self._store)
                self._captions = CaptionCache(self._store)
            return self._store, self._cache

    def parts(self) -> Parts:
        """Return the open library in its parts, for those who browse it; they share it with this object."""
        store, cache = self._opened()
        return Parts(store, cache, self._captions or CaptionCache(store), lambda: (self._encode(store), self._calibration))

    def _only(self, labels: Sequence[str], collection: int | None) -> frozenset[int] | None:
        return marked_files(self._opened()[0], labels, collection)

    def _encode(self, store: SqliteStore) -> Encoder:
        """Return the model, once it is known to be the one that made the library. Raises ModelMismatchError."""
        with self._lock:
            if self._encoder is None:
                encoder = self._model_for(store.model)
                check_model(store.folder, store.model, encoder)
                self._encoder, self._calibration = encoder, calibration_of(encoder)
            return self._encoder

    def _model_for(self, made_by: ModelRecord) -> Encoder:
        if self._named is not None and not isinstance(self._named, str | os.PathLike):
            return self._named
        from hearken.runtime.model import load_model

        return load_model(find_origin(self.path, made_by) if self._named is None else os.fspath(self._named))

    def _model_folder(self) -> str:
        """Where the model is, if it was given as a folder, its own or that of a training run; so it need not be given again."""
        from hearken.runtime.catalog import RUN_MODEL, find_model, is_run

        place = self._named if isinstance(self._named, str | os.PathLike) else getattr(self._named, "folder", None)
        folder = "" if place is None else os.path.abspath(os.path.expanduser(place))
        if not os.path.isfile(os.path.join(folder, "config.json")):
            if not is_run(Path(folder)):
                return ""
            folder = os.path.join(folder, RUN_MODEL)
        is_name = isinstance(place, str) and os.path.abspath(find_model(place)) != folder  # a folder here is called like a model
        return "" if is_name else folder

    def _embedder(self, made_by: ModelRecord | None) -> Embedder:
        if self._given_embedder is not None:
            return self._given_embedder
        if hasattr(self._named, "embed_files"):
            return cast("Embedder", self._named)
        from hearken.runtime.pool import FileEmbedder

        if self._named is None:
            return FileEmbedder(DEFAULT_MODEL if made_by is None else find_origin(self.path, made_by))
        if isinstance(self._named, str | os.PathLike):
            return FileEmbedder(os.fspath(self._named))
        return FileEmbedder(getattr(self._named, "folder", self._named.name))


def _find(store: SqliteStore, path: str) -> int | None:
    """Return the id of a file that may have been indexed by this path, through a link above it, or by its real path."""
    folder, name = os.path.split(path)
    found = (store.find(each) for each in (path, os.path.join(os.path.realpath(folder), name), os.path.realpath(path)))
    return next((file_id for file_id in found if file_id is not None), None)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
