"""Models by name: what is here is used, what is named is fetched, converted and exported once, and the rest is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import DownloadError, InputError, MissingExtraError, ModelError, ModelNotFoundError
from hearken.runtime.catalog import find_model, list_models
from hearken.zoo import install


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models home."""
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_what_is_here_is_used_as_it_is() -> None:
    assert install.ensure("pocket") == find_model("pocket")
    assert install.ensure(find_model("pocket")) == find_model("pocket")
    assert install.load_model().name == "pocket"


@pytest.mark.parametrize("name", ["bucket", "/no/such/folder", "a/b/c", "../x/y"])
def test_what_cannot_be_a_public_model_is_not_looked_for_elsewhere(name: str) -> None:
    assert not install.can_be_fetched(name)
    with pytest.raises(ModelNotFoundError):
        install.ensure(name)


@pytest.mark.parametrize("name", ["laion/clap-htsat-unfused", "laion-630k", "someone/some-model"])
def test_names_that_can_be_fetched(name: str) -> None:
    assert install.can_be_fetched(name)


def test_a_folder_is_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert not install.can_be_fetched("runs/mine")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(MissingExtraError, match="needs torch") as caught:
        install.load_model("someone/some-model")
    assert "hearken[train]" in caught.value.hint


def test_percents_tell_every_tenth() -> None:
    told: list[str] = []
    percents = install._Percents("x", told.append)
    for done in (0, 5, 9, 10, 55, 56, 100):
        percents(done, 100)
    assert told == ["fetching x: 0 %", "fetching x: 10 %", "fetching x: 50 %", "fetching x: 100 %"]
    install._Percents("x", None)(1, 2)


class TestWithTorch:
    """What makes models."""

    @pytest.fixture(autouse=True)
    def _needs(self) -> None:
        pytest.importorskip("torch")
        pytest.importorskip("onnx")

    @pytest.fixture
    def weights(self, tmp_path: Path) -> Path:
        from tests.export.tiny_dual import tiny_dual

        tiny_dual(segment_s=0.5).save_pretrained(tmp_path / "run")
        return tmp_path / "run"

    def test_trained_weights_are_exported_by_their_name(self, weights: Path, home: Path) -> None:
        with pytest.raises(ModelError, match="as they are trained"):
            install.load_model(weights)
        made = install.export_model(weights)
        assert (made.name, made.folder) == ("run", home / "run")
        assert [info.name for info in list_models()] == ["pocket", "run"]
        sound = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
        assert install.load_model("run").encode_audio([sound], 32_000).shape == (1, 12)

    def test_the_choices_arrive(self, weights: Path, tmp_path: Path) -> None:
        made = install.export_model(weights, out=tmp_path / "out", name="me/mine", segment_s=0.25)
        config = json.loads((tmp_path / "out" / "config.json").read_text())
        assert (made.name, config["name"], config["length_policy"]["frame_num_samples"]) == ("me/mine", "me/mine", 8_000)

    @pytest.mark.parametrize("name", ["../x", "a/b/c", ""])
    def test_a_name_that_is_none_is_refused(self, weights: Path, name: str) -> None:
        if name:
            with pytest.raises(InputError, match="cannot be the name"):
                install.export_model(weights, name=name)

    def test_a_lone_audio_encoder_is_refused_before_it_is_fetched(self) -> None:
        for name in ("cnn14", "passt_s_swa"):
            with pytest.raises(InputError, match="audio encoder alone"):
                install.export_model(name)

    def test_a_hub_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        monkeypatch.setattr("hearken.convert.obtain.pull", _unreachable)
        with pytest.raises(DownloadError, match="cannot be had"):
            install.load_model("someone/some-model")
        assert list(home.glob("*/*")) == []

    def test_a_hub_id_is_installed_once(self, weights: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hearken.convert.obtain.pull", lambda hub_id: weights)
        model = install.load_model("someone/some-model")
        assert (model.name, model.folder) == ("someone/some-model", home / "someone" / "some-model")
        monkeypatch.setattr("hearken.convert.obtain.pull", _unreachable)
        assert install.load_model("someone/some-model").digest == model.digest


def _unreachable(hub_id: str) -> Path:
    raise DownloadError(f"The model {hub_id} cannot be had from the hub.", "Connect.")
