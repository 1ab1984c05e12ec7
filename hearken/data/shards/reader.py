"""Reading a pack: the samples of an epoch in an order that is known beforehand, by ranks and workers, from any place on.

    reader = ShardReader("packs/clotho", seed=1, epoch=3, rank=0, num_ranks=4)
    for sample in reader:
        ...
        state = reader.state()              # a small dict, for JSON; the sample in hand counts as taken
    reader = ShardReader.resume("packs/clotho", state)

A loader of PyTorch is a few lines around it: in each worker, `ShardReader(..., worker=info.id, num_workers=info.num_workers,
block=batch_size)`; the loop counts what it took, for `state(taken)`. Every sample is compared with its checksum, and is an
error rather than wrong data. A group of shards at a time is read ahead from end to end, where the system can be told so; a
sample is then one read out of what it holds already. FLAC and Opus are decoded in this process, unlike files of
strangers: read packs that you or people you trust have made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hearken.audio.front_ends import FRONT_ENDS
from hearken.data.clip import Clip
from hearken.data.shards.check import check_shard, check_sizes, checked
from hearken.data.shards.codec import MelArray, decode_mel, decode_sound
from hearken.data.shards.facts import Sound, read_facts
from hearken.data.shards.layout import Index, Shard, read_index
from hearken.data.shards.order import GROUP_NUM_SHARDS, Remainder, deal, epoch_order
from hearken.data.shards.recipe import Recipe
from hearken.data.shards.tar import split_sample
from hearken.errors import InputError, ShardError, show
from hearken.types import FloatArray

_STATE_FORMAT = 1
_AHEAD_BYTES = 1 << 17


@dataclass(frozen=True)
class Sample:
    """One clip out of a pack: what is said about it, and its sound as `samples` (T,) float32 or as log-mel `mel` (L, F) float16."""

    key: str
    clip: Clip
    sound: Sound
    samples: FloatArray | None
    mel: MelArray | None

    @property
    def rate_hz(self) -> int:
        """Samples a second, of the sound or of what the log-mel was made of."""
        return self.sound.rate_hz


class ShardReader:
    """One pass over the samples that a worker of a rank has to read: iterate, once; `len` is what is left.

    The order is `epoch_order(..., seed, epoch, group)` (without a seed, that of the shards), dealt as `deal` says. `start` counts
    in that order, over all ranks. `verify` reads all shards beforehand and compares their digests.

    Raises ShardError for a missing, damaged or foreign pack, and while reading for a damaged sample, naming its file; InputError
    for a rank, worker or start that is not there.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        seed: int | None = 0,
        epoch: int = 0,
        rank: int = 0,
        num_ranks: int = 1,
        worker: int = 0,
        num_workers: int = 1,
        block: int = 1,
        start: int = 0,
        group: int = GROUP_NUM_SHARDS,
        remainder: Remainder = "uneven",
        verify: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.index = read_index(self.folder)
        check_sizes(self.folder, self.index)
        for shard in self.index.shards if verify else ():
            check_shard(self.folder, shard)
        self._how = {"seed": seed, "epoch": epoch, "group": group, "num_ranks": num_ranks, "remainder": remainder}
        self._start, self._is_alone = start, num_workers == 1
        order = epoch_order([len(shard.samples) for shard in self.index.shards], seed, epoch, group)
        self._order = order[
            deal(
                len(order), start=start, rank=rank, num_ranks=num_ranks, worker=worker, num_workers=num_workers, block=block,
                remainder=remainder,
            )
        ]  # fmt: skip
        self._taken = 0

    @classmethod
    def resume(cls, folder: str | os.PathLike[str], state: dict[str, Any], *, num_ranks: int | None = None, **options: Any) -> Self:  # noqa: ANN401
        """Return the reader that goes on where `state` was taken; `options` are rank, worker, num_workers, block, verify.

        The number of workers may be another than before, and that of ranks too, if all had taken the same number of samples.
        Raises ShardError for a state of another pack, InputError for what is no state.
        """
        if (
            state.get("format") != _STATE_FORMAT
            or not {"seed", "epoch", "group", "num_ranks", "remainder", "start", "digest"} <= state.keys()
        ):
            raise InputError("This is no state of a reader of shards.", "Give what `state()` returned.")
        how = {name: state[name] for name in ("seed", "epoch", "group", "remainder", "start")}
        reader = cls(folder, **how, num_ranks=num_ranks or state["num_ranks"], **options)
        if reader.index.digest != state["digest"]:
            raise ShardError(
                f"{show(reader.folder)} is not the pack that this epoch began with.",
                "Resume with the pack of then, or begin the epoch anew.",
            )
        return reader

    def __len__(self) -> int:
        return len(self._order) - self._taken

    def state(self, taken: int | None = None) -> dict[str, Any]:
        """Return where this rank is, as plain values for `resume`.

        `taken` is how many samples it has taken since this reader was made; None: those that the reader has given, which is the same
        where it is the rank's only worker. Raises InputError where there are others, for none knows what they gave.
        """
        if taken is None and not self._is_alone:
            raise InputError("One of several workers cannot tell how far they all are.", "Count what was taken, and say it: state(taken).")
        given = self._taken if taken is None else taken
        total = self.index.num_samples
        start = min(self._start + given * int(self._how["num_ranks"] or 1), total)
        return {"format": _STATE_FORMAT, **self._how, "start": start, "digest": self.index.digest}

    def __iter__(self) -> Iterator[Sample]:
        """Yield what is left."""
        with _Shelf(self.folder, self.index, int(self._how["group"] or 1)) as shelf:
            while self._taken < len(self._order):
                shard, number = self._order[self._taken].tolist()
                sample = shelf.sample(shard, number)
                self._taken += 1
                yield sample


