import numpy as np
import pytest

from hearken.library import snapshot as snapshot_
from hearken.library.blocks import Entry, pack
from hearken.library.snapshot import Snapshot
from tests.small_library import SmallLibrary, assert_same_scores, random_units, scores_by_id

QUERY = np.array([1, 0], np.float32)


def entry(file_id, values):
    windows = np.array([[value, 0.5] for value in values], np.float16).reshape(-1, 2)
    spans = np.column_stack([np.arange(len(values)) + file_id * 10.0, np.arange(len(values)) + file_id * 10.0 + 2])
    return Entry(file_id, 1, np.array([file_id / 8, 0], np.float16), windows, spans)


@pytest.fixture
def two_blocks():
    first = pack([entry(5, [0.25, 0.5]), entry(9, []), entry(2, [0.75])], 2)
    second = pack([entry(7, [1.0, 0.125, 0.0])], 2)
    return Snapshot(1, 2, (first, second), (np.array([True, True, False]), np.array([True])))


def test_files_and_rows_are_numbered_through(two_blocks):
    assert two_blocks.file_ids.tolist() == [5, 2, 7]
    assert two_blocks.first_rows.tolist() == [0, 2, 3]
    assert two_blocks.alive.tolist() == [True, False, True]
    assert two_blocks.num_rows == 6
    assert two_blocks.unusable_ids.tolist() == [9]


def test_scores_of_all_rows_and_of_some(two_blocks):
    assert two_blocks.scores(QUERY[None]).tolist() == [[0.25, 0.5, 0.75, 1.0, 0.125, 0.0]]
    assert two_blocks.scores(np.array([[0, 1], [1, 0]], np.float32), np.array([1, 3, 5])).tolist() == [[0.5] * 3, [0.5, 1.0, 0.0]]
    assert two_blocks.scores(QUERY[None], np.zeros(0, np.int64)).shape == (1, 0)


def test_rows_of_files_and_files_of_rows(two_blocks):
    assert two_blocks.rows_of(np.array([True, False, True])).tolist() == [0, 1, 3, 4, 5]
    assert [part.tolist() for part in two_blocks.group(None)] == [[0, 1, 2], [0, 2, 3]]
    assert [part.tolist() for part in two_blocks.group(np.array([1, 4, 5]))] == [[0, 2], [0, 1]]
    assert [part.tolist() for part in two_blocks.group(np.zeros(0, np.int64))] == [[], []]


def test_spans_clips_windows_and_numbers(two_blocks):
    assert two_blocks.spans(np.array([4, 0, 2])).tolist() == [[71, 73], [50, 52], [20, 22]]
    assert two_blocks.clips(np.array([2, 0])).tolist() == [[0.875, 0], [0.625, 0]]
    assert two_blocks.windows(2)[:, 0].tolist() == two_blocks.long_windows(2)[:, 0].tolist() == [1.0, 0.125, 0.0]
    assert two_blocks.windows(0)[:, 0].tolist() == [0.25, 0.5]
    assert two_blocks.numbers_of(np.array([7, 2, 5, 100])).tolist() == [2, -1, 0, -1]  # 2 is dead


def test_long_windows_are_the_contexts_where_there_are_some(tmp_path):
    library = SmallLibrary(tmp_path / "lib", dim=2)
    library.put("/sounds/a.wav", [[0.25, 0.5]])
    library.put("/sounds/b.wav", [[0.5, 0.5], [0.75, 0.5]], contexts=[[1.0, 0.5], [0.0, 0.5]])
    snapshot = library.cache.snapshot()
    assert snapshot.scales.is_context.tolist() == [False, False, False, True, True]
    assert snapshot.windows(1)[:, 0].tolist() == [0.5, 0.75, 1.0, 0.0]
    assert [snapshot.long_windows(number)[:, 0].tolist() for number in (0, 1)] == [[0.25], [1.0, 0.0]]
    library.close()


def test_an_empty_snapshot_answers_everything():
    empty = Snapshot(0, 2)
    assert empty.scores(QUERY[None]).shape == (1, 0)
    assert empty.numbers_of(np.array([1])).tolist() == [-1]
    assert empty.candidates(QUERY, 3, empty.alive).tolist() == []
    assert (empty.graph_drift, empty.clips(np.zeros(0, np.int64)).shape, empty.spans(np.zeros(0, np.int64)).shape) == (0, (0, 2), (0, 2))


def test_few_wanted_files_are_fetched_many_are_read_through(two_blocks):
    assert two_blocks.candidates(QUERY, 1, two_blocks.alive) is None
    many = Snapshot(1, 2, (pack([entry(number, [0.5]) for number in range(1, 41)], 2),), (np.ones(40, bool),))
    wanted = np.isin(many.file_ids, [3, 8])
    assert many.candidates(QUERY, 1, wanted).tolist() == [2, 7]


