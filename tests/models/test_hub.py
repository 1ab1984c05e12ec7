"""Push and pull against a hub of our own on 127.0.0.1: whole folders, broken downloads, no connection, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from hearken.errors import DownloadError, ModelNotFoundError
from hearken.models import hub
from tests.models.hub_server import Hub

FILES = {"config.json": b'{"format": 1}', "model.safetensors": bytes(range(256)) * 8_000, "tokenizer.json": b"{}"}
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second protocol, no progress bars, no waiting between attempts."""
    from huggingface_hub import constants, file_download

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)  # as it comes; our own code has to switch it off
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setattr(file_download.time, "sleep", lambda _: None)


@pytest.fixture
def state() -> Hub:
    return Hub()


@pytest.fixture
def endpoint(state: Hub) -> Iterator[str]:
    server, address = state.start()
    yield address
    server.shutdown()
    server.server_close()


def write(folder: Path) -> None:
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / "notes.txt").write_text("of no use to others")


def test_what_is_pushed_can_be_pulled(state: Hub, endpoint: str, tmp_path: Path) -> None:
    address = hub.push(write, "someone/ears", endpoint=endpoint, token="hf_test")
    assert "someone/ears/commit/" in address
    assert state.repos["someone/ears"] == FILES  # and nothing beyond the files of a model folder
    folder = hub.pull("someone/ears", endpoint=endpoint, cache=tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_other_files_of_a_repository_are_left_there(state: Hub, endpoint: str, tmp_path: Path) -> None:
    state.repos["someone/ears"] = {**FILES, "weights.pkl": b"no", "model.bin": b"no"}
    folder = hub.pull("someone/ears", endpoint=endpoint, cache=tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_a_broken_download_goes_on_where_it_stopped(state: Hub, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 64 * 1024)
    state.repos["someone/ears"] = dict(FILES)
    state.breaks = {"model.safetensors"}
    folder = hub.pull("someone/ears", endpoint=endpoint, cache=tmp_path)
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    ranges = [said for method, path, said in state.seen if method == "GET" and path.endswith("model.safetensors")]
    starts = [int(said.removeprefix("bytes=").split("-")[0]) for said in ranges if said]
    assert starts, ranges
    assert 0 < starts[-1] <= len(FILES["model.safetensors"]) // 2


def test_without_a_connection_the_cached_copy_serves(state: Hub, endpoint: str, tmp_path: Path) -> None:
    state.repos["someone/ears"] = dict(FILES)
    first = hub.pull("someone/ears", endpoint=endpoint, cache=tmp_path)
    assert hub.pull("someone/ears", endpoint=UNREACHABLE, cache=tmp_path) == first


def test_an_unreachable_hub_is_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="someone/ears") as caught:
        hub.pull("someone/ears", endpoint=UNREACHABLE, cache=tmp_path)
    assert "give its path" in caught.value.hint
    with pytest.raises(DownloadError, match="cannot be pushed"):
        hub.push(write, "someone/ears", endpoint=UNREACHABLE, token="hf_test")


def test_an_unknown_repository_and_a_refusal_are_download_errors(state: Hub, endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="nobody/nothing"):
        hub.pull("nobody/nothing", endpoint=endpoint, cache=tmp_path)
    state.refuse = True
    with pytest.raises(DownloadError, match="cannot be pushed"):
        hub.push(write, "someone/ears", endpoint=endpoint, token="hf_test")


def test_a_folder_comes_before_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "someone" / "ears").mkdir(parents=True)
    assert hub.locate("someone/ears", endpoint=UNREACHABLE) == Path("someone/ears")


@pytest.mark.parametrize("name", ["ears", "../ears", "/nowhere/ears", "a/b/c", "someone/", "some one/ears", ""])
def test_what_is_neither_folder_nor_hub_id_makes_no_connection(name: str, tmp_path: Path) -> None:
    with pytest.raises((ModelNotFoundError, DownloadError)) as caught:
        hub.locate(name, endpoint=UNREACHABLE, cache=tmp_path) if name else hub.locate("?", endpoint=UNREACHABLE)
    assert caught.type is ModelNotFoundError


def test_the_hubs_library_reports_nothing(state: Hub, endpoint: str, tmp_path: Path) -> None:
    from huggingface_hub import constants

    hub.push(write, "me/model", endpoint=endpoint, token="t")
    hub.pull("me/model", endpoint=endpoint, cache=tmp_path)
    assert constants.HF_HUB_DISABLE_TELEMETRY is True
