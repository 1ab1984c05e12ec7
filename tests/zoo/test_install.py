"""Models by name: what is here is used, what is named is fetched, converted and exported once, and the rest is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from hearken.errors import DownloadError, InputError, MissingExtraError, ModelError, ModelNotFoundError, extra_hint
from hearken.runtime.catalog import find_model, list_models
from hearken.zoo import install
from tests.models.hub_server import Hub

UNREACHABLE = "http://127.0.0.1:9"


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
    assert extra_hint("train") in caught.value.hint


def test_percents_tell_every_tenth() -> None:
    told: list[str] = []
    percents = install._Percents("x", told.append)
    for done in (0, 5, 9, 10, 55, 56, 100):
        percents(done, 100)
    assert told == ["fetching x: 10 %", "fetching x: 50 %", "fetching x: 100 %"]
    install._Percents("x", None)(1, 2)


def test_a_model_is_called_as_its_folder_is_as_far_as_a_name_can_be(tmp_path: Path) -> None:
    for folder, name in [
        ("run", "run"),
        ("My run (3)", "My-run-3"),
        ("Cnn14_mAP=0.431", "Cnn14_mAP-0.431"),
        ("a..b", "a-b"),
        ("日本", "model"),
    ]:
        (tmp_path / folder).mkdir()
        assert install._name_of(tmp_path / folder) == name
    assert install._name_of("laion/clap-htsat-unfused") == "laion/clap-htsat-unfused"


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

    @pytest.mark.parametrize("name", ["../x", "a/b/c", "a/../b", "."])
    def test_a_name_that_is_none_is_refused(self, weights: Path, name: str) -> None:
        with pytest.raises(InputError, match="cannot be the name"):
            install.export_model(weights, name=name)

    def test_a_name_under_which_it_would_not_be_found_is_refused(self, weights: Path, home: Path) -> None:
        with pytest.raises(InputError, match="another model by the name 'pocket'"):
            install.export_model(weights, name="pocket")
        (home / "me").mkdir(parents=True)
        (home / "me" / "config.json").touch()
        with pytest.raises(InputError, match="another model by the name 'me/mine'"):
            install.export_model(weights, name="me/mine")

    def test_a_file_that_was_put_there_by_hand_stays(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`hearken convert` tells where to put what cannot be fetched."""
        (home / "downloads").mkdir(parents=True)
        (home / "downloads" / "mine.pt").touch()
        for name, stays in (("mine.pt", True), ("fetched.pt", False)):
            path = home / "downloads" / name
            monkeypatch.setattr("hearken.convert.obtain.obtain", _finds(path))
            monkeypatch.setattr("hearken.convert.convert.convert", _converts)
            with install._weights("laion-630k", None):
                pass
            assert path.exists() is stays

    def test_a_lone_audio_encoder_is_refused_before_it_is_fetched(self) -> None:
        for name in ("cnn14", "passt_s_swa"):
            with pytest.raises(InputError, match="audio encoder alone"):
                install.export_model(name)

    def test_a_folder_with_a_lone_audio_encoder_is_refused_by_the_same_words(self, tmp_path: Path) -> None:
        from hearken.models.build import build_audio, save_audio

        save_audio(build_audio("mn04"), "mn04", tmp_path / "lone")
        with pytest.raises(InputError, match="audio encoder alone"):
            install.export_model(tmp_path / "lone")

    def test_what_nobody_has_is_not_said_to_be_fetched(self) -> None:
        told: list[str] = []
        with pytest.raises(InputError, match="no file, checkpoint or hub id 'no-such-thing'"):
            install.export_model("no-such-thing", tell=told.append)
        assert told == []

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

    def test_from_a_hub_id_to_hits_with_one_command_and_then_offline(self, tmp_path: Path) -> None:
        """The program in a process of its own, a real server, a real search; afterwards with neither server nor cache."""
        from tests.zoo.clap_repository import clap_files

        synthesised = 0.1 * np.random.default_rng(0).standard_normal(48_000 * 12)
        (tmp_path / "sounds").mkdir()
        soundfile.write(tmp_path / "sounds" / "noise.wav", synthesised, 48_000)
        files = clap_files(tmp_path / "repository")
        hub = Hub({"laion/clap-htsat-unfused": files})
        server, address = hub.start()
        named = ["--model", "laion/clap-htsat-unfused"]
        try:
            first = hearken(tmp_path, address, "index", "sounds", *named, "--json")
        finally:
            server.shutdown()
            server.server_close()
        assert first.returncode == 0, first.stderr
        assert json.loads(first.stdout)["indexed"] == 1
        steps = ["fetching laion/clap-htsat-unfused ...", "converting the weights ...", "writing the graphs ...", "checking them"]
        places = [first.stderr.find(step) for step in steps]
        assert places == sorted(places)
        assert min(places) >= 0
        fetched = {path.rsplit("/", 1)[1] for method, path, _ in hub.seen if method == "GET" and "/resolve/" in path}
        assert fetched == {"config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"}
        assert sorted(path.name for path in (tmp_path / "models").rglob("*") if path.is_dir()) == ["clap-htsat-unfused", "laion"]
        shutil.rmtree(tmp_path / "hf")
        again = hearken(tmp_path, UNREACHABLE, "search", "rain falls on water", *named, "--json")
        assert (again.returncode, again.stderr) == (0, "")
        assert [Path(hit["path"]).name for hit in json.loads(again.stdout)["hits"]] == ["noise.wav"]

    def test_an_unreachable_hub_is_a_sentence_and_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "sounds").mkdir()
        done = hearken(tmp_path, UNREACHABLE, "index", "sounds", "--model", "laion/clap-htsat-unfused")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(
            "fetching laion/clap-htsat-unfused ...\nError: The model laion/clap-htsat-unfused cannot be had from the hub"
        )
        assert "Hint: Check the connection" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list((tmp_path / "models").rglob("*"))
        assert not (tmp_path / "library").exists()


def hearken(home: Path, endpoint: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in the folder `home`, where everything that it keeps goes too, with the hub at `endpoint`."""
    places = {"HEARKEN_MODELS": str(home / "models"), "HEARKEN_HOME": str(home / "library"), "HF_HOME": str(home / "hf")}
    hub = {"HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "hearken", *arguments],
        cwd=home, env={**os.environ, **places, **hub, "PYTHONPATH": path}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def _finds(path: Path) -> Callable[..., object]:
    from hearken.convert.obtain import Obtained, Origin

    def obtain(what: str, downloads: Path, on_progress: object) -> Obtained:
        assert path.parent == downloads
        path.touch()
        return Obtained(path, Origin(what), what)

    return obtain


def _converts(path: Path, out: Path, **options: object) -> SimpleNamespace:
    from tests.export.tiny_dual import tiny_dual

    tiny_dual(segment_s=0.5).save_pretrained(out)
    return SimpleNamespace(kind="dual")


def _unreachable(hub_id: str) -> Path:
    raise DownloadError(f"The model {hub_id} cannot be had from the hub.", "Connect.")
