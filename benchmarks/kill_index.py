"""Kill an indexing process with SIGKILL at random moments, again and again, and see what the library then holds.

    python benchmarks/kill_index.py [--count 50] [--seed 0] [--files 200]

Each round changes the folder of sounds (new, altered, renamed, copied, deleted files), starts a real process that indexes
and captions it, and kills it. The process writes down each batch of changes before and after it commits it, in a log that is no part of
the library; so the check knows what must be in there: all batches that were reported as committed, and the one that was
being written either wholly or not at all. A last run, not killed, must complete the library. The embedder is a fake that
needs no model: what is tested is the writing. Exit code 1, with the seed, when anything is wrong.
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hearken.errors import LibraryNotFoundError
from hearken.library import ingest
from hearken.library.index import index_folders
from hearken.library.records import Change, ClearFailure, PutCopy, PutFailure, PutSound, Relabel, RemoveFile
from hearken.library.store import DATABASE_NAME, SqliteStore, open_store, stored_model
from hearken.search import captioning
from hearken.search.captioning import caption_sounds
from tests.fakes import BYTES_PER_SECOND, FakeCaptioner, FakeEmbedder

Operation = list[str]
LONGEST_S = 0.6
"""A round is killed at most this long after its start."""
ALLOWED_NAMES = {"library.sqlite", "library.sqlite-wal", "library.sqlite-shm", "library.sqlite-journal", "lock", "lock.pid", "cache"}


def work(library: str, sounds: str, log: str) -> None:
    """The process that gets killed."""
    ingest.COMMIT_NUM_CHANGES = captioning.NUM_SOUNDS_PER_COMMIT = 8  # more commits, more moments worth dying in
    embedder = FakeEmbedder(delay_s=0.004)
    with open(log, "ab", buffering=0) as file, open_store(library, create=True, model=embedder, read_only=False) as store:
        apply = store.apply

        def logged(batch: Sequence[Change]) -> None:
            paths = {known.id: path for path, known in store.known_files().items()}
            operations = [operation for change in batch if (operation := describe(change, paths))]
            file.write(json.dumps({"begin": operations}).encode() + b"\n")
            apply(batch)
            file.write(b'{"done": true}\n')

        store.apply = logged  # type: ignore[method-assign]
        file.write(b'\n{"start": true}\n')
        index_folders(store, embedder, [sounds])
        caption_sounds(store, FakeCaptioner(), embedder)
        file.write(b'{"end": true}\n')


def describe(change: Change, paths: dict[int, str]) -> Operation | None:
    """Put a change into words that need no ids."""
    if isinstance(change, (PutSound, PutCopy)):
        return ["put", change.found.path, change.content_hash.hex()]
    if isinstance(change, Relabel):
        return ["move", paths[change.file_id], change.found.path]
    if isinstance(change, RemoveFile):
        return ["remove", paths[change.file_id]]
    if isinstance(change, PutFailure):
        return ["fail", change.failure.path, change.failure.stage]
    return ["clear", change.path] if isinstance(change, ClearFailure) else None


@dataclass
class Model:
    """What the library should hold: content hash by path, and failed stage by path."""

    files: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def after(self, operations: list[Operation]) -> Model:
        """Return what it should hold after a batch."""
        files, failures = dict(self.files), dict(self.failures)
        for name, path, *rest in operations:
            if name == "put":
                files[path] = rest[0]
                failures.pop(path, None)
            elif name == "move":
                files[rest[0]] = files.pop(path)
                failures.pop(rest[0], None)
            elif name == "remove":
                files.pop(path, None)
            elif name == "clear":
                failures.pop(path, None)
            else:
                failures[path] = rest[0]
                if rest[0] != "scan":
                    files.pop(path, None)
        return Model(files, failures)


def replay(log: Path) -> tuple[list[Model], int]:
    """Return the states that are right after everything in the log (one, or two if a batch was being written), and the commits."""
    states, commits = [Model()], 0
    for line in log.read_bytes().splitlines() if log.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:  # killed while writing this line: what it announces was not begun
            continue
        if "begin" in entry:
            states = [states[-1], states[-1].after(entry["begin"])]
        elif "held" in entry:  # a check has seen which of the two it was
            states = [states[entry["held"]]]
        elif "done" in entry:
            states, commits = states[-1:], commits + 1
    return states, commits


class Trial:
    """One folder of sounds, one library, many kills."""

    def __init__(self, place: Path, seed: int, num_files: int) -> None:
        self.random = random.Random(seed)
        self.sounds, self.library, self.log = place / "sounds", place / "library", place / "log"
        self.sounds.mkdir()
        self.num_files, self.next_name = num_files, 0
        for _ in range(num_files):
            self.add()
        os.mkfifo(self.sounds / "fifo.wav")
        self.begin()

    def begin(self) -> None:
        """Perhaps leave what a process leaves that is killed while it makes the library: its folder, lock, or empty file."""
        left_behind = self.random.choice((None, (), ("lock",), ("lock", DATABASE_NAME)))
        if left_behind is not None:
            self.library.mkdir()
            for name in left_behind:
                (self.library / name).touch()

    def add(self) -> None:
        """Write a new sound; some are broken."""
        kind = self.random.choice(("dog", "rain", "siren", "dog", "rain", "broken"))
        content = b"%d " % self.next_name * self.random.randint(1, 400)
        (self.sounds / f"{kind}{self.next_name}.wav").write_bytes(content)
        self.next_name += 1

    def change(self) -> None:
        """Alter about a third of the folder."""
        files = sorted(path for path in self.sounds.iterdir() if path.name != "fifo.wav")
        self.random.shuffle(files)
        some = max(1, self.num_files // 12)
        for path in files[:some]:
            path.unlink()
            self.add()
        for path in files[some : 2 * some]:
            path.write_bytes(b"altered " * self.random.randint(1, 100))
        for path in files[2 * some : 3 * some]:
            path.rename(path.with_name(f"moved_{path.name[-40:]}"))
        for path in files[3 * some : 4 * some]:
            path.with_name(f"copy_{path.name[-40:]}").write_bytes(path.read_bytes())
        for path in files[self.num_files :]:
            path.unlink(missing_ok=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a process that indexes."""
        command = [sys.executable, __file__, "--work", str(self.library), str(self.sounds), str(self.log)]
        return subprocess.Popen(command)

    def wait_for_start(self, process: subprocess.Popen[bytes], starts: int) -> None:
        """Wait until the process has opened the library."""
        while process.poll() is None and (not self.log.exists() or self.log.read_bytes().count(b'"start"') < starts):
            time.sleep(0.002)

    def kill_once(self) -> bool:
        """Start the process and kill it at a random moment; return whether it was still running."""
        starts = self.log.read_bytes().count(b'"start"') + 1 if self.log.exists() else 1
        process = self.start()
        if self.random.random() < 0.8:  # the others may die while starting up and opening, too
            self.wait_for_start(process, starts)
        time.sleep(self.random.random() * LONGEST_S)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    def check(self) -> None:
        """Raise AssertionError unless the library holds exactly what was committed."""
        states, _ = replay(self.log)
        unknown = set(os.listdir(self.library)) - ALLOWED_NAMES if self.library.exists() else set()
        assert not unknown, f"stale files: {unknown}"
        try:
            with open_store(self.library) as reader:
                held = self.read(reader)
        except LibraryNotFoundError:
            assert states[0] == Model(), "the library is gone"
            assert stored_model(self.library) is None, "the next run must take it for one that is still to be made"
            return
        assert stored_model(self.library) is not None
        assert held in states, "the library holds something else than what was committed"
        with self.log.open("ab") as log:
            log.write(b'\n{"held": %d}\n' % states.index(held))
        with open_store(self.library, read_only=False) as writer:  # the dead process's lock holds nobody up
            assert writer.check() == [], writer.check()
            assert writer.check_captions() == [], writer.check_captions()
            assert self.read(writer) == held

    def read(self, store: SqliteStore) -> Model:
        """Return what a library holds, after checking that its parts agree with each other."""
        with store.snapshot():
            records = store.files()
            vectors = {item.file_id: item for item in store.read_vectors(record.id for record in records)}
            assert set(vectors) == set(store.file_versions()) == {record.id for record in records}
            for record in records:
                assert len(vectors[record.id].windows) == record.num_windows
                assert record.duration_s == record.size / BYTES_PER_SECOND
            failures = {line.path: line.stage for line in store.failures()}
            assert set(store.match_text("five")) == set(vectors), "every file has this word in its tags"
            captions = store.captions_of(list(store.file_versions().values()))
            assert set(store.match_captions("heard")) >= set(captions), "every caption has this word"
            assert {caption.sound_id for caption in store.captions_since(0)} >= set(captions)
            return Model({record.path: record.content_hash for record in records}, failures)

    def finish(self) -> float:
        """Let a run complete, compare the library with the folder, and return how long it took."""
        start_s = time.monotonic()
        assert self.start().wait() == 0, "a rerun must succeed"
        took_s = time.monotonic() - start_s
        self.check()
        with open_store(self.library) as reader:
            held = self.read(reader)
            assert reader.uncaptioned(FakeCaptioner().digest) == [], "a rerun captions what is left"
        contents = {str(path): path.read_bytes() for path in self.sounds.iterdir() if path.name != "fifo.wav"}
        wanted = {path: hashlib.blake2b(data, digest_size=16).hexdigest() for path, data in contents.items()}
        assert set(held.files) | set(held.failures) == set(wanted) | {str(self.sounds / "fifo.wav")}
        assert all(wanted[path] == content_hash for path, content_hash in held.files.items())
        return took_s


def main() -> int:
    """Run the kills; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--work", nargs=3, metavar=("LIBRARY", "SOUNDS", "LOG"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return 0
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hearken-kill-") as place:
        trial = Trial(Path(place).resolve(), seed, options.files)
        killed = missed = 0
        while killed < options.count:
            in_time = trial.kill_once()
            killed, missed = killed + in_time, missed + (not in_time)
            try:
                trial.check()
                if trial.random.random() < 0.1:
                    trial.finish()
                trial.change()
            except AssertionError as error:
                print(f"kill {killed}, seed {seed}: {error}")
                return 1
        took_s = trial.finish()
        _, commits = replay(trial.log)
        print(f"{killed} kills ({missed} more came too late), {commits} commits, 0 wrong states; the last run took {took_s:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
