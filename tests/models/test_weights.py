"""Model folders: what is saved is read; what is damaged, newer or does not fit is a named error; nothing half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from torch import nn  # noqa: E402

from hearken.errors import CheckpointError, ModelError, ModelNotFoundError  # noqa: E402
from hearken.models import weights  # noqa: E402
from tests.models.small import tokenizer  # noqa: E402

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.count": torch.tensor(7)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights.save(tmp_path / "model", {"kind": "dual", "dim": 3}, STATE, tokenizer().to_str())
    return tmp_path / "model"


def test_what_is_saved_is_read(folder: Path) -> None:
    saved = weights.read(folder, kind="dual")
    assert saved.config == {"dim": 3}
    assert set(saved.state) == set(STATE)
    assert all(torch.equal(saved.state[name], tensor) for name, tensor in STATE.items())
    read = saved.tokenizer()
    assert read is not None
    assert read.to_str() == tokenizer().to_str()
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]


def test_views_and_strides_are_saved_too(tmp_path: Path) -> None:
    table = torch.arange(6.0).reshape(2, 3)
    weights.save(tmp_path, {"kind": "dual"}, {"one": table.T, "two": table[0], "three": table})
    state = weights.read(tmp_path).state
    assert torch.equal(state["one"], table.T)
    assert torch.equal(state["two"], table[0])


def test_saving_again_replaces_all(folder: Path) -> None:
    weights.save(folder, {"kind": "audio_encoder"}, {"b": torch.ones(1)})
    saved = weights.read(folder)
    assert (set(saved.state), saved.config, saved.tokenizer()) == ({"b"}, {}, None)


def test_a_failed_save_leaves_the_old_model_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "save_file", full)
    with pytest.raises(ModelError, match="No space left"):
        weights.save(folder, {"kind": "dual", "dim": 4}, STATE)
    assert weights.read(folder).config == {"dim": 3}
    assert len(list(folder.iterdir())) == 3


def test_no_model_and_no_configuration(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no config\.json"):
        weights.read(tmp_path)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        weights.read(folder)
    for foreign in ({"model_type": "bert"}, [], {"format": "1", "kind": "dual"}, {"format": 1, "name": "pocket"}):
        (folder / "config.json").write_text(json.dumps(foreign))
        with pytest.raises(ModelError, match="no configuration"):
            weights.read(folder)


def test_a_newer_format_and_another_kind_are_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="of kind 'dual', not 'audio_encoder'"):
        weights.read(folder, kind="audio_encoder")
    (folder / "config.json").write_text(json.dumps({"format": 2, "kind": "dual"}))
    with pytest.raises(ModelError, match="reads up to 1"):
        weights.read(folder)


def test_every_truncation_of_the_weights_is_a_checkpoint_error(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    for cut in range(len(data)):
        (folder / "model.safetensors").write_bytes(data[:cut])
        with pytest.raises(CheckpointError):
            weights.read(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError):
        weights.read(folder)


def test_a_damaged_tokenizer_is_a_model_error(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(ModelError, match="tokenizer"):
        weights.read(folder).tokenizer()
    (folder / "tokenizer.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="tokenizer"):
        weights.read(folder)


def test_loading_is_strict_and_lists_ten() -> None:
    module = nn.ModuleDict({f"layer{number}": nn.Linear(2, 2) for number in range(4)})
    right = {name: tensor + 1 for name, tensor in module.state_dict().items()}
    weights.load_strict(module, right, "here")
    assert torch.equal(module["layer0"].weight, right["layer0.weight"])
    wrong = {**right, "layer0.weight": torch.zeros(3, 2), "extra": torch.zeros(1)}
    del wrong["layer1.bias"]
    with pytest.raises(CheckpointError, match=r"missing layer1\.bias; unexpected extra; layer0\.weight is \(3, 2\), not \(2, 2\)\."):
        weights.load_strict(module, wrong, "here")
    assert torch.equal(module["layer2"].weight, right["layer2.weight"])
    with pytest.raises(CheckpointError, match="and 3 more") as caught:
        weights.load_strict(module, {f"other{number}": torch.zeros(1) for number in range(5)}, "here")
    assert caught.value.message.count("missing") == 8
    assert caught.value.message.count("unexpected") == 2


def test_further_texts_are_written_with_the_model(tmp_path: Path) -> None:
    weights.save(tmp_path / "model", {"kind": "dual"}, STATE, beside={"conversion.json": "{}"})
    assert (tmp_path / "model" / "conversion.json").read_text() == "{}"


def test_a_failed_save_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        weights.save(tmp_path / "model", {"kind": "dual"}, STATE)
    assert not (tmp_path / "model").exists()
    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyboardInterrupt):
        weights.save(tmp_path / "mine", {"kind": "dual"}, STATE)
    assert (tmp_path / "mine").is_dir()