def read_sample(folder: Path, index: Index, shard: int, number: int) -> Sample:
    """Return one sample of a pack. Raises ShardError, which names the file, if it is not what was written."""
    with _Shelf(folder, index, 1) as shelf:
        return shelf.sample(shard, number)


def unpack(data: bytes, recipe: Recipe, facts_size: int, sound_size: int) -> Sample:
    """Return the sample in the bytes of its part of a shard. Raises ShardError if it is none of this recipe."""
    key, facts, stored = split_sample(data, facts_size, sound_size)
    told, clip, sound = read_facts(facts)
    if told != key or sound.rate_hz != recipe.rate_hz:
        raise ShardError(f"The facts of sample {key} are those of another.")
    if recipe.codec == "mel":
        front_end = FRONT_ENDS[recipe.front_end]
        return Sample(key, clip, sound, None, decode_mel(stored, front_end.num_frames(sound.num_samples), front_end.num_mels))
    return Sample(key, clip, sound, decode_sound(stored, recipe, sound.num_samples, sound.gain), None)


class _Shelf:
    """The open files of a group of shards; each is read ahead when it is opened, and the oldest is closed for a new one."""

    def __init__(self, folder: Path, index: Index, size: int) -> None:
        self._folder, self._index, self._size = folder, index, size
        self._open: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()

    def sample(self, number: int, place: int) -> Sample:
        """Return sample `place` of shard `number`."""
        shard = self._index.shards[number]
        entry, path = shard.samples[place], self._folder / shard.file
        try:
            handle = self._handle(number, shard)
            os.lseek(handle, entry.offset, os.SEEK_SET)
            data = checked(_read(handle, entry.size), entry, place, path)
            return unpack(data, self._index.recipe, entry.facts_size, entry.sound_size)
        except OSError as error:
            raise ShardError(f"{show(path)} cannot be read: {error.strerror or error}.", "Check the disk and the permissions.") from error
        except ShardError as error:
            if error.hint:
                raise
            raise ShardError(f"{show(path)}, sample {place}: {error.message}", "Pack again: it was written by something else.") from error

    def _handle(self, number: int, shard: Shard) -> int:
        if number not in self._open:
            if len(self._open) >= self._size:
                os.close(self._open.pop(next(iter(self._open))))
            handle = os.open(self._folder / shard.file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            self._open[number] = handle
            _read_ahead(handle, shard.bytes)
        return self._open[number]


def _read_ahead(handle: int, size: int) -> None:
    """Ask the system, where it takes wishes, to read a file from end to end before its parts are needed in another order."""
    if hasattr(os, "posix_fadvise"):
        for start in range(0, size, _AHEAD_BYTES):  # Linux reads no more than its largest request for one wish
            os.posix_fadvise(handle, start, _AHEAD_BYTES, os.POSIX_FADV_WILLNEED)


def _read(handle: int, size: int) -> bytes:
    """Return `size` bytes from where the file stands, fewer at its end."""
    data = os.read(handle, size)
    while 0 < len(data) < size:
        more = os.read(handle, size - len(data))
        if not more:
            break
        data += more
    return data
