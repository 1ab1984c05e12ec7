"""Damage is found, and told with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hearken.data.shards.check import check_shard, check_shards, check_sizes, checked, is_whole
from hearken.data.shards.layout import read_index
from hearken.errors import ShardError

Harm = Callable[[str, Callable[[bytes], bytes]], Path]
SHARD = "test-corpus-000001.tar"


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


def test_a_whole_pack(packed: Path) -> None:
    told: list[tuple[int, int | None]] = []
    assert check_shards(packed, on_progress=lambda done, total: told.append((done, total))) == []
    total = sum(path.stat().st_size for path in packed.glob("*.tar"))
    assert (len(told), told[-1]) == (4, (total, total))
    check_sizes(packed, read_index(packed))


def test_flipped_bits_are_found_and_placed(harmed: Harm, packed: Path) -> None:
    shard = read_index(packed).shards[1]
    harmed(SHARD, flipped(shard.samples[2].offset + 1_500))
    (wrong,) = check_shards(packed)
    assert wrong.message.endswith(f"{SHARD} is damaged: its digest is not that of the index (in sample 2).")
    assert "--verify" in wrong.hint
    check_sizes(packed, read_index(packed))
    assert (is_whole(packed, shard), is_whole(packed, shard, verify=True)) == (True, False)


def test_damage_behind_the_last_sample(harmed: Harm, packed: Path) -> None:
    harmed(SHARD, flipped((packed / SHARD).stat().st_size - 1))
    assert "(outside its samples)" in check_shards(packed)[0].message


def test_missing_and_cut_off_shards(harmed: Harm, packed: Path) -> None:
    harmed(SHARD, lambda content: content[:-1])
    (packed / "test-corpus-000003.tar").unlink()
    first, second = check_shards(packed)
    assert "bytes instead of" in first.message
    assert second.message.endswith("test-corpus-000003.tar is missing.")
    with pytest.raises(ShardError, match="000001"):
        check_sizes(packed, read_index(packed))


def test_a_shard_that_cannot_be_read(packed: Path) -> None:
    shard = read_index(packed).shards[1]
    (packed / SHARD).unlink()
    (packed / SHARD).symlink_to(packed / SHARD)
    with pytest.raises(ShardError, match="cannot be read"):
        check_shard(packed, shard)


def test_bytes_of_a_sample(packed: Path) -> None:
    entry = read_index(packed).shards[1].samples[0]
    data = (packed / SHARD).read_bytes()[: entry.size]
    assert checked(data, entry, 0, packed / SHARD) == data
    with pytest.raises(ShardError, match=r"000001\.tar is cut off in sample 0"):
        checked(data[:-1], entry, 0, packed / SHARD)
    with pytest.raises(ShardError, match=r"000001\.tar is damaged in sample 0, at byte 0"):
        checked(flipped(700)(data), entry, 0, packed / SHARD)
