"""The Hugging Face hub: model folders are pushed to it, and pulled from it into its ordinary cache.

Only a name of the form `owner/model`, which is no folder here, ever makes a connection. What was pulled once is found
again without one; a download that broke off goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hearken.errors import DownloadError, ModelNotFoundError, show

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
PATTERNS = ("config.json", "model.safetensors", "tokenizer.json", "vocabulary.json", "README.md")
"""All that is taken from the hub; nothing of it is ever run or unpickled."""
_OFFLINE = "Check the connection, or fetch the folder on another machine and give its path."


def locate(name: str | Path, *, endpoint: str | None = None, revision: str | None = None, cache: Path | None = None) -> Path:
    """Return the model folder `name`, or the one pulled from the hub when `name` is no folder but a hub id.

    Raises ModelNotFoundError for a name that is neither, DownloadError when the hub cannot be reached and nothing is cached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if not HUB_ID.fullmatch(str(name)):
        raise ModelNotFoundError(f"There is no model folder {show(str(name))!r}, and it is no hub id.", "A hub id looks like owner/model.")
    return pull(str(name), endpoint=endpoint, revision=revision, cache=cache)


def quiet() -> None:
    """Keep the libraries of the hub from telling or asking it anything but what is to be fetched, and from reports on the terminal.

    Call it before their first use. A file may hold more than is used, such as a pooling layer; that is no news to a user.
    """
    from huggingface_hub import constants
    from transformers.utils import logging

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def pull(
    repo_id: str, *, endpoint: str | None = None, revision: str | None = None, cache: Path | None = None, token: str | None = None,
    patterns: Sequence[str] = PATTERNS,
) -> Path:  # fmt: skip
    """Return the local folder of the hub's model `repo_id`, fetching what is not yet there; `cache` is the hub's own by default.

    Only files whose names fit one of `patterns` are taken. Without a connection, a cached copy serves. Raises DownloadError.
    """
    from huggingface_hub import snapshot_download

    quiet()
    with _explained(f"The model {show(repo_id)} cannot be had from the hub"):
        return Path(
            snapshot_download(repo_id, revision=revision, cache_dir=cache, endpoint=endpoint, token=token, allow_patterns=list(patterns))
        )


def push(
    save: Callable[[Path], None], repo_id: str, *, endpoint: str | None = None, token: str | None = None, private: bool = False
) -> str:
    """Make the repository `repo_id` if need be, write what `save` puts into a folder as one commit, and return its address.

    Raises DownloadError when the hub refuses or cannot be reached, and whatever `save` raises.
    """
    from huggingface_hub import HfApi

    quiet()
    api = HfApi(endpoint=endpoint, token=token)
    with tempfile.TemporaryDirectory(prefix="hearken-push-") as folder:
        save(Path(folder))
        with _explained(f"The model cannot be pushed to {repo_id!r}"):
            api.create_repo(repo_id, private=private, exist_ok=True)
            commit = api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message="Hearken model", allow_patterns=list(PATTERNS))
            return str(commit.commit_url)


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn the hub library's errors into one of ours with a way out."""
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except (OSError, HTTPError, EntryNotFoundError, HFValidationError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DownloadError(f"{what}: {show(reason)}", _OFFLINE) from error
