"""Archives for tests, good and evil, in every format that corpora come in."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from pathlib import Path

FILES = {
    "top/a.wav": b"first " * 5_000,
    "top/sub/w: x?.wav": bytes(range(256)) * 300,
    "top/empty.txt": b"",
    "top/e\u0301.wav": b"third",
}
FORMATS = ("zip", "stored.zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "7z", "z01", "7z.001")


def make(folder: Path, kind: str, files: dict[str, bytes] | None = None) -> Path:
    """Write an archive of `kind` and return the path that stands for it."""
    files = FILES if files is None else files
    folder.mkdir(parents=True, exist_ok=True)
    if kind.endswith("zip"):
        path = folder / f"x.{kind}"
        path.write_bytes(zip_bytes(files, zipfile.ZIP_STORED if kind.startswith("stored") else zipfile.ZIP_DEFLATED))
    elif kind.startswith("tar"):
        path = folder / f"x.{kind}"
        path.write_bytes(tar_bytes(files, kind.removeprefix("tar").removeprefix(".")))
    elif kind == "7z":
        path = folder / "x.7z"
        path.write_bytes(seven_bytes(files))
    elif kind == "7z.001":
        whole = seven_bytes(files)
        cut = len(whole) // 3
        for number, part in enumerate((whole[:cut], whole[cut : 2 * cut], whole[2 * cut :]), start=1):
            (folder / f"x.7z.{number:03d}").write_bytes(part)
        path = folder / "x.7z.001"
    else:
        path = split_zip(folder, files)
    return path


def zip_bytes(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.mkdir("top")
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def tar_bytes(files: dict[str, bytes], packer: str = "") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{packer}") as archive:
        folder = tarfile.TarInfo("./top")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def seven_bytes(files: dict[str, bytes]) -> bytes:
    import py7zr

    made = io.BytesIO()
    with py7zr.SevenZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return made.getvalue()


def split_zip(folder: Path, files: dict[str, bytes], *, num_volumes: int = 3, wide: bool = False) -> Path:
    """Write `files` as x.z01, ..., x.zip, as PKWARE's format has it; `wide`: with 64-bit sizes and places everywhere.

    Made by hand out of a plain zip: the volumes are its bytes after the mark of a split archive; the directory, which is cut
    in the middle, counts places from the starts of volumes.
    """
    plain = zip_bytes(files, zipfile.ZIP_STORED)
    end = struct.unpack("<4s4H2LH", plain[-22:])
    body, directory = b"PK\x07\x08" + plain[: end[6]], plain[end[6] : end[6] + end[5]]
    cut = (len(body) + 20) // (num_volumes - 1)  # the directory begins in the last but one volume, or so
    starts = [cut * number for number in range(num_volumes)]

    def place(offset: int) -> tuple[int, int]:
        disk = min(offset // cut, num_volumes - 1)
        return disk, offset - starts[disk]

    entries = b""
    at = 0
    while at < len(directory):
        fields = list(struct.unpack_from("<4s6H3L5H2L", directory, at))
        name = directory[at + 46 : at + 46 + fields[10]]
        disk, offset = place(fields[16] + 4)
        extra = struct.pack("<HHB", 0x7777, 1, 5)
        at += 46 + fields[10] + fields[11] + fields[12]
        if wide:
            extra += struct.pack("<HH3QL", 1, 28, fields[9], fields[8], offset, disk)
            fields[8] = fields[9] = fields[16] = 0xFFFFFFFF
            fields[13] = 0xFFFF
        else:
            fields[13], fields[16] = disk, offset
        fields[11], fields[12] = len(extra), 0
        entries += struct.pack("<4s6H3L5H2L", *fields) + name + extra
    cd_disk, cd_offset = place(len(body))
    count, last = end[4], num_volumes - 1
    whole = body + entries
    if wide:
        at_disk, at_offset = place(len(whole))
        whole += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, last, cd_disk, count, count, len(entries), cd_offset)
        whole += struct.pack("<4sLQL", b"PK\x06\x07", at_disk, at_offset, num_volumes)
        whole += struct.pack("<4s4H2LH", b"PK\x05\x06", 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    else:
        whole += struct.pack("<4s4H2LH", b"PK\x05\x06", last, cd_disk, count, count, len(entries), cd_offset, 0)
    for number in range(1, num_volumes):
        (folder / f"x.z{number:02d}").write_bytes(whole[starts[number - 1] : starts[number]])
    (folder / "x.zip").write_bytes(whole[starts[-1] :])
    return folder / "x.zip"
