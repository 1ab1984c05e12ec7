"""`pack`: a corpus to a folder of shards, by several processes, to be killed and begun again at any moment.

A shard is written to `.packing/`, moved to its place when it is whole, and then noted there; a run that finds the note and
the file does not make them again. The index comes last. What a run writes is a pure function of the corpus, its sounds and
the recipe, so that a run in pieces leaves the same bytes as one without a break. A clip that cannot be read costs
itself alone: it stands in the index and in `failed.jsonl`, and packed + failed = clips.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hearken.audio.crew import in_order
from hearken.audio.worker import Worker
from hearken.data.locate import none_here
from hearken.data.shards.check import is_whole
from hearken.data.shards.encode import encode_file, encoder
from hearken.data.shards.facts import Sound
from hearken.data.shards.files import writing
from hearken.data.shards.layout import INDEX, Index, Shard, parsed, read_index, to_bytes
from hearken.data.shards.plan import Plan, key
from hearken.data.shards.recipe import SUFFIXES
from hearken.data.shards.writer import PACKING, ShardWriter, note_path
from hearken.errors import HearkenError, MissingDataError, ShardError, show
from hearken.files import write_whole
from hearken.types import Progress, silent

FAILED = "failed.jsonl"
_PLAN = "plan.json"


@dataclass(frozen=True)
class PackReport:
    """What a run came to. `num_kept` shards were whole already; `flags` count what was remarkable about samples."""

    folder: Path
    index: Index
    num_kept: int
    flags: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        index = self.index
        return {
            "folder": str(self.folder),
            "corpus": index.source.reference,
            "num_clips": index.source.num_clips,
            "packed": index.num_samples,
            "failed": len(index.failed),
            "num_shards": len(index.shards),
            "num_kept": self.num_kept,
            "bytes": sum(shard.bytes for shard in index.shards),
            "duration_s": round(index.total_s, 3),
            "flags": dict(self.flags),
            "digest": index.digest,
            "recipe": index.recipe.to_json(),
            "failures": [asdict(failed) for failed in index.failed],
        }


def pack(
    plan: Plan,
    sounds: Mapping[str, Path],
    folder: Path,
    *,
    jobs: int = 1,
    verify: bool = False,
    retry_failed: bool = False,
    on_progress: Progress | None = None,
) -> PackReport:
    """Write the shards of `plan` to `folder`, those that are not there, and return what it came to.

    `sounds` says where the sound of a clip is, by its id; a clip without one fails. Shards that are there count as whole if
    their size is right, with `verify` if their digest is. `retry_failed` makes those again that lack a clip.

    Raises MissingDataError where there is no sound at all, and ShardError where the folder holds another pack, another process
    is packing into it, it cannot be written, or not one clip could be packed.
    """
    import filelock

    if not any(clip.id in sounds for clip in plan.clips):
        raise none_here(plan.source.reference)
    packing = folder / PACKING
    with writing(folder):
        packing.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(packing / "lock", timeout=0):
            try:
                return _pack(plan, sounds, folder, jobs, verify, retry_failed, on_progress or silent)
            finally:
                if not (packing / _PLAN).exists():  # nothing was begun
                    shutil.rmtree(packing, ignore_errors=True)
    except filelock.Timeout as error:
        raise ShardError(f"Another process is packing into {show(folder)} just now.", "Wait until it is done.") from error


def _pack(
    plan: Plan, sounds: Mapping[str, Path], folder: Path, jobs: int, verify: bool, retry_failed: bool, on_progress: Progress
) -> PackReport:
    noted = _noted(plan, folder)
    shards = {
        number: shard for number, shard in noted.items() if is_whole(folder, shard, verify=verify) and not (retry_failed and shard.failed)
    }
    num_kept = len(shards)
    with writing(folder):
        write_whole(folder / PACKING / _PLAN, to_bytes(_identity(plan)), alone=True)
    shards.update(_made(plan, sounds, folder, set(shards), jobs, on_progress))
    index = plan.index(tuple(shards[number] for number in range(len(plan.positions))), _made_with())
    if not index.num_samples:
        shutil.rmtree(folder / PACKING, ignore_errors=True)
        raise ShardError(f"Not one of the clips could be packed: {index.failed[0].message}", index.failed[0].hint)
    _conclude(folder, index)
    flags = Counter[str]()
    for shard in index.shards:
        flags.update(shard.flags or {})
    return PackReport(folder, index, num_kept, dict(sorted(flags.items())))


def _conclude(folder: Path, index: Index) -> None:
    """Write the ledger and the index, and take the notes away."""
    with writing(folder):
        if index.failed:
            write_whole(folder / FAILED, b"".join(to_bytes(asdict(failed)) + b"\n" for failed in index.failed), alone=True)
        else:
            (folder / FAILED).unlink(missing_ok=True)
        write_whole(folder / INDEX, index.to_bytes(), alone=True)
    shutil.rmtree(folder / PACKING, ignore_errors=True)


def _noted(plan: Plan, folder: Path) -> dict[int, Shard]:
    """Return the shards that earlier runs finished, by number, out of the index and of notes. Raises ShardError for another pack's."""
    shards: dict[int, Shard] = {}
    if (folder / INDEX).exists():
        index = read_index(folder)
        _check_same(index.source_json(), plan, folder / INDEX)
        shards.update(enumerate(index.shards))
    if (path := folder / PACKING / _PLAN).exists():
        _check_same(parsed(path, path.read_bytes(), dict), plan, path)
        for number in range(len(plan.positions)):
            if (note := note_path(folder, plan.file(number))).exists():
                shards[number] = parsed(note, note.read_bytes(), Shard.from_json)
    return shards


