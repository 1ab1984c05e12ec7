from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hearken.library import machine_captions, schema
from hearken.library.database import Database
from hearken.library.records import CaptionerCount, MachineCaption, PutCaptions, PutCopy, RemoveFile
from hearken.library.store import SqliteStore, open_store
from tests.fakes import FakeEmbedder, put_sound, unit

HASH = b"h" * 16
ROOT = Path(__file__).resolve().parents[2]


def said(sound_id: int, text: str, score: float = -0.5) -> MachineCaption:
    return MachineCaption(sound_id, text, score, unit(text.encode(), 16).astype(np.float16))


def put(store: SqliteStore, *captions: MachineCaption, name: str = "parrot", digest: str = "c1") -> None:
    store.apply([PutCaptions(name, digest, captions)])


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    """Sounds 1 (with a copy, file 2), 2 and 3."""
    store.apply([put_sound("/a.wav", sound=HASH)])
    store.apply([PutCopy(put_sound("/copy.wav").found, HASH, put_sound("/copy.wav").text)])
    store.apply([put_sound("/b.wav", b"b" * 300), put_sound("/c.wav", b"c" * 300)])
    return store


def test_a_library_without_captions_has_no_tables_for_them(filled: SqliteStore) -> None:
    assert filled.uncaptioned("c1") == [(1, 1), (3, 2), (4, 3)], "copies share a sound: one file stands for both"
    assert (filled.match_captions("dog"), filled.captions_of([1, 2]), list(filled.captions_since(0))) == ({}, {}, [])
    assert (filled.caption_generation(), filled.stats().captioners, filled.check_captions()) == (0, (), [])
    assert filled.repair_captions() == 0
    assert not filled._database.rows("SELECT 1 FROM sqlite_master WHERE name LIKE 'machine%'")


def test_what_is_written_is_read_and_marked_by_captioner(filled: SqliteStore) -> None:
    generation = filled.generation
    put(filled, said(1, "A dog  barks\0loudly.\n"), said(2, "Rain falls."))
    assert filled.captions_of([3, 2, 1, 99]) == {1: "A dog barks loudly.", 2: "Rain falls."}
    assert filled.match_captions("a barking dog") == {1: 1.0}
    assert filled.match_captions("dogs rain") == {1: 0.5, 2: 0.5}
    assert filled.match_text("dog barks rain") == {}, "they are not among what people wrote"
    assert filled.uncaptioned("c1") == [(4, 3)]
    assert filled.uncaptioned("c2") == [(1, 1), (3, 2), (4, 3)]
    assert filled.stats().captioners == (CaptionerCount("parrot", "c1", 2),)
    assert (filled.generation, filled.caption_generation()) == (generation, 1), "the vectors of sounds are as before"
    first, second = filled.captions_since(0)
    assert (first.sound_id, first.score, second.text) == (1, -0.5, "Rain falls.")
    np.testing.assert_array_equal(second.vector, unit(b"Rain falls.", 16).astype(np.float16))
    assert filled.check() == filled.check_captions() == []


def test_another_captioner_replaces_and_only_what_is_new_is_read_again(filled: SqliteStore) -> None:
    put(filled, said(1, "A dog barks."), said(2, "Rain falls."))
    put(filled, said(2, "Water drips."), name="owl", digest="c2")
    assert filled.match_captions("rain") == {}
    assert filled.match_captions("water") == {2: 1.0}
    assert [caption.sound_id for caption in filled.captions_since(1)] == [2]
    assert list(filled.captions_since(2)) == []
    assert filled.stats().captioners == (CaptionerCount("owl", "c2", 1), CaptionerCount("parrot", "c1", 1))
    assert filled.uncaptioned("c2") == [(1, 1), (4, 3)]


def test_a_batch_may_be_applied_twice_and_may_name_sounds_that_are_gone(filled: SqliteStore) -> None:
    for _ in range(2):
        put(filled, said(1, "A dog barks."), said(99, "Nothing."))
    assert filled.captions_of([1, 99]) == {1: "A dog barks."}
    assert filled.check_captions() == []


