import os

import pytest

from hearken.library.files import TEMP_MARK, adopt, digest_of, remove_quietly, sync_folder, temp_beside, write_whole


def test_the_digest_is_that_of_the_parts_joined():
    assert digest_of([b"ab", b"", memoryview(b"c")]) == digest_of([b"abc"]) != digest_of([b"abd"])
    assert digest_of([]) == "cae66941d9efbd404e4d88758ea67670"  # BLAKE2b-128 of nothing


def test_a_file_is_written_whole(tmp_path):
    write_whole(tmp_path / "x", [b"one ", memoryview(b"two")])
    assert (tmp_path / "x").read_bytes() == b"one two"
    write_whole(tmp_path / "x", [b"three"])
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


def test_adopt_makes_a_finished_file_visible(tmp_path):
    temp = temp_beside(tmp_path / "x")
    temp.write_bytes(b"made elsewhere")
    adopt(temp, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"made elsewhere"
    assert os.listdir(tmp_path) == ["x"]


def test_removing_what_is_not_there_is_no_error(tmp_path):
    remove_quietly(tmp_path / "absent")
    sync_folder(tmp_path)
