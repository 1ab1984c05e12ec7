"""Archives in volumes: read as if they were one file, as another program writes them too; and every way to break them."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hearken.data.volumes import main_volume, open_volumes, volumes
from hearken.errors import DataError, MissingDataError
from tests.data.archives import FILES, make, split_zip

PLACES = ("x.z01", "x.z02", "x.zip")


def read_all(path: Path) -> dict[str, bytes]:
    with open_volumes(path) as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("num_volumes", [2, 3, 7, 30])
def test_a_split_zip_is_read(tmp_path: Path, num_volumes: int, wide: bool) -> None:
    path = split_zip(tmp_path, FILES, num_volumes=num_volumes, wide=wide)
    assert len(volumes(path)) == num_volumes
    assert read_all(path) == FILES


@pytest.mark.skipif(not shutil.which("zip"), reason="there is no zip program here")
def test_what_the_zip_program_splits_is_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 100_000, dtype=np.uint8).tobytes()
    files = {f"n{number}.bin": noise[number:] + b"x" * number for number in range(3)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["zip", "-q", "-s", "64k", "x.zip", *files], cwd=tmp_path, check=True)
    assert len(volumes(tmp_path / "x.zip")) >= 5
    assert read_all(tmp_path / "x.zip") == files


def test_volumes_are_found_and_named(tmp_path: Path) -> None:
    for name in ("x.z01", "x.z02", "x.z10", "x.zip", "y.zip", "x.txt", "a.7z.001", "a.7z.002", "a.7z.004", "b.tar"):
        (tmp_path / name).write_bytes(b"-")
    names = {
        name: [part.name for part in volumes(tmp_path / name)] for name in ("x.zip", "y.zip", "a.7z.001", "b.tar", "x.z01", "no.7z.001")
    }
    assert names == {
        "x.zip": ["x.z01", "x.z02", "x.z10", "x.zip"],
        "y.zip": ["y.zip"],
        "a.7z.001": ["a.7z.001", "a.7z.002"],
        "b.tar": ["b.tar"],
        "x.z01": ["x.z01"],
        "no.7z.001": ["no.7z.001"],
    }
    assert [main_volume(name) for name in ("x.z01", "x.Z12", "x.zip", "a.7z.002", "a.7z.001", "a.tar.gz", "x.z1")] == [
        "x.zip", "x.zip", "x.zip", "a.7z.001", "a.7z.001", "a.tar.gz", "x.z1",
    ]  # fmt: skip


def test_volumes_cut_anywhere_are_joined(tmp_path: Path) -> None:
    path = make(tmp_path, "7z.001")
    whole = b"".join(part.read_bytes() for part in volumes(path))
    with open_volumes(path) as file:
        assert file.read() == whole
        assert file.seek(-10, 2) == len(whole) - 10
        assert file.read() == whole[-10:]
        assert file.seek(len(whole) // 3 - 1) == file.tell()
        assert file.read(2) == whole[len(whole) // 3 - 1 : len(whole) // 3 + 1]
        with pytest.raises(ValueError, match="negative"):
            file.seek(-1)


@pytest.mark.parametrize("name", ["x.z01", "x.z02"])
def test_a_missing_volume_is_named(tmp_path: Path, name: str) -> None:
    path = split_zip(tmp_path, FILES)
    (tmp_path / name).unlink()
    with pytest.raises(MissingDataError, match=r"is the last of 3 volumes, and 2 are here") as caught:
        open_volumes(path)
    assert "x.z01 to x.z02" in caught.value.hint


def test_a_last_volume_alone_is_known_for_what_it_is(tmp_path: Path) -> None:
    path = split_zip(tmp_path, FILES)
    (tmp_path / "x.z01").unlink()
    (tmp_path / "x.z02").unlink()
    with pytest.raises(MissingDataError, match="the last of 3 volumes, and 1 are here"):
        open_volumes(path)


def test_a_split_zip_without_its_end(tmp_path: Path) -> None:
    path = split_zip(tmp_path, FILES)
    path.write_bytes(path.read_bytes()[:-22])
    with pytest.raises(DataError, match="it has no directory"):
        open_volumes(path)


@pytest.mark.parametrize("wide", [False, True])
def test_no_damage_of_the_directory_is_another_error(tmp_path: Path, wide: bool) -> None:
    path = split_zip(tmp_path, FILES, wide=wide)
    good = path.read_bytes()
    generator = np.random.default_rng(7)
    messages = []
    for _ in range(400):
        bad = bytearray(good)
        at = int(generator.integers(len(bad)))
        bad[at] = int(generator.integers(256))
        if generator.random() < 0.3:
            struct.pack_into("<L", bad, min(at, len(bad) - 4), 0xFFFFFFFF)
        path.write_bytes(bad)
        try:
            open_volumes(path).close()
        except DataError as error:
            messages.append(error.message)
    assert len(messages) > 50
    assert all("x.z" in message for message in messages)
