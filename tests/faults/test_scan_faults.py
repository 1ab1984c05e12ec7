"""Faults of the file system: odd trees and names, special files, files that change, disks that are away."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import show
from hearken.library.index import IndexReport, index_folders
from hearken.library.plan import make_plan
from hearken.library.scan import Skipped, scan
from hearken.library.store import SqliteStore, open_store
from tests.fakes import FakeEmbedder
from tests.processes import run_python

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to mount")

INDEX = """
from hearken.library.index import index_folders
from hearken.library.store import open_store
from tests.fakes import FakeEmbedder
with open_store(sys.argv[1], create=True, model=FakeEmbedder(), read_only=False) as store:
    report = index_folders(store, FakeEmbedder(), sys.argv[2:])
    print(report.scanned, report.indexed, report.failed, report.skipped, sep=" ")
    for line in store.failures():
        print(line.stage, line.error, line.path)
"""


def conserved(report: IndexReport) -> bool:
    return report.scanned == report.indexed + report.unchanged + report.moved + report.copied + report.failed + report.skipped


@posix
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=20))
def test_fault_F1_random_link_graphs(links: list[tuple[int, int, bool]]) -> None:
    """Folders that link to each other, to files and to themselves: each file once, by its plain path."""
    with tempfile.TemporaryDirectory() as place:
        for index in range(5):
            os.makedirs(f"{place}/d{index}/sub")
            Path(f"{place}/d{index}/sub/s{index}.wav").write_bytes(b"x")
        for number, (source, target, hard) in enumerate(links):
            name = f"{place}/d{source % 5}/link{number}{'.wav' if target % 2 else ''}"
            if hard:
                os.link(f"{place}/d{target % 5}/sub/s{target % 5}.wav", f"{name}.wav")
            else:
                os.symlink(f"{place}/d{target % 5}" + ("" if target < 5 else "/sub"), name)
        items = list(scan([place]))
        inodes = [item.inode for item in items if not isinstance(item, Skipped)]
        assert len(inodes) == len(set(inodes)) == 5
        assert len(items) <= 5 + len(links)


@posix
def test_fault_F1_self_links_and_long_chains(tmp_path: Path) -> None:
    (tmp_path / "real.wav").write_bytes(b"x")
    os.symlink(tmp_path, tmp_path / "self")
    os.symlink("loop.wav", tmp_path / "loop.wav")
    os.symlink("real.wav", tmp_path / "chain0.wav")
    for index in range(60):  # the kernel gives up after 40
        os.symlink(f"chain{index}.wav", tmp_path / f"chain{index + 1}.wav")
    items = list(scan([tmp_path]))
    assert [os.path.basename(item.path) for item in items if not isinstance(item, Skipped)] == ["real.wav"]
    assert {item.error for item in items if isinstance(item, Skipped)} == {"SecondName", "Unreadable"}
    assert len(items) == 1 + 1 + 61


@posix
def test_fault_F2_special_files_are_skipped_not_read(tmp_path: Path, store: SqliteStore, embedder: FakeEmbedder, sounds: Path) -> None:
    os.mkfifo(sounds / "fifo.wav")
    (sounds / "folder.wav").mkdir()
    os.symlink("/dev/zero", sounds / "zero.wav")
    here = os.getcwd()
    os.chdir(sounds)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket.wav")
    finally:
        os.chdir(here)
    report = index_folders(store, embedder, [sounds])
    assert (report.scanned, report.indexed, report.skipped) == (10, 6, 4)
    assert [line.message.split(" is ")[-1] for line in store.failures()] == [
        "a FIFO, not a file.", "a folder, not a file.", "a socket, not a file.", "a device, not a file.",
    ]  # fmt: skip


@posix
def test_fault_F2_a_file_replaced_by_a_fifo_does_not_hang(store: SqliteStore, embedder: FakeEmbedder, sounds: Path) -> None:
    later = sounds / "a" / "dog2.wav"

    def replace(path: str) -> None:
        if path.endswith("dog0.wav"):  # the scan is over, dog2 not yet hashed
            later.unlink()
            os.mkfifo(later)

    embedder.hook = replace
    report = index_folders(store, embedder, [sounds])
    assert (report.indexed, report.failed) == (5, 1)
    assert [(line.stage, line.error) for line in store.failures()] == [("read", "AudioReadError")]


ODD_NAMES = (
    b"caf\xe9.wav", b"new\nline.wav", b"-rf.wav", b"x" * 251 + b".wav", "\u202egnp.wav".encode(), b"<img onerror=alert(1)>.wav",
    "\U0001f415.wav".encode(), "e\u0301.wav".encode(), "\u00e9.wav".encode(), b"'; DROP TABLE files; --.wav", b"%s%n.wav", b" .wav", b"\x1b[31m.wav",
)  # fmt: skip


@posix
def test_fault_F3_odd_names_survive_from_disk_to_json(store: SqliteStore, embedder: FakeEmbedder, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/odd\xff"
    os.mkdir(folder)
    for index, name in enumerate(ODD_NAMES):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"%d" % index)
    os.mkfifo(folder + b"/fifo\xfe\n.wav")
    report = index_folders(store, embedder, [os.fsdecode(folder)])
    assert (report.indexed, report.skipped) == (len(ODD_NAMES), 1)
    records = store.files()
    assert {os.path.basename(os.fsencode(record.path)) for record in records} == set(ODD_NAMES)
    for record in records:
        assert json.loads(json.dumps(record.path)) == record.path
        assert show(record.path).isprintable()
        assert store.find(record.path) == record.id
    for line in store.failures():
        assert (line.message + line.hint).isprintable()
        line.message.encode("utf-8")
    assert index_folders(store, embedder, [os.fsdecode(folder)]).unchanged == len(ODD_NAMES)


@posix
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.binary(min_size=1, max_size=200).filter(lambda name: not {0, 47} & set(name) and name[:1] != b"."))
def test_fault_F3_any_bytes_are_a_name(store: SqliteStore, embedder: FakeEmbedder, name: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = os.fsencode(place) + b"/" + name + b".wav"
        Path(os.fsdecode(path)).write_bytes(name)
        index_folders(store, embedder, [place])
        assert [os.fsencode(record.path) for record in store.files() if record.path.startswith(place)] == [path]


def test_fault_F4_a_file_that_changes_once_is_tried_again(store: SqliteStore, embedder: FakeEmbedder, sounds: Path) -> None:
    path = sounds / "a" / "dog0.wav"

    def grow(name: str) -> None:
        if name == str(path) and embedder.embedded.count(name) == 1:
            path.write_bytes(b"howl" * 1_000)

    embedder.hook = grow
    report = index_folders(store, embedder, [sounds])
    assert (report.indexed, report.failed) == (6, 0)
    file_id = store.find(str(path))
    assert file_id is not None
    assert store.files([file_id])[0].duration_s == 40.0
    assert index_folders(store, embedder, [sounds]).unchanged == 6


def test_fault_F4_a_file_that_keeps_changing_goes_to_the_ledger(store: SqliteStore, embedder: FakeEmbedder, sounds: Path) -> None:
    path = sounds / "a" / "dog0.wav"
    stop = threading.Event()

    def write_on() -> None:
        with path.open("ab") as file:
            while not stop.wait(0.001):  # a fake sound has a vector for every 200 bytes: it must not grow by millions
                file.write(b"x")
                file.flush()

    def wait_until_it_grew(name: str) -> None:
        size = path.stat().st_size
        while name == str(path) and path.stat().st_size == size:
            assert thread.is_alive()
            stop.wait(0.001)

    thread = threading.Thread(target=write_on)
    embedder.hook = wait_until_it_grew
    thread.start()
    try:
        report = index_folders(store, embedder, [sounds])
    finally:
        stop.set()
        thread.join()
    assert (report.indexed, report.failed) == (5, 1)
    assert [(line.path, line.stage, line.error) for line in store.failures()] == [(str(path), "read", "AudioChangedError")]
    assert embedder.embedded.count(str(path)) == 2
    embedder.hook = lambda _: None
    report = index_folders(store, embedder, [sounds])
    assert (report.indexed, report.unchanged, store.failures()) == (1, 5, [])


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_fault_F4_a_file_that_vanishes_or_is_replaced(store: SqliteStore, embedder: FakeEmbedder, sounds: Path, how: str) -> None:
    path = sounds / "a" / "dog0.wav"

    def act(name: str) -> None:
        if name == str(path) and embedder.embedded.count(name) == 1:
            if how == "deleted":
                path.unlink()
            else:
                (sounds / "new").write_bytes(path.read_bytes()[::-1])  # same size
                os.replace(sounds / "new", path)

    embedder.hook = act
    report = index_folders(store, embedder, [sounds])
    assert conserved(report)
    assert (report.indexed, report.failed) == ((5, 1) if how == "deleted" else (6, 0))
    assert [line.error for line in store.failures()] == (["AudioReadError"] if how == "deleted" else [])


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
needs_nobody = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv, to become user 65534"
)


@pytest.fixture
def nobody() -> tuple[str, ...]:
    """The command that runs another one as user 65534."""
    if run_python("import hearken.library.store, tests.fakes", before=NOBODY).returncode:
        pytest.skip("user 65534 cannot read this environment")
    return NOBODY


@needs_nobody
def test_fault_F5_no_permission_is_a_ledger_line(open_place: Path, sounds: Path, nobody: tuple[str, ...]) -> None:
    place = open_place / "sounds"
    shutil.copytree(sounds, place)
    os.chmod(place / "a" / "dog0.wav", 0)
    os.chmod(place / "b", 0)
    done = run_python(INDEX, open_place / "library", place, before=nobody)
    assert done.stdout.splitlines() == ["4 2 1 1", f"read AudioReadError {place}/a/dog0.wav", f"scan Unreadable {place}/b"], done.stderr
    os.chmod(place / "b", 0o755)
    os.chmod(place / "a" / "dog0.wav", 0o644)
    assert run_python(INDEX, open_place / "library", place, before=nobody).stdout.splitlines() == ["6 4 0 0"]
    os.chmod(place / "b", 0)
    done = run_python(INDEX, open_place / "library", place, before=nobody)
    assert done.stdout.splitlines() == ["4 0 0 1", f"scan Unreadable {place}/b"], done.stderr
    with open_store(open_place / "library") as store:
        assert len(store.files()) == 6, "what cannot be seen is kept"
    os.chmod(place / "b", 0o755)


@posix
def test_fault_F5_read_errors_are_ledger_lines(tmp_path: Path, sounds: Path) -> None:
    strace = shutil.which("strace")
    bad = sounds / "b" / "dog3.wav"
    before = (strace or "", "-f", "-qq", "-o", os.devnull, "-P", str(bad), "-e", "trace=read", "-e", "inject=read:error=EIO")
    if strace is None or subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("needs a working strace, to inject errors")
    done = run_python(INDEX, tmp_path / "library", sounds, before=before)
    assert done.stdout.splitlines() == ["6 5 1 0", f"read AudioReadError {bad}"], done.stderr


@posix
@pytest.mark.parametrize(("name", "depth", "count"), [("d", 1_000, 1), ("d" * 200, 25, 0)], ids=["deep", "long"])
def test_fault_F6_deep_trees_and_endless_paths(tmp_path: Path, name: str, depth: int, count: int) -> None:
    """A thousand folders in each other are walked; a path longer than the system allows ends in a reason, not in an error."""
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(depth):
            os.mkdir(name, dir_fd=handle)
            below = os.open(name, os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = below
        os.close(os.open("deep.wav", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        items = list(scan([tmp_path]))
        assert len(items) == 1
        assert len([item for item in items if not isinstance(item, Skipped)]) == count
        assert all(item.error == "Unreadable" and item.blocks for item in items if isinstance(item, Skipped))
    finally:
        os.close(handle)
        subprocess.run(["rm", "-rf", str(tmp_path / name)], check=True)  # deeper than Python's own removal goes


def test_fault_F7_a_root_that_is_away_is_not_forgotten(store: SqliteStore, embedder: FakeEmbedder, sounds: Path, tmp_path: Path) -> None:
    index_folders(store, embedder, [sounds / "a", sounds / "b"])
    (sounds / "a").rename(tmp_path / "away")
    report = index_folders(store, embedder, [sounds / "a", sounds / "b"])
    assert conserved(report)
    assert (report.unchanged, report.skipped, report.deleted, report.kept, report.absent) == (3, 1, 0, 3, (str(sounds / "a"),))
    assert len(store.files()) == 6
    (tmp_path / "away").rename(sounds / "a")
    report = index_folders(store, embedder, [sounds / "a", sounds / "b"])
    assert (report.unchanged, report.skipped, store.failures()) == (6, 0, [])


def test_fault_F7_a_root_that_vanishes_during_the_scan(store: SqliteStore, embedder: FakeEmbedder, sounds: Path, tmp_path: Path) -> None:
    index_folders(store, embedder, [sounds])

    def vanish(count: int) -> None:
        if count == 2:
            sounds.rename(tmp_path / "away")

    plan = make_plan(store, [str(sounds)], retry_failed=False, on_scanned=vanish)
    assert plan.gone == {}
    assert plan.num_kept + plan.unchanged == 6


@root_only
def test_fault_F7_an_unmounted_disk_leaves_its_files_in_the_library(store: SqliteStore, embedder: FakeEmbedder, sounds: Path) -> None:
    disk = sounds / "disk"
    disk.mkdir()
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "none", disk], capture_output=True).returncode:
        pytest.skip("may not mount here")
    try:
        (disk / "rain.wav").write_bytes(b"drip" * 100)
        assert index_folders(store, embedder, [sounds]).indexed == 7
        assert index_folders(store, embedder, [disk]).unchanged == 1
    finally:
        subprocess.run(["umount", disk], check=True)
    for root in (sounds, disk):  # the mount point is still there, as an empty folder
        report = index_folders(store, embedder, [root])
        assert (report.deleted, report.kept) == (0, 1)
    assert len(store.files()) == 7


@needs_nobody
def test_fault_F7_a_library_on_read_only_media_can_be_searched(open_place: Path, sounds: Path, nobody: tuple[str, ...]) -> None:
    library = open_place / "library"
    with open_store(library, create=True, model=FakeEmbedder(), read_only=False) as store:
        index_folders(store, FakeEmbedder(), [sounds])
    os.chmod(library, 0o555)
    code = """
from hearken.errors import StoreError
from hearken.library.store import open_store
with open_store(sys.argv[1]) as store, store.snapshot():
    print(len(store.files()), len(store.match_text("dog")), len(list(store.read_vectors([1, 2]))), store.check())
try:
    open_store(sys.argv[1], read_only=False)
except StoreError as error:
    print(error)
"""
    done = run_python(code, library, before=nobody)
    assert done.stdout.splitlines()[0] == "6 6 2 []", done.stderr
    assert "cannot be written" in done.stdout.splitlines()[1]
    os.chmod(library, 0o755)
