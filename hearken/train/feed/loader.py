"""The batches of an epoch, made ahead by threads and isolated processes, for one process of a run.

Legend: `B` rows of this process, `T` samples of the longest sound, `M` rows whose spectrograms are mixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np
import torch

from hearken.audio.worker import Worker
from hearken.errors import RecipeError
from hearken.models.blend import Blend
from hearken.train.batch import Batch
from hearken.train.feed.ahead import Crew, ahead
from hearken.train.feed.order import IntArray, batches, extra_pairs, generated_rows, num_batches, pair_order, rank_rows
from hearken.train.feed.rows import Made, Maker, Task
from hearken.train.feed.sound_worker import worker

_AHEAD = 2  # batches that are ready beforehand; each may be some 250 MB


class Loader:
    """Gives batches of `size` rows of all processes together, of which `rank` of `num_ranks` gets its own; `jobs` threads make them.

    Every batch of an epoch is a pure function of the recipe, the epoch and the step. Raises RecipeError if there are not pairs
    enough for one batch, or fewer rows than processes.
    """

    def __init__(self, maker: Maker, size: int, *, distinct: bool, rank: int = 0, num_ranks: int = 1, jobs: int = 1) -> None:
        self._maker, self._size, self._distinct, self._jobs = maker, size, distinct, jobs
        pairmix = maker.augmentation.pairmix
        self._generated = generated_rows(size, pairmix.num_generated(size) if pairmix else 0)
        self._ordinary = tuple(row for row in range(size) if row not in set(self._generated))
        self._own = rank_rows(size, rank, num_ranks)
        self._num_ids = len(maker.clips)
        self.num_steps = self._check(num_ranks)

    def epoch(self, epoch: int, start_step: int = 0) -> Generator[Batch, None, None]:
        """Yield this process' rows of batches `start_step` ... `num_steps` - 1 of an epoch. Raises DataError.

        Closing the iterator ends its threads and processes.
        """
        steps = range(start_step, self.num_steps)
        return ahead(lambda crew: self._batches(epoch, steps, crew), worker, jobs=self._jobs, most=_AHEAD)

    def _check(self, num_ranks: int) -> int:
        sounds, ordinary = self._maker.pairs.sound, len(self._ordinary)
        if self._size < num_ranks:
            raise RecipeError(f"A batch of {self._size} cannot be split among {num_ranks} processes.", "Make `training.batch` larger.")
        if not ordinary:
            raise RecipeError("PairMix leaves no pair of a batch as it is.", "Make its `share` smaller.")
        steps = num_batches(sounds, ordinary, distinct=self._distinct)
        if not steps:
            different = " of different clips" if self._distinct else ""
            raise RecipeError(
                f"A batch takes {ordinary} pairs{different}, and there are {len(np.unique(sounds)) if self._distinct else len(sounds)}.",
                "Make `training.batch` smaller, or train on more.",
            )
        needed = ordinary + 2 * len(self._generated)
        if self._generated and len(np.unique(sounds)) < needed:
            raise RecipeError(
                f"PairMix with batches of {self._size} needs {needed} different clips, and there are {len(np.unique(sounds))}.",
                "Make `training.batch` or the `share` of PairMix smaller.",
            )
        return steps

    def _batches(self, epoch: int, steps: range, crew: Crew) -> Generator[Batch, None, None]:

        def make(process: Worker, task: Task) -> Made:
            return self._maker.make(process, task, lambda: crew.is_stopping)

        with closing(crew.in_order(self._tasks(epoch, steps), make)) as rows:
            for _ in steps:
                yield self._collated([next(rows) for _ in self._own])

    def _tasks(self, epoch: int, steps: range) -> Iterator[Task]:
        """Yield what is to be made for this process' rows, in order."""
        pairs, seed = self._maker.pairs, self._maker.seed
        order = pair_order(len(pairs), pairs.shard, seed, epoch)
        table = batches(order, pairs.sound, len(self._ordinary), distinct=self._distinct)
        for step in steps:
            joint = self._joint(table[step], epoch, step)
            avoid = frozenset(pairs.sound[table[step]].tolist())
            yield from (Task(epoch, step, row, *joint[row], avoid) for row in self._own)

    def _joint(self, ordinary: IntArray, epoch: int, step: int) -> list[tuple[int, int | None]]:
        """Return pair and partner of every row of the batch of all processes."""
        count = len(self._generated)
        extra = extra_pairs(ordinary.tolist(), self._maker.pairs.sound, 2 * count, self._maker.seed, epoch, step)
        made = dict(zip(self._generated, zip(extra[:count], extra[count:], strict=True), strict=True))
        plain = iter(ordinary.tolist())
        return [made[row] if row in made else (next(plain), None) for row in range(self._size)]

    def _collated(self, rows: Sequence[Made]) -> Batch:
        pairmix = self._maker.augmentation.pairmix
        first = self._own.start
        mixed = [row for row in rows if row.blended is not None]
        blend = None
        if mixed and pairmix is not None:
            second, shares = zip(*(row.blended for row in mixed if row.blended is not None), strict=True)
            places = tuple(row.row - first for row in mixed)
            blend = Blend(places, _padded(second), tuple(map(len, second)), shares, pairmix.domain)
        ids = [row.sound if row.sound >= 0 else self._num_ids + row.row for row in rows]
        if self._maker.data.positives == "caption":
            ids = [id_of_caption(row.text) for row in rows]
        return Batch(
            wave=_padded([row.samples for row in rows]),
            num_samples=tuple(len(row.samples) for row in rows),
            texts=tuple(row.text for row in rows),
            ids=torch.tensor(ids, dtype=torch.int64),
            names=tuple(row.name for row in rows),
            pairs=tuple(row.pair for row in rows),
            blend=blend,
        )


def id_of_caption(text: str) -> int:
    """Return a number from 0 to 2^63 - 1 that is the same, in all processes, for texts of the same words."""
    words = " ".join(text.lower().split()).rstrip(".!? ")
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def _padded(sounds: Sequence[np.ndarray]) -> torch.Tensor:
    """Return sounds (T,) as rows (B, T) of the longest, filled up with zeros."""
    wave = np.zeros((len(sounds), max(map(len, sounds))), np.float32)
    for row, sound in zip(wave, sounds, strict=True):
        row[: len(sound)] = sound
    return torch.from_numpy(wave)
