"""Vectors for many files: several isolated processes, each working on one file at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from hearken.audio.crew import as_ready
from hearken.audio.worker import Worker
from hearken.errors import AudioReadError, HearkenError, ModelError, WorkerDiedError
from hearken.runtime.catalog import find_model, model_info
from hearken.runtime.model import embed_worker, load_model
from hearken.runtime.reply import read_reply
from hearken.types import EmbeddedFile, Failure, ProgressCallback

Result = tuple[str, EmbeddedFile | Failure]


class FileEmbedder:
    """Implements `hearken.types.Embedder` for a model given by name or folder.

    A file that crashes, hangs or exhausts its process costs that file alone: it becomes a Failure and the process is
    started again.
    """

    def __init__(self, name_or_path: str | Path = "pocket") -> None:
        self._folder = find_model(name_or_path)
        info = model_info(self._folder)
        self.name, self.digest, self.dim = info.name, info.digest, info.dim

    def embed_files(self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None) -> Iterator[Result]:
        """Yield (path, EmbeddedFile or Failure) for every path, as each gets ready. `paths` is read as workers get free.

        Closing the iterator early stops the workers. An error raised by `paths` itself is raised here; so is ModelError,
        before the first path is taken when the model is damaged, and later when another one takes its place.
        """
        load_model(self._folder).warm_audio()  # a damaged model is one error here, not one for each file

        def work(worker: Worker, path: str) -> Result:
            return path, self._embed(worker, path, on_progress)

        with closing(as_ready(paths, work, lambda: embed_worker(self._folder, self.digest), jobs)) as results:
            yield from results

    def _embed(self, worker: Worker, path: str, on_progress: ProgressCallback | None) -> EmbeddedFile | Failure:
        def progress(seconds: float) -> None:
            if on_progress:
                on_progress(path, seconds)

        try:
            return read_reply(worker.request({"path": path}, on_progress=progress), self.dim)
        except ModelError:  # another model is there now: that is no fault of the file
            raise
        except HearkenError as error:
            return Failure(path, _stage(error), type(error).__name__, error.message, error.hint)


def _stage(error: HearkenError) -> str:
    """Where it went wrong. A worker's death need not be the file's fault (a machine out of memory), so it is told apart."""
    if isinstance(error, WorkerDiedError):
        return "worker"
    return "read" if isinstance(error, AudioReadError) else "decode"
