"""Archives become folders, all or nothing; what is there stays; killed runs go on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hearken.data import unpack as module
from hearken.data.archive import OWN_FOLDER
from hearken.data.unpack import Unpacked, done_before, unpack
from hearken.errors import DataError
from tests.data.archives import FILES, FORMATS, make
from tests.processes import python

SIZE = sum(map(len, FILES.values()))


def contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and OWN_FOLDER not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("kind", FORMATS)
def test_an_archive_becomes_a_folder(tmp_path: Path, kind: str) -> None:
    path, home, told = make(tmp_path / "in", kind), tmp_path / "home", []
    done = unpack(path, home / "audio", home, "id", on_progress=lambda *counts: told.append(counts))
    assert done == Unpacked(len(FILES), SIZE, is_old=False)
    assert contents(home / "audio") == FILES
    assert told[-1] == (SIZE, SIZE)
    assert sorted(file.name for file in (home / OWN_FOLDER).rglob("*")) == ["unpacked", "unpacking", f"{path.name}.json"]


def test_what_is_unpacked_is_not_touched_again(tmp_path: Path) -> None:
    path, home = make(tmp_path, "zip"), tmp_path / "home"
    unpack(path, home, home, "id")
    before = (home / "top" / "a.wav").stat().st_mtime_ns
    path.unlink()
    assert unpack(path, home, home, "id") == Unpacked(len(FILES), SIZE, is_old=True)
    assert done_before(path, home, home, None) is not None
    assert done_before(path, home, home, "another") is None
    assert done_before(path, home / "elsewhere", home, "id") is None
    assert (home / "top" / "a.wav").stat().st_mtime_ns == before


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_what_is_no_longer_whole_is_mended_or_named(tmp_path: Path, how: str) -> None:
    path, home = make(tmp_path, "zip"), tmp_path / "home"
    unpack(path, home, home, "id")
    if how == "gone":
        (home / "top" / "a.wav").unlink()
        assert unpack(path, home, home, "id").is_old is False
    else:
        (home / "top" / "a.wav").write_bytes(b"mine")
        with pytest.raises(DataError, match=r"other files are there as top/a\.wav\."):
            unpack(path, home, home, "id")
        assert (home / "top" / "a.wav").read_bytes() == b"mine"
        (home / "top" / "a.wav").unlink()
        unpack(path, home, home, "id")
    assert contents(home) == FILES


def test_files_in_the_way_are_counted(tmp_path: Path) -> None:
    path = make(tmp_path, "zip", {f"{number}.wav": b"sound" for number in range(9)})
    home = tmp_path / "home"
    home.mkdir()
    for number in range(8):
        (home / f"{number}.wav").write_bytes(b"my own")
    with pytest.raises(DataError, match=r"0\.wav, 1\.wav, 2\.wav and 5 more"):
        unpack(path, home, home, "id")
    assert not (home / "8.wav").exists()


def test_another_archive_of_the_same_name_starts_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = home / OWN_FOLDER / "unpacking" / "x.zip"
    (stage / "files" / "top").mkdir(parents=True)
    (stage / "files" / "top" / "a.wav").write_bytes(b"X" * len(FILES["top/a.wav"]))
    (stage / "identity.json").write_text('{"identity": "old"}')
    unpack(make(tmp_path, "zip"), home, home, "new")
    assert contents(home) == FILES


def test_what_a_killed_run_left_is_not_unpacked_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = home / OWN_FOLDER / "unpacking" / "x.zip"
    (stage / "files" / "top").mkdir(parents=True)
    (stage / "files" / "top" / "a.wav").write_bytes(b"X" * len(FILES["top/a.wav"]))
    (stage / "identity.json").write_text('{"identity": "id"}')
    (stage / "current").write_bytes(b"half")
    unpack(make(tmp_path, "zip"), home, home, "id")
    assert contents(home) == FILES | {"top/a.wav": b"X" * len(FILES["top/a.wav"])}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z"])
def test_kill_9_in_the_middle(tmp_path: Path, kind: str) -> None:
    files = {f"d/{number:03d}.wav": bytes([number]) * 2_000 for number in range(120)}
    path, home = make(tmp_path, kind, files), tmp_path / "home"
    code = """
import time
from pathlib import Path
from hearken.data.unpack import unpack
archive, home = map(Path, sys.argv[1:])
unpack(archive, home, home, "id", on_progress=lambda done, total: time.sleep(600 if done == 60_000 else 0))
"""
    child = subprocess.Popen(python(code, path, home))
    stage = home / OWN_FOLDER / "unpacking" / path.name / "files" / "d"
    deadline_s = time.monotonic() + 240
    while not (stage.is_dir() and len(list(stage.iterdir())) > 20):
        assert time.monotonic() < deadline_s
        assert child.poll() is None
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert contents(home) == {}
    kept = {file.name: file.stat().st_mtime_ns for file in stage.iterdir()}
    assert 20 < len(kept) < 120
    unpack(path, home, home, "id")
    assert contents(home) == files
    assert {name: (home / "d" / name).stat().st_mtime_ns for name in kept} == kept


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(DataError, match=f"becomes {SIZE} bytes, and the disk of .* has room for 10") as caught:
        unpack(make(tmp_path, "zip"), tmp_path / "home", tmp_path / "home", "id")
    assert "--folder" in caught.value.hint


def test_a_disk_that_will_not_take_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "top").write_bytes(b"a file where a folder should be")
    with pytest.raises(DataError, match=r"cannot be unpacked into .*: (Not a directory|File exists)"):
        unpack(make(tmp_path, "zip"), home, home, "id")


def test_traps_are_refused_by_their_announced_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "zip", {"zeros": bytes(1_000_000)})
    monkeypatch.setattr(module, "MAX_ARCHIVE_FREE_MB", 0.01)
    with pytest.raises(DataError, match="trap"):
        unpack(path, tmp_path / "home", tmp_path / "home", "id")
    assert contents(tmp_path / "home") == {}


@pytest.mark.parametrize(("claimed", "message"), [(3, "is longer than announced"), (9, "is shorter than announced")])
def test_a_member_that_lies_about_its_size(tmp_path: Path, claimed: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hearken.data.archive import Member

    monkeypatch.setattr(module, "members", lambda path, max_bytes: (Member("a.wav", claimed),))
    with pytest.raises(DataError, match=message):
        unpack(make(tmp_path, "tar", {"a.wav": b"sound"}), tmp_path / "home", tmp_path / "home", "id")
    assert contents(tmp_path / "home") == {}


def test_a_member_that_does_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hearken.data.archive import Member

    monkeypatch.setattr(module, "members", lambda path, max_bytes: (Member("b.wav", 1),))
    with pytest.raises(DataError, match=r"'b\.wav' did not come out of it"):
        unpack(make(tmp_path, "tar", {"a.wav": b"sound"}), tmp_path / "home", tmp_path / "home", "id")