def _identity(plan: Plan) -> dict[str, Any]:
    return plan.index((), {}).source_json()


def _check_same(found: dict[str, Any], plan: Plan, path: Path) -> None:
    wanted = _identity(plan)
    different = sorted(name for name in wanted.keys() | found.keys() if found.get(name) != wanted.get(name))
    if different:
        raise ShardError(
            f"{show(path)} belongs to a pack of something else: another {' and another '.join(different)}.",
            "Give another folder with --out, or remove this one; or use the options and the corpus that it was begun with.",
        )


def _made(
    plan: Plan, sounds: Mapping[str, Path], folder: Path, kept: set[int], jobs: int, on_progress: Progress
) -> Iterator[tuple[int, Shard]]:
    """Make the shards that are not `kept`, and yield each when it is in its place and noted."""
    todo = [number for number in range(len(plan.positions)) if number not in kept]
    done = sum(len(plan.positions[number]) for number in kept)
    on_progress(done, len(plan.clips))
    tasks = (position for number in todo for position in plan.positions[number])
    if not todo:
        return

    def work(worker: Worker, position: int) -> tuple[Sound, bytes] | HearkenError:
        return _encoded(worker, plan, sounds, position)

    with contextlib.closing(in_order(tasks, work, encoder, min(jobs, len(plan.clips)))) as results:
        for number in todo:
            with ShardWriter(folder, plan.file(number), SUFFIXES[plan.recipe.codec]) as writer:
                for position in plan.positions[number]:
                    writer.add(key(position), plan.clips[position], next(results))
                    done += 1
                    on_progress(done, len(plan.clips))
                yield number, writer.finish()


def _encoded(worker: Worker, plan: Plan, sounds: Mapping[str, Path], position: int) -> tuple[Sound, bytes] | HearkenError:
    clip = plan.clips[position]
    if clip.id not in sounds:
        return MissingDataError(f"{show(clip.audio)} is not here.", "`hearken data prepare` says where it comes from.")
    try:
        return encode_file(worker, sounds[clip.id], plan.recipe, plan.recipe.cut.place(position))
    except HearkenError as error:
        return error


def _made_with() -> dict[str, str]:
    """Return the versions that may matter to who wants the same bytes again."""
    found = {}
    for name in ("hearken", "av", "numpy", "soxr"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
