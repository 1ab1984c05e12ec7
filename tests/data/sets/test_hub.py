"""Hugging Face data sets: saved folders, Parquet and a little hub on this machine, all through the library itself."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.hub import load_hub
from hearken.errors import DataError, DownloadError
from tests.models.hub_server import Hub

ROOT = Path(__file__).resolve().parents[3]
datasets = pytest.importorskip("datasets")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A data set of two rows with sound, a caption and a class, as the library makes it."""
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "home"))
    rows = {
        "audio": [{"bytes": b"RIFF1", "path": "a.wav"}, {"bytes": b"RIFF2", "path": None}],
        "caption": ["A dog.", "A cat."],
        "label": [1, 0],
    }
    plain = datasets.Dataset.from_dict(rows)
    return plain.cast_column("audio", datasets.Audio()).cast_column("label", datasets.ClassLabel(names=["cat", "dog"]))


def test_a_saved_data_set(made, tmp_path) -> None:
    made.save_to_disk(str(tmp_path / "saved"))
    corpus = load(f"hf:{tmp_path / 'saved'}")
    assert [(clip.captions, clip.tags, clip.split) for clip in corpus.clips] == [
        (("A dog.",), ("dog",), "all"),
        (("A cat.",), ("cat",), "all"),
    ]
    assert [Path(clip.audio).read_bytes() for clip in corpus.clips] == [b"RIFF1", b"RIFF2"]
    assert corpus.reference == f"hf:{tmp_path / 'saved'}"


def test_splits_of_a_saved_dictionary(made, tmp_path) -> None:
    datasets.DatasetDict({"train": made.select([0]), "test": made.select([1])}).save_to_disk(str(tmp_path / "saved"))
    assert load_hub(str(tmp_path / "saved")).splits == ("train", "test")


def test_a_hub(tmp_path) -> None:
    """In a process of its own: the library reads the hub's address when it is imported. Nothing but the data set is asked for."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([{"audio": {"bytes": b"RIFF1", "path": "a.wav"}, "caption": "A dog."}]), table)
    hub = Hub(repos={"owner/name": {"README.md": b"---\nlicense: cc0-1.0\n---\n", "data/train-00000-of-00001.parquet": table.getvalue()}})
    server, address = hub.start()
    code = "from hearken.data.load import load\n(clip,) = load('hf:owner/name').clips\nprint(clip.split, clip.captions, open(clip.audio).read())"
    environment = os.environ | {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HEARKEN_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    server.shutdown()
    server.server_close()
    assert done.stdout == "train ('A dog.',) RIFF1\n", done.stderr
    assert len(hub.seen) >= 5
    assert {path for _, path, _ in hub.seen if "/owner/name" not in path} == set()


def test_names_reach_the_library(made, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *names, split: asked.append((*names, split)) or made)
    assert len(load_hub("owner/name/config:train[:10%]").clips) == 2
    assert load_hub("owner/name").splits == ("all",)
    assert asked == [("owner/name", "config", "train[:10%]"), ("owner/name", None, None)]


@pytest.mark.parametrize(("reference", "words"), [("nothing", "names no data set"), ("a/b/c/d", "names no data set")])
def test_references_that_are_none(reference, words) -> None:
    with pytest.raises(DataError, match=words):
        load_hub(reference)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [(ConnectionError("no way"), DownloadError), (FileNotFoundError("no such set"), DataError), (ValueError("bad split"), DataError)],
)
def test_errors_of_the_library_are_named(monkeypatch, raised, kind) -> None:
    def fail(*names: object, split: object) -> None:
        raise raised

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(kind, match=str(raised)):
        load_hub("owner/name")


def test_a_folder_that_is_no_data_set(tmp_path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_hub(str(tmp_path))
