"""`hearken models`: the table of models."""

from __future__ import annotations

import json

from hearken.runtime.catalog import ModelInfo

POCKET = ModelInfo("pocket", "/m/pocket", "0123456789abcdef", 384, 28_400_000, "Apache-2.0", "small and quick")


def test_table(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", lambda: [POCKET])
    code, out, err = cli("models")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["name", "dim", "size", "licence", "digest", "what", "it", "is"],
        ["pocket", "384", "28.4", "MB", "Apache-2.0", "0123456789ab", "small", "and", "quick"],
    ]


def test_json(cli, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.catalog.list_models", lambda: [POCKET])
    models = json.loads(cli("models", "--json").out)["models"]
    assert models[0] | {"path": ""} == {
        "name": "pocket", "path": "", "digest": "0123456789abcdef", "dim": 384, "size_bytes": 28_400_000, "licence": "Apache-2.0",
        "summary": "small and quick",
    }  # fmt: skip
