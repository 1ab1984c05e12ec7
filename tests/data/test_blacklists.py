"""Published lists of recordings: the three formats, one's own, what is no list, and the real files where they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hearken.data.blacklists import PUBLISHED, read_blacklist
from hearken.errors import DataError, MissingDataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "captions"
REAL = {
    "wavcaps-all": "wavcaps/blacklist/blacklist_exclude_all_ac.json",
    "wavcaps-test": "wavcaps/blacklist/blacklist_exclude_test_ac.json",
    "wavcaps-ub8k-esc50-vggsound": "wavcaps/blacklist/blacklist_exclude_ub8k_esc50_vggsound.json",
    "aac-audiocaps": "wavcaps/blacklist_aac_datasets/blacklist_audiocaps.full.csv",
    "aac-clotho": "wavcaps/blacklist_aac_datasets/blacklist_clotho.full.csv",
    "aac-clotho-v2": "wavcaps/blacklist_aac_datasets/blacklist_clotho.full.v2.csv",
    "dcase2025": "dcase2025_relevance/dcase2025_task6_excluded_freesound_ids.csv",
}


def put(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_wavcaps_json(tmp_path: Path) -> None:
    path = put(tmp_path / "list.json", '{"AudioSet": ["Y-_3456789ab.wav"], "FreeSound": ["12", 7, "12", "Not found"]}')
    found = read_blacklist(path)
    assert found.origins == {"youtube:-_3456789ab", "freesound:12", "freesound:7"}
    assert (found.name, found.num_entries, found.num_nameless) == ("list.json", 5, 1)
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_csv_of_aac_datasets(tmp_path: Path) -> None:
    found = read_blacklist(put(tmp_path / "a.csv", "index,id\r\n0,Yabcdefghijk.wav\r\n1,99\r\n2,Not found\r\n"))
    assert found.origins == {"youtube:abcdefghijk", "freesound:99"}
    assert (found.num_entries, found.num_nameless) == (3, 1)


def test_csv_of_dcase(tmp_path: Path) -> None:
    assert read_blacklist(put(tmp_path / "d.csv", "sound_id\n5\nNot found\n6\n")).origins == {"freesound:5", "freesound:6"}


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    found = read_blacklist(put(tmp_path / "mine.csv", "origin,why\nsoundbible:2219,mine\nbbc:07076051,\n"))
    assert found.origins == {"soundbible:2219", "bbc:07076051"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "index,id\n0,5\n1,rain.wav\n", r"a\.csv, line 3: 'id' names no recording: 'rain\.wav'"),
        ("a.csv", "index,id\n0,Yshort.wav\n", "line 2"),
        ("a.csv", "sound_id\nYabcdefghijk.wav\n", "line 2: 'sound_id' names no recording"),
        ("a.csv", "origin\nvimeo:5\n", "line 2: 'origin' names no recording"),
        ("a.csv", "index,id\n0,\n", "line 2: 'id' is empty"),
        ("a.csv", "name\n5\n", "the column 'id' is missing"),
        ("a.csv", "index,id\n", "not one recording"),
        ("a.csv", "index,id\n0,Not found\n", "not one recording"),
        ("a.json", "[]", "should be an object with lists under AudioSet and FreeSound"),
        ("a.json", "{}", "should be an object"),
        ("a.json", '{"YouTube": []}', "should be an object"),
        ("a.json", '{"AudioSet": "Y"}', "no list under 'AudioSet'"),
        ("a.json", '{"AudioSet": ["Yabcdefghijk.wav", "x"]}', "item 1 under 'AudioSet' is no id: 'x'"),
        ("a.json", '{"FreeSound": [true]}', "item 0 under 'FreeSound' is no id: True"),
        ("a.json", '{"FreeSound": ["5"', "no JSON"),
    ],
)
def test_what_is_no_list(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_blacklist(put(tmp_path / name, text))


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(DataError, match="no blacklist 'wavcap'") as raised:
        read_blacklist("wavcap")
    assert "wavcaps-test" in raised.value.hint


def test_a_published_list_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"blacklist_clotho\.full\.csv is not there") as raised:
        read_blacklist("aac-clotho", home=tmp_path)
    assert "https://raw.githubusercontent.com/Labbeti/aac-datasets/" in raised.value.hint
    with pytest.raises(MissingDataError):
        read_blacklist(tmp_path / "gone.csv")


def test_a_published_list_that_was_changed(tmp_path: Path) -> None:
    known = PUBLISHED["dcase2025"]
    path = tmp_path / known.corpus / known.file.path
    path.parent.mkdir(parents=True)
    put(path, "sound_id\n5\n")
    with pytest.raises(DataError, match="is not the published list"):
        read_blacklist("dcase2025", home=tmp_path)
    assert read_blacklist(path).origins == {"freesound:5"}


def test_the_table_is_complete() -> None:
    assert set(REAL) == set(PUBLISHED)
    for known in PUBLISHED.values():
        assert known.file.urls[0].startswith("https://raw.githubusercontent.com/")
        assert len(known.file.sha256 or "") == 64
        assert known.summary


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published lists are not beside this checkout")
@pytest.mark.parametrize("name", list(REAL))
def test_real_lists(tmp_path: Path, name: str) -> None:
    known = PUBLISHED[name]
    path = tmp_path / known.corpus / known.file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(SHARED / REAL[name])
    found = read_blacklist(name, home=tmp_path)
    assert len(found.origins) == known.num_origins
    assert (found.name, found.digest) == (name, known.file.sha256)
    assert path.stat().st_size == known.file.size_bytes
    nameless = {"wavcaps-all": 19, "wavcaps-test": 11, "aac-clotho": 19, "aac-clotho-v2": 1, "dcase2025": 1}
    assert found.num_nameless == nameless.get(name, 0)
