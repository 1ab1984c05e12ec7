"""`hearken models`: the table of models."""

from __future__ import annotations

import json

from hearken.convert.sources import SOURCES
from hearken.runtime.catalog import ModelInfo

POCKET = ModelInfo("pocket", "/m/pocket", "0123456789abcdef", 384, 28_400_000, "Apache-2.0", "small and quick")


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
