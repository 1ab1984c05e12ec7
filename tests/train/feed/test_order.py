from __future__ import annotations

import numpy as np
import pytest

from hearken.train.feed.order import batches, extra_pairs, generated_rows, num_batches, pair_order, rank_rows


def test_the_order_is_a_permutation_of_its_own_for_each_seed_and_epoch() -> None:
    order = pair_order(50, None, 1, 2)
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() == pair_order(50, None, 1, 2).tolist()
    assert order.tolist() != pair_order(50, None, 1, 3).tolist()
    assert order.tolist() != pair_order(50, None, 2, 2).tolist()


def test_with_shards_a_few_at_a_time_are_gone_through() -> None:
    shard = np.arange(60) % 20  # 20 shards of 3 pairs, which lie apart
    order = pair_order(60, shard, 0, 0)
    assert sorted(order.tolist()) == list(range(60))
    groups = [set(shard[order[start : start + 24]].tolist()) for start in (0, 24, 48)]  # 8 shards at a time
    assert [len(group) for group in groups] == [8, 8, 4]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    assert order.tolist() != pair_order(60, shard, 0, 1).tolist()


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        ([3, 1, 1], 2, 2),  # a b, a c; the third a has no company
        ([5, 1], 2, 1),
        ([2, 2, 2], 3, 2),
        ([2, 2, 2], 4, 0),  # only three are different
        ([1] * 7, 2, 3),
        ([4, 2, 1, 1], 2, 4),
    ],
)
def test_how_many_batches_of_different_clips_there_are(counts: list[int], size: int, expected: int) -> None:
    assert num_batches(np.repeat(np.arange(len(counts)), counts), size, distinct=True) == expected


def test_the_last_incomplete_batch_is_left_out() -> None:
    assert batches(np.array([4, 2, 0, 1, 3]), np.array([0, 0, 0, 0, 0]), 2, distinct=False).tolist() == [[4, 2], [0, 1]]


def test_a_second_caption_goes_to_the_next_batch() -> None:
    sounds = np.array([7, 7, 8, 7, 9])
    assert batches(np.arange(5), sounds, 2, distinct=True).tolist() == [[0, 2], [1, 4]]  # 3 finds no room


def test_what_finds_no_room_changes_places_with_what_fits_elsewhere() -> None:
    sounds = np.array([8, 9, 7, 7])  # in this order 8 and 9 fill the first batch, and the two 7 are left for the second
    assert batches(np.arange(4), sounds, 2, distinct=True).tolist() == [[3, 1], [2, 0]]


@pytest.mark.parametrize("seed", range(20))
def test_no_batch_has_a_clip_twice_and_no_pair_is_lost_that_there_is_room_for(seed: int) -> None:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 9, size=12)
    sounds = np.repeat(np.arange(12), counts)
    size = int(generator.integers(2, 9))
    table = batches(generator.permutation(len(sounds)), sounds, size, distinct=True)
    most = max(steps for steps in range(len(sounds) // size + 1) if np.minimum(counts, steps).sum() >= steps * size)
    assert table.shape == (most, size)
    assert len(np.unique(table)) == table.size
    assert all(len(set(sounds[row].tolist())) == size for row in table)


def test_generated_rows_lie_evenly() -> None:
    assert generated_rows(8, 2) == (3, 7)
    assert generated_rows(5, 0) == ()
    assert len(generated_rows(32, 8)) == 8
    assert [sum(row in generated_rows(32, 8) for row in rank_rows(32, rank, 4)) for rank in range(4)] == [2, 2, 2, 2]


def test_extra_pairs_are_of_other_clips_and_drawn_purely() -> None:
    sounds = np.arange(40) // 2
    found = extra_pairs([0, 2, 4], sounds, 10, 1, 2, 3)
    assert len(set(sounds[list(found)].tolist()) | {0, 1, 2}) == 13
    assert found == extra_pairs([0, 2, 4], sounds, 10, 1, 2, 3) != extra_pairs([0, 2, 4], sounds, 10, 1, 2, 4)


def test_ranks_take_contiguous_rows() -> None:
    assert [list(rank_rows(7, rank, 3)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5, 6]]
