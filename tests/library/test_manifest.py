import json

import numpy as np
import pytest

from hearken.library.manifest import MANIFEST_NAME, BlockItem, GraphItem, Manifest, load_manifest, pack_mask, unpack_mask

FULL = Manifest(
    "lib", "model", 4, 17, (BlockItem("block-a.vec"), BlockItem("block-b.vec", "gA==")), GraphItem("graph-c.usearch", "graph-d.table")
)


@pytest.mark.parametrize("manifest", [FULL, Manifest("lib", "model", 4, 0)])
def test_a_manifest_comes_back_as_it_was(tmp_path, manifest):
    manifest.save(tmp_path)
    assert load_manifest(tmp_path) == manifest


def test_it_names_all_files():
    assert FULL.names == {MANIFEST_NAME, "block-a.vec", "block-b.vec", "graph-c.usearch", "graph-d.table"}


def test_an_absent_one_is_none(tmp_path):
    assert load_manifest(tmp_path) is None


def test_flipped_bits_and_every_cut_makes_it_none(tmp_path):
    FULL.save(tmp_path)
    path = tmp_path / MANIFEST_NAME
    whole = path.read_bytes()
    for place in range(len(whole)):
        for flip in (1, 64):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            assert load_manifest(tmp_path) in (None, FULL)  # FULL: white space between the words may change
        path.write_bytes(whole[:place])
        assert load_manifest(tmp_path) is None


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"digest": 1}', "[" * 100_000, '{"digest": "' + "0" * 32 + '"}', "\ufeff{}"])
def test_other_json_is_none(tmp_path, text):
    (tmp_path / MANIFEST_NAME).write_text(text, encoding="utf-8")
    assert load_manifest(tmp_path) is None


def test_a_manifest_of_another_layout_is_none(tmp_path):
    Manifest("lib", "model", 4, 17, layout=2).save(tmp_path)
    assert json.loads((tmp_path / MANIFEST_NAME).read_text())["layout"] == 2
    assert load_manifest(tmp_path) is None


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_masks_survive_packing(count):
    alive = np.random.default_rng(count).random(count) < 0.5
    np.testing.assert_array_equal(unpack_mask(pack_mask(alive), count), alive)
    assert pack_mask(np.ones(count, bool)) == ""
