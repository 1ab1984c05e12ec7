"""A real little library with vectors of a stand-in for a model, for tests of commands that do more than ask a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.search.library import Library
from tests.fakes import FakeEmbedder

SOUNDS = {"dog one.wav": b"A" * 400, "field/rain two.wav": b"B" * 600, "thing.wav": b"C" * 500, "copy of dog.wav": b"A" * 400}


def little_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a library in `folder` of the fake sounds there, which commands open as they open any; return its path."""
    model = FakeEmbedder(name="pocket", dim=256)
    monkeypatch.setattr(Library, "_model_for", lambda self, made_by: model)
    for name, content in SOUNDS.items():
        (folder / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "s" / name).write_bytes(content)
    with Library(folder / "lib", model=model) as library:  # type: ignore[arg-type]
        library.index(folder / "s", jobs=1)
    return folder / "lib"
