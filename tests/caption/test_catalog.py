"""Where captioners are found, and which model each belongs to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hearken.caption import catalog
from hearken.caption.captioner import OnnxCaptioner
from hearken.caption.patterns import PatternCaptioner
from hearken.errors import FormatVersionError, ModelError, ModelNotFoundError
from hearken.runtime.catalog import find_model, model_info
from tests.caption.tiny import write_folder

FILES = {"decoder.onnx": b"d", "vocabulary.json": b"v"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the captioner that comes with Hearken nor those of this machine."""
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "home"))
    monkeypatch.setattr(catalog, "_ASSETS", tmp_path / "assets" / "captioner")
    return tmp_path / "home"


def test_a_name_is_looked_for_in_order(tmp_path: Path, home: Path) -> None:
    given = write_folder(tmp_path / "given", FILES, name="given")
    installed = write_folder(home / "own", FILES, name="own")
    assert [catalog.find_captioner(name) for name in ("own", str(given), str(installed))] == [installed, given, installed]
    with pytest.raises(ModelNotFoundError, match="no captioner 'pocket-captions'") as told:
        catalog.find_captioner()
    assert "Captioners here: own." in told.value.hint
    built_in = write_folder(tmp_path / "assets" / "captioner", FILES, name="pocket-captions")
    assert catalog.find_captioner() == built_in
    assert [each.name for each in catalog.list_captioners()] == ["pocket-captions", "own"]


def test_a_model_is_no_captioner(home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="writes no captions") as told:
        catalog.find_captioner(str(find_model("pocket")))
    assert told.value.hint == "Captioners here: none."
    home.mkdir()
    weights = home / "weights"
    weights.mkdir()
    (weights / "config.json").write_text(json.dumps({"kind": "captioner", "audio": {}}))  # as it is trained: nothing to run
    assert catalog.list_captioners() == []


def test_a_damaged_one_hides_no_other_and_tells_what_is_wrong(tmp_path: Path, home: Path) -> None:
    damaged = write_folder(home / "bad", FILES, dim="two")
    write_folder(home / "good", FILES, name="good")
    assert [each.name for each in catalog.list_captioners()] == ["good"]
    with pytest.raises(ModelError, match="lacks dim"):
        catalog.open_captioner(damaged)
    newer = write_folder(home / "newer", FILES, name="newer", format=2)
    (home / "deep").mkdir()
    (home / "deep" / "config.json").write_text("[" * 200_000)
    assert [each.name for each in catalog.list_captioners()] == ["good"]
    with pytest.raises(FormatVersionError, match="format 2"):
        catalog.open_captioner(newer)
    built_in = tmp_path / "assets" / "captioner"
    built_in.mkdir(parents=True)
    (built_in / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        catalog.open_captioner()


def test_each_design_is_opened_as_what_it_is(tmp_path: Path) -> None:
    assert isinstance(catalog.open_captioner(write_folder(tmp_path / "one", FILES)), OnnxCaptioner)
    bank = write_folder(tmp_path / "two", {"bank.json": b"", "bank.npy": b""}, design="patterns")
    assert isinstance(catalog.open_captioner(bank), PatternCaptioner)


def test_a_captioner_and_the_model_it_listens_with_find_each_other(tmp_path: Path, home: Path) -> None:
    pocket = model_info(find_model("pocket"))
    write_folder(home / "a", FILES, name="a")
    write_folder(home / "b", FILES, name="b", model_digest=pocket.digest)
    captioner = catalog.captioner_for(pocket.digest)
    assert captioner.name == "b"
    assert catalog.model_of(captioner) == Path(pocket.path)
    assert catalog.model_of(captioner, "pocket") == Path(pocket.path)
    with pytest.raises(ModelNotFoundError, match="No captioner belongs to the model digest eeeeeeeeeeee") as told:
        catalog.captioner_for("e" * 64)
    assert told.value.hint == f"Captioners here: a (for digest {'d' * 12}), b (for pocket)."
    with pytest.raises(ModelNotFoundError, match=r"listens with is not here \(digest dddddddddddd\)"):
        catalog.model_of(catalog.open_captioner("a"))
    with pytest.raises(ModelError, match="tiny does not belong to the model 'pocket'"):
        catalog.model_of(catalog.open_captioner(write_folder(tmp_path / "c", FILES)), "pocket")


def test_the_digest_of_a_file_is_what_the_configuration_holds(tmp_path: Path) -> None:
    config = json.loads((write_folder(tmp_path, FILES) / "config.json").read_text())
    assert config["files"]["decoder.onnx"] == hashlib.sha256(b"d").hexdigest()


def test_a_model_for_searching_names_its_captioner(home: Path) -> None:
    pocket = model_info(find_model("pocket"))
    write_folder(home / "a", FILES, name="a")
    write_folder(home / "b", FILES, name="b", model_digest=pocket.digest)
    for name in ("pocket", pocket.path):
        with pytest.raises(ModelNotFoundError, match="is one for searching: it writes no captions") as told:
            catalog.find_captioner(name)
        assert told.value.hint == "Its captioner is b."
