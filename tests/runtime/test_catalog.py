"""Models are found by name or path, known by digest, and refused when damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hearken.errors import DigestError, ModelError, ModelNotFoundError
from hearken.runtime.catalog import (
    check_file,
    config_digest,
    files_bytes,
    find_model,
    is_built_in,
    is_name,
    is_run,
    list_models,
    model_info,
    models_home,
    read_checked,
    read_config,
)

POCKET_DIGEST = "3802740461eb7e044b54796d8f873e5d9bc0c51c2542b07b31d1ecc3bc74cf3f"


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


def test_a_run_stands_for_the_model_in_it(copy: Path, tmp_path: Path) -> None:
    run = tmp_path / "my run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    assert is_run(run)
    assert not is_run(copy)
    for name in (run, str(run)):
        with pytest.raises(ModelError, match="my run was not exported yet") as caught:
            find_model(name)
        assert f"hearken export '{run}'" in caught.value.hint
    shutil.copytree(copy, run / "model")
    assert find_model(run) == run / "model"
    assert find_model(run / "model") == run / "model"


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models home."""
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def install(copy: Path, home: Path, name: str) -> Path:
    """A copy of the pocket model, installed by another name."""
    folder = Path(shutil.copytree(copy, home / name))
    (folder / "config.json").write_text(json.dumps({**read_config(copy), "name": name}))
    return folder


def test_the_models_home_is_the_variable_or_a_folder_beside_that_of_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from hearken.search.library import default_path

    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "m"))
    assert models_home() == tmp_path / "m"
    monkeypatch.delenv("HEARKEN_MODELS")
    monkeypatch.delenv("HEARKEN_HOME", raising=False)
    assert models_home().name == "hearken-models"
    assert not models_home().is_relative_to(default_path())
    assert not default_path().is_relative_to(models_home())


def test_the_home_of_a_library_moves_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEARKEN_MODELS", raising=False)
    before = models_home()
    monkeypatch.setenv("HEARKEN_HOME", str(tmp_path))
    assert models_home() == before


@pytest.mark.parametrize("name", ["mine", "owner/mine"])
def test_an_installed_model_is_found_and_listed_by_its_name(copy: Path, home: Path, name: str) -> None:
    folder = install(copy, home, name)
    assert find_model(name) == folder
    assert [info.name for info in list_models()] == ["pocket", name]


def test_a_built_in_model_comes_before_an_installed_one(copy: Path, home: Path) -> None:
    install(copy, home, "pocket")
    assert not find_model("pocket").is_relative_to(home)


def test_a_damaged_installed_model_hides_no_other(copy: Path, home: Path) -> None:
    (install(copy, home, "bad") / "config.json").write_text("{")
    install(copy, home, "good")
    assert [info.name for info in list_models()] == ["pocket", "good"]
    with pytest.raises(ModelError, match="cannot be read"):
        read_config(find_model("bad"))


def test_leftovers_of_an_export_are_no_models(copy: Path, home: Path) -> None:
    install(copy, home, ".mine.part-0123")
    assert [info.name for info in list_models()] == ["pocket"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pocket", True),
        ("laion/clap-htsat-unfused", True),
        ("../x", False),
        ("a/../b", False),
        ("/a", False),
        ("a/b/c", False),
        ("", False),
    ],
)
def test_what_can_be_a_name(text: str, expected: bool) -> None:
    assert is_name(text) is expected


@pytest.mark.parametrize("config", [{"format": 1, "kind": "dual"}, {"model_type": "clap"}])
def test_a_training_checkpoint_says_that_it_must_be_exported(tmp_path: Path, config: dict[str, object]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="as they are trained") as caught:
        model_info(tmp_path)
    assert "hearken export" in caught.value.hint


def test_the_digest_of_pocket_is_the_one_it_was_published_with() -> None:
    assert model_info(find_model("pocket")).digest == POCKET_DIGEST


def test_optional_keys_count_when_they_are_there() -> None:
    config = read_config(find_model("pocket"))
    digests = {
        config_digest(config | extra) for extra in ({}, {"inputs": ["mel", "wave"]}, {"text_policy": {"lower": True}}, {"unknown": 1})
    }
    assert len(digests) == 3


def test_a_large_file_is_checked_without_being_kept(copy: Path) -> None:
    config = read_config(copy)
    assert check_file(copy, "text.onnx", config) == copy / "text.onnx"
    with (copy / "text.onnx").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(DigestError, match=r"text\.onnx is damaged"):
        check_file(copy, "text.onnx", config)
    (copy / "text.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        check_file(copy, "text.onnx", config)


def test_bytes_are_those_of_the_files_that_are_asked_for(copy: Path) -> None:
    config = read_config(copy)
    parts = {name: (copy / name).stat().st_size for name in config["files"]}
    assert files_bytes(copy, config) == sum(parts.values())
    assert files_bytes(copy, config, "audio_") == parts["audio_frames.onnx"] + parts["audio_head.onnx"]


def test_a_hub_id_that_is_not_here_says_how_to_get_it(home: Path) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("someone/some-model")
    assert "`hearken export someone/some-model`" in caught.value.hint
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("/no/such/folder")
    assert "hearken export" not in caught.value.hint


def test_what_comes_with_hearken_is_known(copy: Path, home: Path) -> None:
    install(copy, home, "mine")
    assert [is_built_in(name) for name in ("pocket", "mine", "../assets/pocket", "")] == [True, False, False, False]


def test_a_models_home_that_is_a_file_is_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "file"))
    assert [info.name for info in list_models()] == ["pocket"]
    with pytest.raises(ModelNotFoundError):
        find_model("mine")
