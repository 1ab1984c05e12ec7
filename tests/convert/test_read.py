"""Foreign files: the wrappers of public checkpoints are understood, damage and code are refused by name."""

from __future__ import annotations

import argparse
import collections
import json
import os
import pickle
import random
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from hearken.convert.read import INERT, INERT_DICTS, INERT_LISTS, Inert, read  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.arange(2)}


def save(path: Path, value: object, **options: object) -> Path:
    torch.save(value, path, **options)
    return path


@pytest.mark.parametrize(
    ("value", "wrapper", "beside"),
    [
        (STATE, "bare state dict", ()),
        (OrderedDict(STATE), "bare state dict", ()),
        ({"model": STATE, "iteration": 1_000}, "{'model': ...}", ("iteration",)),
        (
            {"epoch": 3, "state_dict": {f"module.{key}": tensor for key, tensor in STATE.items()}},
            "{'state_dict': ...} > module.*",
            ("epoch",),
        ),
        ({"state_dict": STATE, "model": {"x": torch.zeros(1)}}, "{'state_dict': ...}", ("model",)),
        ((STATE, {"param_groups": []}), "(model, ...)", ()),
        ({"state_dict": {f"net._orig_mod.{key}": tensor for key, tensor in STATE.items()}}, "{'state_dict': ...} > _orig_mod.*", ()),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers(tmp_path: Path, value: object, wrapper: str, beside: tuple[str, ...], zipped: bool) -> None:
    """The old format of PyTorch, in which PANNs are, too."""
    found = read(save(tmp_path / "x.pth", value, _use_new_zipfile_serialization=zipped))
    assert (found.wrapper, found.beside, found.folder) == (wrapper, beside, None)
    assert [key.removeprefix("net.") for key in found.tensors] == list(STATE)
    assert torch.equal(found.tensors[next(iter(found.tensors))], STATE["a.weight"])


def test_parameters_come_without_gradients(tmp_path: Path) -> None:
    found = read(save(tmp_path / "x.pt", {"w": torch.nn.Parameter(torch.ones(2))}))
    assert not found.tensors["w"].requires_grad


def test_what_training_frameworks_leave_beside_the_weights_is_not_run(tmp_path: Path) -> None:
    """Settings, NumPy numbers and arrays, paths: as Lightning, argparse and PANNs' sampler write them."""
    extras = {
        "hyper_parameters": argparse.Namespace(lr=np.float64(2e-5), out=Path("x")),
        "sampler": {"indexes": np.arange(5), "state": ("MT19937", np.arange(3, dtype=np.uint32), 0)},
        "best": np.float32(0.4),
    }
    found = read(save(tmp_path / "x.ckpt", {"state_dict": STATE, **extras}))
    assert found.beside == ("hyper_parameters", "sampler", "best")
    assert torch.equal(found.tensors["a.weight"], STATE["a.weight"])


@pytest.mark.parametrize("name", [*INERT_DICTS[:3], INERT_LISTS[0], "omegaconf.dictconfig.DictConfig"])
def test_settings_of_sacred_and_lightning_become_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Their classes are not here, and are not needed."""
    module, short = name.rsplit(".", 1)
    base = dict if name in INERT_DICTS else list if name in INERT_LISTS else object
    kind = type(short, (base,), {"__module__": module})
    foreign = types.ModuleType(module)
    setattr(foreign, short, kind)
    value = kind({"lr": 1e-5}) if base is dict else kind()
    with monkeypatch.context() as patch:
        for depth in range(module.count(".")):
            parent = ".".join(module.split(".")[: depth + 1])
            patch.setitem(sys.modules, parent, types.ModuleType(parent))
        patch.setitem(sys.modules, module, foreign)
        path = save(tmp_path / "x.ckpt", {"state_dict": STATE, "hyper_parameters": {"kwargs": value}})
    assert read(path).beside == ("hyper_parameters",)


def test_stand_ins_take_everything_and_keep_nothing() -> None:
    assert len(set(INERT)) == len(INERT) >= 20
    inert = Inert("rm -rf /", key=1)
    inert.__setstate__({"a": 1})
    assert vars(inert) == {}


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_by_name_and_not_run(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return os.mkdir, (str(marker),)

    path = save(tmp_path / "x.pth", {"model": STATE, "more": Evil()}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"x\.pth wants to run (posix|nt)\.mkdir|damaged") as caught:
        read(path)
    assert caught.value.hint
    assert not marker.exists()


def test_an_unknown_class_is_refused_by_name(tmp_path: Path) -> None:
    path = save(tmp_path / "x.pth", {"model": STATE, "more": json.JSONDecodeError("a", "b", 1)})
    with pytest.raises(CheckpointError, match=r"wants to run json\.decoder\.JSONDecodeError; it was not read") as caught:
        read(path)
    assert "state_dict alone" in caught.value.hint


def test_a_plain_pickle_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({"a": Path("x")}))
    with pytest.raises(CheckpointError, match="damaged, cut off, or no PyTorch checkpoint"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged, cut off"),
        (b"\x80\x02}q\x00.", "damaged|holds no weights"),
        (b"not a checkpoint at all" * 99, "damaged"),
        (b"\n <!DOCTYPE html><html><body>Too many requests</body></html>", "is a web page, not a checkpoint"),
        (b"<HTML>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "only points to the checkpoint"),
    ],
)
@pytest.mark.parametrize("name", ["x.pth", "x.safetensors"])
def test_other_files(tmp_path: Path, content: bytes, message: str, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        read(tmp_path / name)
    assert name in caught.value.message
    assert caught.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        read(tmp_path / "x.pth")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "its list is empty"),
        ([], "holds no weights but a list"),
        (torch.zeros(3), "holds no weights but a Tensor"),
        ({"optimizer": 1, "epoch": 2}, "holds no weights; at its top are optimizer, epoch"),
        ({"model": {"a": 1}}, "holds no weights; at its top are a"),
    ],
)
def test_no_weights(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read(save(tmp_path / "x.pth", value))


@pytest.mark.parametrize("zipped", [True, False])
def test_damage_is_one_error_whatever_it_hits(tmp_path: Path, zipped: bool) -> None:
    """Cut anywhere, or with a byte changed anywhere: an error of ours, or weights; never anything else."""
    whole = save(tmp_path / "x.pth", {"model": STATE}, _use_new_zipfile_serialization=zipped).read_bytes()
    draw, path, refused = random.Random(0), tmp_path / "y.pth", 0
    for trial in range(120):
        damaged = bytearray(whole[: draw.randrange(len(whole))] if trial % 2 else whole)
        if damaged and not trial % 2:
            damaged[draw.randrange(min(len(damaged), 600))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            read(path)
        except CheckpointError:
            refused += 1
    assert refused >= 60


def test_safetensors(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "x.safetensors")
    assert read(tmp_path / "x.safetensors").tensors.keys() == STATE.keys()
    data = (tmp_path / "x.safetensors").read_bytes()
    (tmp_path / "y.safetensors").write_bytes(data[:-5])
    with pytest.raises(CheckpointError, match="no safetensors file"):
        read(tmp_path / "y.safetensors")


def folder(path: Path, **files: object) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "clap"}))
    for name, content in files.items():
        (path / name.replace("__", ".")).write_text(json.dumps(content))
    return path


def test_folders_of_transformers(tmp_path: Path) -> None:
    one = folder(tmp_path / "one")
    with pytest.raises(CheckpointError, match=r"has none of model\.safetensors, pytorch_model\.bin"):
        read(one)
    save(one / "pytorch_model.bin", {"old": torch.zeros(1)})
    assert list(read(one).tensors) == ["old"]
    save_file(STATE, one / "model.safetensors")
    found = read(one)
    assert (found.folder, found.config, found.tensors.keys()) == (one, {"model_type": "clap"}, STATE.keys())


def test_shards(tmp_path: Path) -> None:
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    two = folder(tmp_path / "two", model__safetensors__index__json={"weight_map": names})
    for key, name in names.items():
        save_file({key: torch.zeros(2)}, two / name)
    assert sorted(read(two).tensors) == ["a", "b"]
    for bad in ({"weight_map": {"a": "../../etc/passwd"}}, {"weight_map": {}}, {}, {"weight_map": {"a": 1}}):
        (two / "model.safetensors.index.json").write_text(json.dumps(bad))
        with pytest.raises(CheckpointError, match=r"is damaged|holds no settings"):
            read(two)


@pytest.mark.parametrize("text", ["", "[]", "{", "{}"])
def test_a_damaged_configuration(tmp_path: Path, text: str) -> None:
    bad = folder(tmp_path / "bad")
    (bad / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json (cannot be read|holds no settings)"):
        read(bad)


def test_the_test_files_are_what_they_say(tmp_path: Path) -> None:
    assert zipfile.is_zipfile(save(tmp_path / "new.pth", STATE))
    assert not zipfile.is_zipfile(save(tmp_path / "old.pth", STATE, _use_new_zipfile_serialization=False))


@pytest.mark.parametrize("fault", ["sparse", "complex", "meta"])
def test_tensors_that_are_no_plain_numbers_are_refused_by_name(tmp_path: Path, fault: str) -> None:
    odd = {"sparse": torch.eye(2).to_sparse(), "complex": torch.zeros(2, dtype=torch.complex64), "meta": torch.zeros(2, device="meta")}[
        fault
    ]
    path = save(tmp_path / "x.pth", {"model": STATE | {"odd\n": odd}})
    with pytest.raises(CheckpointError, match=r"x\.pth holds weights that are no plain numbers: odd\\n\."):
        read(path)


def test_a_small_file_cannot_announce_much(tmp_path: Path) -> None:
    path = save(tmp_path / "x.pth", STATE | {"w": torch.zeros(1).expand(10**12)})
    with pytest.raises(CheckpointError, match=r"announces 40000000000\d+ bytes of weights, far more than it has"):
        read(path)


def test_a_small_file_cannot_unfold_to_much(tmp_path: Path) -> None:
    """Compressed, a few kilobytes become gigabytes in memory before PyTorch looks at them."""
    whole = save(tmp_path / "x.pth", STATE)
    with zipfile.ZipFile(whole) as packed, zipfile.ZipFile(tmp_path / "y.pth", "w", zipfile.ZIP_DEFLATED) as again:
        for entry in packed.infolist():
            again.writestr(entry.filename, packed.read(entry))
    with pytest.raises(CheckpointError, match=r"y\.pth is a compressed archive") as caught:
        read(tmp_path / "y.pth")
    assert "unpack it" in caught.value.hint


def test_settings_of_lightning_are_kept(tmp_path: Path) -> None:
    """Those of sacred and OmegaConf hold types and dicts with defaults as well."""
    settings = {"audio_features": {"segment_length": 15}, "kinds": [int, str, float, bool, dict, list]}
    settings["more"] = collections.defaultdict(list, {"a": [1]})
    path = save(tmp_path / "x.ckpt", {"state_dict": STATE, "hyper_parameters": settings})
    found = read(path)
    assert (found.settings["audio_features"], found.settings["more"]) == ({"segment_length": 15}, {"a": [1]})
    assert found.beside == ("hyper_parameters",)
    assert read(save(tmp_path / "y.ckpt", {"state_dict": STATE, "hyper_parameters": argparse.Namespace()})).settings == {}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have Unicode names only")
def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.pth")
    path.write_bytes(save(tmp_path / "x.pth", STATE).read_bytes())
    assert read(path).tensors.keys() == STATE.keys()


def test_a_folder_without_settings_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no model of transformers: it has no config\.json"):
        read(tmp_path)
