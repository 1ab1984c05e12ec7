"""Kill packing and reading with SIGKILL at random moments, again and again, and see what comes out.

    python benchmarks/kill_loader.py [FOLDER] [--count 50] [--seed 0] [--clips 120] [--codec flac]

Packing: a real process packs the sounds of FOLDER (without one, sounds that are synthesised) with two workers, is killed, and begun
again, until it is done; then it begins anew in another folder. Every byte must be as an uninterrupted run leaves it, and shards
that were finished must not be made again. Reading: a process reads an epoch in batches by one to three loader workers (another
number after each kill), notes every sample and a digest of its sound, and saves the reader's state after each batch, whole or
not at all, as training does; what an interrupted epoch notes in the end must be the very sequence of an uninterrupted one.
Exit code 1, with the seed, when anything is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hearken.data.clip import Clip, Corpus
from hearken.data.shards.check import check_shards
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.reader import Sample, ShardReader
from hearken.data.shards.recipe import Cut, Recipe
from hearken.files import write_whole

BATCH = 8
EPOCH_SEED = 7


def work_pack(sounds: str, folder: str, codec: str) -> None:
    """The packing process that gets killed."""
    paths = sorted(path for path in Path(sounds).iterdir() if path.is_file())
    corpus = Corpus("killed", Path(sounds), tuple(Clip(path.name, "all", path.name, (path.stem,)) for path in paths))
    recipe = Recipe(codec=codec, front_end="passt_mel" if codec == "mel" else "", cut=Cut(20.0, "random"))  # type: ignore[arg-type]
    plan = make_plan(corpus, recipe, shard_clips=max(4, len(paths) // 12))
    pack(plan, {path.name: path for path in paths}, Path(folder), jobs=2)


def work_read(folder: str, log: str, state_file: str, num_workers: int) -> None:
    """The reading process that gets killed: batches of `num_workers` loader workers in turn, as a loader of PyTorch asks them."""
    saved = json.loads(Path(state_file).read_text()) if Path(state_file).exists() else None
    readers = []
    for worker in range(num_workers):
        if saved:
            reader = ShardReader.resume(folder, saved["reader"], worker=worker, num_workers=num_workers, block=BATCH)
        else:
            reader = ShardReader(folder, seed=EPOCH_SEED, epoch=2, group=3, worker=worker, num_workers=num_workers, block=BATCH)
        readers.append(reader)
    with open(log, "ab") as file:
        file.truncate(saved["log_size"] if saved else 0)  # notes behind the last saved state are of samples that will come again
        taken = 0
        for batch in batches(readers):
            file.writelines(f"{sample.key} {digest(sample)}\n".encode() for sample in batch)
            file.flush()
            taken += len(batch)
            save(Path(state_file), {"reader": readers[0].state(taken), "log_size": file.tell()})
    Path(state_file + ".done").touch()


def batches(readers: list[ShardReader]) -> Iterator[list[Sample]]:
    """Yield batches, each of one reader, in turn."""
    sources = [iter(reader) for reader in readers]
    while True:
        for source in sources:
            batch = list(islice(source, BATCH))
            if not batch:
                return
            yield batch


def digest(sample: Sample) -> str:
    """Return a digest of a sample's sound or log-mel."""
    content = sample.samples if sample.samples is not None else sample.mel
    return hashlib.blake2b(content.tobytes() if content is not None else b"", digest_size=8).hexdigest()


def save(path: Path, state: dict[str, object]) -> None:
    """Write the state whole or not at all."""
    write_whole(path, json.dumps(state).encode(), alone=True)


