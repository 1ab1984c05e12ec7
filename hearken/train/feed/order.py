"""Which pairs make which batch: pure functions of the seed, the epoch and the step, the same for any number of processes.

Legend: `P` pairs, `B` rows of a batch of all processes together, `S` steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.data.shards.order import epoch_order, permutation

IntArray = NDArray[np.int64]
_PAIRS_WORD, _EXTRA_WORD = 0x70616972, 0x65787472  # set uses of one seed apart


def pair_order(num_pairs: int, shard: NDArray[Any] | None, seed: int, epoch: int) -> IntArray:
    """Return a permutation (P,) of the pairs. With `shard` (P,), a few random shards at a time are gone through (`epoch_order`)."""
    if shard is None:
        return permutation(num_pairs, seed, epoch, _PAIRS_WORD)
    by_shard = np.argsort(shard, kind="stable")
    counts = np.bincount(shard)
    starts = np.cumsum(counts) - counts
    rows = epoch_order(counts.tolist(), seed, epoch)
    order: IntArray = by_shard[starts[rows[:, 0]] + rows[:, 1]].astype(np.int64, copy=False)
    return order


def num_batches(sounds: NDArray[Any], size: int, *, distinct: bool) -> int:
    """Return how many batches of `size` pairs an epoch has; `sounds` (P,) are equal for equal clips.

    Where they are to be `distinct` within a batch, it is the largest S with sum(min(count of a clip, S)) >= S x size: that many
    batches can always be filled (`batches` does), and more never.
    """
    if not distinct:
        return len(sounds) // size
    counts = np.unique(sounds, return_counts=True)[1]
    low, high = 0, len(sounds) // size
    while low < high:  # what holds for S holds for all below it, for min(count, S) is concave in S
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() >= middle * size else (low, middle - 1)
    return low


def batches(order: IntArray, sounds: NDArray[Any], size: int, *, distinct: bool) -> IntArray:
    """Return the batches (S, `size`) of pairs in the given order; pairs that fill none are left out.

    With `distinct` no batch has two pairs of one sound: a pair goes to the first batch that has room and not its sound; pairs that
    find none take the place of one that fits elsewhere. No pair is lost that S batches have room for.
    """
    steps = num_batches(sounds, size, distinct=distinct)
    if not distinct or len(np.unique(sounds)) == len(sounds):
        return order[: steps * size].reshape(steps, size)
    filling = _Filling(steps, size)
    left = [pair for pair, sound in zip(order.tolist(), sounds[order].tolist(), strict=True) if not filling.put(pair, sound)]
    for pair in left:
        filling.squeeze(pair, int(sounds[pair]))
    return np.array(filling.rows, np.int64).reshape(steps, size)


class _Filling:
    """Batches that are being filled, with the sounds that each has."""

    def __init__(self, steps: int, size: int) -> None:
        self.rows: list[list[int]] = [[] for _ in range(steps)]
        self._sounds: list[dict[int, int]] = [{} for _ in range(steps)]  # sound -> row
        self._size, self._first_open = size, 0

    def put(self, pair: int, sound: int) -> bool:
        """Put a pair into the first batch that takes it; False if none does."""
        while self._first_open < len(self.rows) and len(self.rows[self._first_open]) == self._size:
            self._first_open += 1
        for batch in range(self._first_open, len(self.rows)):
            if len(self.rows[batch]) < self._size and sound not in self._sounds[batch]:
                self._sounds[batch][sound] = len(self.rows[batch])
                self.rows[batch].append(pair)
                return True
        return False

    def squeeze(self, pair: int, sound: int) -> None:
        """Put a pair into a full batch without its sound, one of whose pairs moves on to the first batch with room; if that can be."""
        if self.put(pair, sound) or self._first_open == len(self.rows):
            return
        target = self._sounds[self._first_open]
        for batch, present in enumerate(self._sounds):
            if sound not in present:  # it is full, and the target is not: so it has a sound that the target lacks
                moved, row = next((other, row) for other, row in present.items() if other not in target)
                other_pair = self.rows[batch][row]
                self.rows[batch][row] = pair
                present[sound] = present.pop(moved)
                self.put(other_pair, moved)
                return


def generated_rows(size: int, num_generated: int) -> tuple[int, ...]:
    """Return which rows of a batch are generated: `num_generated` of them, spread evenly so that each process has its share."""
    return tuple(row for row in range(size) if (row + 1) * num_generated // size > row * num_generated // size)


def extra_pairs(pairs: Sequence[int], sounds: NDArray[Any], count: int, seed: int, epoch: int, step: int) -> tuple[int, ...]:
    """Return `count` further pairs of different sounds, none of which the batch `pairs` has: drawn purely from (seed, epoch, step).

    There must be so many; see `check_extra`.
    """
    generator = np.random.default_rng([seed, epoch, step, _EXTRA_WORD])
    taken = set(sounds[list(pairs)].tolist())
    found: list[int] = []
    while len(found) < count:
        pair = int(generator.integers(len(sounds)))
        if (sound := int(sounds[pair])) not in taken:
            taken.add(sound)
            found.append(pair)
    return tuple(found)


def rank_rows(size: int, rank: int, num_ranks: int) -> range:
    """Return the rows of the joint batch that process `rank` of `num_ranks` works on: contiguous, as even as can be."""
    return range(rank * size // num_ranks, (rank + 1) * size // num_ranks)
