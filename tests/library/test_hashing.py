from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hearken.errors import AudioReadError
from hearken.library.hashing import content_hash, digest_of, hash_and_status, seal


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_content_hash_is_blake2b_of_all_bytes(tmp_path: Path, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    (tmp_path / "x").write_bytes(data)
    digest, status = hash_and_status(str(tmp_path / "x"))
    assert digest == content_hash(str(tmp_path / "x")) == hashlib.blake2b(data, digest_size=16).digest()
    assert status.st_size == size


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, kind in (("fifo", "a pipe"), (".", "a folder")):
        with pytest.raises(AudioReadError, match=f"is {kind}, not a regular file"):
            content_hash(str(tmp_path / name))
    with pytest.raises(AudioReadError, match="absent cannot be read: No such file"):
        content_hash(str(tmp_path / "absent"))


def test_the_digest_is_that_of_the_parts_joined() -> None:
    assert digest_of([b"ab", b"", memoryview(b"c")]) == digest_of([b"abc"]) != digest_of([b"abd"])
    assert digest_of([]) == "cae66941d9efbd404e4d88758ea67670"  # BLAKE2b-128 of nothing


def test_a_seal_tells_every_change() -> None:
    assert seal(b"ab", b"c") == seal(b"ab", b"c")
    assert len({seal(b"ab", b"c"), seal(b"a", b"bc"), seal(b"abc", b""), seal(b"abc"), seal(b"ab", b"d")}) == 5
