"""The multiple matches of DCASE 2025 and the list of what training must leave out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hearken.data.blacklists import PUBLISHED, read_blacklist
from hearken.data.load import load
from hearken.data.sets.dcase2025 import DCASE2025, read_queries
from hearken.errors import DataError
from tests.data.mutants import assert_named_errors

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the published files are not here")
TABLE = 'query,audio_filenames\n"A dog, barking ","[\'a.wav\', ""it\'s.wav""]"\nRain,[\'b.wav\']\n'


def write(folder: Path, text: str = TABLE) -> Path:
    (folder / "metadata_eval.csv").write_text(text)
    return folder


def test_queries(tmp_path: Path) -> None:
    dog, rain = load("dcase2025", folder=write(tmp_path)).queries
    assert (dog.text, dog.relevant) == ("A dog, barking ", (("a.wav", 1.0), ("it's.wav", 1.0)))
    assert (rain.text, rain.relevant) == ("Rain", (("b.wav", 1.0),))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,[]", "line 4: 'audio_filenames' should be a list of one or more"),
        ("x,\"['a', 'a']\"", "line 4: 'audio_filenames' should be a list of one or more different"),
        ("x,a.wav", "line 4: 'audio_filenames' should be a list, not 'a.wav'"),
        ("Rain,['c.wav']", "line 4: 'Rain' was there before, as record 2"),
    ],
)
def test_faults(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_queries(write(tmp_path, TABLE + row + "\n"), ["evaluation"]))


def test_damaged_tables(tmp_path: Path) -> None:
    write(tmp_path)
    assert_named_errors(lambda: list(read_queries(tmp_path, ["evaluation"])), tmp_path / "metadata_eval.csv", seed=51, count=300)


@real
def test_published_counts() -> None:
    folder = SHARED / "dcase2025_relevance"
    queries = load("dcase2025-evaluation", folder=folder).queries
    numbers = [len(query.relevant) for query in queries]
    assert (len(queries), sum(numbers), max(numbers)) == (1037, 3116, 12)
    clips = {clip.id: clip.captions for clip in load("clotho-evaluation", folder=SHARED / "clotho_v2.1").clips}
    assert all(clip in clips for query in queries for clip, _ in query.relevant)
    own = sum(any(query.text in clips[clip] for clip, _ in query.relevant) for query in queries)
    assert own == 991  # as the card says
    assert {query.text for query in queries} <= {caption for captions in clips.values() for caption in captions}
    assert len(read_blacklist(folder / PUBLISHED["dcase2025"].file.path).origins) == 3079


@real
def test_digests_of_the_card_are_those_of_the_files() -> None:
    for file in DCASE2025.card.files:
        path = SHARED / "dcase2025_relevance" / file.path
        assert path.stat().st_size == file.size_bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
