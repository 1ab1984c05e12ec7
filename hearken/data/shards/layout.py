"""`shards.json`, the index of a pack: what it was made of and how, and for every shard where its samples lie.

A pack is a folder of `NAME-000000.tar`, `NAME-000001.tar`, ... and this index, which is written last: a folder without it is
unfinished. All numbers are checked when it is read, so that a damaged index is an error here and not wrong data later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from hearken.data.shards.recipe import Recipe
from hearken.data.shards.tar import END, sample_size
from hearken.errors import HearkenError, ShardError, show

INDEX = "shards.json"
FORMAT = "hearken-shards"
VERSION = 1
Result = TypeVar("Result")
_AGAIN = "Copy the folder again from where it is whole, or remove this file and run the same `hearken data pack` again."


@dataclass(frozen=True, slots=True)  # there may be hundreds of thousands
class Entry:
    """Where a sample is: it begins at `offset` of its shard; sizes in bytes of its two files; `crc32` is over all its bytes."""

    offset: int
    facts_size: int
    sound_size: int
    crc32: int

    @property
    def size(self) -> int:
        """Bytes of the sample in its shard, with headers."""
        return sample_size(self.facts_size, self.sound_size)


@dataclass(frozen=True)
class Failed:
    """A clip that could not be packed, and why."""

    key: str
    id: str
    audio: str
    error: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Shard:
    """One file of samples, in order, and the clips of its share that failed; `total_s` is the length of its sound."""

    file: str
    bytes: int
    sha256: str
    total_s: float
    samples: tuple[Entry, ...]
    failed: tuple[Failed, ...] = ()
    flags: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the shard as plain values."""
        return {
            "file": self.file,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "num_samples": len(self.samples),
            "total_s": self.total_s,
            "flags": dict(self.flags or {}),
            "samples": [[entry.offset, entry.facts_size, entry.sound_size, entry.crc32] for entry in self.samples],
            "failed": [asdict(failed) for failed in self.failed],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Shard:
        """Return the shard that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        samples = tuple(Entry(*map(_count, numbers)) for numbers in values["samples"])
        end = 0
        for entry in samples:
            _must(entry.offset == end, "samples must lie end to end")
            end += entry.size
        _must(values["bytes"] == end + len(END) and values["num_samples"] == len(samples), "sizes must agree")
        file = values["file"]
        _must(isinstance(file, str) and Path(file).name == file and file not in ("", ".."), "a shard lies beside its index")
        failed = tuple(Failed(**failed) for failed in values["failed"])
        flags = {str(flag): _count(count) for flag, count in values["flags"].items()}
        return cls(file, end + len(END), str(values["sha256"]), float(values["total_s"]), samples, failed, flags)


@dataclass(frozen=True)
class Source:
    """What was packed: `sha256` is over all facts of its `num_clips` clips, in order. `seed` permuted them (None: corpus order)."""

    reference: str
    splits: tuple[str, ...]
    num_clips: int
    sha256: str
    shard_clips: int
    seed: int | None


@dataclass(frozen=True)
class Index:
    """A pack: its `source` and `recipe`, and its `shards`. `made_with` names versions of what wrote it, and changes nothing."""

    name: str
    source: Source
    recipe: Recipe
    shards: tuple[Shard, ...]
    made_with: Mapping[str, str]

    @property
    def num_samples(self) -> int:
        """Samples in all shards."""
        return sum(len(shard.samples) for shard in self.shards)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """All clips that could not be packed."""
        return tuple(failed for shard in self.shards for failed in shard.failed)

    @property
    def total_s(self) -> float:
        """Length of all sound, in seconds."""
        return sum(shard.total_s for shard in self.shards)

    @cached_property
    def digest(self) -> str:
        """Identity of the content: SHA-256 over what was packed, how, and what came of it."""
        told = [self.source_json(), [(shard.file, shard.sha256) for shard in self.shards]]
        return hashlib.sha256(to_bytes(told)).hexdigest()

    def source_json(self) -> dict[str, Any]:
        """Return what two packs must agree in to be the same."""
        return {"name": self.name, "corpus": asdict(self.source) | {"splits": list(self.source.splits)}, "recipe": self.recipe.to_json()}

    def to_bytes(self) -> bytes:
        """Return the index as it is written, a line for each shard."""
        head = {"format": FORMAT, "version": VERSION, **self.source_json(), "made_with": dict(self.made_with)}
        head |= {"num_samples": self.num_samples, "num_failed": len(self.failed), "total_s": self.total_s}
        lines = b",\n".join(to_bytes(shard.to_json()) for shard in self.shards)
        return to_bytes(head)[:-1] + b',"shards":[\n' + lines + b"\n]}\n"


def to_bytes(value: object) -> bytes:
    """Return `value` as JSON in ASCII, always in the same way; names that are no Unicode survive as escaped surrogates."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def read_index(folder: Path) -> Index:
    """Return the index of the pack in `folder`. Raises ShardError if there is none, or a damaged one, or of another version."""
    path = folder / INDEX
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ShardError(
            f"There is no {INDEX} in {show(folder)}: nothing was packed there, or packing was not finished.",
            "Run `hearken data pack` with the same options to go on.",
        ) from error
    except OSError as error:
        raise ShardError(f"{show(path)} cannot be read: {error.strerror or error}.", "Check the disk and the permissions.") from error
    return parsed(path, content, _index)


def parsed(path: Path, content: bytes, build: Callable[[Any], Result]) -> Result:
    """Return what `build` makes of the JSON in `content`. Raises ShardError, which names `path`, where it fails."""
    try:
        return build(json.loads(content))
    except ShardError as error:
        raise ShardError(f"{show(path)}: {error.message}", error.hint) from error
    except (HearkenError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = error.message if isinstance(error, HearkenError) else f"{type(error).__name__}: {error}"
        raise ShardError(f"{show(path)} is damaged: {show(reason)}", _AGAIN) from error


def _index(values: Any) -> Index:  # noqa: ANN401  whatever JSON can be
    if values["format"] != FORMAT:
        raise ShardError("this is no index of shards.", "Give the folder that `hearken data pack` wrote.")
    if values["version"] != VERSION:
        raise ShardError(
            f"the format is {show(str(values['version']))}, and this Hearken reads {VERSION}.",
            "Use the Hearken that wrote it, or pack again.",
        )
    corpus = values["corpus"]
    source = Source(**{**corpus, "splits": tuple(corpus["splits"])})
    shards = tuple(Shard.from_json(shard) for shard in values["shards"])
    made_with = {str(name): str(version) for name, version in values["made_with"].items()}
    index = Index(str(values["name"]), source, Recipe.from_json(values["recipe"]), shards, made_with)
    _must(index.num_samples + len(index.failed) == source.num_clips, "packed and failed clips must be all clips")
    _must(len({shard.file for shard in shards}) == len(shards), "shards must have different names")
    return index


def _count(value: object) -> int:
    _must(type(value) is int and value >= 0, "a count must be a whole number from 0")
    return int(value)  # type: ignore[call-overload,no-any-return]


def _must(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(rule)
