"""The hidden evaluation set: clips and queries that know nothing of each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.dcase_retrieval import DCASE_RETRIEVAL, audio_name, read, read_queries
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors

TABLE = "file_name,keywords,sound_id,sound_link,start_end_samples,manufacturer,license\r\n"
ROWS = 'raindrops on metal: police background.wav,rain;metal,12,x,"[0, 661500]",me,cc\r\nb.wav,,Not found,,,,\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "retrieval_audio_metadata.csv").write_bytes((TABLE + ROWS).encode())
    (tmp_path / "retrieval_captions.csv").write_bytes(b'caption\r\n"Rain, falling. "\r\nA dog\r\nA dog\r\n')
    return tmp_path


def test_clips_and_queries(folder: Path) -> None:
    corpus = load("dcase-retrieval", folder=folder)
    first, second = corpus.clips
    assert (first.id, first.split) == ("raindrops on metal: police background.wav", "test")
    assert first.audio == "test/raindrops on metal_police background.wav"
    assert (first.tags, first.duration_s, first.origins, first.captions) == (("rain", "metal"), 15.0, ("freesound:12",), ())
    assert (second.id, second.audio, second.origins) == ("b.wav", "test/b.wav", ())
    assert [query.text for query in corpus.queries] == ["Rain, falling. ", "A dog", "A dog"]  # equal queries are both asked
    assert all(query.relevant == () for query in corpus.queries)


def test_names_in_the_archive() -> None:
    """The three names with a colon, and what aac-datasets found them to be in the archive."""
    for name, found in {
        "raindrops on metal: police background.wav": "raindrops on metal_police background.wav",
        "Intersection Wet : Metro Pass.wav": "Intersection Wet_Metro Pass.wav",
        "Kitchen Roomtone w: Dripping Faucet_1-2.wav": "Kitchen Roomtone w_Dripping Faucet_1-2.wav",
        "plain name.wav": "plain name.wav",
    }.items():
        assert audio_name(name) == found


def test_card_counts() -> None:
    (split,) = DCASE_RETRIEVAL.card.splits
    assert (split.num_clips, split.num_captions, split.num_queries) == (1000, 0, 1000)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"retrieval_audio_metadata\.csv"):
        list(read(tmp_path, ["test"]))
    with pytest.raises(MissingDataError, match=r"retrieval_captions\.csv"):
        list(read_queries(tmp_path, ["test"]))


def test_faults(folder: Path) -> None:
    (folder / "retrieval_captions.csv").write_text('caption\n" "\n')
    with pytest.raises(DataError, match="line 2: 'caption' is empty"):
        list(read_queries(folder, ["test"]))
    (folder / "retrieval_captions.csv").write_text("text\na\n")
    with pytest.raises(DataError, match="line 1: the column 'caption' is missing"):
        list(read_queries(folder, ["test"]))


def test_damaged_tables(folder: Path) -> None:
    assert_named_errors(lambda: list(read(folder, ["test"])), folder / "retrieval_audio_metadata.csv", seed=21, count=200)
    (folder / "retrieval_captions.csv").write_bytes(b'caption,n\r\n"Rain, ""falling"". ",1\r\nA dog,2\r\n')
    assert_named_errors(lambda: list(read_queries(folder, ["test"])), folder / "retrieval_captions.csv", seed=22, count=150)