def test_captions_go_with_their_sound_and_not_with_a_copy(filled: SqliteStore) -> None:
    put(filled, said(1, "A dog barks."), said(2, "Rain falls."))
    filled.apply([RemoveFile(1)])
    filled.sweep()
    assert filled.captions_of([1]) == {1: "A dog barks."}, "the copy still has the sound"
    filled.apply([RemoveFile(2), put_sound("/b.wav", b"changed" * 50)])
    filled.sweep()
    assert (filled.captions_of([1, 2, 3, 4]), filled.match_captions("dog rain")) == ({}, {})
    assert filled._database.rows("SELECT count(*) FROM machine_words") == [(0,)]
    assert filled.uncaptioned("c1") == [(4, 3), (3, 4)]


def test_odd_captions_can_be_kept(filled: SqliteStore) -> None:
    zeros = np.zeros(16, np.float16)
    put(filled, MachineCaption(1, "", float("nan"), zeros), MachineCaption(2, "caf\udce9 x " * 5_000, float("inf"), zeros))
    assert filled.captions_of([1, 2]).keys() == {2}, "nothing said is nothing to show"
    assert len(filled.captions_of([2])[2]) == 10_000
    assert [caption.score for caption in filled.captions_since(0)] == [0.0, 0.0]
    assert filled.uncaptioned("c1") == [(4, 3)], "and nothing to try again"


def test_an_older_hearken_takes_captions_along_with_what_it_deletes(tmp_path: Path, embedder: FakeEmbedder) -> None:
    """What it does is the SQL of 0.1.0, which knows no table of captions."""
    with open_store(tmp_path / "library", create=True, model=embedder, read_only=False) as store:
        store.apply([put_sound("/a.wav", b"a" * 300), put_sound("/b.wav", b"b" * 300)])
        put(store, said(1, "A dog barks."), said(2, "Rain falls."))
    database = Database(str(tmp_path / "library" / "library.sqlite"), writable=True)
    assert database.rows("PRAGMA user_version") == [(1,)]
    database.run("DELETE FROM files WHERE id = 1")
    database.run("DELETE FROM sounds WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.sound_id = sounds.id)")
    database.close()
    with open_store(tmp_path / "library") as reader:
        assert reader.captions_of([1, 2]) == {2: "Rain falls."}
        assert reader.check_captions() == [], "left-over words are harmless"
    with open_store(tmp_path / "library", read_only=False) as store:
        assert store._database.rows("SELECT rowid FROM machine_words") == [(2,)]
        assert store.check_captions() == []


