"""Orders: complete, disjoint, the same for ever, well mixed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hearken.data.shards.order import REMAINDERS, clip_order, deal, epoch_order, permutation
from hearken.errors import InputError


def test_permutations_are_fixed_for_ever() -> None:
    assert permutation(8, 1, 2, 3).tolist() == [6, 2, 4, 1, 5, 3, 0, 7]
    assert sorted(permutation(1_000, 5).tolist()) == list(range(1_000))
    assert permutation(1_000, 5).tolist() != permutation(1_000, 6).tolist()
    assert permutation(0, 1).tolist() == []
    assert clip_order(5, None).tolist() == [0, 1, 2, 3, 4]
    assert sorted(clip_order(5, 0).tolist()) == [0, 1, 2, 3, 4]


COUNTS = (5, 0, 3, 7, 4, 6, 1)


def test_an_epoch_has_every_sample_once() -> None:
    every = sorted((shard, sample) for shard, count in enumerate(COUNTS) for sample in range(count))
    for seed, epoch, group in itertools.product((None, 0, 9), (0, 1), (1, 3, 7, 100)):
        order = epoch_order(COUNTS, seed, epoch, group)
        assert sorted(map(tuple, order.tolist())) == every
        assert np.array_equal(order, epoch_order(COUNTS, seed, epoch, group))
        if seed is None:
            assert list(map(tuple, order.tolist())) == every
    assert not np.array_equal(epoch_order(COUNTS, 0, 0), epoch_order(COUNTS, 0, 1))
    assert not np.array_equal(epoch_order(COUNTS, 0, 0), epoch_order(COUNTS, 1, 0))
    assert epoch_order((), 0).shape == epoch_order((0, 0), 0).shape == (0, 2)


def test_a_group_of_shards_is_read_before_the_next_and_is_mixed() -> None:
    order = epoch_order([100] * 12, 1, 0, group=4)
    groups = [set(order[start : start + 400, 0].tolist()) for start in (0, 400, 800)]
    assert [len(group) for group in groups] == [4, 4, 4]
    assert set.union(*groups) == set(range(12))
    changes = np.count_nonzero(np.diff(order[:400, 0]))
    assert 260 < changes < 340  # three of four neighbours are of another shard: 300 if drawn at random


def test_samples_move_anywhere() -> None:
    """Over many epochs the mean place of each sample is the middle, and pairs meet in a batch about as often as by chance."""
    counts, batch, epochs = [16] * 8, 8, 400
    places = np.zeros((epochs, 128))
    for epoch in range(epochs):
        order = epoch_order(counts, 3, epoch, group=4)
        places[epoch, order[:, 0] * 16 + order[:, 1]] = np.arange(128)
    assert np.abs(places.mean(axis=0) - 63.5).max() < 4.5 * 36.95 / np.sqrt(epochs)  # 4.5 standard errors of a uniform place
    same_batch = places[:, :1] // batch == places[:, 1:] // batch
    chance = (batch - 1) / 127
    within, across = same_batch[:, :15].mean(), same_batch[:, 15:].mean()
    assert chance < within < 2.6 * chance  # 4 of 8 shards at a time: samples of one shard meet up to twice as often
    assert 0.6 * chance < across < 1.1 * chance


def test_dealing_is_complete_and_disjoint() -> None:
    for total, num_ranks, num_workers, block, start in itertools.product((0, 1, 23, 64), (1, 2, 3), (1, 2, 3), (1, 4), (0, 5)):
        if start > total:
            continue
        dealt = [
            deal(total, start=start, rank=r, num_ranks=num_ranks, worker=w, num_workers=num_workers, block=block).tolist()
            for r in range(num_ranks) for w in range(num_workers)
        ]  # fmt: skip
        assert sorted(itertools.chain(*dealt)) == list(range(start, total))
        assert all(part == sorted(part) for part in dealt)


def test_workers_take_batches_in_turn() -> None:
    batches = [deal(10, block=2, worker=worker, num_workers=2).tolist() for worker in range(2)]
    assert batches == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7]]
    assert deal(10, rank=1, num_ranks=2, block=2, worker=1, num_workers=2).tolist() == [5, 7]


@pytest.mark.parametrize(
    ("remainder", "wanted"),
    [("uneven", [[2, 5, 8], [3, 6, 9], [4, 7]]), ("repeat", [[2, 5, 8], [3, 6, 9], [4, 7, 0]]), ("drop", [[2, 5], [3, 6], [4, 7]])],
)
def test_ranks_that_do_not_come_out_even(remainder: str, wanted: list[list[int]]) -> None:
    assert [deal(10, start=2, rank=rank, num_ranks=3, remainder=remainder).tolist() for rank in range(3)] == wanted  # type: ignore[arg-type]
    assert set(REMAINDERS) == {"uneven", "repeat", "drop"}


def test_one_sample_for_many_ranks() -> None:
    assert [deal(1, rank=rank, num_ranks=3, remainder="repeat").tolist() for rank in range(3)] == [[0], [0], [0]]
    assert [deal(1, rank=rank, num_ranks=3).tolist() for rank in range(3)] == [[0], [], []]


def test_what_is_not_there_is_an_error() -> None:
    wrong = [{"rank": 2, "num_ranks": 2}, {"worker": -1}, {"start": 11}, {"start": -1}, {"block": 0}, {"remainder": "lose"}]
    for options in wrong:
        with pytest.raises(InputError):
            deal(10, **options)  # type: ignore[arg-type]
    for arguments in ((-1, 0, 8), (0, -1, 8), (0, 0, 0)):
        with pytest.raises(InputError):
            epoch_order([1], *arguments)
