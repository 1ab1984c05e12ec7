"""Graded relevances: ratings become grades, identifiers become clips of Clotho."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.clotho_graded import CLOTHO_GRADED, read_queries
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not here")
FILES = {
    "text_data/validation_text.csv": 'split,tid,fid,text,tokens\nx,t1,f1,"A dog, barking ","[\'a\']"\nx,t2,f2,Rain,[]\nx,t3,f3,unused,[]\n',
    "relevance_data/validation_relevances.csv": "tid,fid,fid_group,rating\nt2,f1,C15,7\nt1,f2,C15,0\nt2,f2,TP,100\nt1,f1,TP,62.5\nt1,f3,TN,62.5\n",
    "audio_metadata/validation_audio_metadata.csv": ("split,fid,file_name\nx,f1,a.wav\nx,f2, b.wav\nx,f3,Bus(Drive_Reverse)_1-2.wav\n"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_grades_by_clip(folder: Path) -> None:
    rain, dog = load("clotho-graded-validation", folder=folder).queries
    assert (rain.text, rain.relevant) == ("Rain", ((" b.wav", 1.0), ("a.wav", 0.07)))
    assert dog.text == "A dog, barking "
    assert dog.relevant == (("a.wav", 0.625), ("validation/Bus(Drive_Reverse)_1-2.wav", 0.625), (" b.wav", 0.0))


def test_without_metadata_clips_go_by_their_own_ids(folder: Path) -> None:
    (folder / "audio_metadata" / "validation_audio_metadata.csv").unlink()
    rain, _ = read_queries(folder, ["validation"])
    assert rain.relevant == (("f2", 1.0), ("f1", 0.07))


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("relevance_data", lambda text: text + "t9,f1,C15,1\n", "line 7: the table of texts has no such 'tid'"),
        ("relevance_data", lambda text: text + "t2,f9,C15,1\n", "line 7: the metadata has no such 'fid'"),
        ("relevance_data", lambda text: text + "t2,f1,C15,1\n", "line 7: this pair was rated before"),
        ("relevance_data", lambda text: text + "t2,f3,C15,101\n", "line 7: 'rating' is more than 100"),
        ("relevance_data", lambda text: text + "t2,f3,C15,-1\n", "line 7: 'rating' should be a number"),
        ("text_data", lambda text: text.replace("Rain", ""), "line 3: 'text' is empty"),
        ("text_data", lambda text: text + "x,t1,f1,again,[]\n", "line 5: 't1' was there before"),
        ("audio_metadata", lambda text: text + "x,f1,c.wav\n", "line 5: 'f1' was there before"),
    ],
)
def test_faults(folder: Path, path: str, change: Callable[[str], str], message: str) -> None:
    (file,) = (folder / path).iterdir()
    file.write_text(change(file.read_text()))
    with pytest.raises(DataError, match=message):
        list(read_queries(folder, ["validation"]))


def test_missing_tables(folder: Path) -> None:
    with pytest.raises(MissingDataError, match=r"evaluation_text\.csv is not there"):
        list(read_queries(folder, ["evaluation"]))


@pytest.mark.parametrize("path", FILES)
def test_damaged_tables(folder: Path, path: str) -> None:
    others = tuple(folder / other for other in FILES if other != path)
    assert_named_errors(lambda: list(read_queries(folder, ["validation"])), folder / path, seed=41, count=120, others=others)


@real
@pytest.mark.parametrize("split", ["development", "validation", "evaluation"])
def test_published_counts(tmp_path: Path, split: str) -> None:
    for kind, place in (
        ("text_data", "clotho_graded_relevance/text_data"),
        ("relevance_data", "clotho_graded_relevance/relevance_data"),
        ("audio_metadata", "clotho_v2.1"),
    ):
        (tmp_path / kind).symlink_to(SHARED / place)
    queries = list(read_queries(tmp_path, [split]))
    assert len(queries) == len({query.text for query in queries}) == 200
    assert [len(query.relevant) for query in queries] == [17] * 200
    grades = [grade for query in queries for _, grade in query.relevant]
    assert len(grades) == 3400
    assert 0.0 == min(grades) < max(grades) == 1.0
    clips = {clip.id for clip in load(f"clotho-{split}", folder=SHARED / "clotho_v2.1").clips}
    assert {clip for query in queries for clip, _ in query.relevant} <= clips


@real
def test_digests_of_the_card_are_those_of_the_files() -> None:
    for file in CLOTHO_GRADED.card.files:
        path = SHARED / "clotho_graded_relevance" / file.path
        path = path if path.is_file() else SHARED / "clotho_v2.1" / path.name
        assert path.stat().st_size == file.size_bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
