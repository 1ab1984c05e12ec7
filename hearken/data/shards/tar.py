"""Tar by hand, as WebDataset has it: a sample is a run of members of one key; nothing in it depends on the day or the user.

POSIX ustar, blocks of 512 bytes. The standard library's writer would do, but not at places in the file that are known
beforehand, which is what lets a sample be found, and checked, by one read.
"""

from __future__ import annotations

import tarfile

from hearken.errors import ShardError

BLOCK = 512
END = bytes(2 * BLOCK)
"""What a tar file ends with."""


def padded(num_bytes: int) -> int:
    """Return the bytes that content of `num_bytes` fills in a tar file, without its header."""
    return -(-num_bytes // BLOCK) * BLOCK


def member(name: str, content: bytes) -> bytes:
    """Return a file of the archive: header, content, and zeros up to the next block. `name` is ASCII of at most 100 characters."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o644, 0
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii") + content + bytes(padded(len(content)) - len(content))


def sample(key: str, facts: bytes, sound: bytes, suffix: str) -> bytes:
    """Return one sample: `KEY.json` and `KEY.SUFFIX`, in this order."""
    return member(f"{key}.json", facts) + member(f"{key}.{suffix}", sound)


def sample_size(facts_size: int, sound_size: int) -> int:
    """Return the bytes of a sample whose two files have these sizes."""
    return 2 * BLOCK + padded(facts_size) + padded(sound_size)


def split_sample(data: bytes, facts_size: int, sound_size: int) -> tuple[str, bytes, memoryview]:
    """Return key, JSON and sound of one sample; the sound is a view. Raises ShardError if the headers tell another story."""
    sound_at = 2 * BLOCK + padded(facts_size)
    try:
        first = tarfile.TarInfo.frombuf(data[:BLOCK], "ascii", "strict")
        second = tarfile.TarInfo.frombuf(data[sound_at - BLOCK : sound_at], "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise ShardError(f"This is no tar header: {error}") from error
    key = first.name.removesuffix(".json")
    if (first.size, second.size) != (facts_size, sound_size) or second.name.rpartition(".")[0] != key or first.name == key:
        raise ShardError(f"There are {first.name} and {second.name} of {first.size} and {second.size} bytes instead of a sample.")
    return key, data[BLOCK : BLOCK + facts_size], memoryview(data)[sound_at : sound_at + sound_size]