@pytest.fixture
def large(tmp_path):
    library = SmallLibrary(tmp_path / "lib", dim=16, exact_max_windows=500)
    generator = np.random.default_rng(5)
    library.put_many({f"/sounds/{index}.wav": random_units(generator, 4, 16) for index in range(300)})
    yield library
    library.close()


def best_files(snapshot, query, count):
    best = {file_id: max(scores) for file_id, scores in scores_by_id(snapshot, query).items()}
    return sorted(best, key=lambda file_id: (-best[file_id], file_id))[:count]


def recall(snapshot, count, seeds):
    hits = 0
    for seed in seeds:
        query = random_units(np.random.default_rng(seed), 1, 16)[0]
        rows = snapshot.candidates(query, count, snapshot.alive)
        found = set(range(10**6)) if rows is None else set(snapshot.file_ids[snapshot.group(rows)[0]].tolist())
        hits += len(found & set(best_files(snapshot, query, count)))
    return hits / count / len(seeds)


def test_a_graph_is_made_only_where_it_is_due(large):
    assert large.cache.snapshot().graph is None
    seen = []
    snapshot = large.refresh(lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1200, 1200)
    assert snapshot.graph is not None
    assert snapshot.in_graph.all()
    assert large.refresh() is snapshot
    assert large.another_cache().snapshot().graph is not None


def test_candidates_from_the_graph_hold_the_best_files(large):
    snapshot = large.refresh()
    rows = snapshot.candidates(random_units(np.random.default_rng(0), 1, 16)[0], 10, snapshot.alive)
    assert 10 <= len(snapshot.group(rows)[0]) < 300
    assert recall(snapshot, 10, range(20)) >= 0.99


def test_files_beside_the_graph_are_candidates_and_gone_ones_are_not(large):
    large.refresh()
    query = random_units(np.random.default_rng(1), 1, 16)[0]
    new = large.put("/sounds/new.wav", query[None])
    snapshot = large.cache.snapshot()
    gone = best_files(snapshot, query, 3)[1]
    large.remove(next(record.path for record in large.store.files([gone])))
    snapshot = large.cache.snapshot()
    assert snapshot.graph_drift == 1 + 4
    rows = snapshot.candidates(query, 5, snapshot.alive)
    ids = snapshot.file_ids[snapshot.group(rows)[0]].tolist()
    assert new in ids
    assert gone not in ids
    assert recall(snapshot, 10, range(10)) >= 0.99


def test_a_replaced_file_is_found_by_its_new_sound_only(large):
    large.refresh()
    query = random_units(np.random.default_rng(2), 1, 16)[0]
    replaced = large.put("/sounds/7.wav", np.stack([query] * 2))
    snapshot = large.cache.snapshot()
    number = int(snapshot.numbers_of(np.array([replaced]))[0])
    assert not snapshot.in_graph[number]
    assert set(snapshot.rows_of(np.arange(len(snapshot.alive)) == number)) <= set(snapshot.candidates(query, 5, snapshot.alive))
    assert_same_scores(snapshot, large, query)


def test_the_graph_grows_with_the_library_and_is_made_anew_when_much_has_died(large):
    first = large.refresh().graph.item
    generator = np.random.default_rng(6)
    large.put_many({f"/sounds/more/{index}.wav": random_units(generator, 4, 16) for index in range(40)})
    seen = []
    grown = large.refresh(lambda done, total: seen.append((done, total)))
    assert seen[-1] == (160, 160)
    assert grown.graph.item != first
    assert grown.graph_drift == 0
    assert recall(grown, 10, range(10)) >= 0.99
    large.remove(*(f"/sounds/{index}.wav" for index in range(150)))
    seen.clear()
    shrunk = large.refresh(lambda done, total: seen.append((done, total)))
    assert seen[-1] == (760, 760)
    assert recall(shrunk, 10, range(10)) >= 0.99


def test_a_narrow_or_hopeless_question_goes_without_the_graph(large, monkeypatch):
    snapshot = large.refresh()
    query = random_units(np.random.default_rng(3), 1, 16)[0]
    narrow = np.isin(snapshot.file_ids, snapshot.file_ids[:5])
    assert snapshot.candidates(query, 10, narrow).tolist() == snapshot.rows_of(narrow).tolist()
    assert snapshot.candidates(query, None, snapshot.alive) is None
    monkeypatch.setattr(snapshot_, "_GRAPH_MAX_ROWS", 200)
    half = np.arange(300) % 2 == 0
    assert snapshot.candidates(query, 140, half) is None
