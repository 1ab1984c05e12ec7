from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.resample import resample
from hearken.data.load import load
from hearken.data.locate import locate
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.recipe import Recipe
from hearken.errors import DataError, ShardError
from hearken.train.feed.packs import Pack, is_pack
from tests.train.feed.sounding import RATE_HZ, write_corpus


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("sounds"), 10, captions=2)


def packed(table: Path, folder: Path, recipe: Recipe, shard_clips: int = 1) -> Path:
    corpus = load(table)
    pack(make_plan(corpus, recipe, shard_clips=shard_clips), locate(corpus), folder)
    return folder


def test_clips_come_in_the_order_of_the_corpus_and_sounds_in_any(table: Path, tmp_path: Path) -> None:
    folder = packed(table, tmp_path / "pack", Recipe(rate_hz=RATE_HZ))  # ten shards, of which eight may be open
    assert is_pack(str(folder))
    assert not is_pack(str(table.parent))
    pack_ = Pack(folder)
    rows = pack_.clips()
    assert [clip.id for clip, _, _ in rows] == [f"{number}.wav" for number in range(10)]
    assert rows[3][0].captions == ("3.0", "3.1")
    for number in (9, 0, 4, 7, 2, 1, 3, 8, 5, 6, 9):
        _, sound, place = rows[number]
        samples = pack_.sound(place.shard, place.number, RATE_HZ)
        assert len(samples) == sound.num_samples == 1_600 + 10 * number
        expected = decode(table.parent / f"{number}.wav", rate_hz=RATE_HZ).samples
        assert np.abs(samples - expected).max() <= 2.0**-16 + 1e-7
    assert str(rows[0][2]).startswith(str(folder))
    pack_.close()


def test_another_rate_is_resampled(table: Path, tmp_path: Path) -> None:
    pack_ = Pack(packed(table, tmp_path / "pack", Recipe(rate_hz=16_000), shard_clips=10))
    _, _, place = pack_.clips()[0]
    own, other = (pack_.sound(place.shard, place.number, rate) for rate in (16_000, RATE_HZ))
    assert np.array_equal(other, resample(own, 16_000, RATE_HZ))
    assert len(other) == 1_600
    pack_.close()


def test_spectrograms_are_refused(table: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds spectrograms, and training needs sound"):
        Pack(packed(table, tmp_path / "pack", Recipe(codec="mel", front_end="passt_mel"), shard_clips=10))


def test_damage_is_named(table: Path, tmp_path: Path) -> None:
    folder = packed(table, tmp_path / "pack", Recipe(rate_hz=RATE_HZ), shard_clips=10)
    pack_ = Pack(folder)
    _, _, place = pack_.clips()[0]
    shard = folder / pack_.index.shards[0].file
    entry = pack_.index.shards[0].samples[place.number]
    content = bytearray(shard.read_bytes())
    content[entry.offset + entry.size - 600] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ShardError, match="is damaged in sample"):
        pack_.sound(0, place.number, RATE_HZ)
    content[entry.offset + 512] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ShardError, match="facts of a sample cannot be read"):
        pack_.clips()
    pack_.close()
    os.truncate(shard, 100)
    with pytest.raises(ShardError, match="has 100 bytes"):
        Pack(folder)
