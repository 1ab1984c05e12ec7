"""Faults of the store: killed and competing processes, full disks, damage, other models and formats."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hearken.errors import DamagedError, FormatVersionError, LockedError, ModelMismatchError, StoreError
from hearken.library.index import index_folders
from hearken.library.records import FileText, Found, PutCopy, PutFailure, Relabel, RemoveFile
from hearken.library.store import DATABASE_NAME, SqliteStore, open_store, stored_model
from hearken.types import Failure
from tests.fakes import FakeEmbedder, put_sound
from tests.processes import ROOT, python, run_python

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes and limits")
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to mount")


@posix
def test_fault_S1_kill_at_random_moments() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "kill_index.py"), "--count", "5", "--files", "100"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kills" in done.stdout
    assert "0 wrong states" in done.stdout


FILL = """
import resource
from hearken.errors import DiskFullError
from hearken.library import ingest
from hearken.library.index import index_folders
from hearken.library.store import open_store
from tests.fakes import FakeEmbedder
ingest.COMMIT_NUM_CHANGES = 2
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with open_store(sys.argv[2], create=True, model=FakeEmbedder(), read_only=False) as store:
        print(index_folders(store, FakeEmbedder(), sys.argv[3:]).indexed)
except DiskFullError as error:
    print("full:", error.message, error.hint)
"""
LIMITS_KB = (0.5, 4, 40, 100, 130, 180, 300, 500)


@posix
@pytest.mark.parametrize("limit_kb", LIMITS_KB)
def test_fault_S4_a_quota_leaves_the_last_commit(tmp_path: Path, limit_kb: float) -> None:
    """Whatever a process may still write, from not even the header to almost everything: the old state stays whole."""
    assert len(LIMITS_KB) == 8
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for index in range(40):
        (sounds / f"{index}.wav").write_bytes(b"%d " % index * 10_000)
    library = tmp_path / "library"
    done = run_python(FILL, int(limit_kb * 1024), library, sounds)
    assert "full: No space is left" in done.stdout, done.stdout + done.stderr
    if limit_kb >= 300:
        with open_store(library) as store:
            assert store.check() == []
            assert 0 < len(store.files()) < 40
    done = run_python(FILL, 0, library, sounds)
    assert done.returncode == 0, done.stderr
    with open_store(library, read_only=False) as store:
        assert (store.check(), len(store.files())) == ([], 40)


@root_only
@pytest.mark.parametrize("size_kb", [64, 256, 1_024])
def test_fault_S4_a_full_disk_leaves_the_last_commit(tmp_path: Path, size_kb: int) -> None:
    disk, sounds = tmp_path / "disk", tmp_path / "sounds"
    disk.mkdir()
    sounds.mkdir()
    for index in range(60):
        (sounds / f"{index}.wav").write_bytes(b"%d " % index * 10_000)
    options = ["-t", "tmpfs", "-o", f"size={size_kb}k", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        done = run_python(FILL, 0, disk / "library", sounds)
        assert "full: No space is left" in done.stdout, done.stdout + done.stderr
        if size_kb > 256:
            with open_store(disk / "library") as store:
                assert store.check() == []
                assert 0 < len(store.files()) < 60
    finally:
        subprocess.run(["umount", disk], check=True)


CALLS = "openat,pwrite64,fdatasync,fsync,ftruncate,unlink,mkdir"
INJECTIONS = {"signal=KILL": 12, "error=ENOSPC": 8, "error=EIO": 8}
"""What happens at a system call of the library's files, and at how many calls, evenly spread over a run, it is tried."""