def test_a_library_from_before_captions_gets_them(tmp_path: Path) -> None:
    """The tables as 0.1.0 made them: `schema.create` makes nothing more."""
    (tmp_path / "library").mkdir()
    database = Database(str(tmp_path / "library" / "library.sqlite"), writable=True)
    schema.create(database, FakeEmbedder())
    tables = {row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\'")}
    database.close()
    assert tables == {"meta", "roots", "sounds", "vectors", "files", "failures", "words"}
    with open_store(tmp_path / "library", read_only=False) as store:
        store.apply([put_sound("/a.wav", b"a" * 300)])
        put(store, said(1, "A dog barks."))
    with open_store(tmp_path / "library") as reader:
        assert reader.captions_of([1]) == {1: "A dog barks."}


DAMAGE = {
    "UPDATE machine_captions SET caption = 'Rain falls!' WHERE sound_id = 2": ("1 machine-made captions were altered", 1),
    "UPDATE machine_captions SET vector = zeroblob(32) WHERE sound_id = 2": ("1 machine-made captions were altered", 1),
    "UPDATE machine_captions SET vector = x'00' WHERE sound_id = 2": ("1 machine-made captions were altered", 1),
    "UPDATE machine_captions SET score = 'high' WHERE sound_id = 2": ("1 machine-made captions were altered", 1),
    "UPDATE machine_captions SET digest = 'c2' WHERE sound_id = 2": ("1 machine-made captions were altered", 1),
    "DELETE FROM machine_words WHERE rowid = 2": ("1 machine-made captions are missing in their text index", 0),
    "UPDATE machine_words SET caption = 'cats' WHERE rowid = 2": ("1 machine-made captions differ from their text index", 0),
    "UPDATE machine_words_content SET c0 = 'altered' WHERE id = 2": ("differ from their text index", 0),
    "DELETE FROM machine_words_data WHERE id > 10": ("damaged", 0),
    "DROP TABLE machine_words": ("no such table", 0),
    "DROP TABLE machine_captions": ("no such table", 0),
}


@pytest.mark.parametrize("sql", DAMAGE)
def test_damage_is_found_and_mended(filled: SqliteStore, sql: str) -> None:
    put(filled, said(1, "A dog barks."), said(2, "Rain falls."))
    filled._database.run(sql)
    problems = filled.check_captions()
    assert any(DAMAGE[sql][0] in problem for problem in problems), problems
    assert filled.repair_captions() == DAMAGE[sql][1]
    assert filled.check_captions() == filled.check() == []
    lost = sql == "DROP TABLE machine_captions"
    assert filled.match_captions("dog") == ({} if lost else {1: 1.0})
    assert filled.match_captions("rain") == ({} if lost or DAMAGE[sql][1] else {2: 1.0})
    assert filled.uncaptioned("c1") == ([(1, 1)] if lost else []) + ([(3, 2)] if lost or DAMAGE[sql][1] else []) + [(4, 3)]


def test_a_damaged_text_index_keeps_no_library_from_being_opened(filled: SqliteStore) -> None:
    put(filled, said(1, "A dog barks."), said(2, "Rain falls."))
    filled._database.run("DELETE FROM machine_words_data WHERE id > 10")
    filled.apply([RemoveFile(3)])
    filled.close()
    with open_store(filled.folder, read_only=False) as store:
        assert store.captions_of([1, 2]) == {1: "A dog barks."}
        assert store.check_captions() != []
        assert store.repair_captions() == 0
        assert store.check_captions() == []
        assert store.match_captions("dog rain") == {1: 0.5}


def test_altered_captions_are_never_handed_out(filled: SqliteStore) -> None:
    put(filled, said(1, "A dog barks."), said(2, "Rain falls."))
    filled._database.run("UPDATE machine_captions SET vector = zeroblob(32) WHERE sound_id = 2")
    assert filled.captions_of([1, 2]) == {1: "A dog barks."}
    assert [caption.sound_id for caption in filled.captions_since(0)] == [1]


def test_captions_belong_to_a_sound_or_are_wrong(filled: SqliteStore) -> None:
    put(filled, said(1, "A dog barks."))
    database = filled._database
    database.run("PRAGMA foreign_keys=OFF")
    database.run("UPDATE machine_captions SET sound_id = 77")
    database.run("PRAGMA foreign_keys=ON")
    assert "1 machine-made captions belong to no sound." in filled.check_captions()
    assert filled.repair_captions() == 1
    assert machine_captions.check(database, 16, writable=True) == []


def test_many_captions_are_read_in_steps(store: SqliteStore) -> None:
    store.apply([put_sound(f"/{number}.wav", b"x%d" % number) for number in range(1_100)])
    put(store, *(said(number, f"Sound {number}.") for number in range(1, 1_101)))
    assert [caption.sound_id for caption in store.captions_since(0)] == list(range(1, 1_101))
    assert len(store.captions_of(list(range(1, 1_101)))) == 1_100
    assert store.check_captions() == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize("statement", range(1, 13, 2))
def test_a_commit_of_captions_is_whole_or_absent(filled: SqliteStore, statement: int) -> None:
    """Kill a writer before the n-th statement of its second commit: the first is there, the second is not, and all is sound."""
    code = f"""
import os, signal, sys
import numpy as np
from hearken.library.database import Database
from hearken.library.records import MachineCaption, PutCaptions
from hearken.library.store import open_store
store = open_store(sys.argv[1], read_only=False)
vector = np.ones(16, np.float16)
store.apply([PutCaptions("parrot", "c1", (MachineCaption(1, "A dog barks.", 0.0, vector),))])
run, done = Database.run, 0
def counted(self, sql, parameters=()):
    global done
    done += 1
    if done > {statement}:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, sql, parameters)
Database.run = counted
store.apply([PutCaptions("parrot", "c2", (MachineCaption(1, "A cat.", 0.0, vector), MachineCaption(2, "Rain.", 0.0, vector)))])
"""
    folder = filled.folder
    filled.close()
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with open_store(folder, read_only=False) as store:
        assert store.check() == store.check_captions() == []
        assert (store.captions_of([1, 2]), store.caption_generation()) == ({1: "A dog barks."}, 1)
        assert store.match_captions("cat rain dog") == {1: 1 / 3}
