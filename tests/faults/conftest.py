from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearken.library.store import SqliteStore, open_store
from tests.fakes import FakeEmbedder, age


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def store(tmp_path: Path, embedder: FakeEmbedder) -> Iterator[SqliteStore]:
    with open_store(tmp_path / "library", create=True, model=embedder, read_only=False) as opened:
        yield opened


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Six sounds in two folders, an hour old."""
    for index in range(6):
        path = tmp_path / "sounds" / ("a", "b")[index % 2] / f"dog{index}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"woof %d " % index * 50)
        age(path)
    return tmp_path / "sounds"


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that other users can enter (pytest's own are closed to them)."""
    with tempfile.TemporaryDirectory(prefix="hearken-faults-") as place:
        os.chmod(place, 0o777)
        yield Path(place)
