"""Faults of searching and of its cache: damage, races, kills, full disks, and queries that nobody should type."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import InputError, QueryError
from hearken.files import TEMP_MARK
from hearken.library.manifest import MANIFEST_NAME, load_manifest
from hearken.library.records import RemoveFile
from hearken.library.store import CACHE_NAME, open_store
from hearken.library.vectors import VectorCache
from hearken.search.engine import Query, search
from hearken.search.library import Library
from hearken.search.query import SearchRequest
from tests.fakes import FakeEmbedder
from tests.small_library import SmallLibrary, assert_same_scores, random_units, unit

ROOT = Path(__file__).resolve().parents[2]
QUERY = unit(1, 2, 3, 4)


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


@pytest.fixture
def quick_library(monkeypatch, tmp_path):
    """A library to damage and repair by the thousand, in memory where the system has such a place."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path) as folder:
        made = SmallLibrary(Path(folder) / "lib")
        yield made
        made.close()


def hits_of(library, cache, k=20, **request):
    return search(library.store, cache, Query(QUERY), SearchRequest(k, **request))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def restore(folder, files):
    for path in folder.iterdir():
        if path.name != "lock" and path.name not in files:
            path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def damaged_versions(data):
    """Every single-bit flip of `data`, and every truncation."""
    for place, byte in enumerate(data):
        for bit in range(8):
            yield data[:place] + bytes([byte ^ (1 << bit)]) + data[place + 1 :]
        yield data[:place]


def test_fault_S5_no_flip_or_cut_of_the_cache_changes_a_result(quick_library):
    library = quick_library
    library.put("/sounds/a.wav", [unit(1, 0, 0, 0), unit(0, 1, 0, 0)])
    library.put("/sounds/b.wav", [unit(0, 0, 1, 0)])
    good = hits_of(library, library.cache)
    files = contents(library.cache.folder)
    assert sorted(name.split("-")[0] for name in files) == ["block", MANIFEST_NAME]
    count = 0
    for name, data in files.items():
        for broken in damaged_versions(data):
            (library.cache.folder / name).write_bytes(broken)
            assert hits_of(library, library.another_cache()) == good
            restore(library.cache.folder, files)
            count += 1
    assert count == 9 * sum(len(data) for data in files.values()) > 4_000


def test_fault_S5_every_lost_file_of_the_cache_is_made_again(library):
    library.put("/sounds/a.wav", [unit(1, 0, 0, 0)])
    for index in range(40):
        library.put(f"/sounds/{index}.wav", [unit(1, index, 0, 0)])
        library.cache.snapshot()
    good = hits_of(library, library.cache)
    files = contents(library.cache.folder)
    assert len(files) >= 3
    for name in files:
        (library.cache.folder / name).unlink()
        assert hits_of(library, library.another_cache()) == good
        assert library.cache.check() == []
        restore(library.cache.folder, files)


def test_fault_S6_the_full_check_finds_all_random_damage(library):
    generator = np.random.default_rng(7)
    library.put_many({f"/sounds/{index}.wav": random_units(generator, 8, 4) for index in range(3_000)})
    library.cache.snapshot()
    files = contents(library.cache.folder)
    sizes = {name: len(data) for name, data in files.items()}
    assert sum(sizes.values()) > 600_000
    for _ in range(200):
        name = str(generator.choice(sorted(files)))
        start, length = int(generator.integers(sizes[name])), int(generator.integers(1, 64))
        data = bytearray(files[name])
        data[start : start + length] = bytes(byte ^ 0x5A for byte in data[start : start + length])
        (library.cache.folder / name).write_bytes(data)
        assert any(name in problem for problem in library.cache.check())
        (library.cache.folder / name).write_bytes(files[name])
    assert library.cache.check() == []


def test_fault_S6_a_flip_that_opening_does_not_look_for_is_repaired_by_rebuilding(library, monkeypatch):
    monkeypatch.setattr("hearken.library.vectors.VERIFY_AT_OPEN_BYTES", 0)
    library.put("/sounds/a.wav", [unit(1, 0, 0, 0)])
    library.cache.snapshot()
    (block,) = library.cache.folder.glob("block-*")
    data = block.read_bytes()
    block.write_bytes(data[:-9] + bytes([data[-9] ^ 0x40]) + data[-8:])
    assert library.another_cache().check() != []
    assert_same_scores(library.another_cache().rebuild(), library, QUERY)
    assert library.cache.check() == []


