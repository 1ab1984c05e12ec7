"""One published file, brought to its place: from its address, from a mirror on the web or on a disk, or by the user's hand."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from hearken.data.archive import OWN_FOLDER
from hearken.data.card import Card, File
from hearken.data.download import TIMEOUT_S, Expected, Sleep, download, tidy, verify
from hearken.data.whole import read_json, write_json
from hearken.errors import DownloadError, HearkenError, MissingDataError, show
from hearken.files import replacing
from hearken.types import Progress

HERE, FETCHED, BY_HAND, FAILED = "here", "fetched", "by hand", "failed"
"""What became of a file: it was there; it came; a person has to get it; it did not come, and why is told."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Brought:
    """What became of one file: `status`, its SHA-256 and size where it is here, else why not and what to do."""

    file: File
    status: str
    sha256: str = ""
    size_bytes: int | None = None
    message: str = ""
    hint: str = ""

    @property
    def is_here(self) -> bool:
        """Whether the file is at its place, and is the published one as far as anybody can tell."""
        return self.status in (HERE, FETCHED)


@dataclass(frozen=True)
class Way:
    """How files come: from `mirror` (an address or a folder; None: from their publishers), with what patience."""

    mirror: str | None = None
    timeout_s: float = TIMEOUT_S
    sleep: Sleep = time.sleep


class Memory:
    """The digests of files that were checked, so that gigabytes are read once: valid while size and date stay the same."""

    def __init__(self, home: Path) -> None:
        self._home, self._path = home, home / OWN_FOLDER / "files.json"
        self._known = read_json(self._path)

    def check(self, path: Path, expected: Expected) -> str:
        """Return the SHA-256 of the file at `path`. Raises DownloadError if it is not what is `expected`."""
        status = path.stat()
        key = path.relative_to(self._home).as_posix()
        facts = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "wanted": [expected.size, expected.sha256, expected.md5]}
        known = self._known.get(key)
        if isinstance(known, dict) and isinstance(known.get("sha256"), str) and {**known, **facts} == known:
            return str(known["sha256"])
        digest = verify(path, expected)
        self._known[key] = {**facts, "sha256": digest}
        write_json(self._path, self._known)
        return digest


def bring(file: File, card: Card, home: Path, way: Way, memory: Memory, on_progress: Progress | None = None) -> Brought:
    """Bring `file` of the corpus `card` to its place below `home`. A file that does not come is told of, not raised."""
    path = home / file.path
    expected = Expected(file.size_bytes, file.sha256, file.md5)
    try:
        if path.is_dir():
            return Brought(file, HERE)
        status = HERE if path.is_file() else _fetch(file, card, path, way, on_progress)
        if status == BY_HAND:
            return Brought(file, BY_HAND, message=f"{show(file.path)} has no public address.", hint=_advice(file, path))
        if path.is_dir():
            return Brought(file, status)
        if status == HERE:
            tidy(path)
        return Brought(file, status, memory.check(path, expected), path.stat().st_size)
    except HearkenError as error:
        return Brought(file, FAILED, message=error.message, hint=error.hint)
    except OSError as error:
        return Brought(file, FAILED, message=f"{show(path)}: {error.strerror or error}.", hint="Check the disk and its permissions.")


def _advice(file: File, path: Path) -> str:
    return f"{file.how} Its place is {show(path)}.".strip()


def _fetch(file: File, card: Card, path: Path, way: Way, on_progress: Progress | None) -> str:
    """Bring what is not there; return FETCHED, or BY_HAND where there is no address. Raises DownloadError and OSError."""
    expected = Expected(file.size_bytes, file.sha256, file.md5)
    urls: Sequence[str] = file.urls
    if way.mirror is not None:
        place = mirrored(file, card, way.mirror)
        if isinstance(place, Path):
            if not place.exists() and not file.urls:
                return BY_HAND
            _copy_folder(place, path, on_progress) if place.is_dir() else _copy(place, path, expected, on_progress)
            return FETCHED
        urls = [place]
    if not urls:
        return BY_HAND
    try:
        download(urls, path, expected, on_progress=on_progress, timeout_s=way.timeout_s, sleep=way.sleep)
    except DownloadError as error:
        if file.urls or not re.search("404|web page", error.message):
            raise
        return BY_HAND  # the mirror has not got it either; a folder it would show as a page
    return FETCHED


