"""Where models are, what they are called, and how one is known from another.

A model is a folder: `config.json` beside the files that it lists with their SHA-256. Its identity is a digest over those
digests, the front end and the length policy: everything that decides what vectors it gives.

Models come from three places: the package (built in), the models home (installed: exported there, or fetched by name), and
any folder that is given by its path, where that of a training run stands for the model in it. A name is looked for in this order.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from hearken.errors import DigestError, ModelError, ModelNotFoundError, show

FORMAT = 1
IDENTITY = ("format", "dim", "num_features", "max_query_tokens", "front_end", "length_policy", "files")
"""The keys of a configuration that decide what vectors a model gives; its name and words do not."""
OPTIONAL_IDENTITY = ("inputs", "text_policy")
"""Keys of the same kind that a configuration may leave out; they count only where present, so older models keep their digest."""
RUN_RECORD, RUN_MODEL = "run.json", "model"
"""What a folder is a training run by, and where in it the exported model is."""
_NEEDED = (*IDENTITY, "name", "summary", "licence")
_REINSTALL = "Install Hearken, or make the model, again."
_ASSETS = Path(__file__).parents[1] / "assets"
_NAME = re.compile(r"[\w][\w.+-]*(?:/[\w][\w.+-]*)?", re.ASCII)


@dataclass(frozen=True)
class ModelInfo:
    """One model that can be loaded by `name`: where it lies, and what its card says in short."""

    name: str
    path: str
    digest: str
    dim: int
    size_bytes: int
    licence: str
    summary: str


def models_home() -> Path:
    """Return where installed models are: `$HEARKEN_MODELS`, or the user-data folder `hearken-models` of this platform.

    It is never the folder of a library, which `hearken forget`, a backup or its owner may treat as one thing.
    """
    home = os.environ.get("HEARKEN_MODELS")
    if home:
        return Path(home).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("hearken-models", appauthor=False)


def list_models() -> list[ModelInfo]:
    """Return the models that come with Hearken, then those installed, by name; a folder that cannot be read is left out.

    A folder whose configuration names another `kind`, such as a captioner, is no dual encoder and not among them (`caption/catalog.py`).
    """
    installed = sorted({*models_home().glob("*/config.json"), *models_home().glob("*/*/config.json")})
    found = [model_info(folder) for folder in sorted(_ASSETS.iterdir()) if (folder / "config.json").is_file() and not is_other_kind(folder)]
    for path in installed:
        with contextlib.suppress(ModelError):  # one damaged model must not hide the others; `find_model` tells what is wrong with it
            if not path.parent.name.startswith(".") and not is_other_kind(path.parent):
                found.append(model_info(path.parent))
    return found


def is_other_kind(folder: Path) -> bool:
    """Say whether the configuration in `folder` names a `kind`: those of dual encoders for searching have none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and "kind" in config


def model_info(folder: Path) -> ModelInfo:
    """Return the description of the model in `folder`. Raises ModelError when its configuration cannot be read."""
    config = read_config(folder)
    return ModelInfo(
        config["name"], str(folder), config_digest(config), config["dim"], files_bytes(folder, config), config["licence"], config["summary"]
    )


def files_bytes(folder: Path, config: dict[str, Any], prefix: str = "") -> int:
    """Return the bytes of the model's files whose name begins with `prefix`; those that are missing count nothing."""
    paths = [folder / name for name in config["files"] if name.startswith(prefix)]
    return sum(path.stat().st_size for path in paths if path.is_file())


