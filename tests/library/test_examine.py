from __future__ import annotations

import pytest

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
