import numpy as np
import pytest

from hearken.errors import DamagedError
from hearken.library import blocks
from hearken.library.blocks import Entry, block_is_whole, lay_out, map_block, pack, usable, write_block


def entry(file_id, count, *, version=1, dim=2):
    windows = np.full((count, dim), file_id / 8, np.float16)
    spans = np.column_stack([np.arange(count), np.arange(count) + 2.0])
    return Entry(file_id, version, np.full(dim, file_id / 4, np.float16), windows, spans)


def test_a_block_lays_its_files_out_one_after_the_other():
    block = pack([entry(7, 2), entry(3, 1, version=9)], 2)
    assert block.files.tolist() == [[7, 1, 0, 2], [3, 9, 2, 1]]
    assert block.windows.tolist() == [[0.875, 0.875], [0.875, 0.875], [0.375, 0.375]]
    assert block.clips.tolist() == [[1.75, 1.75], [0.75, 0.75]]
    assert block.spans.tolist() == [[0, 2], [1, 3], [0, 2]]
    assert block.num_rows == 3


def test_a_written_block_comes_back_as_it_was(tmp_path):
    made = pack([entry(7, 2), entry(3, 0), entry(5, 3)], 2)
    written = write_block(tmp_path, made)
    mapped = map_block(tmp_path, written.name)
    for part in ("files", "spans", "windows", "clips"):
        np.testing.assert_array_equal(getattr(mapped, part), getattr(made, part))
    assert isinstance(mapped.windows.base.base, np.memmap)
    assert mapped.windows.ctypes.data % 64 == 0
    assert block_is_whole(tmp_path, written.name)


def test_only_living_entries_come_out_of_a_block():
    block = pack([entry(1, 1), entry(2, 2), entry(3, 1)], 2)
    found = list(block.entries(np.array([False, True, True])))
    assert [(item.file_id, len(item.windows), item.spans.tolist()) for item in found] == [(2, 2, [[0, 2], [1, 3]]), (3, 1, [[0, 2]])]


def test_an_empty_block_is_possible(tmp_path):
    written = write_block(tmp_path, pack([], 5))
    assert (len(written.files), written.windows.shape, written.clips.shape) == (0, (0, 5), (0, 5))


def test_the_name_is_the_digest_so_equal_blocks_are_one_file(tmp_path):
    names = {write_block(tmp_path, pack([entry(1, 2)], 2)).name for _ in range(2)}
    assert len(names) == len(list(tmp_path.iterdir())) == 1


def test_files_are_collected_up_to_the_size_of_a_block(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ROWS", 4)
    made = list(lay_out((entry(number, count) for number, count in enumerate([2, 2, 1, 9, 1, 0, 0, 0, 0], 1)), 2))
    assert [block.files[:, 0].tolist() for block in made] == [[1, 2], [3], [4], [5, 6, 7, 8], [9]]


@pytest.mark.parametrize(
    "broken",
    [
        Entry(1, 1, np.array([np.nan, 0], np.float16), np.ones((1, 2), np.float16), np.zeros((1, 2))),
        Entry(1, 1, np.ones(2, np.float16), np.array([[np.inf, 0]], np.float16), np.zeros((1, 2))),
        Entry(1, 1, np.ones(2, np.float16), np.ones((1, 2), np.float16), np.array([[0, np.nan]])),
        Entry(1, 1, np.ones(2, np.float16), np.ones((2, 2), np.float16), np.zeros((1, 2))),
        Entry(1, 1, np.ones(3, np.float16), np.ones((1, 3), np.float16), np.zeros((1, 2))),
    ],
)
def test_vectors_that_cannot_be_used_leave_a_file_without_rows(broken):
    kept = usable(broken, 2)
    assert (kept.file_id, kept.version, len(kept.windows), kept.clip.tolist()) == (1, 1, 0, [0, 0])
    good = entry(1, 2)
    assert usable(good, 2) is good


def test_a_block_that_is_not_there_is_damage(tmp_path):
    with pytest.raises(DamagedError, match="cannot be read"):
        map_block(tmp_path, "block-0.vec")
    assert not block_is_whole(tmp_path, "block-0.vec")


def test_damage_to_header_tables_and_size_shows_when_mapping(tmp_path):
    path = tmp_path / write_block(tmp_path, pack([entry(7, 2), entry(3, 1)], 2)).name
    whole = path.read_bytes()
    tables_end = 64 + 2 * 32 + 3 * 16
    for place in range(tables_end):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DamagedError, match="does not hold what was written"):
            map_block(tmp_path, path.name)
    for size in [0, 1, 63, 64, tables_end, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedError):
            map_block(tmp_path, path.name)
    path.write_bytes(whole + b"\0")
    with pytest.raises(DamagedError):
        map_block(tmp_path, path.name)
