"""Our own small files: whole, the same bytes for the same value, and read only if they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.whole import read_json, write_json


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "x.json"
    write_json(path, {"b": [1, "\udce9"], "a": None})
    first = path.read_bytes()
    assert read_json(path) == {"b": [1, "\udce9"], "a": None}
    write_json(path, {"b": [1, "\udce9"], "a": None})
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_not_whole_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert read_json(tmp_path / "x.json") == {}
    assert read_json(tmp_path / "y.json") == {}


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_json(tmp_path / "x.json", {"a": 1})
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(tmp_path / "x.json", {"a": 2})
    assert read_json(tmp_path / "x.json") == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]
