"""Variations of captions, in the layout of the paper's authors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.clotho_gpt import read_variations_file
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors

RECORD = {
    "idx": 0, "path": "/data/clotho_v2/development/a b.wav", "caption": "A dog barks ", "query": "q", "response": {"choices": []},
    "variations": ["A dog is barking.", " Barking of a dog. ", ""], "finish_reason": "stop", "usage": 12,
}  # fmt: skip


def write(path: Path, *records: object) -> Path:
    path.write_text(json.dumps(list(records), indent=1), encoding="utf-8")
    return path


def test_records_of_the_authors(tmp_path: Path) -> None:
    (found,) = read_variations_file(write(tmp_path / "variations.json", RECORD))
    assert (found.clip, found.caption, found.texts) == ("a b.wav", "A dog barks ", ("A dog is barking.", "Barking of a dog."))
    assert load("clotho-gpt", folder=tmp_path).variations == (found,)


@pytest.mark.parametrize(
    ("values", "clip"),
    [
        ({"path": "C:\\x\\development\\a.wav"}, "a.wav"),
        ({"path": "a.wav"}, "a.wav"),
        ({"path": "/x/development/FREEZER_DOOR_OPEN_CLOSE.wav"}, "development/FREEZER_DOOR_OPEN_CLOSE.wav"),
        ({"path": "/x/evaluation/FREEZER_DOOR_OPEN_CLOSE.wav"}, "FREEZER_DOOR_OPEN_CLOSE.wav"),
        ({"clip": "r1nicOVtvkQ", "path": "train/Yr1nicOVtvkQ.wav"}, "r1nicOVtvkQ"),
    ],
)
def test_the_clip_is_named_by_its_id(tmp_path: Path, values: dict[str, str], clip: str) -> None:
    (found,) = read_variations_file(write(tmp_path / "v.json", {**RECORD, **values}))
    assert found.clip == clip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"variations": []}, "there is no variation in it"),
        ({"variations": ["", " "]}, "there is no variation in it"),
        ({"variations": None}, "there is no variation in it"),
        ({"variations": "one two"}, "'variations' should be a list"),
        ({"variations": [1]}, "'variations' should be a list"),
        ({"caption": ""}, "'caption' is empty"),
        ({"path": "x/"}, "'path' should be a file name"),
        ({"path": None}, "'path' is empty"),
        ({"clip": 5}, "'clip' should be text"),
    ],
)
def test_faults(tmp_path: Path, values: dict[str, object], message: str) -> None:
    path = write(tmp_path / "v.json", RECORD, {**RECORD, **values})
    with pytest.raises(DataError, match=rf"v\.json, line \d+: item 1: {message}"):
        list(read_variations_file(path))


def test_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"variations\.json is not there"):
        load("clotho-gpt-development", folder=tmp_path)
    with pytest.raises(DataError, match="item 0 has no 'variations'"):
        list(read_variations_file(write(tmp_path / "v.json", {"caption": "a", "path": "b"})))


def test_damaged_files(tmp_path: Path) -> None:
    path = write(tmp_path / "v.json", RECORD, {**RECORD, "caption": "é", "path": "development\\b.wav"})
    assert_named_errors(lambda: list(read_variations_file(path)), path, seed=31, count=300)
