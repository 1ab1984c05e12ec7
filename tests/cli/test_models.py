"""`hearken models`: the table of models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.caption.folder import read_folder
from hearken.convert.sources import SOURCES
from hearken.runtime.catalog import ModelInfo
from tests.caption.tiny import write_folder

POCKET = ModelInfo("pocket", "/m/pocket", "0123456789abcdef", 384, 28_400_000, "Apache-2.0", "small and quick")


@pytest.fixture(autouse=True)
def no_captioners(monkeypatch) -> None:
    monkeypatch.setattr("hearken.caption.catalog.list_captioners", list)


def test_table(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", lambda: [POCKET])
    code, out, err = cli("models")
    assert (code, err) == (0, "")
    here, fetch = out.split("\n\n")
    assert [line.split() for line in here.splitlines()] == [
        ["name", "dim", "size", "licence", "digest", "what", "it", "is"],
        ["pocket", "384", "28.4", "MB", "Apache-2.0", "0123456789ab", "small", "and", "quick"],
    ]
    rows = [line.split() for line in fetch.splitlines()]
    assert len(rows) == 1 + len(SOURCES)
    assert rows[1][:4] == ["cnn14", "327.4", "MB", "CC-BY-4.0"]
    assert [row[1] for row in rows if row[0] == "cnn6"] == ["?"]


def test_json(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", lambda: [POCKET])
    models = json.loads(cli("models", "--json").out)["models"]
    assert models[0] | {"path": ""} == {
        "name": "pocket", "path": "", "digest": "0123456789abcdef", "dim": 384, "size_bytes": 28_400_000, "licence": "Apache-2.0",
        "summary": "small and quick",
    }  # fmt: skip


def test_json_of_what_can_be_fetched(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", list)
    found = json.loads(cli("models", "--json").out)
    assert found["models"] == []
    rows = {row["name"]: row for row in found["downloads"]}
    assert rows.keys() == SOURCES.keys()
    assert rows["mn04"]["size_bytes"] == 4_066_513
    assert rows["cnn6"]["sha256"] is None
    assert rows["laion/clap-htsat-unfused"]["source"] == "laion/clap-htsat-unfused"


def test_a_narrow_terminal_shows_no_addresses(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", list)
    monkeypatch.setenv("COLUMNS", "100")
    out = cli("models").out
    assert "https://" not in out
    assert "Wavegram-Logmel-CNN14" in out


def test_captioners_are_listed_with_the_model_that_they_listen_with(cli, monkeypatch, tmp_path: Path) -> None:
    files = {"bank.json": b"12345", "bank.npy": b"123"}
    own, other = (
        read_folder(write_folder(tmp_path / name, files, name=name, design="patterns", model_digest=digest))
        for name, digest in (("own", POCKET.digest), ("other", "f" * 64))
    )
    monkeypatch.setattr("hearken.runtime.catalog.list_models", lambda: [POCKET])
    monkeypatch.setattr("hearken.caption.catalog.list_captioners", lambda: [own, other])
    _, captioners, _ = cli("models").out.split("\n\n")
    assert [line.split()[:6] for line in captioners.splitlines()] == [
        ["captioner", "listens", "with", "size", "licence", "digest"],
        ["own", "pocket", "8", "bytes", "none", own.digest[:12]],
        ["other", "not", "here", "8", "bytes", "none"],
    ]
    first, second = json.loads(cli("models", "--json").out)["captioners"]
    assert first == {
        "name": "own", "path": str(tmp_path / "own"), "digest": own.digest, "model": "pocket", "model_digest": POCKET.digest,
        "design": "patterns", "size_bytes": 8, "licence": "none", "summary": "a test's",
    }  # fmt: skip
    assert (second["model"], second["model_digest"]) == (None, "f" * 64)
