"""`hearken demo`: what it listens to, and what it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.audio import sounds
from hearken.cli import demo
from hearken.errors import AudioReadError
from hearken.types import Hit


class ProbedLibrary:
    """Answers probes by the number of letters: longer is better; long ones share a file."""

    def search(self, text: str, k: int, *, names: bool) -> list[Hit]:
        assert (k, names) == (1, False)
        path = "/s/favourite.wav" if len(text) > 20 else f"/s/{text}.wav"
        return [Hit(path, 0.0, 1.0, len(text) / 100, 1.0)]


@pytest.fixture
def two_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the synthetic set be small."""
    monkeypatch.setattr(sounds, "SOUNDS", {name: sounds.SOUNDS[name] for name in ("rain", "heartbeat")})


def names(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.wav").write_bytes(b"RIFF")


def test_a_folder_given(tmp_path) -> None:
    material = demo.choose(tmp_path, tmp_path / "home")
    assert material.roots == (str(tmp_path),)
    assert material.queries == ()


def test_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(AudioReadError, match=r"There is no folder .*no\\x1b"):
        demo.choose(tmp_path / "no\x1b", tmp_path)


def test_sounds_of_the_system_when_there_are_enough(tmp_path, two_sounds) -> None:
    names(tmp_path / "few", 9)
    names(tmp_path / "enough", 10)
    assert "SYNTHETIC" in demo.choose(None, tmp_path / "home", [str(tmp_path / "few"), str(tmp_path / "absent")]).sentence
    material = demo.choose(None, tmp_path / "home", [str(tmp_path / "enough")])
    assert material.sentence == "Listening to 10 sounds found on this computer"
    assert len(material.roots) == 10


def test_not_too_many_sounds_of_the_system(tmp_path) -> None:
    names(tmp_path / "many", 305)
    assert len(demo.system_sounds([str(tmp_path / "many")])) == demo.MAX_SYSTEM_FILES == 300


def test_synthetic_sounds_are_labelled_and_made_once(tmp_path, two_sounds) -> None:
    material = demo.choose(None, tmp_path, [])
    folder = tmp_path / "sounds"
    assert material == demo.Material(
        (str(folder),), f"No recordings at hand, so these are 2 SYNTHETIC sounds, made from numbers: {folder}", demo.SYNTHETIC_QUERIES
    )
    (folder / "rain.wav").write_bytes(b"mine")
    demo.choose(None, tmp_path, [])
    assert (folder / "rain.wav").read_bytes() == b"mine"
    assert (folder / "heartbeat.wav").stat().st_size > 100_000


def test_probes_are_the_best_with_different_files() -> None:
    probes = demo.best_probes(ProbedLibrary())  # type: ignore[arg-type]
    assert len(probes) == len(set(probes)) == 3
    assert probes[0] == max(demo.PROBES, key=lambda probe: (len(probe), probe))
    assert all(len(probe) <= 20 for probe in probes[1:])


def test_library_names_differ_by_material() -> None:
    assert demo.library_name(["/a"]) == demo.library_name(["/a"]) != demo.library_name(["/a\udce9"])


def test_home_falls_back_to_a_temporary_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file" / name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = demo.demo_home()
    assert home.is_dir()
    assert home.parent == tmp_path


def test_the_whole_demo_on_a_fake_library(cli, answers, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(demo, "demo_home", lambda: tmp_path)
    monkeypatch.setattr(demo, "library_name", lambda roots: "library-x")
    code, out, err = cli("demo", str(tmp_path), "--jobs", "1")
    assert (code, err) == (0, "")
    assert out.startswith(f"Listening to {tmp_path}")
    assert out.count("hearken search --sound-only '") == 1  # every probe has the same best file here
    assert [name for name, _, _ in answers.calls].count("search") == len(demo.PROBES) + 1
    assert "hearken index DIR" in out
