"""What the user names, as a file or folder on this disk: a path, a name of the table, an address, or a hub id.

A file of the table is known by its own name wherever it lies, so that an address of a mirror will do, and is checked alike.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from hearken.convert.sources import SOURCES, Source
from hearken.data.download import download
from hearken.errors import DownloadError, InputError, show
from hearken.models import hub
from hearken.types import Progress

_FOLDER_FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "model*.safetensors",
    "model.safetensors.index.json",
)
_PICKLED = "pytorch_model.bin"
_NOT_IN_NAMES = re.compile(r"[^\w.=+-]", re.ASCII)  # what some system forbids in the name of a file
_FORBIDDEN = '<>:"/\\|?*'
_NAME_CHARS = 100


@dataclass(frozen=True)
class Origin:
    """Where weights came from, as far as it is known: name in the table or hub id, address, licence, SHA-256 of the file."""

    name: str = ""
    url: str = ""
    licence: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Obtained:
    """A checkpoint at hand: its `path`, where it came from, what to call it, and the architecture if the table says so."""

    path: Path
    origin: Origin
    name: str
    architecture: str | None = None


def obtain(what: str, downloads: Path, on_progress: Progress | None = None) -> Obtained:
    """Return the checkpoint that `what` names; what is not here is brought to the folder `downloads`, or the hub's cache.

    Raises DownloadError with the way out, InputError for a name that nothing has.
    """
    path = Path(os.path.expanduser(what))
    if path.exists():
        if not (path.is_file() or path.is_dir()):
            raise InputError(f"{show(path)} is neither a file nor a folder.", "Give a checkpoint that lies on a disk.")
        return Obtained(path, Origin(sha256=_sha256(path) if path.is_file() else ""), _called(path))
    if what.startswith(("http://", "https://")):
        return _from_address(what, downloads, on_progress)
    source = SOURCES.get(what)
    if source is None and hub.HUB_ID.fullmatch(what):
        source = Source(what, "", "as its model card says", hub_id=what)
    if source is None:
        near = difflib.get_close_matches(what.lower(), SOURCES, n=4, cutoff=0.3)
        hint = f"Nearest names: {', '.join(near)}. " if near else ""
        raise InputError(f"There is no file, checkpoint or hub id {show(what)!r}.", f"{hint}`hearken models` lists them all.")
    if source.hub_id:
        folder = pull(source.hub_id)
        return Obtained(folder, Origin(what, f"{source.hub_id}@{folder.name}", source.licence), what)
    target = downloads / source.file_name
    if not source.urls and not target.is_file():
        raise DownloadError(
            f"{source.title} has a page but no plain address.",
            f"Get {source.file_name} from {source.page} and give its path, or put it at {target}.",
        )
    digest = download(source.urls, target, source.expected, on_progress=on_progress)
    return Obtained(target, Origin(what, source.where, source.licence, digest), what, source.architecture)


def _from_address(url: str, downloads: Path, on_progress: Progress | None) -> Obtained:
    """Bring the file at `url`. One that is in the table by its file name is held to the digest there."""
    parts = urllib.parse.urlsplit(url)
    last = urllib.parse.unquote(parts.path.rsplit("/", 1)[-1])
    file_name = _NOT_IN_NAMES.sub("_", last)[-_NAME_CHARS:].lstrip(".") or "checkpoint"
    plain = urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))  # no passwords, no tokens
    name, source = next(((name, source) for name, source in SOURCES.items() if source.file_name == file_name), ("", None))
    if source:
        digest = download(url, downloads / file_name, source.expected, on_progress=on_progress)
        return Obtained(downloads / file_name, Origin(name, plain, source.licence, digest), name, source.architecture)
    target = downloads / hashlib.sha256(url.encode(errors="replace")).hexdigest()[:12] / file_name  # many files are called model.pt
    digest = download(url, target, on_progress=on_progress)
    return Obtained(target, Origin("", plain, "", digest), Path(file_name).stem)


def pull(hub_id: str, endpoint: str | None = None, cache: Path | None = None) -> Path:
    """Return the local folder of the `transformers` model `hub_id`: safetensors, or where there are none the older file.

    It lies in the hub's own cache; nothing in it is ever run. Raises DownloadError.
    """
    folder = hub.pull(hub_id, endpoint=endpoint, cache=cache, patterns=_FOLDER_FILES)
    if not any(folder.glob("model*.safetensors")):
        folder = hub.pull(hub_id, endpoint=endpoint, cache=cache, patterns=(*_FOLDER_FILES, _PICKLED))
    return folder


def _called(path: Path) -> str:
    """What to call the model of a file or folder: its name, without what a folder's name cannot have on some system."""
    resolved = path.resolve()
    name = resolved.stem if path.is_file() else resolved.name
    return "".join(char if char.isprintable() and char not in _FORBIDDEN else "_" for char in name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
