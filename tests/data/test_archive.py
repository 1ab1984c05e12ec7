"""Archives of every format: what is in them, what comes out, and that evil and damaged ones are refused by name."""

from __future__ import annotations

import contextlib
import io
import stat
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.data.archive import Member, Writer, extract, members
from hearken.errors import DataError, MissingDataError, MissingExtraError, extra_hint
from tests.data.archives import FILES, FORMATS, make, seven_bytes, tar_bytes

MANY = 10**9


def names_and_sizes(path: Path) -> dict[str, int]:
    return {member.path: member.size for member in members(path, max_bytes=MANY)}


class Shelf:
    """Keeps what is written, and what was finished."""

    def __init__(self) -> None:
        self.begun: dict[str, io.BytesIO] = {}
        self.done: list[str] = []

    @contextlib.contextmanager
    def __call__(self, member: Member) -> Iterator[Writer]:
        self.begun[member.path] = io.BytesIO()
        yield self.begun[member.path]
        self.done.append(member.path)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_in_it_and_what_comes_out(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path, kind)
    found = members(path, max_bytes=MANY)
    assert {member.path: member.size for member in found} == {name: len(content) for name, content in FILES.items()}
    shelf = Shelf()
    extract(path, found, shelf, tmp_path)
    assert {name: file.getvalue() for name, file in shelf.begun.items()} == FILES
    assert sorted(shelf.done) == sorted(FILES)


@pytest.mark.parametrize("kind", FORMATS)
def test_only_what_is_wanted_comes_out(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path, kind)
    shelf = Shelf()
    extract(path, [Member("top/sub/w: x?.wav", 0), Member("nothing", 1)], shelf, tmp_path)
    assert {name: file.getvalue() for name, file in shelf.begun.items()} == {"top/sub/w: x?.wav": FILES["top/sub/w: x?.wav"]}


EVIL_NAMES = ("../x.wav", "/etc/x.wav", "a/../../x.wav", "a/../x.wav", ".hearken/unpacked/x.json", "a/.hearken/x")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z"])
@pytest.mark.parametrize("name", EVIL_NAMES)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, kind: str, name: str) -> None:
    make(tmp_path, kind, {"good.wav": b"1", "xx": b"2"})
    path = tmp_path / f"x.{kind}"
    if kind == "tar.gz":
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            info = tarfile.TarInfo(name)
            archive.addfile(info)
        path.write_bytes(made.getvalue())
    elif kind == "zip":
        path.write_bytes(make_zip({name: b"2"}))
    else:
        path.write_bytes(seven_with(name))
    with pytest.raises(DataError, match=r"is not unpacked: .* (leads out of the folder|keeps for itself)"):
        members(path, max_bytes=MANY)


def make_zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def seven_with(name: str) -> bytes:
    """A 7z with a name that py7zr would not write: put in the place of one of the same length."""
    from unittest import mock

    made = io.BytesIO()
    import py7zr

    with mock.patch("py7zr.py7zr.check_archive_path", return_value=True), py7zr.SevenZipFile(made, "w") as archive:
        archive.writestr(b"2", name)
    return made.getvalue()


def test_separators_of_windows_do_not_hide_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(make_zip({"a\\b.wav": b"1"}))
    assert names_and_sizes(path) == {"a/b.wav": 1}
    path.write_bytes(make_zip({"..\\b.wav": b"1"}))
    with pytest.raises(DataError, match="leads out"):
        members(path, max_bytes=MANY)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("inside.wav")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(DataError, match=r"'inside.wav' is a link or a device"):
        members(tmp_path / "x.tar", max_bytes=MANY)


def test_links_in_a_zip_and_a_7z_are_refused(tmp_path: Path) -> None:
    import py7zr

    info = zipfile.ZipInfo("inside.wav")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    (tmp_path / "inside.wav").symlink_to("target.wav")
    (tmp_path / "target.wav").write_bytes(b"1")
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w") as seven:
        seven.write(tmp_path / "inside.wav", "inside.wav")
    for name in ("x.zip", "x.7z"):
        with pytest.raises(DataError, match=r"'inside.wav' is no regular file"):
            members(tmp_path / name, max_bytes=MANY)


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in ("a.wav", "./a.wav"):
            archive.addfile(tarfile.TarInfo(name))
    (tmp_path / "x.tar").write_bytes(tar.getvalue())
    with pytest.raises(DataError, match=r"'./a.wav' is in it twice"):
        members(tmp_path / "x.tar", max_bytes=MANY)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_would_fill_the_disk_is_refused(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path, kind)
    with pytest.raises(DataError, match=r"would become more than 10000 bytes: .* trap"):
        members(path, max_bytes=10_000)


