from __future__ import annotations

import os
from pathlib import Path

import pytest

from hearken.errors import AudioReadError
from hearken.library.index import index_folders
from hearken.library.plan import LASTING_STAGES, Plan, check_roots, make_plan
from hearken.library.records import ClearFailure, KnownFile, PutFailure, Relabel
from hearken.library.store import SqliteStore
from hearken.types import Failure
from tests.fakes import FakeEmbedder, age


def plan_for(store: SqliteStore, *roots: Path, retry_failed: bool = False) -> Plan:
    return make_plan(store, [str(root) for root in roots], retry_failed=retry_failed, on_scanned=lambda count: None)


@pytest.fixture
def indexed(store: SqliteStore, embedder: FakeEmbedder, folder: Path) -> Path:
    for name in ("dog.wav", "rain.wav", "broken.wav"):
        (folder / name).write_bytes(name.encode() * 10)
        age(folder / name)
    index_folders(store, embedder, [folder])
    return folder


def test_nothing_new_means_nothing_to_do(store: SqliteStore, indexed: Path) -> None:
    plan = plan_for(store, indexed)
    assert (plan.scanned, plan.unchanged, plan.failed, plan.skipped) == (3, 2, 1, 0)
    assert (plan.work, plan.gone, plan.elsewhere, plan.changes) == ([], {}, {}, [])


@pytest.mark.parametrize("field", ["size", "mtime", "inode"])
def test_any_difference_of_the_stamp_is_work(store: SqliteStore, indexed: Path, field: str) -> None:
    path = indexed / "dog.wav"
    before = os.stat(path)
    if field == "size":
        path.write_bytes(b"more" + path.read_bytes())
    elif field == "inode":
        (indexed / "other").write_bytes(path.read_bytes())
        os.replace(indexed / "other", path)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns + (field == "mtime")))
    plan = plan_for(store, indexed)
    assert [os.path.basename(found.path) for found in plan.work] == ["dog.wav"]
    assert (plan.scanned, plan.unchanged, plan.failed) == (3, 1, 1)


def test_failures_are_tried_again_when_changed_or_asked_for(store: SqliteStore, indexed: Path) -> None:
    assert len(plan_for(store, indexed, retry_failed=True).work) == 1
    age(indexed / "broken.wav", seconds=1800)
    assert len(plan_for(store, indexed).work) == 1


def test_gone_elsewhere_and_kept(store: SqliteStore, embedder: FakeEmbedder, indexed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "bell.wav").write_bytes(b"bell")
    index_folders(store, embedder, [other])
    (indexed / "dog.wav").unlink()
    (indexed / "broken.wav").unlink()
    plan = plan_for(store, indexed)
    assert [os.path.basename(path) for path in plan.gone] == ["dog.wav"]
    assert list(plan.elsewhere) == [str(other / "bell.wav")]
    assert plan.changes == [ClearFailure(str(indexed / "broken.wav"))]
    indexed.rename(tmp_path / "away")
    plan = plan_for(store, indexed)
    assert (plan.gone, plan.num_kept) == ({}, 2)
    assert [change.failure.path for change in plan.changes if isinstance(change, PutFailure)] == [str(indexed)]


def test_a_new_caption_is_noticed_without_embedding(store: SqliteStore, indexed: Path) -> None:
    (indexed / "dog.txt").write_text("a poodle")
    plan = plan_for(store, indexed)
    assert (plan.unchanged, plan.work) == (2, [])
    assert [change.text.caption for change in plan.changes if isinstance(change, Relabel) and change.text] == ["a poodle"]


def test_a_root_that_never_existed_is_refused(store: SqliteStore, indexed: Path) -> None:
    with pytest.raises(AudioReadError, match="There is nothing at"):
        plan_for(store, indexed, indexed / "typo")
    with pytest.raises(AudioReadError, match="There is nothing at"):
        plan_for(store, indexed.parent / "typo")


@pytest.mark.parametrize(("stage", "num_work"), [("worker", 1), ("read", 1), ("decode", 0), ("embed", 0)])
def test_only_failures_of_the_bytes_or_the_model_last(store: SqliteStore, indexed: Path, stage: str, num_work: int) -> None:
    status = os.stat(indexed / "broken.wav")
    failure = Failure(str(indexed / "broken.wav"), stage, "WorkerDiedError", "It died.")
    store.apply([PutFailure(failure, status.st_size, status.st_mtime_ns)])
    plan = plan_for(store, indexed)
    assert (len(plan.work), plan.failed) == (num_work, 1 - num_work)
    assert (stage in LASTING_STAGES) == (num_work == 0)


def test_absent_roots_hold_known_files_or_are_refused(tmp_path: Path) -> None:
    known = dict.fromkeys([f"{tmp_path}/away/x/a.wav"], KnownFile(1, 1, 1, 1, 1, 0, b""))
    for root in (f"{tmp_path}/away", f"{tmp_path}/away/x", f"{tmp_path}/away/x/a.wav", str(tmp_path)):
        check_roots([root], known)
    with pytest.raises(AudioReadError, match=r"There is nothing at .*/typo"):
        check_roots([f"{tmp_path}/typo"], known)
