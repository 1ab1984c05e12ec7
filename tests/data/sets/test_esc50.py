"""ESC-50: a small table in the published layout (the real one is not here)."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.esc50 import ESC50
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

TABLE = (
    "filename,fold,target,category,esc10,src_file,take\n"
    "1-85362-A-0.wav,1,0,dog,True,85362,A\n"
    "5-104475-A-37.wav,5,37,clock_alarm,False,104475,A\n"
    "1-17367-B-10.wav,1,10,rain,True,17367,B\n"
)


def write(folder: Path, text: str = TABLE, inside: str = "ESC-50-master") -> Path:
    path = folder / inside / "meta" / "esc50.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_clips_have_a_label_and_no_captions(tmp_path) -> None:
    corpus = load("esc50", folder=write(tmp_path))
    dog, clock, rain = corpus.clips
    assert corpus.num_captions == 0
    assert (dog.id, dog.split, dog.audio, dog.tags) == ("1-85362-A-0", "fold1", "ESC-50-master/audio/1-85362-A-0.wav", ("dog",))
    assert (dog.origins, dog.duration_s, dog.licence) == (("freesound:85362",), 5.0, "CC BY")
    assert (clock.split, clock.tags, clock.licence, clock.origins) == ("fold5", ("clock_alarm",), "CC BY-NC", ("freesound:104475",))
    assert [clip.id for clip in load("esc50-fold1", folder=tmp_path).clips] == [dog.id, rain.id]


def test_the_folder_may_be_the_archive_itself(tmp_path) -> None:
    assert load("esc50", folder=write(tmp_path, inside=".")).clips[0].audio == "audio/1-85362-A-0.wav"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("esc10,", "esc11,", "line 1: the column 'esc10'"),
        ("A-37.wav,5,", "A-37.wav,6,", "line 3: 'fold' should be 1 to 5"),
        ("dog,True", "dog,yes", "line 2: 'esc10' should be True or False"),
        ("rain,True,17367", "rain,True,x", "line 4: 'src_file' should be a Freesound id"),
        ("rain,True", ",True", "line 4: 'category' is empty"),
        ("1-17367-B-10.wav", "../1-17367-B-10.wav", "line 4: 'filename' should be a file name"),
        ("1-17367-B-10.wav", "1-85362-A-0.wav", "line 4: '1-85362-A-0.wav' was there before"),
    ],
)
def test_faults_name_the_line(tmp_path, old, new, match) -> None:
    assert old in TABLE
    with pytest.raises(DataError, match=rf"esc50\.csv, {match}"):
        load("esc50", folder=write(tmp_path, TABLE.replace(old, new)))


def test_the_card_and_a_missing_table(tmp_path) -> None:
    assert definition("esc50") is ESC50
    assert sum(split.num_clips for split in ESC50.card.splits) == 2_000
    assert "NC" in ESC50.card.licence
    with pytest.raises(MissingDataError, match=r"esc50\.csv"):
        load("esc50", folder=tmp_path)
