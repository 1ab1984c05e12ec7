"""Paths, names and hub ids become files at hand, or an error that says how to get on."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken.convert import obtain as module
from hearken.convert.obtain import obtain, pull
from hearken.convert.sources import SOURCES, Source
from hearken.data.download import Expected
from hearken.errors import DownloadError, InputError
from tests.models.hub_server import Hub


def test_paths(tmp_path: Path) -> None:
    file = tmp_path / "Cnn14_mAP=0.431.pth"
    file.write_bytes(b"x")
    got = obtain(str(file), tmp_path)
    assert (got.path, got.name, got.architecture, got.origin.sha256) == (file, "Cnn14_mAP=0.431", None, hashlib.sha256(b"x").hexdigest())
    (tmp_path / "clap.folder").mkdir()
    assert obtain(str(tmp_path / "clap.folder"), tmp_path).name == "clap.folder"


def test_a_name_is_fetched_and_its_digest_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def fake(urls: object, path: Path, expected: Expected, *, on_progress: object) -> str:
        asked.append((urls, path, expected))
        return "f" * 64

    monkeypatch.setattr(module, "download", fake)
    got = obtain("cnn10", tmp_path)
    assert (got.path, got.name, got.architecture) == (tmp_path / "Cnn10_mAP=0.380.pth", "cnn10", "cnn10")
    assert (got.origin.name, got.origin.licence, got.origin.sha256) == ("cnn10", "CC-BY-4.0", "f" * 64)
    assert asked == [(SOURCES["cnn10"].urls, got.path, SOURCES["cnn10"].expected)]
    assert got.origin.url == "https://zenodo.org/records/3987831/files/Cnn10_mAP%3D0.380.pth"


def test_a_file_with_only_a_page_is_fetched_by_hand(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="has a page but no plain address") as caught:
        obtain("wavcaps", tmp_path)
    assert str(tmp_path / "HTSAT-BERT-PT.pt") in caught.value.hint
    (tmp_path / "HTSAT-BERT-PT.pt").write_bytes(b"there")
    assert obtain("wavcaps", tmp_path).path == tmp_path / "HTSAT-BERT-PT.pt"


class Fetched:
    """Stands for `download`: notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, Path, object]] = []

    def __call__(self, urls: object, path: Path, expected: Expected | None = None, *, on_progress: object) -> str:
        self.asked.append((urls, path, expected))
        return "f" * 64


def test_an_address_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = Fetched()
    monkeypatch.setattr(module, "download", fetched)
    urls = ["https://me:word@host/a/model.pt?token=1", "http://host/b/model.pt", "http://host/x%2F..%2F%3Cy%3E.ckpt", "https://host"]
    got = [obtain(url, tmp_path) for url in urls]
    assert [one.name for one in got] == ["model", "model", "x_..__y_", "checkpoint"]
    assert len({one.path for one in got}) == 4
    assert all(one.path.parent.parent == tmp_path for one in got)
    assert (got[0].origin.url, got[0].origin.name, got[0].architecture) == ("https://host/a/model.pt", "", None)
    assert [asked[0] for asked in fetched.asked] == urls
    assert {asked[2] for asked in fetched.asked} == {None}


def test_a_mirror_is_held_to_the_published_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = Fetched()
    monkeypatch.setattr(module, "download", fetched)
    got = obtain("http://mirror/panns/Cnn14_mAP%3D0.431.pth?download=1", tmp_path)
    assert (got.name, got.architecture, got.path) == ("cnn14", "cnn14", tmp_path / "Cnn14_mAP=0.431.pth")
    assert (got.origin.name, got.origin.licence) == ("cnn14", "CC-BY-4.0")
    assert fetched.asked[0][2] == SOURCES["cnn14"].expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        obtain(str(tmp_path / "pipe"), tmp_path)


def test_names_of_models_can_be_names_of_folders_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a\nb:c.pt").write_bytes(b"x")
    assert obtain(str(tmp_path / "a\nb:c.pt"), tmp_path).name == "a_b_c"


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file, checkpoint or hub id 'cnn15'") as caught:
        obtain("cnn15", tmp_path)
    assert "cnn14" in caught.value.hint


@pytest.mark.parametrize("name", ["laion/clap-htsat-unfused", "someone/else"])
def test_hub_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(module, "pull", lambda hub_id: tmp_path / hub_id)
    got = obtain(name, tmp_path)
    assert (got.path, got.name, got.origin.url) == (tmp_path / name, name, f"{name}@{Path(name).name}")


def test_pulling_takes_pickles_only_where_there_is_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: list[list[str]] = []

    def fake(hub_id: str, *, allow_patterns: list[str], **options: object) -> str:
        asked.append(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    assert pull("a/b") == tmp_path
    assert ["pytorch_model.bin" in patterns for patterns in asked] == [False, True]
    (tmp_path / "model.safetensors").write_bytes(b"")
    pull("a/b")
    assert len(asked) == 3
    assert not [name for patterns in asked for name in patterns if name.endswith(".py")]


def test_the_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def fail(*args: object, **options: object) -> None:
        raise OSError("no route to host\nmore")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(DownloadError, match=r"cannot be had from the hub: no route to host$") as caught:
        pull("a/b")
    assert "give its path" in caught.value.hint


def test_a_folder_comes_from_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real server: settings and weights come, code that lies beside them does not."""
    constants = pytest.importorskip("huggingface_hub.constants")
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.setattr(constants, name, True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    files = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"pickle", "run_me.py": b"print()"}
    server, address = Hub({"laion/clap": files}).start()
    try:
        folder = pull("laion/clap", endpoint=address, cache=tmp_path / "cache")
    finally:
        server.shutdown()
        server.server_close()
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_a_source_says_where_it_is() -> None:
    assert Source("t", "f", "l", page="https://p").where == "https://p"
    assert Source("t", "f", "l", urls=("https://u",)).where == "https://u"
