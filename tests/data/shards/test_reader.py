"""Reading: the right samples in the right order, from any place on, and never wrong data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.data.clip import Corpus
from hearken.data.shards import reader as module
from hearken.data.shards.layout import INDEX, read_index
from hearken.data.shards.order import epoch_order
from hearken.data.shards.pack import PackReport, pack
from hearken.data.shards.reader import Sample, ShardReader, read_sample, unpack
from hearken.data.shards.recipe import Recipe
from hearken.data.shards.tar import sample as tar_sample
from hearken.errors import InputError, ShardError
from tests.data.shards.packs import BROKEN, RATE_HZ, plan_of, sounds_of

Harm = Callable[[str, Callable[[bytes], bytes]], Path]


def keys(reader: ShardReader) -> list[str]:
    return [sample.key for sample in reader]


def test_samples_are_what_was_packed(report: PackReport, corpus: Corpus) -> None:
    samples = list(ShardReader(report.folder))
    assert sorted(int(sample.key) for sample in samples) == [number for number in range(12) if number != BROKEN]
    for sample in samples:
        clip = corpus.clips[int(sample.key)]
        assert sample.clip == clip
        assert (sample.rate_hz, sample.mel) == (RATE_HZ, None)
        wanted = decode(corpus.folder / clip.audio, rate_hz=RATE_HZ).samples
        assert sample.samples is not None
        assert sample.samples.dtype == np.float32
        assert np.abs(sample.samples - wanted).max() <= 2.0**-16 * 1.01


def test_the_order_is_that_of_the_function(report: PackReport) -> None:
    counts = [len(shard.samples) for shard in report.index.shards]
    wanted = [read_sample(report.folder, report.index, *row).key for row in epoch_order(counts, 5, 2, 2).tolist()]
    assert keys(ShardReader(report.folder, seed=5, epoch=2, group=2)) == wanted
    assert keys(ShardReader(report.folder, seed=5, epoch=3, group=2)) != wanted
    in_order = keys(ShardReader(report.folder, seed=None))
    assert in_order == keys(ShardReader(report.folder, seed=None, epoch=9))
    assert in_order == [read_sample(report.folder, report.index, s, n).key for s, count in enumerate(counts) for n in range(count)]


def test_ranks_and_workers_share_all(report: PackReport) -> None:
    every = keys(ShardReader(report.folder, seed=1))
    for num_ranks, num_workers in itertools.product((1, 2, 3), (1, 2)):
        dealt = [
            keys(ShardReader(report.folder, seed=1, rank=r, num_ranks=num_ranks, worker=w, num_workers=num_workers))
            for r in range(num_ranks)
            for w in range(num_workers)
        ]
        assert sorted(itertools.chain(*dealt)) == sorted(every)
    assert [len(ShardReader(report.folder, rank=rank, num_ranks=2, remainder="drop")) for rank in range(2)] == [5, 5]
    assert [len(ShardReader(report.folder, rank=rank, num_ranks=2, remainder="repeat")) for rank in range(2)] == [6, 6]


def batches(readers: list[ShardReader], size: int) -> Iterator[list[str]]:
    """Batches of readers in turn, as a loader of PyTorch asks its workers."""
    sources = [iter(reader) for reader in readers]
    while any(batch := [[sample.key for sample in itertools.islice(source, size)] for source in sources]):
        yield from (each for each in batch if each)


@pytest.mark.parametrize("num_workers", [1, 2, 3, 5])
def test_batches_do_not_depend_on_the_number_of_workers(report: PackReport, num_workers: int) -> None:
    readers = [ShardReader(report.folder, seed=3, block=2, worker=w, num_workers=num_workers) for w in range(num_workers)]
    every = keys(ShardReader(report.folder, seed=3))
    assert list(batches(readers, 2)) == [every[start : start + 2] for start in range(0, 11, 2)]


def test_a_state_goes_on_where_it_was_taken(report: PackReport) -> None:
    every = keys(ShardReader(report.folder, seed=4, epoch=1, group=2))
    for stop in range(12):
        reader = ShardReader(report.folder, seed=4, epoch=1, group=2)
        first = [sample.key for sample in itertools.islice(reader, stop)]
        state = json.loads(json.dumps(reader.state()))
        rest = ShardReader.resume(report.folder, state)
        assert len(rest) == 11 - stop == len(reader)
        assert first + keys(rest) == every
        assert first + keys(reader) == every  # going on without a state is the same


def test_a_state_in_a_loop_counts_the_sample_in_hand(report: PackReport) -> None:
    reader = ShardReader(report.folder)
    for number, _ in enumerate(reader, 1):
        assert reader.state()["start"] == number


def test_a_resumed_reader_can_be_resumed_again(report: PackReport) -> None:
    every, found, state = keys(ShardReader(report.folder, seed=8)), [], ShardReader(report.folder, seed=8).state()
    for _ in range(4):
        reader = ShardReader.resume(report.folder, state)
        found += [sample.key for sample in itertools.islice(reader, 3)]
        state = reader.state()
    assert found == every


@pytest.mark.parametrize(("before", "after"), [(1, 3), (2, 1), (3, 2)])
def test_workers_and_ranks_may_change_on_the_way(report: PackReport, before: int, after: int) -> None:
    every = keys(ShardReader(report.folder, seed=2))
    readers = [ShardReader(report.folder, seed=2, block=2, worker=w, num_workers=before) for w in range(before)]
    taken = list(itertools.islice(batches(readers, 2), 3))
    state = readers[-1].state(taken=6)
    with pytest.raises(InputError, match="cannot tell how far") if before > 1 else pytest.MonkeyPatch.context():
        readers[0].state()
    rest = [ShardReader.resume(report.folder, state, block=2, worker=w, num_workers=after) for w in range(after)]
    assert list(itertools.chain(*taken, *batches(rest, 2))) == every

    ranks = [ShardReader(report.folder, seed=2, rank=r, num_ranks=before) for r in range(before)]
    seen = [[sample.key for sample in itertools.islice(rank, 2)] for rank in ranks]
    states = [rank.state() for rank in ranks]
    assert all(state == states[0] for state in states)
    rest = [ShardReader.resume(report.folder, states[0], rank=r, num_ranks=after) for r in range(after)]
    assert sorted(itertools.chain(*seen, *map(keys, rest))) == sorted(every)


def test_a_state_of_something_else_is_refused(report: PackReport, corpus: Corpus, tmp_path: Path) -> None:
    state = ShardReader(report.folder).state()
    pack(plan_of(corpus, Recipe(16_000)), sounds_of(corpus), tmp_path)
    with pytest.raises(ShardError, match="is not the pack that this epoch began with"):
        ShardReader.resume(tmp_path, state)
    for wrong in ({}, state | {"format": 2}, {name: value for name, value in state.items() if name != "seed"}):
        with pytest.raises(InputError, match="no state"):
            ShardReader.resume(report.folder, wrong)
    with pytest.raises(InputError):
        ShardReader.resume(report.folder, state, rank=1)


@pytest.mark.parametrize("recipe", [Recipe(22_050, "opus"), Recipe(8_000, "flac24")], ids=["opus", "flac24"])
def test_other_codecs(corpus: Corpus, tmp_path: Path, recipe: Recipe) -> None:
    pack(plan_of(corpus, recipe), sounds_of(corpus), tmp_path, jobs=2)
    for sample in ShardReader(tmp_path):
        wanted = decode(corpus.folder / corpus.clips[int(sample.key)].audio, rate_hz=recipe.rate_hz).samples
        assert sample.samples is not None
        assert len(sample.samples) == len(wanted) == sample.sound.num_samples


def test_log_mel(corpus: Corpus, tmp_path: Path) -> None:
    from hearken.audio.melspec import PASST_MEL, log_mel

    pack(plan_of(corpus, Recipe(codec="mel", front_end="passt_mel")), sounds_of(corpus), tmp_path)
    for sample in ShardReader(tmp_path, verify=True):
        wanted = log_mel(decode(corpus.folder / corpus.clips[int(sample.key)].audio, rate_hz=32_000).samples, PASST_MEL)
        assert sample.samples is None
        assert sample.mel is not None
        assert sample.mel.dtype == np.float16
        np.testing.assert_array_equal(sample.mel, wanted.astype(np.float16))


def test_few_files_are_open_at_a_time(report: PackReport, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, closed = [], []
    real_open, real_close = module.os.open, module.os.close
    monkeypatch.setattr(module.os, "open", lambda *arguments: opened.append(real_open(*arguments)) or opened[-1])
    monkeypatch.setattr(module.os, "close", lambda handle: closed.append(handle) or real_close(handle))
    for _ in ShardReader(report.folder, seed=1, group=2):
        assert len(opened) - len(closed) <= 2
    assert len(opened) == len(closed) == 4


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


def test_every_flipped_bit_is_an_error_or_behind_the_samples(harmed: Harm, packed: Path) -> None:
    name = "test-corpus-000002.tar"
    size = (packed / name).stat().st_size
    generator = np.random.default_rng(0)
    found = 0
    for at in generator.integers(size, size=60).tolist():
        harmed(name, flip(at))
        with pytest.raises(ShardError, match=rf"{name} is damaged"):
            ShardReader(packed, verify=True)
        if at < size - 1_024:
            with pytest.raises(ShardError, match=rf"{name} is damaged in sample \d, at byte \d+") as failure:
                list(ShardReader(packed))
            assert "--verify" in failure.value.hint
            found += 1
        harmed(name, flip(at))
    assert found > 50
    assert len(list(ShardReader(packed, verify=True))) == 11


def test_missing_and_cut_off_files_are_errors_at_once(harmed: Harm, packed: Path) -> None:
    harmed("test-corpus-000002.tar", lambda content: content[:-600])
    with pytest.raises(ShardError, match=r"000002\.tar has \d+ bytes instead of \d+"):
        ShardReader(packed)
    (packed / "test-corpus-000002.tar").unlink()
    with pytest.raises(ShardError, match=r"000002\.tar is missing"):
        ShardReader(packed)
    (packed / INDEX).unlink()
    with pytest.raises(ShardError, match=r"There is no shards\.json"):
        ShardReader(packed)


def test_a_file_that_is_cut_off_while_it_is_read(packed: Path) -> None:
    reader = ShardReader(packed, seed=None)
    samples = iter(reader)
    next(samples)
    with (packed / "test-corpus-000000.tar").open("r+b") as file:
        file.truncate(3_000)
    (packed / "test-corpus-000001.tar").unlink()
    with pytest.raises(ShardError, match=r"000000\.tar is cut off in sample 1"):
        next(samples)
    with pytest.raises(ShardError, match=r"000001\.tar cannot be read: No such file"):
        read_sample(packed, reader.index, 1, 0)


def test_samples_of_another_story_are_errors(report: PackReport) -> None:
    facts, recipe = b'{"key":"1","sound":{}}', Recipe(RATE_HZ)
    with pytest.raises(ShardError, match="facts of a sample"):
        unpack(tar_sample("1", facts, b"x", "flac"), recipe, len(facts), 1)
    entry = report.index.shards[0].samples[0]
    data = (report.folder / report.index.shards[0].file).read_bytes()[: entry.size]
    assert isinstance(unpack(data, recipe, entry.facts_size, entry.sound_size), Sample)
    with pytest.raises(ShardError, match="those of another"):
        unpack(data, Recipe(16_000), entry.facts_size, entry.sound_size)
    key = f"{int(data[:8]):08d}"
    renamed = tar_sample("00000099", data[512 : 512 + entry.facts_size], data[-100:], "flac")
    with pytest.raises(ShardError, match="those of another"):
        unpack(renamed, recipe, entry.facts_size, 100)
    assert key != "00000099"


def test_an_index_that_tells_lies_names_the_file(packed: Path) -> None:
    """Facts that contradict each other, but whose checksums are right: written by something else."""
    index = read_index(packed)
    told = json.loads((packed / INDEX).read_bytes())
    told["recipe"]["rate_hz"] = 16_000
    (packed / INDEX).write_text(json.dumps(told))
    with pytest.raises(ShardError, match=r"test-corpus-000000\.tar, sample 0: The facts of sample \d+ are those of another") as failure:
        read_sample(packed, read_index(packed), 0, 0)
    assert failure.value.hint
    assert index.recipe.rate_hz == RATE_HZ
