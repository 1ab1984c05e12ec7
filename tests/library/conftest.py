from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hearken.library.store import SqliteStore, open_store
from tests.fakes import FakeEmbedder


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def store(tmp_path: Path, embedder: FakeEmbedder) -> Iterator[SqliteStore]:
    """An empty library, open for writing."""
    with open_store(tmp_path / "library", create=True, model=embedder, read_only=False) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for sounds."""
    path = tmp_path / "sounds"
    path.mkdir()
    return path