@posix
@pytest.mark.parametrize("injection", INJECTIONS)
def test_fault_S2_any_system_call_may_fail_or_be_the_last(tmp_path: Path, sounds: Path, injection: str) -> None:
    """From nothing to a library: whichever call fails, what is left is sound, or a library still to be made, and can be completed."""
    place = tmp_path / "library"
    paths = [str(place / name) for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-journal", "")]
    watch = [shutil.which("strace") or "", "-f", "-qq", *(word for path in paths for word in ("-P", path)), "-e", f"trace={CALLS}"]
    if not watch[0] or subprocess.run([*watch, "-o", os.devnull, "-e", f"inject=mkdir:{injection}:when=1", "true"]).returncode:
        pytest.skip("needs a working strace, to inject errors")
    log = tmp_path / "log"
    assert "6" in run_python(FILL, 0, place, sounds, before=(*watch, "-o", str(log))).stdout
    names = [line.split()[1].partition("(")[0] for line in log.read_text().splitlines()]
    calls = [f"{name}:{injection}:when={names[: number + 1].count(name)}" for number, name in enumerate(names)]
    assert len(calls) > 30
    for call in calls[:: len(calls) // INJECTIONS[injection]]:
        shutil.rmtree(place)
        done = run_python(FILL, 0, place, sounds, before=(*watch, "-o", os.devnull, "-e", f"inject={call}"))
        if "KILL" in call:
            assert done.returncode == -signal.SIGKILL, (call, done.stderr)
        assert "Traceback" not in done.stderr or "hearken.errors." in done.stderr.splitlines()[-1], (call, done.stderr)
        if stored_model(place) is not None:
            with open_store(place) as reader:
                assert reader.check() == [], call
        embedder = FakeEmbedder()
        with open_store(place, create=True, model=embedder, read_only=False) as store:
            report = index_folders(store, embedder, [sounds])
            assert (report.scanned, report.indexed + report.unchanged, store.check()) == (6, 6, []), call


def test_fault_S5_damage_never_changes_vectors(tmp_path: Path, embedder: FakeEmbedder, sounds: Path) -> None:
    """Flip bytes anywhere: opening and reading give the right vectors or a DamagedError, and nothing else is raised."""
    with open_store(tmp_path / "library", create=True, model=embedder, read_only=False) as store:
        index_folders(store, embedder, [sounds])
        right = {item.file_id: item for item in store.read_vectors(store.file_versions())}
    whole = (tmp_path / "library" / DATABASE_NAME).read_bytes()
    seed = random.randrange(2**32)
    generator = random.Random(seed)
    (tmp_path / "bad").mkdir()
    outcomes = {"same": 0, "refused": 0}
    for trial in range(300):
        data = bytearray(whole)
        if trial % 10 == 9:
            del data[generator.randrange(len(data)) :]
        else:
            for _ in range(generator.choice((1, 1, 10))):
                data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        (tmp_path / "bad" / DATABASE_NAME).write_bytes(data)
        try:
            with open_store(tmp_path / "bad") as damaged:
                for item in damaged.read_vectors(damaged.file_versions()):
                    np.testing.assert_array_equal(item.windows, right[item.file_id].windows, err_msg=f"seed {seed}, trial {trial}")
                damaged.files()
                damaged.match_text("dog")
            outcomes["same"] += 1
        except StoreError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 20, seed
    assert outcomes["same"] > 20, seed


WRITER = """
import time
from hearken.errors import LockedError
from hearken.library.store import open_store
from tests.fakes import put_sound
name, locked = sys.argv[2], 0
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    while True:
        try:
            store = open_store(sys.argv[1], read_only=False)
            break
        except LockedError:
            locked += 1
            time.sleep(0.01)
    with store:
        store.apply([put_sound(f"/{name}/{number}.wav", f"{name} {number}".encode())])
        time.sleep(0.01)
print(locked)
"""


@posix
def test_fault_S7_competing_writers_lose_nothing(tmp_path: Path, embedder: FakeEmbedder) -> None:
    open_store(tmp_path / "library", create=True, model=embedder, read_only=False).close()
    command = python(WRITER, tmp_path / "library")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([*command, f"w{index}"], **pipes) for index in range(4)]  # type: ignore[call-overload]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 4
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    outputs = [writer.communicate(timeout=120)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert sum(int(output) for output in outputs) > 0, "they never met"
    with open_store(tmp_path / "library", read_only=False) as store:
        assert {record.path for record in store.files()} == {f"/w{index}/{number}.wav" for index in range(4) for number in range(10)}
        assert (store.generation, store.check()) == (40, [])


@posix
def test_fault_S7_the_lock_of_a_killed_writer_is_free(tmp_path: Path, embedder: FakeEmbedder) -> None:
    open_store(tmp_path / "library", create=True, model=embedder, read_only=False).close()
    code = "from hearken.library.store import open_store\nstore = open_store(sys.argv[1], read_only=False)\nprint('held', flush=True)\nsys.stdin.read()"
    command = python(code, tmp_path / "library")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}"):
            open_store(tmp_path / "library", read_only=False)
        open_store(tmp_path / "library").close()  # readers do not mind
        holder.kill()
    open_store(tmp_path / "library", read_only=False).close()


def test_fault_S8_readers_see_whole_commits_only(store: SqliteStore) -> None:
    """A writer replaces all files in each commit; whatever a reader sees in one snapshot comes from one commit."""
    rounds, stop, wrong = 60, threading.Event(), list[object]()

    def state(number: int) -> list[object]:
        return [
            put_sound(f"/{index}.wav", b"%03d %03d" % (number, index) * 50, sound=b"%d %d" % (number, index), caption=f"state{number}")
            for index in range(8)
        ]

    def read() -> None:
        with open_store(store.folder) as reader:
            while not stop.is_set():
                with reader.snapshot() as generation:
                    versions = reader.file_versions()
                    durations = {record.duration_s for record in reader.files()}
                    windows = {item.windows.tobytes() for item in reader.read_vectors(versions)}
                    matched = reader.match_text(f"state{generation}")
                    if not (len(versions) == len(windows) == len(matched) == 8 and len(durations) == 1 and reader.generation == generation):
                        wrong.append((generation, len(versions), durations, len(windows), len(matched)))

    store.apply(state(1))  # type: ignore[arg-type]
    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(2, rounds):
        store.apply(state(number))  # type: ignore[arg-type]
        store.sweep()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.generation == rounds - 1


def test_fault_S9_another_model_of_the_same_size_is_refused(store: SqliteStore, sounds: Path) -> None:
    other = FakeEmbedder(name="twin", digest="1" * 32)
    assert other.dim == store.model.dim
    for attempt in (lambda: open_store(store.folder, model=other), lambda: index_folders(store, other, [sounds])):
        with pytest.raises(ModelMismatchError, match=r"made by the model fake.*not by twin"):
            attempt()
    assert other.embedded == []


GOLDEN = sorted((ROOT / "tests" / "data").glob("library-format-*.sqlite"))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_fault_S10_libraries_of_every_release_can_be_read(tmp_path: Path, golden: Path) -> None:
    assert len(GOLDEN) == 1
    shutil.copy(golden, tmp_path / DATABASE_NAME)
    os.chmod(tmp_path / DATABASE_NAME, stat.S_IRUSR | stat.S_IWUSR)
    with open_store(tmp_path, read_only=False) as store:
        assert store.check() == []
        assert [record.path for record in store.files()] == ["/s/dog.wav", "/s/\udcff.wav", "/s/copy.wav"]
        assert store.match_text("poodle") == {1: 1.0}
        assert [line.error for line in store.failures()] == ["AudioFormatError"]
        assert [len(item.windows) for item in store.read_vectors([1, 2, 3])] == [3, 1, 3]
        store.apply([put_sound("/s/new.wav")])


def test_fault_S10_a_newer_format_is_refused_politely(store: SqliteStore) -> None:
    store._database.run("PRAGMA user_version=99")
    for read_only in (True, False):
        store.close()
        with pytest.raises(FormatVersionError, match="has format 99") as caught:
            open_store(store.folder, read_only=read_only)
        assert "Update Hearken" in caught.value.hint


class StoreMachine(RuleBasedStateMachine):
    """Random operations on a library and on a dict; both must agree after each."""

    paths = st.sampled_from([f"/s/{name}.wav" for name in ("dog", "rain", "siren", "bell\udcff", "x")])
    contents = st.sampled_from([b"a" * 100, b"b" * 300, b"c" * 900])

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.files: dict[str, bytes] = {}
        self.failed: set[str] = set()
        self.ids: dict[str, int] = {}
        self.used_ids = 0
        self.store = open_store(self.folder, create=True, model=FakeEmbedder(), read_only=False)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def note(self, path: str, content: bytes) -> None:
        self.files[path] = content
        self.failed.discard(path)
        if path not in self.ids:
            self.used_ids += 1
            self.ids[path] = self.used_ids

    @rule(path=paths, content=contents)
    def put(self, path: str, content: bytes) -> None:
        self.store.apply([put_sound(path, content)])
        self.note(path, content)

    @rule(path=paths, content=contents)
    def copy(self, path: str, content: bytes) -> None:
        change = put_sound(path, content)
        if change.content_hash in self.store.known_sounds():
            self.store.apply([PutCopy(change.found, change.content_hash, change.text)])
            self.note(path, content)
        else:
            with pytest.raises(StoreError, match="is not in the library"):
                self.store.apply([put_sound("/never.wav", b"never"), PutCopy(change.found, change.content_hash, change.text)])

    @rule(path=paths, place=paths)
    def move(self, path: str, place: str) -> None:
        if path in self.files and place not in self.files:
            self.store.apply([Relabel(self.ids[path], Found(place, 1, 2, 3, 4), FileText("moved", "", ""))])
            self.files[place], self.ids[place] = self.files.pop(path), self.ids.pop(path)
            self.failed.discard(place)

    @rule(path=paths)
    def remove(self, path: str) -> None:
        self.store.apply([RemoveFile(self.ids.get(path, 999))])
        self.files.pop(path, None)
        self.ids.pop(path, None)

    @rule(path=paths)
    def fail(self, path: str) -> None:
        self.store.apply([PutFailure(Failure(path, "decode", "AudioFormatError", "no sound"))])
        self.files.pop(path, None)
        self.ids.pop(path, None)
        self.failed.add(path)

    @rule()
    def sweep(self) -> None:
        self.store.sweep()
        assert len(self.store.known_sounds()) == len(set(self.files.values()))

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.folder, read_only=False)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        records = self.store.files()
        assert {record.path: record.duration_s for record in records} == {path: len(content) / 100 for path, content in self.files.items()}
        assert {record.path: record.id for record in records} == self.ids
        vectors = {item.file_id: item.spans[-1, 1] for item in self.store.read_vectors(self.ids.values())}
        assert vectors == {self.ids[path]: len(content) / 100 for path, content in self.files.items()}
        assert {line.path for line in self.store.failures()} == self.failed
        assert set(self.store.match_text("five")) == set(self.ids.values())


