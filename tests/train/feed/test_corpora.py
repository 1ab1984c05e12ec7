from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.locate import locate
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.recipe import Recipe
from hearken.errors import DataError, RecipeError
from hearken.train.feed.corpora import open_corpus
from hearken.train.feed.packs import Packed
from tests.train.feed.sounding import RATE_HZ, write_corpus, write_sound, write_table


def write_splits(folder: Path) -> Path:
    rows = []
    for number, split in enumerate(("train", "train", "val")):
        write_sound(folder / f"{number}.wav", number)
        rows.append({"file": f"{number}.wav", "split": split, "title": f"T{number}", "description": f"D{number}", "caption": "as it was"})
    return write_table(folder / "t.jsonl", rows)


def test_a_table_with_its_files(tmp_path: Path) -> None:
    found = open_corpus(str(write_corpus(tmp_path, 2)))
    assert found.places == {f"{number}.wav": str(tmp_path / f"{number}.wav") for number in range(2)}
    assert (found.identity, found.pack) == (str(tmp_path / "train.jsonl"), None)


def test_splits_by_the_recipe_or_behind_a_colon(tmp_path: Path) -> None:
    table = str(write_splits(tmp_path))
    assert [clip.id for clip in open_corpus(table, splits=("val",)).clips] == ["2.wav"]
    behind = open_corpus(f"{table}:train")
    assert [clip.id for clip in behind.clips] == ["0.wav", "1.wav"]
    assert behind.identity == table  # so that two splits of one table are known to be of one corpus
    with pytest.raises(RecipeError, match="has no split 'test'"):
        open_corpus(f"{table}:test")
    with pytest.raises(DataError, match="There is no corpus"):
        open_corpus(f"{tmp_path}/nothing:train")


def test_captions_of_title_and_description(tmp_path: Path) -> None:
    table = str(write_splits(tmp_path))
    made = [open_corpus(table, construction=name).clips[1].captions for name in ("title_description", "description", "title")]
    assert made == [("T1. D1",), ("D1",), ("T1",)]
    with pytest.raises(RecipeError, match="There is no construction 'tags'"):
        open_corpus(table, construction="tags")


def test_a_pack_is_of_the_corpus_that_was_packed(tmp_path: Path) -> None:
    table = write_splits(tmp_path)
    corpus = load(table)
    pack(make_plan(corpus, Recipe(rate_hz=RATE_HZ)), locate(corpus), tmp_path / "pack")
    found = open_corpus(str(tmp_path / "pack"), splits=("train",), construction="title")
    assert [clip.captions for clip in found.clips] == [("T0",), ("T1",)]
    assert found.identity == str(table)
    assert isinstance(found.places["0.wav"], Packed)
    assert found.duration_s(found.clips[1]) == 1_610 / RATE_HZ


def test_a_corpus_of_queries_has_the_clips_that_they_are_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    for folder in ("clotho", "dcase2025"):
        (tmp_path / folder).mkdir()
    header = "file_name," + ",".join(f"caption_{number}" for number in range(1, 6))
    (tmp_path / "clotho" / "clotho_captions_evaluation.csv").write_text(
        f"{header}\nrain.wav,a,b,c,d,e\nwind.wav,f,g,h,i,j\n", encoding="utf-8"
    )
    (tmp_path / "dcase2025" / "metadata_eval.csv").write_text("query,audio_filenames\nwet,\"['rain.wav']\"\n", encoding="utf-8")
    (tmp_path / "clotho" / "evaluation").mkdir()
    write_sound(tmp_path / "clotho" / "evaluation" / "rain.wav", 1)
    found = open_corpus("dcase2025")
    assert len(found.clips) == 2
    assert found.corpus.queries[0].relevant == ((found.clips[0].id, 1.0),)
    assert list(found.places) == [found.clips[0].id]
    assert replace(found, identity="") != found
