"""Foreign checkpoint files, read without running anything that is in them.

This is the one place that reads pickles, and only through PyTorch's restricted reader (`weights_only=True`), which knows
tensors and plain containers. Training frameworks put more into their files: settings and progress, in classes of their
own. Those that public checkpoints hold are in `INERT`, a closed list; in their place the reader makes empty stand-ins, so
no code of those classes runs, and none is needed. A file that asks for anything else is refused by name.

A small file can announce tensors of any size, or be packed so that it unfolds to any size: neither is read.

What is understood: a bare state dict; `{"model": ...}` (PANNs, msclap, WavCaps); `{"state_dict": ...}` (Lightning, LAION);
`(model, optimizer)` (DCASE 2022); `.safetensors`; folders of `transformers`, with `config.json`.
"""

from __future__ import annotations

import contextlib
import json
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError  # only the name of what the restricted reader raises
from typing import Any, cast

import torch
from torch import Tensor

from hearken.errors import CheckpointError, show

_AGAIN = "Get the file again from where it was published, and compare its size and digest."
_NOT_PLAIN = "Only files of weights can be converted. If you trust this one, load it where it was made and save its state_dict alone."
_INNER = ("state_dict", "model")
_UNPACK = "If the checkpoint is in it, unpack it and give that file."
_DENSE = "Convert the file that this one was made from: quantised, sparse and complex weights are not understood."
_LISTED = 10
_PREFIX = "module."  # of DistributedDataParallel
_COMPILED = "_orig_mod."  # of torch.compile
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
_POINTER = b"version https://git-lfs"
_SHARDS = "model.safetensors.index.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_DAMAGE = (
    UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, OverflowError,
    MemoryError, struct.error, zipfile.BadZipFile, OSError,
)  # fmt: skip


class Inert:
    """Stands for a foreign object that is of no use here: takes anything, keeps nothing, does nothing."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Keep nothing."""

    def __setstate__(self, state: object) -> None:
        """Keep nothing."""


INERT = (
    "argparse.Namespace", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "_codecs.encode",
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype", "numpy.dtypes.Float64DType", "numpy.dtypes.Float32DType",
    "numpy.dtypes.Int64DType", "numpy.dtypes.Int32DType", "numpy.dtypes.BoolDType",
    "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig", "omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata",
    "omegaconf.nodes.AnyNode", "omegaconf.nodes.StringNode", "omegaconf.nodes.IntegerNode", "omegaconf.nodes.FloatNode",
    "omegaconf.nodes.BooleanNode", "typing.Any", "builtins.int", "builtins.float", "builtins.str", "builtins.bool",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint", "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint", "lightning.pytorch.callbacks.early_stopping.EarlyStopping",
)  # fmt: skip
"""Names that stand in files beside the weights: settings, paths, NumPy numbers, callbacks. Each becomes an `Inert`."""
INERT_DICTS = (
    "sacred.config.custom_containers.ReadOnlyDict", "sacred.config.custom_containers.DogmaticDict",
    "pytorch_lightning.utilities.parsing.AttributeDict", "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict", "lightning.pytorch.utilities.parsing.AttributeDict", "builtins.dict",
)  # fmt: skip
"""The same for dict and subclasses of it: they become plain dicts."""
INERT_LISTS = ("sacred.config.custom_containers.ReadOnlyList", "sacred.config.custom_containers.DogmaticList", "builtins.list")


def no_default(*_: object) -> dict[object, object]:
    """Stand for collections.defaultdict: a plain dict, whose entries the reader then sets."""
    return {}


DEFAULTDICT = "collections.defaultdict"
_HYPER = "hyper_parameters"  # where Lightning keeps what a module was built with
_SLACK = 2  # tied weights may count twice


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file or folder by their public names.

    `wrapper` says how they were wrapped, for people. `beside` are what else lay next to them and is not used. `settings`
    are those that Lightning keeps there; only numbers, words, lists and mappings in it mean anything. `config` is the
    `config.json` of a `transformers` folder, and `folder` that folder.
    """

    path: Path
    tensors: dict[str, Tensor]
    wrapper: str
    beside: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """The folder of `transformers` that was read, None for a file."""
        return self.path if self.config else None


def read(path: Path) -> Checkpoint:
    """Return what is in the checkpoint at `path`, a file or a folder of `transformers`. Raises CheckpointError."""
    if path.is_dir():
        return _read_folder(path)
    return unwrap(path, _load(path))


def unwrap(path: Path, value: object) -> Checkpoint:
    """Return the tensors in `value`, as it came out of the file at `path`, without their wrappers. Raises CheckpointError."""
    wrapper: list[str] = []
    beside: list[str] = []
    settings: Mapping[str, Any] = {}
    while not _is_state(value):
        if isinstance(value, tuple | list) and value and isinstance(value[0], Mapping):
            wrapper, value = [*wrapper, "(model, ...)"], value[0]
            continue
        inner = next((name for name in _INNER if isinstance(value, Mapping) and isinstance(value.get(name), Mapping)), None)
        if inner is None or not isinstance(value, Mapping):
            raise CheckpointError(f"The file {show(path)} holds no weights{_shape_of(value)}.", _NOT_PLAIN)
        beside += [str(key) for key in value if key != inner]
        hyper = value.get(_HYPER)
        settings = hyper if isinstance(hyper, Mapping) else settings
        wrapper, value = [*wrapper, f"{{{inner!r}: ...}}"], value[inner]
    tensors = {str(key): tensor.detach() for key, tensor in cast("Mapping[object, Tensor]", value).items()}
    if not tensors:
        raise CheckpointError(f"The file {show(path)} holds no weights: its list is empty.", _AGAIN)
    _check_tensors(path, tensors)
    if all(key.startswith(_PREFIX) for key in tensors):
        wrapper.append(f"{_PREFIX}*")
        tensors = {key.removeprefix(_PREFIX): tensor for key, tensor in tensors.items()}
    if any(_COMPILED in key for key in tensors):
        wrapper.append(f"{_COMPILED}*")
        tensors = {key.replace(_COMPILED, ""): tensor for key, tensor in tensors.items()}
    return Checkpoint(path, tensors, " > ".join(wrapper) or "bare state dict", tuple(beside), settings=settings)


def _check_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError for tensors that are no plain numbers, or more of them than the file at `path` has room for."""
    odd = [
        show(key) for key, tensor in tensors.items()
        if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized or tensor.is_complex() or tensor.is_nested
    ]  # fmt: skip
    if odd:
        more = f" and {len(odd) - _LISTED} more" if len(odd) > _LISTED else ""
        what = f"{', '.join(odd[:_LISTED])}{more}"
        raise CheckpointError(f"The file {show(path)} holds weights that are no plain numbers: {what}.", _DENSE)
    num_bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if path.is_file() and num_bytes > _SLACK * path.stat().st_size:
        raise CheckpointError(f"The file {show(path)} announces {num_bytes} bytes of weights, far more than it has.", _AGAIN)


