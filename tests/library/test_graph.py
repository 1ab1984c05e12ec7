import numpy as np
import pytest

from hearken.errors import DamagedError
from hearken.library.blocks import Entry, pack
from hearken.library.graph import Change, check_graph, keys_of, open_graph, write_graph
from tests.processes import run_python
from tests.small_library import random_units

DIM = 8
NOTHING = np.zeros((0, 3), np.int64)


def block_of(first_id, counts, seed=0):
    generator = np.random.default_rng(seed)
    entries = []
    for number, count in enumerate(counts):
        windows = random_units(generator, count, DIM).astype(np.float16)
        entries.append(Entry(first_id + number, 1, windows[0], windows, np.zeros((count, 2))))
    return pack(entries, DIM)


def lines_of(block):
    return block.files[:, [0, 1, 3, 2]]


def test_keys_are_made_of_file_and_window():
    assert keys_of(np.array([[1, 9, 2], [5, 9, 1]])).tolist() == [1 << 24, (1 << 24) + 1, 5 << 24]
    assert keys_of(NOTHING).tolist() == []


def test_a_graph_finds_the_windows_that_were_put_in(tmp_path):
    block = block_of(10, [3, 2, 4])
    lines = lines_of(block)
    seen = []
    item = write_graph(
        tmp_path, DIM, Change(None, NOTHING, lines[:, :3], [(block, lines)], 9), threads=1, on_progress=lambda *c: seen.append(c)
    )
    assert seen == [(9, 9)]
    graph = open_graph(tmp_path, item, DIM)
    np.testing.assert_array_equal(graph.table, [[10, 1, 3], [11, 1, 2], [12, 1, 4]])
    for row, (file_id, window) in enumerate([(10, 0), (10, 1), (10, 2), (11, 0), (11, 1), (12, 0), (12, 1), (12, 2), (12, 3)]):
        ids, windows = graph.nearest(block.windows[row].astype(np.float32), 1)
        assert (ids.tolist(), windows.tolist()) == ([file_id], [window])
    assert len(graph.nearest(block.windows[0].astype(np.float32), 100)[0]) == 9


def test_a_graph_can_lose_and_gain_files(tmp_path):
    first, second = block_of(1, [2, 2, 2]), block_of(7, [3], seed=1)
    lines = lines_of(first)
    old = open_graph(
        tmp_path, write_graph(tmp_path, DIM, Change(None, NOTHING, lines[:, :3], [(first, lines)], 6), threads=1, on_progress=None), DIM
    )
    table = np.concatenate([lines[[0, 2], :3], lines_of(second)[:, :3]])
    change = Change(old, lines[[1], :3], table, [(second, lines_of(second))], 3)
    graph = open_graph(tmp_path, write_graph(tmp_path, DIM, change, threads=1, on_progress=None), DIM)
    found, _ = graph.nearest(first.windows[2].astype(np.float32), 100)
    assert sorted(found.tolist()) == [1, 1, 3, 3, 7, 7, 7]
    assert sorted(old.nearest(first.windows[2].astype(np.float32), 100)[0].tolist()) == [1, 1, 2, 2, 3, 3]


def test_one_thread_makes_the_same_graph_again(tmp_path):
    block = block_of(1, [4] * 50)
    change = Change(None, NOTHING, lines_of(block)[:, :3], [(block, lines_of(block))], 200)
    names = {write_graph(tmp_path, DIM, change, threads=1, on_progress=None).name for _ in range(2)}
    assert len(names) == 1


@pytest.mark.parametrize("part", ["name", "table"])
def test_a_damaged_or_absent_file_never_reaches_the_native_code(tmp_path, part):
    block = block_of(1, [4] * 5)
    item = write_graph(
        tmp_path, DIM, Change(None, NOTHING, lines_of(block)[:, :3], [(block, lines_of(block))], 20), threads=1, on_progress=None
    )
    check_graph(tmp_path, item)
    path = tmp_path / getattr(item, part)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedError, match="does not hold what was written"):
        open_graph(tmp_path, item, DIM)
    path.unlink()
    with pytest.raises(DamagedError, match="cannot be read"):
        open_graph(tmp_path, item, DIM)


def test_a_graph_that_cannot_be_written_is_an_os_error_and_leaves_nothing(tmp_path):
    block = block_of(1, [4])
    change = Change(None, NOTHING, lines_of(block)[:, :3], [(block, lines_of(block))], 4)
    with pytest.raises(OSError, match="graph"):
        write_graph(tmp_path / "absent", DIM, change, threads=1, on_progress=None)
    assert list(tmp_path.iterdir()) == []


def test_a_model_can_be_loaded_after_a_graph():
    """Both bring a C++ library along, and in the other order the second one's import ends the process."""
    done = run_python("from hearken.library.graph import _new_index\n_new_index(4)\nimport onnxruntime\nprint(_new_index(4).ndim)")
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
