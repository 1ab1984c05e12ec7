"""What the user names, as a file or folder on this disk: a path, a name of the table, or a hub id."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from hearken.convert.sources import SOURCES, Source
from hearken.data.download import Progress, download
from hearken.errors import DownloadError, InputError, show

_FOLDER_FILES = (
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "model.safetensors",
    "model*.safetensors",
    "model.safetensors.index.json",
)
_PICKLED = "pytorch_model.bin"


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
    path = Path(what).expanduser()
    if path.exists():
        return Obtained(path, Origin(sha256=_sha256(path) if path.is_file() else ""), _called(path))
    source = SOURCES.get(what)
    if source is None and _is_hub_id(what):
        source = Source(what, "", "as its model card says", hub_id=what)
    if source is None:
        near = difflib.get_close_matches(what.lower(), SOURCES, n=4, cutoff=0.3)
        hint = f"Nearest names: {', '.join(near)}. " if near else ""
        raise InputError(f"There is no file, checkpoint or hub id {show(what)!r}.", f"{hint}`hearken models` lists them all.")
    if source.hub_id:
        return Obtained(pull(source.hub_id), Origin(what, source.hub_id, source.licence), what)
    target = downloads / source.file_name
    if not source.urls and not target.is_file():
        raise DownloadError(
            f"{source.title} has a page but no plain address.",
            f"Get {source.file_name} from {source.page} and give its path, or put it at {target}.",
        )
    digest = download(source.urls, target, source.expected, on_progress=on_progress)
    return Obtained(target, Origin(what, source.where, source.licence, digest), what, source.architecture)


def pull(hub_id: str, endpoint: str | None = None, cache: Path | None = None) -> Path:
    """Return the local folder of the `transformers` model `hub_id`: safetensors, or where there are none the older file.

    It lies in the hub's own cache; nothing in it is ever run. Raises DownloadError.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=list(_FOLDER_FILES), endpoint=endpoint, cache_dir=cache))
        if not any(folder.glob("model*.safetensors")):
            folder = Path(snapshot_download(hub_id, allow_patterns=[*_FOLDER_FILES, _PICKLED], endpoint=endpoint, cache_dir=cache))
    except (OSError, HTTPError, EntryNotFoundError, HFValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = f"The model {show(hub_id)} cannot be had from the hub: {show(reason)}"
        raise DownloadError(message, "Check the connection, or fetch the folder on another computer and give its path.") from error
    return folder


def _is_hub_id(text: str) -> bool:
    from hearken.models.hub import HUB_ID

    return HUB_ID.fullmatch(text) is not None


def _called(path: Path) -> str:
    resolved = path.resolve()
    return resolved.stem if path.is_file() else resolved.name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
