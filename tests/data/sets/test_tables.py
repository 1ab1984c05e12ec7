"""Users' own tables: the names of columns, joined rows, lists in cells, and lines in messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.leakage import find_leaks
from hearken.data.load import load
from hearken.data.sets.tables import COLUMNS, SUFFIXES, load_table, read_clips
from hearken.errors import DataError, MissingDataError

FULL = (
    "file,caption,label,split,title,duration,start_time,license,author,other\n"
    'a/rain.wav,"Rain falls, softly.",rain;weather,train,Rain,2.5,1,CC0,Ann,x\n'
    "b.wav,A dog barks.,dog,test,,,,,,\n"
    "a/rain.wav,It is raining.,rain,train,,,,,,\n"
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_a_file_are_one_clip(tmp_path) -> None:
    corpus = load(write(tmp_path, "mine.csv", FULL))
    rain, dog = corpus.clips
    assert rain.captions == ("Rain falls, softly.", "It is raining.")
    assert (rain.id, rain.audio, rain.split, rain.title, rain.tags) == ("a/rain.wav", "a/rain.wav", "train", "Rain", ("rain", "weather"))
    assert (rain.duration_s, rain.start_s, rain.licence, rain.author) == (2.5, 1.0, "CC0", "Ann")
    assert (dog.duration_s, dog.start_s, dog.captions) == (None, None, ("A dog barks.",))
    assert corpus.splits == ("train", "test")
    assert corpus.folder == tmp_path
    assert corpus.num_captions == 3


def test_a_file_in_two_splits_is_a_clip_of_each(tmp_path) -> None:
    rows = "a.wav,train,one\na.wav,test,two\na.wav,test,three\ntest/a.wav,test,four\n"
    corpus = load(write(tmp_path, "mine.csv", f"file,split,caption\n{rows}"))
    assert [(clip.id, clip.split, clip.audio, clip.captions) for clip in corpus.clips] == [
        ("a.wav", "train", "a.wav", ("one",)),
        ("test/a.wav", "test", "a.wav", ("two", "three")),
        ("test/test/a.wav", "test", "test/a.wav", ("four",)),
    ]
    write(tmp_path, "a.wav", "x")
    training, held_out = corpus.only(["train"]), corpus.only(["test"])
    assert find_leaks(training, held_out).leaked_ids == {"a.wav"}  # it would be hidden if the rows were joined


def test_all_kinds_hold_the_same(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    records = [{"path": "x.wav", "captions": ["one", "two"], "tags": ["a", "b"]}, {"path": "y.wav", "captions": ["three"], "tags": []}]
    write(tmp_path, "t.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    write(tmp_path, "t.json", json.dumps(records))
    write(tmp_path, "u.json", json.dumps({"num_captions_per_audio": 2, "data": records}))
    write(tmp_path, "t.csv", "path,caption_1,caption_2,tags\nx.wav,one,two,\"['a', 'b']\"\ny.wav,three,,[]\n")
    write(tmp_path, "t.tsv", "path\tcaption_1\tcaption_2\ttags\nx.wav\tone\ttwo\ta;b\ny.wav\tthree\t\t\n")
    parquet.write_table(pa.Table.from_pylist(records), tmp_path / "t.parquet")
    names = ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet"]
    assert [Path(name).suffix for name in names] == list(SUFFIXES)
    found = {name: load_table(tmp_path / name).clips for name in [*names, "u.json"]}
    assert {len(clips) for clips in found.values()} == {2}
    assert found["t.csv"][0].captions == ("one", "two")
    assert found["t.csv"][0].tags == ("a", "b")
    assert all(clips == found["t.csv"] for clips in found.values())


def test_ten_captions_are_in_the_order_of_their_numbers(tmp_path) -> None:
    numbers = range(1, 11)
    header = ",".join(f"caption_{number}" for number in numbers)
    path = write(tmp_path, "t.csv", f"file,{header}\nx.wav,{','.join(f'c{number}' for number in numbers)}\n")
    assert load_table(path).clips[0].captions == tuple(f"c{number}" for number in numbers)


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("t.csv", "file,caption\na.wav,x\n,y\n", "line 3", "there is no file; its column is one of file, file_name"),
        ("t.csv", "caption\nx\n", "line 2", "there is no file"),
        ("t.csv", "file,duration\na.wav,long\n", "line 2", "'duration' should be a number, not 'long'"),
        ("t.csv", "file,tags\na.wav,\"['a', 3]\"\n", "line 2", "'tags' should be a list"),
        ("t.csv", "file,tags\na.wav,[a\nb.wav,]a[]\n", None, None),
        ("t.csv", "file,caption\n", None, "there is no clip in it"),
        ("t.jsonl", '{"file": "a.wav"}\n{"file": 3}\n', "line 2", "'file' should be text, not '3'"),
        ("t.json", '{"clips": []}', None, "there is no list under 'data'"),
        ("t.parquet", "no parquet", None, "this is no Parquet file"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, name, text, where, what) -> None:
    path = write(tmp_path, name, text)
    if what is None:
        assert [clip.tags for clip in load_table(path).clips] == [("[a",), ("]a[]",)]
        return
    with pytest.raises(DataError) as caught:
        load_table(path)
    assert what in caught.value.message
    assert f"{path}, {where}" in caught.value.message if where else str(path) in caught.value.message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_that_is_not_there(tmp_path, suffix) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with pytest.raises(MissingDataError, match="is not there"):
        load_table(tmp_path / f"t{suffix}")


def test_sound_inside_a_table_becomes_a_file_once(tmp_path, monkeypatch) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "home"))
    sounds = [{"bytes": b"RIFF1", "path": "a.wav"}, {"bytes": None, "path": "b.wav"}, {"bytes": b"RIFF1", "path": "c.wav"}]
    parquet.write_table(
        pa.Table.from_pylist([{"audio": sound, "text": str(n), "label": n} for n, sound in enumerate(sounds)]), tmp_path / "t.parquet"
    )
    first, second = load_table(tmp_path / "t.parquet").clips
    assert Path(first.audio).read_bytes() == b"RIFF1"
    assert first.captions == ("0", "2")  # equal sounds are one clip
    assert first.tags == ("0",)
    assert (second.audio, second.captions) == ("b.wav", ("1",))
    assert len([path for path in (tmp_path / "home").rglob("*") if path.is_file()]) == 1


def test_a_group_is_an_origin_of_the_users_own(tmp_path) -> None:
    text = "file,group,origins\na.wav,take 1,freesound:1\nb.wav,take 1,\nc.wav,,\n"
    clips = load_table(write(tmp_path, "t.csv", text)).clips
    assert [clip.origins for clip in clips] == [("freesound:1", "group:take 1"), ("group:take 1",), ()]
    (numbered,) = load_table(write(tmp_path, "t.jsonl", '{"file": "a.wav", "group": 7}\n')).clips
    assert numbered.origins == ("group:7",)


def test_every_name_of_a_column_means_one_thing() -> None:
    names = [name for several in COLUMNS.values() for name in several]
    assert len(names) == len(set(names))
    assert list(read_clips([])) == []