def _is_state(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(tensor, Tensor) for tensor in value.values())


def _shape_of(value: object) -> str:
    if isinstance(value, Mapping):
        return f"; at its top are {', '.join(show(str(key)) for key in list(value)[:10])}"
    return f" but a {type(value).__name__}"


def _load(path: Path) -> object:
    """Return what the file at `path` holds. Raises CheckpointError for what is missing, damaged, no checkpoint, or code."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise CheckpointError(f"The file {show(path)} cannot be read: {error.strerror}.", "Check the path.") from error
    if _WEB_PAGE.match(head):
        raise CheckpointError(
            f"The file {show(path)} is a web page, not a checkpoint.", "The download was answered by a page; follow its link."
        )
    if head.startswith(_POINTER):
        raise CheckpointError(f"The file {show(path)} only points to the checkpoint (Git LFS).", "Fetch it with `git lfs pull`.")
    if path.suffix == ".safetensors":
        return _load_safetensors(path)
    try:
        _check_zip(path)
        kinds: list[tuple[type[object], tuple[str, ...]]] = [(Inert, INERT), (dict, INERT_DICTS), (list, INERT_LISTS)]
        stand_ins: list[Any] = [(kind, name) for kind, names in kinds for name in names] + [(no_default, DEFAULTDICT)]
        with contextlib.ExitStack() as opened, warnings.catch_warnings(), torch.serialization.safe_globals(stand_ins):
            warnings.simplefilter("ignore")  # what PyTorch thinks of a foreign file's age is no news to the user
            mapped = _is_unicode(path)  # PyTorch's own opening of files takes no other names
            source = path if mapped else opened.enter_context(path.open("rb"))
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mapped and zipfile.is_zipfile(path))
    except _DAMAGE as error:
        wanted = _GLOBAL.search(str(error))
        if wanted:
            raise CheckpointError(f"The file {show(path)} wants to run {show(wanted[1])}; it was not read.", _NOT_PLAIN) from error
        raise CheckpointError(f"The file {show(path)} is damaged, cut off, or no PyTorch checkpoint.", _AGAIN) from error


def _is_unicode(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_zip(path: Path) -> None:
    """Raise CheckpointError for a zip file that unfolds to more than it is; PyTorch packs without compression."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as packed:
        entries = packed.infolist()
    if (
        any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        or sum(entry.file_size for entry in entries) > path.stat().st_size
    ):
        raise CheckpointError(f"The file {show(path)} is a compressed archive, not a checkpoint as PyTorch writes it.", _UNPACK)


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, *_DAMAGE) as error:
        raise CheckpointError(f"The file {show(path)} is damaged, cut off, or no safetensors file.", _AGAIN) from error
    return tensors


def _read_folder(path: Path) -> Checkpoint:
    """Read a folder as `save_pretrained` of `transformers` writes it: whole or in shards, safetensors before pickles."""
    if not (path / "config.json").is_file():
        raise CheckpointError(
            f"The folder {show(path)} is no model of transformers: it has no config.json.", "Give the file of weights in it."
        )
    config = _json(path / "config.json")
    if (path / _SHARDS).is_file():
        names = sorted(set(_json(path / _SHARDS).get("weight_map", {}).values()))
        if not names or any(not isinstance(name, str) or Path(name).name != name for name in names):
            raise CheckpointError(f"The list of shards {show(path / _SHARDS)} is damaged.", _AGAIN)
        tensors: dict[str, Tensor] = {}
        for name in names:
            tensors |= unwrap(path / name, _load(path / name)).tensors
        return Checkpoint(path, tensors, f"transformers folder, {len(names)} shards", config=config)
    weights = next((path / name for name in _WEIGHTS if (path / name).is_file()), None)
    if weights is None:
        raise CheckpointError(f"The folder {show(path)} has none of {', '.join(_WEIGHTS)}.", "Give a folder that `save_pretrained` wrote.")
    return Checkpoint(path, unwrap(weights, _load(weights)).tensors, "transformers folder", config=config)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The file {show(path)} cannot be read: {error}.", _AGAIN) from error
    if not isinstance(value, dict) or not value:
        raise CheckpointError(f"The file {show(path)} holds no settings.", _AGAIN)
    return value
