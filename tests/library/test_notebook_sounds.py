from __future__ import annotations

from pathlib import Path

import pytest

from hearken.library import notebook_sounds as sounds
from hearken.library.notebook_file import NotebookDatabase, make_notebook, open_notebook
from hearken.library.notebook_records import Label, SoundKey
from hearken.types import Span

HASH = "ab" * 16


@pytest.fixture
def database(tmp_path: Path):
    make_notebook(str(tmp_path / "notebook.sqlite"))
    opened = open_notebook(str(tmp_path / "notebook.sqlite"), writable=True)
    yield opened
    opened.close()


def test_spans_survive_and_all_of_a_sound_has_none() -> None:
    assert [sounds.read_span(*sounds.span_row(span)) for span in (None, Span(0.0, 1.5))] == [None, Span(0.0, 1.5)]


def test_a_sound_is_entered_once_and_keeps_a_known_path(database: NotebookDatabase) -> None:
    first = sounds.enter(database, SoundKey(HASH, "/a.wav"))
    assert sounds.enter(database, SoundKey(HASH)) == first
    assert sounds.known(database, [HASH, "cd" * 16]) == [sounds.KnownSound(first, HASH, "/a.wav")]


def test_a_sweep_forgets_only_what_nothing_is_noted_of(database: NotebookDatabase) -> None:
    kept = sounds.enter(database, SoundKey(HASH, "/a.wav"))
    sounds.put_labels(database, SoundKey(HASH), [Label("Dog", 1.0)], "")
    sounds.enter(database, SoundKey("cd" * 16))
    sounds.sweep(database)
    assert database.rows("SELECT id FROM sounds") == [(kept,)]


def test_thousands_of_sounds_are_asked_about_in_parts(database: NotebookDatabase) -> None:
    hashes = [f"{number:032x}" for number in range(1_200)]
    with database.transaction():
        for each in hashes:
            sounds.put_labels(database, SoundKey(each), [Label("Dog", 0.5)], "")
    assert sorted(sounds.labels_of(database, hashes)) == hashes