class Trial:
    """Two uninterrupted results, and processes that are killed on the way to the same."""

    def __init__(self, place: Path, sounds: Path, codec: str, seed: int) -> None:
        self.place, self.sounds, self.codec = place, sounds, codec
        self.random = random.Random(seed)
        self.whole = place / "whole"
        self.pack_s = self.timed("--pack", str(sounds), str(self.whole), codec)
        self.files = contents(self.whole)
        assert check_shards(self.whole) == []
        self.read_s = self.timed("--read", str(self.whole), str(place / "log"), str(place / "state.json"), "1")
        self.epoch = (place / "log").read_bytes()
        assert len(set(self.epoch.split()[::2])) == len(self.epoch.splitlines()) == ShardReader(self.whole).index.num_samples

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process of this file."""
        return subprocess.Popen([sys.executable, __file__, *arguments], start_new_session=True)

    def timed(self, *arguments: str) -> float:
        """Return how long an uninterrupted run takes."""
        start_s = time.monotonic()
        assert self.start(*arguments).wait() == 0
        return time.monotonic() - start_s

    def killed(self, longest_s: float, *arguments: str) -> bool:
        """Start a process and kill it; return whether it was still running."""
        process = self.start(*arguments)
        try:
            process.wait(self.random.random() * longest_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        assert code in (0, -signal.SIGKILL), f"the process ended with {code}"
        return code != 0

    def pack_round(self, number: int) -> int:
        """Pack into a new folder, through kills, until it is done; return how many."""
        folder, kills = self.place / f"pack{number}", 0
        made: dict[str, int] = {}
        while self.killed(1.2 * self.pack_s, "--pack", str(self.sounds), str(folder), self.codec):
            kills += 1
            for note in sorted((folder / ".packing").glob("*.tar.json")) if folder.exists() else ():
                shard = folder / note.name.removesuffix(".json")
                status = shard.stat()
                assert made.setdefault(shard.name, status.st_mtime_ns) == status.st_mtime_ns, f"{shard.name} was made again"
                assert shard.read_bytes() == self.files[shard.name], f"{shard.name} was noted before it was whole"
        found = contents(folder)
        assert found == self.files, f"not the same: {sorted(n for n in found | self.files if found.get(n) != self.files.get(n))}"
        for path in folder.iterdir():
            path.unlink()
        return kills

    def read_round(self, number: int) -> int:
        """Read an epoch through kills until it is done; return how many."""
        log, state, kills = self.place / f"log{number}", self.place / f"state{number}.json", 0
        while not Path(f"{state}.done").exists():
            arguments = ("--read", str(self.whole), str(log), str(state), str(self.random.randint(1, 3)))
            kills += self.killed(1.1 * self.read_s, *arguments)
        found = log.read_bytes()
        assert found == self.epoch, "the samples are not those of an uninterrupted epoch"
        return kills


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def make_sounds(folder: Path, count: int) -> Path:
    """Write synthesised sounds of 0.3 to 3 s, every tenth of them broken, and return their folder."""
    from hearken.audio.sounds import SOUNDS, synthesise
    from hearken.audio.synth import save_wav

    folder.mkdir()
    names = sorted(SOUNDS)
    for number in range(count):
        path = folder / f"{number:04d}.wav"
        save_wav(path, synthesise(names[number % len(names)])[: 5_000 + 1_013 * (number % 40)])
        if number % 10 == 9:
            path.write_bytes(b"this is no sound")
    return folder


def link_sounds(source: Path, folder: Path, count: int) -> Path:
    """Link `count` files of `source`, spread over all, into a folder."""
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    folder.mkdir()
    for path in paths[:: max(1, len(paths) // count)][:count]:
        os.symlink(path.resolve(), folder / path.name)
    return folder


def main() -> int:
    """Run the kills; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=50, help="kills of packing, and as many of reading")
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--codec", default="flac")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--pack", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--read", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pack:
        work_pack(*options.pack)
        return 0
    if options.read:
        work_read(*options.read[:3], int(options.read[3]))
        return 0
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hearken-kill-") as name:
        place = Path(name).resolve()
        try:
            sounds = place / "sounds"
            (link_sounds(options.folder, sounds, options.clips) if options.folder else make_sounds(sounds, options.clips))
            trial = Trial(place, sounds, options.codec, seed)
            for told, one_round in (("packing", trial.pack_round), ("reading", trial.read_round)):
                kills = rounds = 0
                while kills < options.count:
                    kills, rounds = kills + one_round(rounds), rounds + 1
                print(f"{told}: {kills} kills in {rounds} rounds, every result is that of an uninterrupted run", flush=True)
        except AssertionError as error:
            print(f"seed {seed}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
