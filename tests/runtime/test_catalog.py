"""Models are found by name or path, known by digest, and refused when damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hearken.errors import DigestError, ModelError, ModelNotFoundError
from hearken.runtime.catalog import config_digest, find_model, list_models, model_info, read_checked, read_config


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A writable copy of the pocket model."""
    return Path(shutil.copytree(find_model("pocket"), tmp_path / "copy"))


def test_pocket_is_listed_with_everything_a_user_asks_for() -> None:
    (info,) = [info for info in list_models() if info.name == "pocket"]
    assert (info.dim, len(info.digest)) == (384, 64)
    assert info.licence
    assert info.summary


def test_shipped_model_is_small_enough() -> None:
    folder = find_model("pocket")
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 35_000_000


def test_every_shipped_file_has_its_digest() -> None:
    folder = find_model("pocket")
    config = read_config(folder)
    assert sorted(config["files"]) == ["audio_frames.onnx", "audio_head.onnx", "text.onnx", "tokenizer.json"]
    assert all(read_checked(folder, name, config) for name in config["files"])


def test_a_path_works_as_well_as_a_name(copy: Path) -> None:
    assert find_model(copy) == copy
    assert model_info(copy).digest == model_info(find_model("pocket")).digest


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelNotFoundError, match="no model 'bucket'") as caught:
        find_model("bucket")
    assert "pocket" in caught.value.hint


def test_flipped_bit_is_found(copy: Path) -> None:
    data = bytearray((copy / "audio_head.onnx").read_bytes())
    data[1000] ^= 1
    (copy / "audio_head.onnx").write_bytes(data)
    with pytest.raises(DigestError, match=r"audio_head\.onnx is damaged"):
        read_checked(copy, "audio_head.onnx", read_config(copy))


def test_missing_file_is_named(copy: Path) -> None:
    (copy / "text.onnx").unlink()
    with pytest.raises(ModelError, match=r"text\.onnx cannot be read"):
        read_checked(copy, "text.onnx", read_config(copy))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', "null", '{"format": "x"}'])
def test_damaged_configuration_is_a_named_error(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        read_config(copy)


@pytest.mark.parametrize("key", ["files", "dim", "front_end", "licence"])
def test_incomplete_configuration_names_what_it_lacks(copy: Path, key: str) -> None:
    config = read_config(copy)
    (copy / "config.json").write_text(json.dumps({name: value for name, value in config.items() if name != key}))
    with pytest.raises(ModelError, match=f"lacks {key}"):
        model_info(copy)


def test_newer_format_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        read_config(copy)


def test_digest_covers_the_front_end_and_ignores_the_order_of_keys() -> None:
    config = read_config(find_model("pocket"))
    changed = {**config, "front_end": {**config["front_end"], "fmax_hz": 14_999.0}}
    assert config_digest(changed) != config_digest(config)
    assert config_digest(dict(reversed(config.items()))) == config_digest(config)


def test_digest_does_not_depend_on_words_about_the_model() -> None:
    config = read_config(find_model("pocket"))
    assert config_digest({**config, "name": "x", "summary": "y", "licence": "z"}) == config_digest(config)


def test_home_that_does_not_exist_is_a_model_that_does_not_exist() -> None:
    with pytest.raises(ModelNotFoundError):
        find_model("~nobody-of-this-name/model")