def mirrored(file: File, card: Card, mirror: str) -> str | Path:
    """Return where `mirror` has `file`: MIRROR/CORPUS/NAME, an address or a path on a disk.

    NAME is the file's name, or its path where two files of the corpus have the same name.
    """
    same = [other for other in flat(card.files) if Path(other.path).name == Path(file.path).name]
    name = Path(file.path).name if len(same) <= 1 else file.path
    folder = mirror_folder(mirror)
    return f"{mirror.rstrip('/')}/{quote(card.name)}/{quote(name)}" if folder is None else folder / card.name / name


def mirror_folder(mirror: str) -> Path | None:
    """Return the folder that a mirror is; None for one on the web."""
    scheme = urlsplit(mirror).scheme
    if scheme in ("http", "https"):
        return None
    return Path(unquote(urlsplit(mirror).path)) if scheme == "file" else Path(mirror).expanduser()


def check_mirror(mirror: str | None) -> None:
    """Look at a mirror once, before every file is missed in it. Raises MissingDataError if it is a folder that is not there."""
    folder = mirror_folder(mirror) if mirror else None
    if folder is not None and not folder.is_dir():
        raise MissingDataError(
            f"There is no mirror {show(folder)}.", "Give --mirror (or $HEARKEN_MIRROR) a folder, or an address that begins with https://."
        )


def _copy(source: Path, path: Path, expected: Expected, on_progress: Progress | None) -> None:
    """Copy `source` to `path`, whole and checked, or not at all. Raises DownloadError and OSError."""
    if not source.is_file():
        raise DownloadError(f"The mirror has no file {show(source)}.", "Put it there, or leave the mirror out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    total = source.stat().st_size
    if shutil.disk_usage(path.parent).free < total:
        raise DownloadError(f"The disk of {show(path.parent)} has no room for {total} bytes.", "Make room and run the command again.")
    with replacing(path, alone=True) as part:
        with source.open("rb") as origin, part.open("wb") as target:
            done = 0
            while chunk := origin.read(_CHUNK_BYTES):
                target.write(chunk)
                done += len(chunk)
                if on_progress:
                    on_progress(done, total)
        try:
            verify(part, expected)
        except DownloadError as error:
            reason = error.message.rpartition(": ")[2]
            raise DownloadError(f"The mirror's {show(source)} is not the published file: {reason}", "Put the right one there.") from error


def _copy_folder(source: Path, path: Path, on_progress: Progress | None) -> None:
    """Copy the files of a folder of a mirror, such as sounds that have no archive; those that are here stay. Raises DownloadError, OSError."""
    files = sorted(file for file in source.rglob("*") if file.is_file())
    for number, file in enumerate(files, start=1):
        place = path / file.relative_to(source)
        if not place.exists():
            _copy(file, place, Expected(), None)
        if on_progress:
            on_progress(number, len(files))


def flat(files: Sequence[File]) -> list[File]:
    """Return `files` with the volumes of a split zip as files of their own: joined, nobody could tell where one ended.

    Such a file has several addresses, with `.z01` in one of them; its volumes are named after it: X.z01, ..., X.zip.
    """
    found: list[File] = []
    for file in files:
        if len(file.urls) > 1 and any(".z01" in url.lower() for url in file.urls):
            endings = [f".z{number:02d}" for number in range(1, len(file.urls))] + [".zip"]
            for ending, url in zip(endings, file.urls, strict=True):
                path = str(Path(file.path).with_suffix(ending))
                unpack_to = file.unpack_to if ending == ".zip" else None
                found.append(replace(file, path=path, urls=(url,), size_bytes=None, md5=None, sha256=None, unpack_to=unpack_to))
        else:
            found.append(file)
    return found