def test_fault_S6_a_damaged_block_is_not_merged_into_a_new_one(library, monkeypatch):
    monkeypatch.setattr("hearken.library.vectors.VERIFY_AT_OPEN_BYTES", 0)
    library.put("/sounds/a.wav", [unit(1, 0, 0, 0)])
    library.cache.snapshot()
    (block,) = library.cache.folder.glob("block-*")
    data = block.read_bytes()
    block.write_bytes(data[:-9] + bytes([data[-9] ^ 0x40]) + data[-8:])
    library.put("/sounds/b.wav", [unit(0, 1, 0, 0)])
    assert_same_scores(library.another_cache().snapshot(), library, QUERY)


def toward(step):
    return np.array([step / 64, np.sqrt(1 - (step / 64) ** 2), 0, 0], np.float32)


def num_files_at(step):
    return 20 + (step * 7) % 13


def change_all(library, step):
    """One commit after which every file scores about step / 64, and a few files come or go."""
    count = num_files_at(step)
    sounds = [library.sound(f"/sounds/{index}.wav", [toward(step)], content=f"{step} {index}") for index in range(count)]
    gone = [RemoveFile(library.store.find(f"/sounds/{index}.wav") or 0) for index in range(count, 33)]
    library.store.apply([*sounds, *gone])


def steps_seen(folder, num_searches):
    """Search as a process of its own would; return the steps that each answer is made of, and -1 if not all files are in it."""
    seen = []
    with open_store(folder) as store:
        cache = VectorCache(folder / CACHE_NAME, store)
        for _ in range(num_searches):
            hits = search(store, cache, Query(np.array([1, 0, 0, 0], np.float32)), SearchRequest(100, fold=False))
            steps = {round(hit.score * 64) for hit in hits}
            seen.append(steps if len(hits) == num_files_at(min(steps)) else steps | {-1})
    return seen


def test_fault_S8_every_answer_belongs_to_one_committed_state(library, tmp_path):
    change_all(library, 1)
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(steps_seen, tmp_path / "lib", 120) for _ in range(2)]
        step = 1
        while not all(reader.done() for reader in readers) and step < 60:
            step += 1
            change_all(library, step)
            if step % 5 == 0:
                library.cache.snapshot()
    answers = [seen for reader in readers for seen in reader.result()]
    assert len(answers) == 240
    assert {len(seen) for seen in answers} == {1}
    assert len(set().union(*answers)) >= 3, "the writer was never seen at work"


