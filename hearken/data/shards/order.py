"""The order of samples, as pure functions: of the seed and the epoch, and then of who reads which.

An epoch goes through the shards in a new order, a *group* of them at a time; the samples of a group are permuted together.
So disks read a few files from end to end, and yet neighbours come from `group` times `shard_clips` clips, drawn afresh each
epoch. `hearken data pack` has permuted the corpus before, so that a shard is a random sample of it: with 8 shards of 256
clips a batch is drawn without replacement from 2 048 random clips, and where there are no more shards than a group has, the
order is a permutation of all. Permutations sort the words of numpy's SeedSequence, whose stream numpy keeps for ever.

Legend: `N` samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError

IntArray = NDArray[np.int64]
Remainder = Literal["uneven", "repeat", "drop"]
REMAINDERS: tuple[str, ...] = get_args(Remainder)
GROUP_NUM_SHARDS = 8
_SHARDS_WORD, _SAMPLES_WORD, _CLIPS_WORD = 0x73686172, 0x73616D70, 0x636C6970  # set uses of one seed apart


def permutation(size: int, *words: int) -> IntArray:
    """Return a permutation of 0 ... `size` - 1: a pure function of `words` (whole numbers from 0), on every machine and version."""
    keys = np.random.SeedSequence(words).generate_state(size, np.uint64)
    return np.argsort(keys, kind="stable").astype(np.int64, copy=False)


def clip_order(num_clips: int, seed: int | None) -> IntArray:
    """Return the order in which clips are dealt to shards; None: as the corpus has them."""
    return np.arange(num_clips) if seed is None else permutation(num_clips, seed, _CLIPS_WORD)


def epoch_order(counts: Sequence[int], seed: int | None, epoch: int = 0, group: int = GROUP_NUM_SHARDS) -> IntArray:
    """Return the order of an epoch as rows (shard, sample), (N, 2), given the samples of each shard; every one is there once.

    Without a seed it is the order in the shards, in every epoch. Raises InputError for a negative seed or epoch and an empty group.
    """
    if epoch < 0 or group < 1 or (seed is not None and seed < 0):
        raise InputError(f"A seed and an epoch are whole numbers from 0, and a group has a shard at least: {seed}, {epoch}, {group}.")
    shards = np.arange(len(counts)) if seed is None else permutation(len(counts), seed, epoch, _SHARDS_WORD)
    parts = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(shards), group):
        rows = np.concatenate([_rows(int(shard), counts[shard]) for shard in shards[start : start + group]])
        parts.append(rows if seed is None else rows[permutation(len(rows), seed, epoch, start, _SAMPLES_WORD)])
    return np.concatenate(parts)


def _rows(shard: int, count: int) -> IntArray:
    return np.stack([np.full(count, shard, np.int64), np.arange(count, dtype=np.int64)], axis=1)


def deal(
    total: int,
    *,
    start: int = 0,
    rank: int = 0,
    num_ranks: int = 1,
    worker: int = 0,
    num_workers: int = 1,
    block: int = 1,
    remainder: Remainder = "uneven",
) -> IntArray:
    """Return which of the positions `start` ... `total` - 1 of an epoch's order a worker of a rank reads, in order.

    Ranks take positions in turn: rank r gets start + r, start + r + num_ranks, ... A rank's workers take blocks of `block` of
    these in turn; with the batch size for a block, the batches of a loader that asks its workers in turn are the same
    for any number of workers. Where the ranks do not come out even, ``uneven`` gives the first ranks one more (nothing is
    lost or doubled), ``repeat`` fills up with the first positions of the epoch, ``drop`` leaves out the last few.

    Raises InputError for a rank, worker or start that is not there, an empty block and an unknown remainder.
    """
    if not (0 <= rank < num_ranks and 0 <= worker < num_workers and 0 <= start <= total and block >= 1):
        raise InputError(
            f"There is no rank {rank} of {num_ranks}, worker {worker} of {num_workers}, start {start} of {total}, or block of {block}."
        )
    if remainder not in REMAINDERS:
        raise InputError(f"There is no way {remainder!r} to come out even.", f"One of {', '.join(REMAINDERS)}.")
    positions = np.arange(start, total, dtype=np.int64)
    missing = -len(positions) % num_ranks
    if missing and remainder == "repeat":
        positions = np.concatenate([positions, np.resize(np.arange(total, dtype=np.int64), missing)])
    elif missing and remainder == "drop":
        positions = positions[: len(positions) - (num_ranks - missing)]
    own = positions[rank::num_ranks]
    mine: IntArray = own[(np.arange(len(own)) // block) % num_workers == worker]
    return mine
