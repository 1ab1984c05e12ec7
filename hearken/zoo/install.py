"""Models by name: those that are here, and those that are fetched, converted and exported when first named.

Only what the user names is fetched, once: afterwards the model lies in the models home, and neither the network nor
PyTorch is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hearken.errors import InputError, MissingExtraError, ModelNotFoundError, extra_hint, show
from hearken.runtime.catalog import find_model, is_built_in, is_name, models_home
from hearken.runtime.model import Model
from hearken.zoo.publish import Published, Tell, check_target, publish, sweep

if TYPE_CHECKING:
    from hearken.models.dual import DualEncoder

_DOWNLOADS = "downloads"  # in the models home, as for `hearken convert`; what the user put there stays
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
    target = out or _installed(called)
    check_target(target)  # now, not after an hour of downloading
    with _weights(source, tell) as (dual, licence):
        card = Card(called, f"{dual.config.audio.name} and {dual.config.text.name}, exported from {_name_of(source)}", licence)
        return publish(dual, target, card, segment_s=segment_s, int8=int8, tell=tell)


def _installed(name: str) -> Path:
    """The place of an installed model. Raises InputError for a name under which it would not be found, or lie inside another one."""
    target = models_home() / name
    if is_built_in(name) or (target.parent / "config.json").exists():
        raise InputError(f"There is another model by the name {show(name)!r}.", "Give this one another with --name.")
    return target


def _name_of(source: str | Path) -> str:
    """What a model made of `source` is called: a hub id as it is, else the last part of the path, without its ending and odd characters."""
    text = str(source)
    path = Path(text).expanduser()
    if not path.exists() and is_name(text):
        return text
    last = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[^\w.+-]+|\.{2,}", "-", last, flags=re.ASCII).strip("-.+") or "model"


@contextlib.contextmanager
def _weights(source: str | Path, tell: Tell | None) -> Iterator[tuple[DualEncoder, str]]:
    """The network that `source` names, fetched and converted for the time of the block if need be; and its licence in words."""
    from hearken.convert.convert import convert
    from hearken.convert.obtain import obtain
    from hearken.models.dual import DualEncoder

    _refuse_lone(str(source))
    home = models_home()
    by_hand = set((home / _DOWNLOADS).glob("*"))
    if tell and can_be_fetched(str(source)):
        tell(f"fetching {show(str(source))}")
    obtained = obtain(str(source), home / _DOWNLOADS, on_progress=_Percents(str(source), tell))
    licence = obtained.origin.licence or "that of the weights it was made from"
    kind = _kind(obtained.path)
    if kind == "audio_encoder":
        raise _lone(str(source))
    if kind:
        yield DualEncoder.from_pretrained(obtained.path), licence
    else:
        home.mkdir(parents=True, exist_ok=True)
        sweep(home, ".convert-*")
        if tell:
            tell("converting the weights")
        with tempfile.TemporaryDirectory(prefix=".convert-", dir=home) as folder:
            report = convert(obtained.path, Path(folder) / "weights", name=obtained.architecture, origin=obtained.origin)
            if report.kind != "dual":
                raise _lone(str(source))
            yield DualEncoder.from_pretrained(Path(folder) / "weights"), licence
    if obtained.path.parent == home / _DOWNLOADS and obtained.path not in by_hand:
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
        self._name, self._tell, self._told = name, tell, 0

    def __call__(self, num_bytes: int, total: int | None) -> None:
        """Take note of how many bytes of how many are there."""
        tenths = 10 * num_bytes // total if total else 0
        if self._tell and tenths > self._told:
            self._told = tenths
            self._tell(f"fetching {show(self._name)}: {10 * tenths} %")


def _kind(folder: Path) -> str:
    """What kind of weights, as `save_pretrained` and `hearken convert` write them, are in `folder`; "" for anything else."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.get("kind", "")) if isinstance(config, dict) else ""


def need_extra() -> None:
    """Raise MissingExtraError unless everything that making a model needs is installed."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"Making a model from trained weights needs {', '.join(missing)}.",
            f"{extra_hint('train')}; the model that it makes then runs without.",
        )


def _is_known(name: str) -> bool:
    from hearken.convert.sources import SOURCES

    return name in SOURCES
