import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from filelock import FileLock

from hearken.errors import DamagedError
from hearken.library import blocks, vectors
from hearken.library.manifest import MANIFEST_NAME, load_manifest
from tests.small_library import SmallLibrary, assert_same_scores, random_units, unit

QUERY = unit(1, 2, 3, 4)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def fill(library, count, *, seed=0, start=0):
    generator = np.random.default_rng(seed)
    library.put_many({f"/sounds/{start + index}.wav": random_units(generator, 1 + index % 3, 4) for index in range(count)})


def names(library):
    return sorted(name for name in os.listdir(library.cache.folder) if name.startswith(("block-", "graph-")))


def test_an_empty_library_has_no_rows(library):
    snapshot = library.cache.snapshot()
    assert (snapshot.num_rows, len(snapshot.file_ids)) == (0, 0)
    assert snapshot.scores(QUERY[None]).shape == (1, 0)
    assert load_manifest(library.cache.folder).blocks == ()


def test_the_vectors_are_the_stores(library):
    fill(library, 10)
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert_same_scores(library.another_cache().snapshot(), library, QUERY)


def test_nothing_is_read_again_while_nothing_changes(library, monkeypatch):
    fill(library, 3)
    first = library.cache.snapshot()
    assert library.cache.snapshot() is first
    monkeypatch.setattr(library.store, "read_vectors", None)
    monkeypatch.setattr(library.store, "file_versions", None)
    assert_again = library.another_cache().snapshot()
    assert assert_again.generation == first.generation
    assert names(library) == [load_manifest(library.cache.folder).blocks[0].name]


def test_new_files_are_read_and_old_ones_are_not(library, monkeypatch):
    fill(library, 40)
    library.cache.snapshot()
    asked = []
    real = library.store.read_vectors
    monkeypatch.setattr(library.store, "read_vectors", lambda ids: (asked.extend(ids), real(ids))[1])
    added = library.put("/sounds/new.wav", [unit(0, 0, 1, 0)])
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert asked[: len(asked) - 41] == [added]  # the rest is the truth being read


def test_vanished_and_replaced_files_are_masked(library):
    fill(library, 12)
    library.cache.snapshot()
    library.remove("/sounds/3.wav")
    library.put("/sounds/4.wav", [unit(0, 1, 0, 0)])
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert any(item.dead for item in load_manifest(library.cache.folder).blocks)
    assert_same_scores(library.another_cache().snapshot(), library, QUERY)


def test_a_file_that_gets_its_old_sound_back_lives_again(library):
    old = [unit(1, 0, 0, 0)]
    fill(library, 20)
    library.put("/sounds/x.wav", old)
    library.cache.snapshot()
    library.put("/sounds/x.wav", [unit(0, 1, 0, 0)])
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    library.put("/sounds/x.wav", old)
    assert_same_scores(library.cache.snapshot(), library, QUERY)


def test_a_library_that_was_emptied_has_no_blocks(library):
    fill(library, 5)
    library.cache.snapshot()
    library.remove(*(f"/sounds/{index}.wav" for index in range(5)))
    assert library.cache.snapshot().num_rows == 0
    assert names(library) == []


def test_the_number_of_blocks_grows_like_a_logarithm(library):
    for index in range(64):
        fill(library, 1, seed=index, start=index)
        library.cache.snapshot()
        assert len(library.cache.snapshot().blocks) <= 6
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert names(library) == sorted(item.name for item in load_manifest(library.cache.folder).blocks)


def test_a_block_that_is_a_quarter_dead_is_compacted(library):
    fill(library, 40)
    before = library.cache.snapshot().num_rows
    library.remove(*(f"/sounds/{index}.wav" for index in range(4)))
    assert library.cache.snapshot().num_rows == before
    library.remove(*(f"/sounds/{index}.wav" for index in range(4, 15)))
    after = library.cache.snapshot()
    assert after.alive.all()
    assert_same_scores(after, library, QUERY)


