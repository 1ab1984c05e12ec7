"""WavCaps: SoundBible's published file, and small files of the other sources with the keys that their publishers document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.card import Definition
from hearken.data.load import load
from hearken.data.sets.wavcaps import WAVCAPS
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions" / "wavcaps"
TABLES = {
    "freesound": "json_files/FreeSound/fsd_final.json",
    "bbc": "json_files/BBC_Sound_Effects/bbc_final.json",
    "soundbible": "json_files/SoundBible/sb_final.json",
    "audioset": "json_files/AudioSet_SL/as_final.json",
}
ITEMS = {
    "freesound": {
        "id": "180001", "file_name": "Old Kettle.wav", "href": "/people/ann/sounds/180001/", "tags": ["kettle", "kitchen"],
        "description": "My kettle.", "author": "ann", "duration": 3.25, "download_link": "https://freesound.org/x", "caption": "A kettle whistles.",
        "audio": "wav_path",
    },
    "bbc": {
        "description": "Saw", "category": "['Machines', 'Daily Life']", "caption": "Someone saws wood.", "id": "NHU05093027",
        "duration": 138.36, "audio": "/somewhere/else/NHU05093027.wav", "download_link": "https://sound-effects-media.bbcrewind.co.uk/x",
    },
    "soundbible": {
        "title": "Bell", "description": "A bell.", "author": "Ben", "href": "218-Bell.html", "caption": "A bell rings.", "id": "180001",
        "duration": 2, "audio": "wav_path", "download_link": "http://soundbible.com/grab.php?id=218&type=wav",
    },
    "audioset": {"id": "Yb0_-KhbpFJA.wav", "caption": "Wind and speech.", "audio": "wav_path", "duration": 10.0},
}  # fmt: skip


def write(folder: Path, split: str, *items: object, **more: object) -> None:
    path = folder / TABLES[split]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"num_captions_per_audio": 1, "data": list(items)} | more, indent=1), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split, item in ITEMS.items():
        write(tmp_path, split, item)
    return tmp_path


def test_all_four_sources(folder) -> None:
    kettle, saw, bell, wind = load("wavcaps", folder=folder).clips
    assert (kettle.id, kettle.split, kettle.origins, kettle.captions) == (
        "freesound-180001", "freesound", ("freesound:180001",), ("A kettle whistles.",),
    )  # fmt: skip
    assert (kettle.title, kettle.tags, kettle.duration_s, kettle.author) == ("Old Kettle.wav", ("kettle", "kitchen"), 3.25, "ann")
    assert (saw.id, saw.origins, saw.tags, saw.title) == ("bbc-NHU05093027", ("bbc:nhu05093027",), ("Machines", "Daily Life"), "")
    assert (bell.id, bell.origins, bell.title, bell.duration_s) == ("soundbible-180001", ("soundbible:180001",), "Bell", 2.0)
    assert (wind.id, wind.origins, wind.tags) == ("audioset-Yb0_-KhbpFJA", ("youtube:b0_-KhbpFJA",), ())
    assert [clip.audio.rsplit("waveforms/", 1)[1] for clip in (kettle, saw, bell, wind)] == [
        "FreeSound_flac/180001.flac", "BBC_Sound_Effects_flac/NHU05093027.flac", "SoundBible_flac/180001.flac", "AudioSet_SL_flac/Yb0_-KhbpFJA.flac",
    ]  # fmt: skip


def test_a_split_needs_its_file_alone(folder) -> None:
    (folder / TABLES["freesound"]).unlink()
    assert [clip.split for clip in load("wavcaps-bbc", folder=folder).clips] == ["bbc"]
    with pytest.raises(MissingDataError, match=r"fsd_final\.json"):
        load("wavcaps", folder=folder)


def test_categories_may_be_one_or_none(folder) -> None:
    write(folder, "bbc", *({**ITEMS["bbc"], "id": f"0{n}", "category": value} for n, value in enumerate(("Nature", "", None, "[]", ["A"]))))
    assert [clip.tags for clip in load("wavcaps-bbc", folder=folder).clips] == [("Nature",), (), (), (), ("A",)]


def test_a_clip_without_a_caption_stays(folder) -> None:
    write(folder, "audioset", {**ITEMS["audioset"], "caption": " "})
    assert [clip.captions for clip in load("wavcaps-audioset", folder=folder).clips] == [()]


@pytest.mark.parametrize(
    ("split", "change", "match"),
    [
        ("freesound", {"id": "../../x"}, "'id' is none of FreeSound"),
        ("freesound", {"id": "12a"}, "'id' is none of FreeSound"),
        ("freesound", {"id": None}, "'id' is empty"),
        ("freesound", {"id": ["1"]}, "'id' should be text"),
        ("audioset", {"id": "b0_-KhbpFJA"}, "'id' is none of AudioSet_SL"),
        ("audioset", {"id": "Yb0_-KhbpFJA.mp3"}, "'id' is none of AudioSet_SL"),
        ("bbc", {"id": "a/b"}, "'id' is none of BBC"),
        ("bbc", {"category": "[oops"}, "'category' should be a list"),
        ("freesound", {"tags": "[1, 2]"}, "'tags' should be a list"),
        ("soundbible", {"duration": -1}, "'duration' should be a number"),
        ("soundbible", {"duration": "long"}, "'duration' should be a number"),
        ("soundbible", {"title": {}}, "'title' should be text"),
    ],
)  # fmt: skip
def test_faults_name_file_line_and_item(folder, split, change, match) -> None:
    good = ITEMS[split]
    write(folder, split, good, {**good, "id": good["id"][:-1] + "9", **change})
    lines = (folder / TABLES[split]).read_text(encoding="utf-8").splitlines()
    second = [number for number, line in enumerate(lines, start=1) if line == "  {"][1]
    with pytest.raises(DataError, match=rf"{Path(TABLES[split]).name}, line {second}: item 1: .*{match}"):
        load(f"wavcaps-{split}", folder=folder)


def test_missing_keys_doubled_ids_and_other_shapes(folder) -> None:
    write(folder, "audioset", {"id": "Yb0_-KhbpFJA.wav"})
    with pytest.raises(DataError, match="item 0 has no 'caption'"):
        load("wavcaps-audioset", folder=folder)
    write(folder, "audioset", ITEMS["audioset"], ITEMS["audioset"])
    with pytest.raises(DataError, match=r"item 1: .*was there before"):
        load("wavcaps-audioset", folder=folder)
    write(folder, "audioset", data={"a": 1})
    with pytest.raises(DataError, match="there is no list under 'data'"):
        load("wavcaps-audioset", folder=folder)


def test_the_card() -> None:
    assert isinstance(WAVCAPS, Definition)
    assert definition("wavcaps") is WAVCAPS
    assert {split.name: split.num_clips for split in WAVCAPS.card.splits} == {
        "freesound": 262_300, "bbc": 31_201, "soundbible": 1_232, "audioset": 108_317,
    }  # fmt: skip
    assert sum(split.num_captions for split in WAVCAPS.card.splits) == 403_050
    named = [file for file in WAVCAPS.card.files if "blacklist" in file.path]
    assert len(named) == 6
    assert all(file.sha256 and file.urls for file in named)
    assert {file.path for file in WAVCAPS.card.files if not file.urls} == {
        f"Zip_files/{name}/{name}.zip" for name in ("FreeSound", "BBC_Sound_Effects", "AudioSet_SL")
    }
    assert all(file.how for file in WAVCAPS.card.files if not file.urls)
    assert set(TABLES.values()) <= {file.path for file in WAVCAPS.card.files}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not here")
def test_the_published_file_of_soundbible(tmp_path) -> None:
    path = tmp_path / TABLES["soundbible"]
    path.parent.mkdir(parents=True)
    path.write_bytes((SHARED / "SoundBible" / "sb_final.json").read_bytes())
    corpus = load("wavcaps-soundbible", folder=tmp_path)
    assert (len(corpus.clips), corpus.num_captions) == (1_232, 1_232)
    first = corpus.clips[0]
    assert (first.origins, first.captions, first.duration_s, first.author) == (
        ("soundbible:2219",), ("An airplane is landing.",), 14.1424375, "Daniel Simion",
    )  # fmt: skip
    assert sum(clip.duration_s or 0 for clip in corpus.clips) / 3600 == pytest.approx(4.485, abs=0.001)
    assert all(clip.title for clip in corpus.clips)
