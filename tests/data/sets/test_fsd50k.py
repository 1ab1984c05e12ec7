"""FSD50K: small files in the published layout (the real ones are not here)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.fsd50k import FSD50K
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

DEV = (
    "fname,labels,mids,split\n"
    '64760,"Electric_guitar,Guitar,Music","/m/02sgy,/m/0342h,/m/04rlf",train\n'
    '16399,"Bark,Dog","/m/05tny_,/m/0bt9lr",val\n'
    "21914,Rain,/m/06mb1,train\n"
)
EVAL = 'fname,labels,mids\n37199,"Rain,Water","/m/06mb1,/m/0838f"\n'
ABOUT = {
    "64760": {"title": "riff.wav", "description": "electric", "tags": ["guitar"], "license": "http://cc.example/by/", "uploader": "ann"}
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("ground_truth/dev.csv", DEV),
        ("ground_truth/eval.csv", EVAL),
        ("metadata/dev_clips_info_FSD50K.json", json.dumps(ABOUT)),
    ):
        path = tmp_path / f"FSD50K.{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_clips_have_labels_and_no_captions(folder) -> None:
    corpus = load("fsd50k", folder=folder)
    guitar, dog, rain, water = corpus.clips
    assert corpus.num_captions == 0
    assert [clip.split for clip in corpus.clips] == ["train", "val", "train", "eval"]
    assert (guitar.id, guitar.audio, guitar.origins) == ("64760", "FSD50K.dev_audio/64760.wav", ("freesound:64760",))
    assert (guitar.tags, guitar.title, guitar.licence, guitar.author) == (
        ("Electric_guitar", "Guitar", "Music"), "riff.wav", "http://cc.example/by/", "ann",
    )  # fmt: skip
    assert (dog.tags, dog.title, dog.licence) == (("Bark", "Dog"), "", "")
    assert rain.tags == ("Rain",)
    assert water.audio == "FSD50K.eval_audio/37199.wav"


def test_splits_are_read_from_the_files_that_they_need(folder) -> None:
    assert [clip.id for clip in load("fsd50k-val", folder=folder).clips] == ["16399"]
    (folder / "FSD50K.ground_truth" / "dev.csv").unlink()
    assert [clip.id for clip in load("fsd50k-eval", folder=folder).clips] == ["37199"]
    with pytest.raises(MissingDataError, match=r"dev\.csv"):
        load("fsd50k-train", folder=folder)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("mids,split", "mids,part", r"dev\.csv, line 1: the column 'split'"),
        ("\n16399", "\n../16399", r"dev\.csv, line 3: 'fname' should be a Freesound id"),
        ("\n21914", "\n64760", r"dev\.csv, line 4: '64760' was there before"),
        ("/m/06mb1,train", "/m/06mb1,test", r"dev\.csv, line 4: 'split' should be train or val"),
        ("21914,Rain", "21914,", r"dev\.csv, line 4: 'labels' is empty"),
        ('"Bark,Dog"', "Bark,Dog", r"dev\.csv, line 3: there are 5 cells"),
    ],
)
def test_faults_name_the_line(folder, old, new, match) -> None:
    assert old in DEV
    (folder / "FSD50K.ground_truth" / "dev.csv").write_text(DEV.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=match):
        load("fsd50k", folder=folder)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[]", "no object of Freesound ids"),
        ('{"64760": 3}', "under '64760' is no object"),
        ('{"64760": {"title": []}}', "'title' should be text"),
        ('{"64760": {\n"title": }}', "line 2: this is no JSON"),
    ],
)
def test_faults_of_the_metadata_are_named(folder, text, match) -> None:
    (folder / "FSD50K.metadata" / "dev_clips_info_FSD50K.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"dev_clips_info_FSD50K\.json.*{match}"):
        load("fsd50k", folder=folder)


def test_the_card() -> None:
    assert definition("fsd50k") is FSD50K
    sizes = {split.name: split.num_clips for split in FSD50K.card.splits}
    assert sizes["train"] + sizes["val"] == 40_966
    assert sum(sizes.values()) == 51_197
    audio = [file for file in FSD50K.card.files if file.holds == "audio"]
    assert sum(file.size_bytes or 0 for file in audio) == 24_671_691_926
    assert [file.path for file in audio if file.unpack_to] == ["FSD50K.dev_audio.zip", "FSD50K.eval_audio.zip"]
    assert all(file.md5 and len(file.md5) == 32 for file in FSD50K.card.files)