def test_large_libraries_have_several_blocks(library, monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ROWS", 16)
    fill(library, 60)
    snapshot = library.cache.snapshot()
    assert len(snapshot.blocks) >= 7
    assert all(block.num_rows <= 16 for block in snapshot.blocks)
    assert_same_scores(snapshot, library, QUERY)
    fill(library, 7, seed=1, start=100)
    assert_same_scores(library.cache.snapshot(), library, QUERY)


def test_another_process_may_have_done_the_work(library):
    fill(library, 5)
    other = library.another_cache()
    library.cache.snapshot()
    other.snapshot()
    fill(library, 5, seed=1, start=10)
    other.snapshot()
    written = {name: (library.cache.folder / name).stat().st_ino for name in names(library)}
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert {name: (library.cache.folder / name).stat().st_ino for name in names(library)} == written


def test_a_reader_keeps_what_it_has_while_files_are_replaced(library):
    fill(library, 4)
    old = library.another_cache().snapshot()
    before = old.scores(QUERY[None]).tolist()
    library.remove(*(f"/sounds/{index}.wav" for index in range(4)))
    library.cache.snapshot()
    assert names(library) == []
    assert old.scores(QUERY[None]).tolist() == before


def test_a_cache_of_another_library_is_not_believed(tmp_path):
    first, second = SmallLibrary(tmp_path / "a"), SmallLibrary(tmp_path / "b")
    fill(first, 3, seed=1)
    fill(second, 3, seed=2)
    first.cache.snapshot()
    first.cache.folder.rename(second.cache.folder)
    assert_same_scores(second.cache.snapshot(), second, QUERY)
    first.close()
    second.close()


def test_without_the_lock_what_is_new_stays_in_memory(library, monkeypatch):
    monkeypatch.setattr(vectors, "_LOCK_WAIT_S", 0.05)
    fill(library, 4)
    library.cache.snapshot()
    with FileLock(library.cache.folder / "lock"):
        fill(library, 4, seed=1, start=10)
        snapshot = library.cache.snapshot()
        assert_same_scores(snapshot, library, QUERY)
    assert [block.name for block in snapshot.blocks if not block.name] == [""]
    assert load_manifest(library.cache.folder).generation < snapshot.generation
    fill(library, 1, seed=2, start=20)
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert load_manifest(library.cache.folder).generation == library.store.generation


def test_where_no_folder_can_be_made_the_cache_is_in_memory(library):
    library.cache.folder.write_bytes(b"a file in the way")
    fill(library, 4)
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    fill(library, 4, seed=1, start=10)
    assert_same_scores(library.cache.snapshot(), library, QUERY)
    assert library.cache.folder.read_bytes() == b"a file in the way"


def test_an_older_state_is_not_published_over_a_newer_one(library):
    fill(library, 3)
    reader = library.another_cache()
    with library.store.snapshot():
        old = reader.snapshot()
    fill(library, 3, seed=1, start=10)
    library.cache.snapshot()
    newest = load_manifest(library.cache.folder)
    reader._publish(old)
    assert load_manifest(library.cache.folder) == newest


def test_threads_share_a_cache(library):
    fill(library, 8)

    def read(_):
        for _ in range(20):
            assert_same_scores(library.cache.snapshot(), library, QUERY)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == [None] * 4


def test_check_is_content_with_a_good_cache_and_with_none(library):
    assert library.cache.check() == []
    fill(library, 3)
    library.cache.snapshot()
    assert library.cache.check() == []


def test_check_names_what_is_damaged_and_rebuild_repairs_it(library):
    fill(library, 3)
    library.cache.snapshot()
    (name,) = names(library)
    path = library.cache.folder / name
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    (library.cache.folder / (name + ".tmp-1-a")).touch()
    problems = library.cache.check()
    assert len(problems) == 2
    assert name in problems[0]
    assert "left behind" in problems[1]
    (library.cache.folder / MANIFEST_NAME).write_bytes(b"{}")
    assert "manifest.json does not hold what was written" in library.cache.check()[0]
    assert_same_scores(library.cache.rebuild(), library, QUERY)
    assert library.cache.check() == []
    assert names(library) == [name]


def test_a_closed_cache_opens_again(library):
    fill(library, 2)
    library.cache.snapshot()
    library.cache.close()
    assert_same_scores(library.cache.snapshot(), library, QUERY)


def test_files_with_unusable_vectors_are_listed(library, monkeypatch):
    fill(library, 3)
    bad = library.put("/sounds/bad.wav", [unit(1, 0, 0, 0)])
    real = library.store.read_vectors

    def poisoned(ids):
        for item in real(ids):
            yield item._replace(windows=item.windows * np.float16(np.nan)) if item.file_id == bad else item

    monkeypatch.setattr(library.store, "read_vectors", poisoned)
    snapshot = library.cache.snapshot()
    assert snapshot.unusable_ids.tolist() == [bad]
    assert bad not in snapshot.file_ids
    assert np.isfinite(snapshot.scores(QUERY[None])).all()
    assert library.another_cache().snapshot().unusable_ids.tolist() == [bad]


def test_a_rebuild_that_fails_leaves_the_good_cache(library, monkeypatch):
    fill(library, 5)
    library.cache.snapshot()
    before, manifest = names(library), load_manifest(library.cache.folder)

    def altered(ids):
        raise DamagedError("The vectors of file 3 were altered.")
        yield

    monkeypatch.setattr(library.store, "read_vectors", altered)
    with pytest.raises(DamagedError, match="altered"):
        library.cache.rebuild()
    assert (names(library), load_manifest(library.cache.folder)) == (before, manifest)
    assert library.another_cache().snapshot().num_rows == sum(1 + index % 3 for index in range(5))