def find_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by name or path; the path of a training run stands for the model that was exported there.

    Raises ModelNotFoundError, listing the names there are, and ModelError for a run whose model was not exported yet, or that trains a captioner.
    """
    name = str(name_or_path)
    places = [Path(os.path.expanduser(name_or_path))]
    if is_name(name):
        places = [_ASSETS / name, models_home() / name, *places]
    for folder in places:
        if (folder / "config.json").is_file():
            return folder
        if is_run(folder):
            return _model_of_run(folder)
    names = ", ".join(info.name for info in list_models()) or "none"
    fetch = f" If it is on the hub, `hearken export {name}` fetches and installs it." if is_name(name) and "/" in name else ""
    raise ModelNotFoundError(
        f"There is no model {show(name)!r}.", f"Models here: {names}. A path must be a folder with config.json.{fetch}"
    )


def is_run(folder: Path) -> bool:
    """Say whether `folder` is that of a training run."""
    return (folder / RUN_RECORD).is_file()


def writes_captions(run: Path) -> bool:
    """Say whether the record of a training run says that it trains a captioner; of one that cannot be read it is not said."""
    try:
        return bool(json.loads((run / RUN_RECORD).read_text(encoding="utf-8"))["recipe"]["model"].get("decoder"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def captioner_not_model(run: Path) -> ModelError:
    """Return the error to raise where a model for searching is needed and `run` trains a captioner."""
    place = shlex.quote(show(run))
    return ModelError(
        f"The training run {show(run)} is of a captioner, which writes captions and has no vectors to search by.",
        f"`hearken caption FILE --model {place}` writes its captions; to search, take a dual encoder, such as pocket.",
    )


def _model_of_run(folder: Path) -> Path:
    if writes_captions(folder):
        raise captioner_not_model(folder)
    if not (folder / RUN_MODEL / "config.json").is_file():
        raise ModelError(
            f"The model of the training run {show(folder)} was not exported yet.",
            f"`hearken export {shlex.quote(show(folder))}` does that with the best weights so far.",
        )
    return folder / RUN_MODEL


def is_built_in(name: str) -> bool:
    """Say whether a model of this name comes with Hearken; one that is installed would never be found beside it."""
    return is_name(name) and (_ASSETS / name).exists()


def is_name(text: str) -> bool:
    """Say whether `text` can be the name of a model: like `pocket` or, as on the hub, `owner/name`; no path climbs out of it."""
    return _NAME.fullmatch(text) is not None and ".." not in text


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of the model in `folder`. Raises ModelError when it is damaged, too new, or not yet exported."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        _refuse_checkpoint(folder, config)
        version = int(config["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model configuration {show(folder / 'config.json')} cannot be read: {error}.", _REINSTALL) from error
    if version > FORMAT:
        raise ModelError(f"The model in {show(folder)} has format {version}; this Hearken reads up to {FORMAT}.", "Upgrade Hearken.")
    missing = [key for key in _NEEDED if key not in config]
    if missing or not isinstance(config["files"], dict):
        raise ModelError(f"The model configuration {show(folder / 'config.json')} lacks {', '.join(missing) or 'its files'}.", _REINSTALL)
    return config


def _refuse_checkpoint(folder: Path, config: dict[str, Any]) -> None:
    """Raise ModelError for weights in the form for training, ours or that of `transformers`: running them takes an export."""
    if "kind" in config or "model_type" in config:
        message = f"The folder {show(folder)} holds weights as they are trained, not a model that can be run."
        raise ModelError(message, f"Run `hearken export {shlex.quote(show(folder))} --out NEW` first, and give NEW.")


def config_digest(config: dict[str, Any]) -> str:
    """Return the identity of a model: SHA-256 (hex) of the IDENTITY part of its configuration, in canonical form."""
    identity = {key: config[key] for key in (*IDENTITY, *OPTIONAL_IDENTITY) if key in IDENTITY or key in config}
    return hashlib.sha256(json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_checked(folder: Path, name: str, config: dict[str, Any]) -> bytes:
    """Return the bytes of one of the model's files. Raises DigestError when they are not those that were shipped."""
    with _opened(folder / name) as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != config["files"][name]:
        raise _damaged(folder / name)
    return data


def check_file(folder: Path, name: str, config: dict[str, Any]) -> Path:
    """Return the path of one of the model's files, however large, once its digest is right. Raises as `read_checked` does."""
    with _opened(folder / name) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != config["files"][name]:
            raise _damaged(folder / name)
    return folder / name


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ModelError(f"The model file {show(path)} cannot be read: {error.strerror}.", _REINSTALL) from error


def _damaged(path: Path) -> DigestError:
    return DigestError(f"The model file {show(path)} is damaged: its SHA-256 is not the one in config.json.", _REINSTALL)