def test_passwords(tmp_path: Path) -> None:
    import py7zr

    for name, hidden in (("a.7z", False), ("b.7z", True)):
        with py7zr.SevenZipFile(tmp_path / name, "w", password="secret", header_encryption=hidden) as archive:
            archive.writestr(b"1", "x.wav")
        with pytest.raises(DataError, match="has a password"):
            members(tmp_path / name, max_bytes=MANY)
    content = bytearray(make_zip({"x.wav": b"1"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "c.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"'x.wav' has a password"):
        members(tmp_path / "c.zip", max_bytes=MANY)


def test_a_method_that_nobody_knows(tmp_path: Path) -> None:
    content = bytearray(make_zip({"x.wav": b"1"}))
    content[content.index(b"PK\x01\x02") + 10] = 97
    content[8] = 97
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match="packed in a way that cannot be unpacked here") as caught:
        extract(tmp_path / "x.zip", members(tmp_path / "x.zip", max_bytes=MANY), Shelf(), tmp_path)
    assert "another program" in caught.value.hint


def test_no_archive_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.7z").write_bytes(b"<html>not found</html>" * 100)
    with pytest.raises(DataError, match="is damaged, or no archive") as caught:
        members(tmp_path / "x.7z", max_bytes=MANY)
    assert "Remove it" in caught.value.hint
    with pytest.raises(MissingDataError, match="is not there"):
        members(tmp_path / "y.zip", max_bytes=MANY)


def test_without_py7zr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "7z")
    monkeypatch.setitem(sys.modules, "py7zr", None)
    with pytest.raises(MissingExtraError, match="needs py7zr") as caught:
        members(path, max_bytes=MANY)
    assert extra_hint("data") in caught.value.hint


@pytest.mark.parametrize("kind", ["zip", "stored.zip", "tar", "tar.gz", "tar.xz", "7z", "z01"])
def test_damage_is_a_named_error_or_does_no_harm(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path, kind, {"a/b.wav": b"sound " * 500, "c.wav": bytes(range(256))})
    good = path.read_bytes()
    generator = np.random.default_rng(3)
    refused = 0
    for _ in range(120):
        bad = bytearray(good[: int(generator.integers(1, len(good) + 1))] if generator.random() < 0.3 else good)
        for _ in range(int(generator.integers(1, 4))):
            bad[int(generator.integers(len(bad)))] = int(generator.integers(256))
        path.write_bytes(bad)
        shelf = Shelf()
        try:
            extract(path, members(path, max_bytes=MANY), shelf, tmp_path)
        except (DataError, MissingDataError):
            refused += 1
            continue
        if kind not in ("tar", "tar.gz"):  # these carry no digests of members
            assert all(content.getvalue() in (b"sound " * 500, bytes(range(256))) for content in shelf.begun.values())
    assert refused > 30 or kind == "tar"


def test_an_error_of_the_disk_stays_one(tmp_path: Path) -> None:
    @contextlib.contextmanager
    def full(member: Member) -> Iterator[Writer]:
        raise OSError(28, "No space left on device")
        yield

    for kind in ("zip", "tar.gz", "7z"):
        path = make(tmp_path, kind)
        with pytest.raises(OSError, match="No space left"):
            extract(path, members(path, max_bytes=MANY), full, tmp_path)


def test_a_7z_that_breaks_off_leaves_its_last_member_unfinished(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
    path = tmp_path / "x.7z"
    content = bytearray(seven_bytes({"a": noise[:100_000], "b": noise[100_000:]}))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    shelf = Shelf()
    with pytest.raises(DataError, match="is damaged"):
        extract(path, members(path, max_bytes=MANY), shelf, tmp_path)
    assert "b" not in shelf.done


def test_a_tar_keeps_names_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(tar_bytes({"caf\udce9.wav": b"1"}))
    assert list(names_and_sizes(tmp_path / "x.tar")) == ["caf\udce9.wav"]
