"""The few sounds of smoke runs: imitated ones, and those of a corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.data.load import load
from hearken.data.sets.clotho_gpt import read_variations_file
from hearken.errors import MissingDataError
from hearken.text.wordvec import read_vectors
from hearken.train.recipes.smoke_data import Material, write_material


@pytest.fixture(scope="module")
def imitated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Material]:
    folder = tmp_path_factory.mktemp("smoke")
    return folder, write_material(folder)


def test_imitated_sounds(imitated: tuple[Path, Material]) -> None:
    _, material = imitated
    corpus = load(material.table)
    assert [sum(clip.split == split for clip in corpus.clips) for split in ("train", "validation", "test")] == [6, 3, 3]
    assert sum(len(clip.captions) for clip in corpus.clips if clip.split == "train") == 8
    assert all(Path(clip.audio).is_file() for clip in corpus.clips)
    varied = {(each.clip, each.caption): each.texts for each in read_variations_file(material.variations)}
    assert all(len(varied[clip.id, caption]) == 3 for clip in corpus.clips for caption in clip.captions)
    vectors = read_vectors(material.words)
    assert vectors.vectors.shape == (len(vectors.words), 300)
    assert {"rain", "is", "falling"} <= set(vectors.words)


def test_what_is_there_is_not_written_again(imitated: tuple[Path, Material]) -> None:
    folder, material = imitated
    before = material.table.stat().st_mtime_ns
    assert write_material(folder) == material
    assert material.table.stat().st_mtime_ns == before


def corpus_of(folder: Path, splits: list[str]) -> Path:
    (folder / "sounds").mkdir()
    rows = []
    for number, split in enumerate(splits):
        (folder / f"sounds/{number}.wav").write_bytes(b"RIFF")
        rows.append(
            {"file": f"sounds/{number}.wav", "split": split, "caption": f"Sound {number}.", "duration_s": 99.0 if number == 1 else 3.0}
        )
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_clips_of_a_corpus_are_of_its_training_split_and_not_long(tmp_path: Path) -> None:
    table = corpus_of(tmp_path, ["dev", "train"] * 14)
    clips = load(write_material(tmp_path / "smoke", str(table)).table).clips
    assert [int(Path(clip.audio).stem) for clip in clips] == list(range(3, 27, 2))


def test_too_small_a_corpus(tmp_path: Path) -> None:
    table = corpus_of(tmp_path, ["all"] * 12)
    with pytest.raises(MissingDataError, match=r"has 11 clips .* a smoke run needs 12"):
        write_material(tmp_path / "smoke", str(table))


def test_the_words_are_always_the_same(tmp_path: Path) -> None:
    table = corpus_of(tmp_path, ["all"] * 14)
    one, other = (read_vectors(write_material(tmp_path / name, str(table)).words) for name in ("a", "b"))
    assert one.words == other.words
    np.testing.assert_array_equal(one.vectors, other.vectors)
