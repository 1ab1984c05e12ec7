from __future__ import annotations

import os
from pathlib import Path

import pytest

from hearken.errors import LockedError, StoreError
from hearken.library.lock import WriterLock


def test_second_writer_is_told_at_once_who_holds_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(str(tmp_path))
    with pytest.raises(LockedError, match=rf"Another process \(process {os.getpid()}\) is writing"):
        WriterLock(str(tmp_path))
    (tmp_path / "lock.pid").write_text("nonsense")
    with pytest.raises(LockedError, match="Another process is writing"):
        WriterLock(str(tmp_path))
    lock.release()
    lock.release()
    assert not (tmp_path / "lock.pid").exists()
    WriterLock(str(tmp_path)).release()


def test_a_note_that_was_left_behind_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "lock.pid").write_text("1")
    WriterLock(str(tmp_path)).release()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        WriterLock(str(tmp_path))
