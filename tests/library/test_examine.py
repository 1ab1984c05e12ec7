from __future__ import annotations

import numpy as np
import pytest

from hearken.library.examine import damaged_files
from hearken.library.hashing import seal
from hearken.library.store import SqliteStore
from tests.fakes import put_sound

DAMAGE = {
    "UPDATE vectors SET windows = zeroblob(length(windows)) WHERE sound_id = 1": "were altered",
    "UPDATE sounds SET num_windows = 99 WHERE id = 1": "another number of windows",
    "UPDATE sounds SET tags = '[]' WHERE id = 1": "no proper facts",
    "DELETE FROM words WHERE rowid = 1": "1 files are missing in the text index",
    "DELETE FROM vectors": "2 sounds have no vectors",
    "INSERT INTO words (rowid, name) VALUES (99, 'x')": "1 entries of the text index belong to no file",
    "INSERT INTO failures SELECT path, 'decode', '', '', '', 0, 0 FROM files WHERE id = 1": "1 files are in the library and failed at once",
    "DROP TABLE failures": "no such table",
    "UPDATE words_content SET c0 = 'altered' WHERE id = 1": "damaged",
}


@pytest.mark.parametrize("sql", DAMAGE)
def test_damage_is_found(store: SqliteStore, sql: str) -> None:
    store.apply([put_sound("/a/dog.wav", b"x" * 500), put_sound("/a/rain.wav", b"y" * 500)])
    assert store.check() == []
    store._database.run(sql)
    problems = store.check()
    assert any(DAMAGE[sql] in problem for problem in problems), problems


REPAIRABLE = {
    "UPDATE vectors SET windows = zeroblob(length(windows)) WHERE sound_id = 1": ["/a/copy.wav", "/a/dog.wav"],
    "UPDATE sounds SET num_windows = 99 WHERE id = 2": ["/a/rain.wav"],
    "UPDATE sounds SET tags = '[]' WHERE id = 2": ["/a/rain.wav"],
    "DELETE FROM vectors": ["/a/copy.wav", "/a/dog.wav", "/a/rain.wav"],
    "SELECT 1": [],
}


@pytest.mark.parametrize("sql", REPAIRABLE)
def test_repair_takes_out_what_cannot_be_used_and_nothing_else(store: SqliteStore, sql: str) -> None:
    store.apply([put_sound("/a/dog.wav", b"x" * 500), put_sound("/a/rain.wav", b"y" * 500), put_sound("/a/copy.wav", b"x" * 500)])
    generation = store.generation
    store._database.run(sql)
    assert sorted(store.repair()) == REPAIRABLE[sql]
    assert store.check() == []
    assert store.stats().num_files == 3 - len(REPAIRABLE[sql])
    assert (store.generation > generation) == bool(REPAIRABLE[sql])
    assert store.repair() == []


def test_vectors_that_are_sealed_but_not_finite_are_damaged_too(store: SqliteStore) -> None:
    store.apply([put_sound("/a/dog.wav"), put_sound("/a/rain.wav", b"y" * 500)])
    ((clip, windows, spans),) = store._database.rows("SELECT clip, windows, spans FROM vectors WHERE sound_id = 1")
    clip = np.full(len(clip) // 2, np.nan, "<f2").tobytes()
    store._database.run("UPDATE vectors SET clip = ?, seal = ? WHERE sound_id = 1", (clip, seal(clip, windows, spans)))
    assert damaged_files(store._database, 16) == [(1, b"/a/dog.wav")]
    assert any("not finite" in problem for problem in store.check())
