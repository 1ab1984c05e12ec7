from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hearken.library.scan import Found, Skipped, is_below, nearest, normal_roots, scan, stamp_of

posix = pytest.mark.skipif(os.name != "posix", reason="needs links, FIFOs and sockets")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(*roots: Path) -> list[str]:
    base = os.path.realpath(roots[0])
    return [os.path.relpath(item.path, base) for item in scan(roots) if isinstance(item, Found)]


def skipped(*roots: Path) -> dict[str, str]:
    base = os.path.realpath(roots[0])
    return {os.path.relpath(item.path, base): item.error for item in scan(roots) if isinstance(item, Skipped)}


def test_sounds_are_found_in_order_and_others_not_mentioned(folder: Path) -> None:
    touch(folder, "b.wav", "a.WAV", "sub/c.opus", "notes.txt", "cover.jpg", "noext", "sub/deep/d.flac")
    assert found(folder) == ["a.WAV", "b.wav", "sub/c.opus", "sub/deep/d.flac"]
    assert skipped(folder) == {}


def test_stamps_are_those_of_the_file(folder: Path) -> None:
    touch(folder, "a.wav")
    item = next(iter(scan([folder])))
    status = os.stat(folder / "a.wav")
    assert item == Found(os.path.realpath(folder / "a.wav"), 1, status.st_mtime_ns, status.st_dev, status.st_ino)


def test_stamps_fit_into_63_bits() -> None:
    huge = SimpleNamespace(st_size=5, st_mtime_ns=10**21, st_dev=2**64 - 1, st_ino=2**64 - 2)
    assert stamp_of(cast(os.stat_result, huge)) == (5, 2**63 - 1, 2**63 - 1, 2**63 - 2)


def test_hidden_files_and_folders_are_skipped_with_a_reason(folder: Path) -> None:
    touch(folder, ".hidden.wav", "._a.wav", ".git/x.wav", ".DS_Store", "a.wav")
    assert found(folder) == ["a.wav"]
    assert skipped(folder) == {".hidden.wav": "Hidden", "._a.wav": "Hidden", ".git": "Hidden"}
    assert found(folder / ".git") == ["x.wav"]


def test_roots_may_be_files_nested_or_repeated(folder: Path) -> None:
    touch(folder, "sub/a.wav", "odd.bin", ".secret.wav")
    assert normal_roots([folder / "sub", folder, folder, folder / "sub" / "a.wav"]) == [str(folder)]
    assert [os.path.basename(item.path) for item in scan([folder / "odd.bin", folder / ".secret.wav"])] == ["odd.bin", ".secret.wav"]
    absent = next(iter(scan([folder / "absent"])))
    assert isinstance(absent, Skipped)
    assert (absent.error, absent.blocks) == ("Unreadable", True)
    assert is_below("/a/b", "/a")
    assert is_below("/a", "/a")
    assert not is_below("/ab", "/a")
    assert is_below("/a", "/")


@posix
def test_what_is_no_regular_file_is_skipped(folder: Path) -> None:
    os.mkfifo(folder / "fifo.wav")
    (folder / "folder.wav").mkdir()
    touch(folder, "folder.wav/inside.wav")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # socket names must be short
        try:
            server.bind("socket.wav")
        finally:
            os.chdir(here)
    os.symlink("/dev/zero", folder / "zero.wav")
    assert found(folder) == ["folder.wav/inside.wav"]
    expected = dict.fromkeys(("fifo.wav", "folder.wav", "socket.wav", "zero.wav"), "NotRegular")
    assert skipped(folder) == expected
    assert [item.error for item in scan([folder / "fifo.wav"]) if isinstance(item, Skipped)] == ["NotRegular"]


@posix
def test_links_are_followed_once_and_plain_paths_preferred(folder: Path, tmp_path: Path) -> None:
    touch(folder, "z/real.wav")
    touch(tmp_path, "outside/far.wav")
    os.symlink(folder / "z", folder / "a_link")
    os.symlink(folder / "z" / "real.wav", folder / "a.wav")
    os.symlink(tmp_path / "outside", folder / "out")
    os.symlink(tmp_path / "absent", folder / "dangling")
    os.symlink(folder / "loop.wav", folder / "loop.wav")
    os.symlink("notes", folder / ".hidden_link")
    os.link(folder / "z" / "real.wav", folder / "z" / "second.wav")
    assert found(folder) == ["z/real.wav", "out/far.wav"]
    assert skipped(folder) == {"a.wav": "SecondName", "z/second.wav": "SecondName", "dangling": "Unreadable", "loop.wav": "Unreadable"}


def test_captions_beside_sounds(folder: Path) -> None:
    touch(folder, "a.wav", "a.txt", "a.json", "b.wav", "b.json", "c.wav", "d.wav/x.wav", "C.txt", "e.wav")
    (folder / "e.txt").mkdir()
    captions = {os.path.basename(item.path): os.path.basename(item.caption_path) for item in scan([folder]) if isinstance(item, Found)}
    assert captions == {"a.wav": "a.txt", "b.wav": "b.json", "c.wav": "", "e.wav": "", "x.wav": ""}
    stamps = [item.caption_stamp for item in scan([folder / "a.wav"]) if isinstance(item, Found)]
    (folder / "a.txt").write_text("longer")
    assert [item.caption_stamp for item in scan([folder / "a.wav"]) if isinstance(item, Found)] != stamps


@posix
def test_a_caption_that_is_a_link_in_a_circle_hides_no_sound(folder: Path) -> None:
    touch(folder, "rain.wav", "rain.json")
    os.symlink("rain.txt", folder / "rain.txt")
    (item,) = (item for item in scan([folder]) if isinstance(item, Found))
    assert (os.path.basename(item.path), os.path.basename(item.caption_path)) == ("rain.wav", "rain.json")


def test_nearest_is_the_longest_by_name() -> None:
    folders = {"/a", "/a/b", "/c/x.wav"}
    paths = ["/a/b/c/d.wav", "/a/bc/d.wav", "/a", "/c/x.wav", "/c/y.wav", "/"]
    assert [nearest(path, folders) for path in paths] == ["/a/b", "/a", "/a", "/c/x.wav", None, None]
    assert nearest("/x/y", {"/"}) == "/"


def test_many_single_files_as_roots_are_compared_by_looking_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = [folder / f"{index}.wav" for index in range(500)]
    compared: list[str] = []
    monkeypatch.setattr("hearken.library.scan.is_below", lambda path, other: compared.append(path))
    assert len(normal_roots([*roots, *roots])) == 500
    assert compared == []
    assert normal_roots(["/", folder]) == ["/"]
