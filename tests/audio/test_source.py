import errno
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from hearken.audio.source import AUDIO_SUFFIXES, _check_regular, open_regular, read_error
from hearken.errors import AudioReadError

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs Unix file types")


def refuse(path: str | Path, words: str) -> None:
    with pytest.raises(AudioReadError, match=words):
        with open_regular(path):
            pass


def test_a_regular_file_is_read_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with open_regular(tmp_path / "x") as file:
        assert file.read() == b"abc"
    assert file.closed


def test_an_impossible_place_in_the_file_is_an_answer_not_an_exception(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with open_regular(tmp_path / "x") as file:
        assert file.seek(-5) == -errno.EINVAL
        assert file.seek(-1, os.SEEK_END) == 2
        assert file.read() == b"c"
        file.close()
        with pytest.raises(ValueError, match="closed"):
            file.seek(0)


@unix_only
def test_names_of_any_bytes_can_be_opened(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n-\xff.wav")
    with open(name, "wb") as file:
        file.write(b"x")
    with open_regular(os.fsdecode(name)) as file:
        assert file.read() == b"x"


def test_what_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    refuse(tmp_path / "none.wav", r"none\.wav cannot be read: No such file")
    refuse(tmp_path, "is a folder, not a regular file")
    refuse("a\0b", r"a\\x00b cannot be read: embedded null")
    refuse(str(tmp_path / ("x" * 5_000)), "File name too long")


@unix_only
def test_fault_F2_pipes_sockets_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    refuse(tmp_path / "pipe.wav", "is a pipe")
    (tmp_path / "link.wav").symlink_to(tmp_path / "pipe.wav")
    refuse(tmp_path / "link.wav", "is a pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.wav"))
        refuse(tmp_path / "socket.wav", "is a socket")
    refuse("/dev/zero", "is a device")
    (tmp_path / "dangling.wav").symlink_to(tmp_path / "none")
    refuse(tmp_path / "dangling.wav", "No such file")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    refuse(tmp_path / "loop.wav", "levels of symbolic links")


@unix_only
def test_fault_F2_a_pipe_put_in_the_place_of_the_file_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is regular when it is looked at and a pipe when it is opened."""
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "regular").touch()
    regular = os.stat(tmp_path / "regular")
    monkeypatch.setattr(os, "stat", lambda path: regular)
    refuse(tmp_path / "pipe.wav", "is a pipe")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root to become somebody without rights")
def test_fault_F5_permission_denied_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.wav"
    path.write_bytes(b"x")
    path.chmod(0)
    os.seteuid(65_534)
    try:
        refuse(path, "Permission denied")
    finally:
        os.seteuid(0)


def test_errors_without_a_reason_of_the_system_keep_their_text() -> None:
    assert read_error("x", ValueError("odd")).message == "x cannot be read: odd."
    assert read_error("x", OSError(5, "Input/output error")).message == "x cannot be read: Input/output error."


def test_unknown_kinds_of_files_are_refused() -> None:
    with pytest.raises(AudioReadError, match="something else"):
        _check_regular(os.stat_result((stat.S_IFMT(0), *[0] * 9)), "x")


def test_suffixes_are_lower_case_with_their_dot() -> None:
    assert len(AUDIO_SUFFIXES) == 40
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in AUDIO_SUFFIXES)
