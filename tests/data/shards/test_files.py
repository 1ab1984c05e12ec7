"""Writes are whole or absent, and an error of the system says which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.shards.files import PART, publish, write_whole, writing
from hearken.errors import ShardError


def test_a_file_replaces_another_and_leaves_nothing(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    (tmp_path / f"a{PART}").write_bytes(b"left behind by a run that was killed, and longer")
    write_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_the_old_file_stays_when_the_new_one_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "a", b"old")
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ShardError, match=r"a cannot be written: No space left on device\.") as failure, writing(tmp_path / "a"):
        write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert "run the same command again" in failure.value.hint


def test_publish_moves(tmp_path: Path) -> None:
    (tmp_path / "b.part").write_bytes(b"x")
    publish(tmp_path / "b.part", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