def test_fault_S11_random_operations_agree_with_a_model() -> None:
    run_state_machine_as_test(StoreMachine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


def test_fault_S13_empty_doubled_and_equal(store: SqliteStore, embedder: FakeEmbedder, tmp_path: Path) -> None:
    assert (store.files(), store.files([1]), list(store.read_vectors([1])), store.match_text("dog")) == ([], [], [], {})
    assert (store.file_versions(), store.failures(), store.stats().num_files, store.check()) == ({}, [], 0, [])
    (tmp_path / "empty").mkdir()
    report = index_folders(store, embedder, [tmp_path / "empty", tmp_path / "empty"])
    assert (report.scanned, store.generation) == (0, 0)
    store.apply([put_sound(f"/{index}.wav", b"same") for index in range(3)])
    assert [record.id for record in store.files([2, 2, 1])] == [2, 2, 1]
    assert store.match_text("take five") == {1: 1.0, 2: 1.0, 3: 1.0}
    assert store.stats().num_sounds == 1


def test_fault_S6_a_wrong_file_is_named(tmp_path: Path, embedder: FakeEmbedder) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(random.Random(1).randbytes(10_000))
    for read_only in (True, False):
        with pytest.raises(DamagedError, match=rf"{DATABASE_NAME} is damaged") as caught:
            open_store(tmp_path, create=True, model=embedder, read_only=read_only)
        assert "Your sounds are untouched" in caught.value.hint