SEARCHER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.faults.test_search_faults import steps_seen
seen = steps_seen(Path(sys.argv[1]), 60)
assert {{len(steps) for steps in seen}} == {{1}}, seen
print(len(set().union(*seen)))
"""


def start(script, *arguments):
    return subprocess.Popen([sys.executable, "-c", script.format(root=str(ROOT)), *map(str, arguments)], stdout=subprocess.PIPE, cwd=ROOT)


def test_fault_S8_also_in_another_process(library, tmp_path):
    change_all(library, 1)
    child = start(SEARCHER, tmp_path / "lib")
    step = 1
    while child.poll() is None:
        step = step % 60 + 1
        change_all(library, step)
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert int(output) >= 1


REBUILDER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from hearken.library.store import open_store
from hearken.library.vectors import VectorCache
with open_store(sys.argv[1]) as store:
    cache = VectorCache(Path(sys.argv[1]) / "cache", store, exact_max_windows=100)
    print("ready", flush=True)
    while True:
        cache.rebuild(threads=1)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_fault_S1_a_killed_writer_leaves_a_cache_that_is_right_and_gets_clean(tmp_path):
    library = SmallLibrary(tmp_path / "lib", exact_max_windows=100)
    generator = np.random.default_rng(11)
    library.put_many({f"/sounds/{index}.wav": random_units(generator, 3, 4) for index in range(300)})
    leftovers = 0
    for _ in range(8):
        child = start(REBUILDER, tmp_path / "lib")
        assert child.stdout.readline() == b"ready\n"
        time.sleep(float(generator.uniform(0.0, 0.15)))
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
        leftovers += sum(TEMP_MARK in path.name for path in library.cache.folder.iterdir())
        assert_same_scores(library.another_cache().snapshot(), library, QUERY)
    library.put("/sounds/new.wav", [unit(0, 0, 0, 1)])
    assert_same_scores(library.another_cache().refresh(threads=1), library, QUERY)
    manifest = load_manifest(library.cache.folder)
    assert set(contents(library.cache.folder)) == manifest.names
    assert manifest.graph is not None
    library.close()


def test_fault_S3_the_manifest_is_written_after_all_that_it_names(tmp_path, monkeypatch):
    library = SmallLibrary(tmp_path / "lib", exact_max_windows=10)
    renamed = []
    real = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (renamed.append(Path(target).name), real(self, target))[1])
    library.put_many({f"/sounds/{index}.wav": random_units(np.random.default_rng(index), 3, 4) for index in range(20)})
    library.refresh()
    kinds = [name.split("-")[0] + Path(name).suffix for name in renamed]
    assert kinds == ["block.vec", "manifest.json.json", "graph.usearch", "graph.table", "manifest.json.json"]
    library.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_fault_S4_without_room_for_the_cache_search_goes_on_in_memory(tmp_path, monkeypatch, code):
    library = SmallLibrary(tmp_path / "lib", exact_max_windows=10)
    library.put_many({f"/sounds/{index}.wav": random_units(np.random.default_rng(index), 3, 4) for index in range(20)})

    def full(handle):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert_same_scores(library.refresh(), library, QUERY)
        assert contents(library.cache.folder) == {}
    assert_same_scores(library.another_cache().refresh(threads=1), library, QUERY)
    assert MANIFEST_NAME in contents(library.cache.folder)
    library.close()


@pytest.fixture
def with_graph(tmp_path):
    library = SmallLibrary(tmp_path / "lib", dim=16, exact_max_windows=500)
    generator = np.random.default_rng(3)
    library.put_many({f"/sounds/{index}.wav": random_units(generator, 4, 16) for index in range(300)})
    library.refresh()
    yield library
    library.close()


def recall_at_10(library, cache):
    """The share of the ten best files by exact search that the search through `cache` finds."""
    found = 0
    exact = library.another_cache()
    exact._current = exact.snapshot().with_graph(None)
    for seed in range(20):
        query = Query(random_units(np.random.default_rng(seed), 1, 16)[0])
        some, all_ = ({hit.path for hit in search(library.store, which, query, SearchRequest(10))} for which in (cache, exact))
        found += len(some & all_)
    return found / 200


@pytest.mark.parametrize("damage", ["absent", "flipped", "cut", "empty", "table"])
def test_fault_S12_a_damaged_or_absent_graph_is_noticed_and_made_again(with_graph, damage):
    item = load_manifest(with_graph.cache.folder).graph
    path = with_graph.cache.folder / (item.table if damage == "table" else item.name)
    data = path.read_bytes()
    middle = len(data) // 2
    broken = {
        "flipped": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :],
        "cut": data[:middle],
        "empty": b"",
        "table": data[:-24],
    }
    path.unlink()
    if damage != "absent":
        path.write_bytes(broken[damage])
    assert with_graph.cache.check() != []
    fresh = with_graph.another_cache()
    assert fresh.snapshot().graph is None
    assert recall_at_10(with_graph, fresh) == 1.0
    assert fresh.refresh(threads=1).graph is not None
    assert fresh.check() == []
    assert recall_at_10(with_graph, fresh) >= 0.99


def test_fault_S12_the_graph_finds_what_exact_search_finds(with_graph):
    assert with_graph.cache.snapshot().graph is not None
    assert recall_at_10(with_graph, with_graph.cache) >= 0.99


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 5), max_size=8),
    k=st.integers(1, 12),
    equal=st.booleans(),
    moments=st.booleans(),
    fold=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_fault_S13_the_order_is_defined_for_every_shape_of_library(tmp_path_factory, counts, k, equal, moments, fold, seed):
    library = SmallLibrary(tmp_path_factory.mktemp("shape") / "lib")
    generator = np.random.default_rng(seed)
    try:
        vectors = [np.repeat(QUERY[None], count, axis=0) if equal else random_units(generator, count, 4) for count in counts]
        for index in generator.permutation(len(counts)):
            library.put(f"/sounds/{index}.wav", vectors[index], duration_s=10.0 * 2**index)
        hits = hits_of(library, library.cache, k, moments=moments, fold=fold)
        keys = [(-hit.score, hit.path, hit.start_s) for hit in hits]
        assert keys == sorted(keys)
        assert len(set(keys)) == len(keys) <= k
        assert all(np.isfinite([hit.score, hit.start_s, hit.end_s]).all() and hit.start_s < hit.end_s for hit in hits)
        if not moments:
            assert len(hits) == min(k, len(counts))
        elif counts:
            assert hits
    finally:
        library.close()


def test_fault_S9_a_model_of_the_same_size_is_refused_before_the_first_search(tmp_path):
    sound = tmp_path / "sounds" / "dog.wav"
    sound.parent.mkdir()
    sound.write_bytes(b"d" * 300)
    with Library(tmp_path / "lib", FakeEmbedder()) as library:
        library.index(sound.parent)
    asked = []

    class Other(FakeEmbedder):
        def encode_text(self, texts):
            asked.append(texts)
            return super().encode_text(texts)

    with Library(tmp_path / "lib", Other(name="other", digest="1" * 32)) as library, pytest.raises(InputError.__base__, match="other"):
        library.search("dog")
    assert asked == []


@pytest.fixture(scope="module")
def searchable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("h14")
    for name in ("dog", "rain", "the"):
        (folder / f"{name}.wav").write_bytes(name.encode() * 100)
    with Library(folder / "lib", FakeEmbedder()) as library:
        library.index(folder)
        yield library


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(st.characters(), max_size=60), st.text(st.sampled_from("\"'*()^:-+{}[]\\%_ \0aANDORNEAR"), max_size=40)))
def test_fault_H14_any_text_is_answered_or_refused(searchable, text):
    try:
        hits = searchable.search(text, k=3)
    except QueryError:
        return
    assert len(hits) == 3
    assert all(np.isfinite(hit.score) for hit in hits)


@pytest.mark.parametrize(
    "text",
    ["", " \n", "\0", "\ud800", "x" * 1_000_000, "dog " * 10_000, "\u202e\u200b"],
)
def test_fault_H14_texts_without_sense_are_refused_at_once(searchable, text):
    with pytest.raises(QueryError, match=r"empty|at most"):
        searchable.search(text)
    with pytest.raises(QueryError, match=r"empty|at most"):
        searchable.search("dog", not_text=text)


@pytest.mark.parametrize("text", ["the", "the of and", "il pleut sur le toit", "雨", "дождь", "🐕", "AND", 'NEAR("', "a b c d e f " * 80])
def test_fault_H14_stop_words_and_other_languages_are_answered(searchable, text):
    assert len(searchable.search(text)) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_fault_E1_a_query_vector_that_is_not_finite_never_ranks_anything(library, value):
    library.put("/sounds/a.wav", [unit(1, 0, 0, 0)])
    bad = np.array([value, 0, 0, 0], np.float32)
    with pytest.raises(InputError, match="not finite"):
        search(library.store, library.cache, Query(bad), SearchRequest())
    with pytest.raises(InputError, match="not finite"):
        search(library.store, library.cache, Query(QUERY, against=bad), SearchRequest())


def test_fault_E1_stored_vectors_that_are_not_finite_are_never_hits(library, monkeypatch):
    bad = library.put("/sounds/bad.wav", [unit(1, 0, 0, 0)])
    library.put("/sounds/good.wav", [unit(0, 1, 0, 0)])
    real = library.store.read_vectors

    def poisoned(ids):
        for item in real(ids):
            yield item._replace(windows=np.full_like(item.windows, np.nan)) if item.file_id == bad else item

    monkeypatch.setattr(library.store, "read_vectors", poisoned)
    for request in ({}, {"moments": True}, {"fold": False}):
        assert [hit.path for hit in hits_of(library, library.cache, **request)] == ["/sounds/good.wav"]


def test_fault_E1_a_constant_model_ranks_by_path_and_by_nothing_else(library):
    for index in (3, 1, 2, 0):
        library.put(f"/sounds/{index}.wav", [QUERY], content=str(index), duration_s=10.0 + index)
    hits = hits_of(library, library.cache)
    assert [hit.path for hit in hits] == [f"/sounds/{index}.wav" for index in range(4)]
    assert len({hit.score for hit in hits}) == 1
