"""One way in: names, splits, paths, and what happens where a name is both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.errors import DataError, MissingDataError

ACT = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\nYabcdefghijk.wav,a,b,c,d,e\n"
GPT = '[{"path": "x/development/a.wav", "caption": "one", "variations": ["uno", "un"]}]'
MATCHES = "query,audio_filenames\none,\"['a.wav', 'b.wav']\"\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "home"))
    for name, file, text in (
        ("audiocaps-act", "val.csv", ACT),
        ("audiocaps-act", "test.csv", ACT.replace("ijk", "xyz")),
        ("clotho-gpt", "variations.json", GPT),
        ("dcase2025", "metadata_eval.csv", MATCHES),
    ):
        (tmp_path / "home" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name / file).write_text(text)
    return tmp_path / "home"


def test_a_split_by_its_name(home: Path) -> None:
    corpus = load("audiocaps-act-val")
    assert (corpus.reference, corpus.folder, corpus.splits) == ("audiocaps-act-val", home / "audiocaps-act", ("val",))
    assert [clip.id for clip in corpus.clips] == ["abcdefghijk"]
    assert [clip.id for clip in load("audiocaps-act-test").clips] == ["abcdefghxyz"]


def test_the_whole_corpus_needs_all_its_files(home: Path) -> None:
    with pytest.raises(MissingDataError, match=r"train\.csv is not there") as caught:
        load("audiocaps-act")
    assert "hearken data prepare audiocaps-act" in caught.value.hint


def test_another_folder(home: Path, tmp_path: Path) -> None:
    (home / "audiocaps-act").rename(tmp_path / "elsewhere")
    assert load("audiocaps-act-val", folder=tmp_path / "elsewhere").folder == tmp_path / "elsewhere"
    with pytest.raises(MissingDataError):
        load("audiocaps-act-val")


def test_queries_and_variations(home: Path) -> None:
    assert [(query.text, query.relevant) for query in load("dcase2025").queries] == [("one", (("a.wav", 1.0), ("b.wav", 1.0)))]
    (found,) = load("clotho-gpt").variations
    assert (found.clip, found.caption, found.texts) == ("a.wav", "one", ("uno", "un"))
    assert load("clotho-gpt").clips == load("dcase2025").clips == ()


def test_a_name_is_meant_before_a_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    (home / "audiocaps-mine.csv").write_text("file,caption\na.wav,a dog\n")
    assert load("dcase2025").queries  # although there is a folder of that name here
    assert [clip.captions for clip in load("audiocaps-mine.csv").clips] == [("a dog",)]
    assert [clip.captions for clip in load(Path("audiocaps-mine.csv")).clips] == [("a dog",)]
    with pytest.raises(DataError, match=r"audiocaps has no split 'yours\.csv'"):
        load("audiocaps-yours.csv")


def test_a_folder_that_is_called_like_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "esc50").mkdir()
    (tmp_path / "esc50" / "rain.wav").touch()
    for reference in (Path("esc50"), "./esc50"):
        mine = load(reference)
        assert mine.reference == os.path.join(".", "esc50")  # never to be taken for the corpus of that name
        assert load(mine.reference) == mine


@pytest.mark.parametrize("reference", ["cloto", "a\0b", "x" * 5000, "\ud800", ""])
def test_unknown_references(home: Path, reference: str) -> None:
    with pytest.raises(DataError, match="There is no corpus"):
        load(reference)


def test_a_file_that_is_no_table_and_a_table_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"notes\.txt is no table that can be read") as other:
        load(str(tmp_path / "notes.txt"))
    assert ".csv" in other.value.hint
    with pytest.raises(MissingDataError, match=r"absent\.csv is not there") as absent:
        load(str(tmp_path / "absent.csv"))
    assert absent.value.hint == "Check the path."
