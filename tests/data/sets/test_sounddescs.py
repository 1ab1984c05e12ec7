"""SoundDescs: the published lists and the BBC's catalogue, and pickles of the published kind made here."""

from __future__ import annotations

import collections
import json
import os
import pickle
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.sounddescs import SOUNDDESCS
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions" / "bbc_sound_effects"
LISTS = {"train": "07000001\nnhu05000002\r\n\n07000003\n", "val": "07000004\n", "test": "nhu1383-27\n"}
CATALOGUE = (
    '"location","description","secs","category","CDNumber","CDName","tracknum"\n'
    '"07000001.wav","Pump, ""start"", run.","19","Pumps","EC1","Pumps","1"\n'
    '"NHU05000002.wav","Owl — calling.","7.5","","EC2","Birds","2"\n'
    '"07000004.wav","","","","EC2","Birds","3"\n'
)


def dumped(values: dict[str, object]) -> bytes:
    """A pickle as the publisher's: a defaultdict of protocol 3."""
    made: collections.defaultdict[str, object] = collections.defaultdict(list)
    made.update(values)
    return pickle.dumps(made, protocol=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split, text in LISTS.items():
        (tmp_path / f"{split}_list.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "BBCSoundEffects.csv").write_text(CATALOGUE, encoding="utf-8")
    return tmp_path


def test_the_catalogue_stands_in_for_the_descriptions(folder) -> None:
    corpus = load("sounddescs", folder=folder)
    assert [(clip.id, clip.split, clip.captions, clip.duration_s) for clip in corpus.clips] == [
        ("07000001", "train", ('Pump, "start", run.',), 19.0),
        ("nhu05000002", "train", ("Owl — calling.",), 7.5),
        ("07000003", "train", (), None),
        ("07000004", "val", (), None),
        ("nhu1383-27", "test", (), None),
    ]
    assert corpus.clips[1].origins == ("bbc:nhu05000002",)
    assert corpus.clips[1].audio == "audios/nhu05000002/nhu05000002.wav"


def test_the_pickles_count_where_they_are_there(folder) -> None:
    (folder / "descriptions.pkl").write_bytes(dumped({"07000001": "A pump.", "07000003": [" Rain. ", "It rains."], "07000004": " "}))
    (folder / "categories.pkl").write_bytes(dumped({"07000001": ["Machines", "Transport"], "nhu05000002": ["None"]}))
    clips = {clip.id: clip for clip in load("sounddescs", folder=folder).clips}
    assert {name: clip.captions for name, clip in clips.items() if clip.captions} == {
        "07000001": ("A pump.",), "07000003": (" Rain. ", "It rains."),
    }  # fmt: skip
    assert clips["07000001"].duration_s == 19.0
    assert {name: clip.tags for name, clip in clips.items() if clip.tags} == {"07000001": ("Machines", "Transport")}
    (folder / "BBCSoundEffects.csv").unlink()
    assert load("sounddescs-test", folder=folder).clips[0].duration_s is None


def test_categories_may_be_json(folder) -> None:
    (folder / "sounddescs_categories.json").write_text(json.dumps({"07000004": ["Clocks"]}), encoding="utf-8")
    assert load("sounddescs-val", folder=folder).clips[0].tags == ("Clocks",)


def test_a_pickle_that_would_run_code_is_refused(folder) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(folder / "it ran"),)

    for name in ("descriptions.pkl", "categories.pkl"):
        (folder / name).write_bytes(pickle.dumps({"07000001": Bomb()}))
        with pytest.raises(DataError, match=rf"{name}: this pickle cannot be read: it asks for '(posix|nt)\.mkdir'"):
            load("sounddescs", folder=folder)
        (folder / name).unlink()
    assert not (folder / "it ran").exists()


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("train_list.txt", b"07000001\n../etc\n", r"train_list\.txt, line 2: this is no identifier"),
        ("train_list.txt", b"NHU05000002\n", "line 1: this is no identifier"),
        ("val_list.txt", b"07000004\n\n07000001\n", r"val_list\.txt, line 3: 07000001 was there before"),
        ("test_list.txt", b"\xff\xfe0\x00", r"test_list\.txt, line 1: this is not UTF-8"),
        ("BBCSoundEffects.csv", b"location,description\na.wav,b\n", "line 1: the column 'secs' is missing"),
        ("BBCSoundEffects.csv", b"location,description,secs\na.wav,b,1\na.wav,c,2\n", "line 3: 'a.wav' was there before"),
        ("BBCSoundEffects.csv", b"location,description,secs\na.wav,b,soon\n", "line 2: 'secs' should be a number"),
        ("BBCSoundEffects.csv", b'location,description,secs\na.wav,"b,1\n', "line 2: this is no CSV"),
        ("descriptions.pkl", dumped({"07000001": 5}), r"descriptions\.pkl: what stands under '07000001' is no text"),
        ("descriptions.pkl", dumped({"07000001": [5]}), "is no text"),
        ("descriptions.pkl", pickle.dumps(["a"]), "no dictionary of identifiers"),
        ("descriptions.pkl", pickle.dumps({5: "a"}), "under '5' is no text"),
        ("descriptions.pkl", dumped(LISTS)[:-9], r"descriptions\.pkl: this pickle cannot be read"),
        ("categories.json", b'{"07000001": {"a": 1}}', r"categories\.json: what stands under '07000001' is no text"),
        ("categories.json", b'{"07000001":\n ["a", }', r"categories\.json, line 2: this is no JSON"),
        ("categories.json", b'{"07000001": "a\\u0000"}', "a character that is no text"),
    ],
)  # fmt: skip
def test_faults_name_the_file(folder, name, content, match) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=match) as caught:
        load("sounddescs", folder=folder)
    assert name in caught.value.message


def test_without_any_descriptions_it_says_what_is_missing(folder) -> None:
    (folder / "BBCSoundEffects.csv").unlink()
    with pytest.raises(MissingDataError, match=r"Neither descriptions\.pkl nor BBCSoundEffects\.csv"):
        load("sounddescs", folder=folder)
    (folder / "BBCSoundEffects.csv").write_text(CATALOGUE, encoding="utf-8")
    (folder / "val_list.txt").unlink()
    with pytest.raises(MissingDataError, match=r"val_list\.txt"):
        load("sounddescs", folder=folder)


def test_the_card() -> None:
    assert definition("sounddescs") is SOUNDDESCS
    assert [(split.name, split.num_clips) for split in SOUNDDESCS.card.splits] == [("train", 23_085), ("val", 4_947), ("test", 4_947)]
    assert "11 160" in " ".join(SOUNDDESCS.card.notes)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not here")
def test_the_published_lists_and_the_catalogue() -> None:
    corpus = load("sounddescs", folder=SHARED)
    assert {split.name: split.num_clips for split in SOUNDDESCS.card.splits} == dict(
        collections.Counter(clip.split for clip in corpus.clips)
    )
    assert collections.Counter(clip.split for clip in corpus.clips if clip.captions) == {"train": 11_160, "val": 2_386, "test": 2_464}
    assert all(clip.duration_s for clip in corpus.clips if clip.captions)
    assert sum(bool(clip.tags) for clip in corpus.clips) == 32_272
    assert all(clip.origins == (f"bbc:{clip.id}",) for clip in corpus.clips)
