"""The tables: the columns of the published one, the manifest, and the published table itself as a list of links."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.collect.entry import Entry, Record
from hearken.data.collect.publish import publish, read_public_table
from hearken.data.load import load
from hearken.errors import DataError, MissingDataError

PUBLIC = Path(__file__).resolve().parents[4] / "shared" / "captions" / "wavtext5k" / "WavText5K.csv"
SECOND = Record(
    Entry("soundbible:10", "v10", "d10", 'Say "A", é', "Two\nlines", ("a", "it's")), "kept", file="audio/x.flac", duration_s=1.23456789
)
FIRST = Record(Entry("soundbible:9", "v9", "d9", "Nine", "", (), "n.wav"), "kept", file="audio/n.flac", duration_s=2.0)
WORDS = Record(Entry("bigsoundbank:0100", "v", "d", "T", "D", fname="0100.wav"), "kept")
GONE = replace(FIRST, state="removed", file="")


def test_tables_by_site_and_number(tmp_path: Path) -> None:
    publish(tmp_path, [SECOND, replace(GONE, entry=replace(GONE.entry, id="soundbible:1")), FIRST, WORDS])
    with (tmp_path / "WavText5K.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["view_link", "download_link", "title", "description", "fname", "tags"],
        ["v", "d", "T", "D", "0100.wav", ""],
        ["v9", "d9", "Nine", "", "n.flac", ""],
        ["v10", "d10", 'Say "A", é', "Two\nlines", "x.flac", "['a', \"it's\"]"],
    ]
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["soundbible:9", "soundbible:10"]
    assert lines[1] == {
        "id": "soundbible:10", "file": "audio/x.flac", "caption": 'Say "A", é. Two\nlines', "title": 'Say "A", é', "tags": ["a", "it's"],
        "duration_s": 1.234568, "origins": ["soundbible:10"],
    }  # fmt: skip
    assert [clip.captions for clip in load(tmp_path / "manifest.jsonl").clips] == [("Nine",), ('Say "A", é. Two\nlines',)]


def test_no_sounds_are_two_empty_tables(tmp_path: Path) -> None:
    publish(tmp_path, [GONE], table="other.csv")
    assert (tmp_path / "other.csv").read_text() == "view_link,download_link,title,description,fname,tags\n"
    assert (tmp_path / "manifest.jsonl").read_text() == ""


def test_what_is_published_can_be_read_as_links(tmp_path: Path) -> None:
    entry = Entry("soundbible:10", "https://soundbible.com/10-A.html", "https://soundbible.com/g", "T", "D", ("a",), "x.flac")
    publish(tmp_path, [replace(SECOND, entry=entry, file="audio/x.flac")])
    assert read_public_table(tmp_path / "WavText5K.csv") == (entry,)


@pytest.mark.parametrize("link", ["https://freesound.org/1-x.html", "https://soundbible.com/about.php", "http://[::1", ""])
def test_other_links_are_refused(tmp_path: Path, link: str) -> None:
    (tmp_path / "t.csv").write_text(f"view_link,download_link,title,description,fname,tags\n{link},,,,,\n")
    with pytest.raises(DataError, match=r"t\.csv, line 2: 'view_link' is"):
        read_public_table(tmp_path / "t.csv")


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        read_public_table(tmp_path / "t.csv")


@pytest.mark.skipif(not PUBLIC.is_file(), reason="the public table is not here")
def test_the_public_table() -> None:
    entries = read_public_table(PUBLIC)
    assert len(entries) == len({entry.id for entry in entries}) == 4525
    assert sum(bool(entry.title) for entry in entries) == 4520
    assert sum(bool(entry.description) for entry in entries) == 4348
    assert sum(bool(entry.tags) for entry in entries) == 2058
    assert (entries[0].id, entries[-1].id) == ("bigsoundbank:0100", "soundbible:7")
    bow = next(entry for entry in entries if entry.id == "soundbible:1780")
    assert bow.tags[7:10] == ("boomerang", "bow and arrow", "crossbow")
    assert not [tag for entry in entries for tag in entry.tags if "<" in tag]
