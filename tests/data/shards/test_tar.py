"""Our tar is everybody's tar."""

from __future__ import annotations

import io
import tarfile

import pytest

from hearken.data.shards.tar import BLOCK, END, member, padded, sample, sample_size, split_sample
from hearken.errors import ShardError


def test_sizes() -> None:
    assert [padded(size) for size in (0, 1, 512, 513)] == [0, 512, 512, 1_024]
    assert sample_size(3, 600) == 512 + 512 + 512 + 1_024
    assert len(END) == 2 * BLOCK == 1_024


def test_the_standard_library_reads_it() -> None:
    data = member("a.json", b"{}") + member("a.flac", b"x" * 700) + END
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        members = archive.getmembers()
        assert [(m.name, m.size, m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members] == [
            ("a.json", 2, 0, 0, 0, "", 0o644), ("a.flac", 700, 0, 0, 0, "", 0o644),
        ]  # fmt: skip
        assert archive.extractfile(members[1]).read() == b"x" * 700  # type: ignore[union-attr]


def test_a_sample_comes_apart_again() -> None:
    data = sample("00000003", b'{"a":1}', b"sound" * 200, "opus")
    assert len(data) == sample_size(7, 1_000)
    key, facts, sound = split_sample(data, 7, 1_000)
    assert (key, facts, bytes(sound)) == ("00000003", b'{"a":1}', b"sound" * 200)


@pytest.mark.parametrize("change", ["size", "header", "key", "text"])
def test_other_bytes_are_an_error(change: str) -> None:
    data = bytearray(sample("3", b"{}", b"s", "npy"))
    if change == "header":
        data[0] ^= 1  # the header's own sum does not fit any more
    if change == "key":
        data = bytearray(member("3.json", b"{}") + member("4.npy", b"s"))
    if change == "text":
        data = bytearray(member("3.txt", b"{}") + member("3.npy", b"s"))
    with pytest.raises(ShardError):
        split_sample(bytes(data), 1 if change == "size" else 2, 1)
