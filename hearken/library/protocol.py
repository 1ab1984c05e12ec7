"""What indexing and searching need of a library, whatever keeps it: SQLite today, a server tomorrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from hearken.library.records import (
    Change,
    FileRecord,
    FileVectors,
    Filters,
    KnownFailure,
    KnownFile,
    LibraryStats,
    MachineCaption,
    ModelRecord,
)
from hearken.types import Failure


class Store(Protocol):
    """A library. Every method may raise StoreError or a subclass."""

    @property
    def folder(self) -> str:
        """Absolute path of the library; caches live in its folder `cache`."""
        ...

    @property
    def model(self) -> ModelRecord:
        """The model that made the vectors."""
        ...

    @property
    def library_id(self) -> str:
        """Random name of this library, new when it is rebuilt: ids and generations mean something only together with it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether `apply` is refused."""
        ...

    @property
    def generation(self) -> int:
        """Grows with every commit that adds, removes or replaces vectors."""
        ...

    def snapshot(self) -> AbstractContextManager[int]:
        """Enter a state that does not change while inside, and yield its generation."""
        ...

    def file_versions(self) -> dict[int, int]:
        """Return the version of each file id; a version changes when, and only when, the vectors of the file change."""
        ...

    def files(self, file_ids: Iterable[int] | None = None) -> list[FileRecord]:
        """Return the records of `file_ids` in that order, unknown ids left out; of all files by id for None."""
        ...

    def read_vectors(self, file_ids: Iterable[int]) -> Iterator[FileVectors]:
        """Yield the vectors of `file_ids` in that order, unknown ids left out. Raises DamagedError for altered vectors."""
        ...

    def match_text(self, words: str) -> dict[int, float]:
        """Return for each file that holds any word of a text the share of its distinct words found, in (0, 1]."""
        ...

    def match_captions(self, words: str) -> dict[int, float]:
        """Return the same for machine-made captions, by the version of the files that share one."""
        ...

    def caption_generation(self) -> int:
        """Return a number that grows with every commit of machine-made captions; 0 where there never were any."""
        ...

    def captions_since(self, generation: int) -> Iterator[MachineCaption]:
        """Yield the machine-made captions that came after `generation` of captions; damaged ones are left out."""
        ...

    def captions_of(self, versions: Sequence[int]) -> dict[int, str]:
        """Return the machine-made captions of files by their version, where there are any."""
        ...

    def uncaptioned(self, digest: str) -> list[tuple[int, int]]:
        """Return one file id and the version of each sound that the captioner of `digest` has not captioned."""
        ...

    def select(self, filters: Filters) -> set[int] | None:
        """Return the ids of the files that pass, or None when the filters let everything through."""
        ...

    def find(self, path: str) -> int | None:
        """Return the id of the file with this absolute path, or None."""
        ...

    def failures(self) -> list[Failure]:
        """Return the ledger by path: what failed, and what was skipped (stage `scan`)."""
        ...

    def stats(self) -> LibraryStats:
        """Return totals."""
        ...

    def roots(self) -> list[str]:
        """Return the folders and single files that were indexed."""
        ...

    def known_files(self) -> dict[str, KnownFile]:
        """Return the stamp of every file by path."""
        ...

    def known_failures(self) -> dict[str, KnownFailure]:
        """Return the ledger by path, with the stamps of the files."""
        ...

    def known_sounds(self) -> set[bytes]:
        """Return the content hashes whose vectors are stored."""
        ...

    def apply(self, batch: Sequence[Change]) -> None:
        """Commit all changes of a batch in order, or none. Raises DiskFullError, LockedError and other StoreErrors."""
        ...

    def sweep(self) -> None:
        """Drop the vectors of sounds that no file has any more."""
        ...

    def check(self) -> list[str]:
        """Examine everything and return what is wrong, one sentence each; empty for a sound library."""
        ...

    def repair(self) -> list[str]:
        """Forget files whose facts or vectors cannot be used, so that the next run embeds them again; return their paths."""
        ...

    def check_captions(self) -> list[str]:
        """Examine the machine-made captions and return what is wrong with them, one sentence each."""
        ...

    def repair_captions(self) -> int:
        """Drop machine-made captions that cannot be used, mend their text index, and return how many were dropped."""
        ...

    def close(self) -> None:
        """Release the library."""
        ...
