"""A shard is whole and noted, or not there."""

from __future__ import annotations

import errno
import json
import tarfile
from pathlib import Path

import pytest

from hearken.data.clip import Clip
from hearken.data.shards.facts import Sound
from hearken.data.shards.layout import Shard
from hearken.data.shards.writer import PACKING, ShardWriter, note_path
from hearken.errors import AudioEmptyError, ShardError

SOUND = Sound(32_000, 16_000, 0.0, 2.0, True, ("silent",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / PACKING).mkdir()
    return tmp_path


def fill(writer: ShardWriter) -> None:
    writer.add("00000001", Clip("a", "", "a.wav"), (SOUND, b"sound"))
    writer.add("00000002", Clip("b", "", "b.wav"), AudioEmptyError("b.wav has no samples."))


def test_a_finished_shard_is_there_and_noted(folder: Path) -> None:
    with ShardWriter(folder, "x-000000.tar", "flac") as writer:
        fill(writer)
        assert not (folder / "x-000000.tar").exists()
        shard = writer.finish()
    with tarfile.open(folder / "x-000000.tar", "r:") as archive:
        assert archive.getnames() == ["00000001.json", "00000001.flac"]
    assert shard.bytes == (folder / "x-000000.tar").stat().st_size == 4 * 512 + 1_024
    assert (shard.total_s, len(shard.samples), shard.flags) == (0.5, 1, {"cut": 1, "over_full_scale": 1, "silent": 1})
    assert [(failed.key, failed.id, failed.error) for failed in shard.failed] == [("00000002", "b", "AudioEmptyError")]
    note = note_path(folder, "x-000000.tar")
    assert Shard.from_json(json.loads(note.read_bytes())) == shard
    assert [path.name for path in (folder / PACKING).iterdir()] == [note.name]


def test_an_unfinished_shard_is_not_there(folder: Path) -> None:
    with ShardWriter(folder, "x-000000.tar", "flac") as writer:
        fill(writer)
    assert [path.name for path in folder.iterdir()] == [PACKING]
    assert not note_path(folder, "x-000000.tar").exists()


def test_a_full_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with ShardWriter(folder, "x-000000.tar", "flac") as writer:
        fill(writer)
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(ShardError, match=r"x-000000\.tar cannot be written: No space left on device"):
            writer.finish()
    assert not (folder / "x-000000.tar").exists()
