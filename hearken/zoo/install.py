"""Models by name: those that are here, and those that are fetched, converted and exported when first named.

Only what the user names is fetched, once: afterwards the model lies in the models home, and neither the network nor
PyTorch is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hearken.errors import InputError, MissingExtraError, ModelNotFoundError, show
from hearken.runtime.catalog import find_model, is_name, models_home
from hearken.runtime.model import Model
from hearken.zoo.publish import Published, Tell, check_target, publish

if TYPE_CHECKING:
    from hearken.models.dual import DualEncoder

_DOWNLOADS = ".downloads"  # in the models home; holds what has not come whole yet
_EXTRA = ("torch", "transformers", "onnx", "safetensors", "huggingface_hub")


def load_model(name_or_path: str | Path = "pocket") -> Model:
    """Return a model: built in, installed, a folder, or a checkpoint's name or hub id, which is then installed (see `ensure`).

    Raises ModelNotFoundError, ModelError, DownloadError, MissingExtraError.
    """
    return Model(ensure(name_or_path))


def ensure(name_or_path: str | Path, tell: Tell | None = None) -> Path:
    """Return the folder of a model, and make that folder first if `name_or_path` names a checkpoint that can be fetched.

    `tell` gets a line for each step. Raises ModelNotFoundError for what is neither here nor can be fetched, and what
    `export_model` raises.
    """
    try:
        return find_model(name_or_path)
    except ModelNotFoundError:
        if not can_be_fetched(str(name_or_path)):
            raise
    return export_model(str(name_or_path), tell=tell).folder


def can_be_fetched(name: str) -> bool:
    """Say whether `name` looks like a hub id, or is in the table of public checkpoints; a path that exists is neither."""
    return is_name(name) and not os.path.exists(name) and ("/" in name or _is_known(name))


def export_model(
    source: str | Path, *, out: Path | None = None, name: str | None = None, segment_s: float | None = None, int8: bool = False,
    tell: Tell | None = None,
) -> Published:  # fmt: skip
    """Export the weights that `source` names to `out`, by default to the models home under `name`, and return what came of it.

    `source` is a folder of weights as they are trained, or what `hearken convert` takes: a file, a name, a hub id.
    `segment_s`, `int8` and `tell` as in `publish`. Raises MissingExtraError without the extra `train`, and what
    converting and `publish` raise.
    """
    need_extra()
    from hearken.export.folder import Card

    called = name or _name_of(source)
    if not is_name(called):
        raise InputError(f"{show(called)!r} cannot be the name of a model.", "Give --name: letters, digits and - _ . + at most one slash.")
    target = out or models_home() / called
    check_target(target)  # now, not after an hour of downloading
    with _weights(source, tell) as (dual, licence):
        card = Card(called, f"{dual.config.audio.name} and {dual.config.text.name}, exported from {_name_of(source)}", licence)
        return publish(dual, target, card, segment_s=segment_s, int8=int8, tell=tell)


def _name_of(source: str | Path) -> str:
    """What a model made of `source` is called: a hub id as it is, else the last part of the path without its ending."""
    text = str(source)
    path = Path(text).expanduser()
    if not path.exists() and is_name(text):
        return text
    return (path.resolve().stem if path.is_file() else path.resolve().name) or "model"


@contextlib.contextmanager
def _weights(source: str | Path, tell: Tell | None) -> Iterator[tuple[DualEncoder, str]]:
    """The network that `source` names, fetched and converted for the time of the block if need be; and its licence in words."""
    from hearken.convert.convert import convert
    from hearken.convert.obtain import obtain
    from hearken.models.dual import DualEncoder

    _refuse_lone(str(source))
    home = models_home()
    obtained = obtain(str(source), home / _DOWNLOADS, on_progress=_Percents(str(source), tell))
    licence = obtained.origin.licence or "that of the weights it was made from"
    if _is_checkpoint(obtained.path):
        yield DualEncoder.from_pretrained(obtained.path), licence
    else:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".convert-", dir=home) as folder:
            report = convert(obtained.path, Path(folder) / "weights", name=obtained.architecture, origin=obtained.origin)
            if report.kind != "dual":
                raise _lone(str(source))
            yield DualEncoder.from_pretrained(Path(folder) / "weights"), licence
    if obtained.path.is_relative_to(home / _DOWNLOADS):
        obtained.path.unlink(missing_ok=True)  # it has done its work: the model is there


def _refuse_lone(name: str) -> None:
    """Raise InputError for the name of an audio encoder alone: before it is fetched."""
    from hearken.convert.sources import SOURCES
    from hearken.models.audio_table import AUDIO_ENCODERS

    if name in SOURCES and (name in AUDIO_ENCODERS or SOURCES[name].architecture in AUDIO_ENCODERS):
        raise _lone(name)


def _lone(name: str) -> InputError:
    return InputError(
        f"{show(name)} is an audio encoder alone; without a text encoder there is nothing to search with.",
        "Train a dual encoder with it, or name a model that has both sides.",
    )


class _Percents:
    """Tells every tenth of a download."""

    def __init__(self, name: str, tell: Tell | None) -> None:
        self._name, self._tell, self._told = name, tell, -1

    def __call__(self, num_bytes: int, total: int | None) -> None:
        """Take note of how many bytes of how many are there."""
        tenths = 10 * num_bytes // total if total else 0
        if self._tell and tenths > self._told:
            self._told = tenths
            self._tell(f"fetching {show(self._name)}: {10 * tenths} %" if total else f"fetching {show(self._name)}")


def _is_checkpoint(folder: Path) -> bool:
    """Say whether `folder` holds weights as `save_pretrained` and `hearken convert` write them."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and "kind" in config


def need_extra() -> None:
    """Raise MissingExtraError unless everything that making a model needs is installed."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"Making a model from trained weights needs {', '.join(missing)}.",
            'Install it with `pip install "hearken[train]"`; the model that it makes then runs without.',
        )


def _is_known(name: str) -> bool:
    from hearken.convert.sources import SOURCES

    return name in SOURCES
