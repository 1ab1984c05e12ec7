"""Whole files or none, whatever goes wrong."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hearken.files import PART, TEMP_MARK, adopt, is_stream, remove_quietly, replacing, sync_folder, temp_beside, write_whole


def test_a_file_is_written_whole(tmp_path):
    write_whole(tmp_path / "x", [b"one ", memoryview(b"two")])
    assert (tmp_path / "x").read_bytes() == b"one two"
    write_whole(tmp_path / "x", b"three")
    assert (tmp_path / "x").read_bytes() == b"three"
    assert os.listdir(tmp_path) == ["x"]


def test_what_cannot_be_finished_leaves_the_old_file_and_no_other(tmp_path):
    write_whole(tmp_path / "x", [b"old"])

    def parts():
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", parts())
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_bytes_and_folder_are_on_the_disk_before_and_after_the_rename(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "fsync", lambda handle: events.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file"))
    real_replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("rename"), real_replace(*names)))
    write_whole(tmp_path / "x", [b"new"])
    if "rename" not in events:
        pytest.skip("this Python renames without os.replace, so the order cannot be seen")
    assert events == ["file", "rename", "folder"]


def test_temporary_names_are_unique_and_marked(tmp_path):
    names = {temp_beside(tmp_path / "x").name for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("x") and TEMP_MARK in name for name in names)


def test_who_is_alone_takes_away_what_a_killed_one_left(tmp_path):
    (tmp_path / f"x{PART}").write_bytes(b"left behind by a run that was killed, and longer")
    write_whole(tmp_path / "x", b"new", alone=True)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("alone", [False, True])
def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path, alone):
    def fail():
        with replacing(tmp_path / "x", alone=alone) as temp:
            temp.write_bytes(b"new")
            raise ValueError("mine")

    write_whole(tmp_path / "x", b"old")
    with pytest.raises(ValueError, match="mine"):
        fail()
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]
    with replacing(tmp_path / "x", alone=alone) as temp:
        temp.write_bytes(b"new")
        assert (tmp_path / "x").read_bytes() == b"old"
    assert (tmp_path / "x").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_an_error_and_leaves_what_was_there(tmp_path, monkeypatch, call):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    write_whole(tmp_path / "x", b"old")
    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else ("pathlib.Path.replace",)), full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be opened there")
def test_a_file_system_that_knows_no_syncing_of_folders_will_do_and_one_that_fails_will_not(tmp_path, monkeypatch):
    numbers = [errno.EINVAL, errno.EIO]

    def fail(handle):
        number = numbers.pop(0)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    sync_folder(tmp_path)
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)


def test_adopt_makes_a_finished_file_visible(tmp_path):
    temp = temp_beside(tmp_path / "x")
    temp.write_bytes(b"made elsewhere")
    adopt(temp, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"made elsewhere"
    assert os.listdir(tmp_path) == ["x"]


def test_removing_what_is_not_there_is_no_error(tmp_path):
    remove_quietly(tmp_path / "absent")
    sync_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("alone", [False, True])
def test_a_pipe_is_written_to_and_stays(tmp_path: Path, alone: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, [b"one", b" two"], alone=alone)
        with replacing(pipe, alone=alone) as temp:
            temp.write_bytes(b" three")
        assert os.read(reader, 100) == b"one two three"
    finally:
        os.close(reader)
    assert is_stream(pipe)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_only_devices_and_pipes_are_streams(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not any(is_stream(path) for path in (tmp_path, tmp_path / "file", tmp_path / "absent"))
    assert is_stream(Path(os.devnull)) == (os.name != "nt")
