from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hearken.data.load import load
from hearken.data.locate import locate
from hearken.data.shards.pack import pack
from hearken.data.shards.plan import make_plan
from hearken.data.shards.recipe import Recipe as PackRecipe
from hearken.errors import LeakError, MissingDataError, RecipeError
from hearken.train.recipe import Named, Source
from tests.train.feed.sounding import RATE_HZ, assert_equal, epoch_of, opened, recipe_of, write_corpus, write_sound, write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten sounds of 0.2 s and more, with three captions each."""
    return write_corpus(tmp_path_factory.mktemp("ten"), 10, captions=3)


def test_one_caption_is_drawn_for_each_clip_and_epoch(table: Path) -> None:
    data = opened(recipe_of(table, batch=5, captions="one"))
    seen = [{text for batch in epoch_of(data, epoch) for text in batch.texts} for epoch in range(4)]
    assert all(sorted(int(text.split(".")[0]) for text in texts) == list(range(10)) for texts in seen)
    assert len(set.union(*seen)) > 15


def test_long_sounds_are_cropped_anew_in_each_epoch(tmp_path: Path) -> None:
    table = write_corpus(tmp_path, 4)
    recipe = recipe_of(table, batch=4, max_duration_s=0.05)
    first, second = (epoch_of(opened(recipe), epoch)[0] for epoch in (0, 1))
    assert set(first.num_samples) == {400}
    by_name = dict(zip(second.names, second.wave, strict=True))
    assert all(not torch.equal(row, by_name[name]) for name, row in zip(first.names, first.wave, strict=True))
    start = epoch_of(opened(replace(recipe, data=replace(recipe.data, crop="start"))))[0]
    whole = epoch_of(opened(recipe_of(table, batch=4)))[0]
    by_name = dict(zip(whole.names, whole.wave, strict=True))
    assert all(torch.equal(row, by_name[name][:400]) for name, row in zip(start.names, start.wave, strict=True))


def test_a_lossless_pack_gives_the_same_batches(table: Path, tmp_path: Path) -> None:
    corpus = load(table)
    pack(make_plan(corpus, PackRecipe(rate_hz=RATE_HZ, codec="flac24"), shard_clips=3), locate(corpus), tmp_path / "pack")
    recipe = {"batch": 4, "distinct": True, "max_duration_s": 0.1}
    files = opened(recipe_of(table, **recipe))
    packed = opened(recipe_of(tmp_path / "pack", **recipe))
    for here, there in zip(epoch_of(files), epoch_of(packed), strict=True):
        assert_equal(here, there, within=2.0**-23)
    assert packed.record["train"][0]["pack"]
    assert packed.record["train"][0]["hours"] == round(sum(1_600 + 10 * number for number in range(10)) / RATE_HZ / 3600, 3)


def test_variations_take_captions_places(table: Path, tmp_path: Path) -> None:
    rows = [
        {"clip": f"{number}.wav", "path": f"{number}.wav", "caption": f"{number}.0", "variations": [f"other {number}"]}
        for number in range(5)
    ]
    path = tmp_path / "variations.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    data = opened(recipe_of(table, batch=5, variations=str(path), swap_probability=1.0))
    texts = {text for batch in epoch_of(data) for text in batch.texts}
    assert {f"other {number}" for number in range(5)} <= texts
    assert not {f"{number}.0" for number in range(5)} & texts
    assert "7.0" in texts
    assert data.record["train"][0]["captions_with_variations"] == 5


def test_a_corpus_may_count_several_times(table: Path, tmp_path: Path) -> None:
    more = write_corpus(tmp_path, 2, first=20)
    data = opened(recipe_of("", batch=6, sources=(Source(str(table)), Source(str(more), repeat=3))))
    texts = [text for batch in epoch_of(data) for text in batch.texts]
    assert (texts.count("20.0"), texts.count("21.0"), texts.count("4.1")) == (3, 3, 1)


def test_what_cannot_be_used_is_counted_and_named(tmp_path: Path) -> None:
    write_corpus(tmp_path, 4)
    rows = [{"file": f"{number}.wav", "caption": f"{number}"} for number in range(3)]
    table = write_table(tmp_path / "t.jsonl", [*rows, {"file": "3.wav"}, {"file": "gone.wav", "caption": "gone"}])
    data = opened(recipe_of(table, batch=3), ledger=tmp_path / "failed.jsonl")
    told = data.record["train"][0]
    assert (told["clips"], told["clips_without_sound"], told["clips_without_caption"]) == (3, 1, 1)
    named = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["error"]) for line in named] == [("3.wav", "DataError"), ("gone.wav", "MissingDataError")]
    expected = hashlib.sha256(b"".join(f"{n}.wav\0{n}.wav\0{n}\0\n".encode() for n in range(3))).hexdigest()
    assert told["sha256"] == expected
    with pytest.raises(MissingDataError, match="None of the sounds"):
        opened(recipe_of(write_table(tmp_path / "none.jsonl", [{"file": "gone.wav", "caption": "gone"}])))
    with pytest.raises(MissingDataError, match="both a sound and a caption"):
        opened(recipe_of(write_table(tmp_path / "mute.jsonl", [{"file": "3.wav"}])))


def test_a_damaged_clip_is_replaced_and_named(tmp_path: Path) -> None:
    table = write_corpus(tmp_path, 12)
    (tmp_path / "5.wav").write_bytes(b"RIFF, but no sound")
    recipe = recipe_of(table, batch=4)
    first = epoch_of(opened(recipe, ledger=tmp_path / "failed.jsonl"))
    names = [name for batch in first for name in batch.names]
    assert len(names) == 12
    assert "5.wav" not in names
    (line,) = (tmp_path / "failed.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["error"] == "AudioFormatError"
    again = epoch_of(opened(recipe, ledger=tmp_path / "failed.jsonl", jobs=2))  # which knows beforehand
    for here, there in zip(first, again, strict=True):
        assert_equal(here, there)
        assert len(set(here.names)) == 4  # what came was not in the batch


def test_a_clip_in_training_and_validation_is_caught(table: Path, tmp_path: Path) -> None:
    write_sound(tmp_path / "copy.wav", 3)  # the bytes of 3.wav
    held = write_table(tmp_path / "held.jsonl", [{"file": "copy.wav", "caption": "held out"}])
    dropped = opened(recipe_of(table, validation=(str(held),)))
    told = dropped.record["train"][0]
    assert (told["clips"], told["leaks"][0]["counts"]["file"], told["leaks"][-1]["dropped_clips"]) == (9, 1, 1)
    allowed = opened(recipe_of(table, validation=(str(held),), leaks="allow"))
    assert (allowed.record["train"][0]["clips"], allowed.record["train"][0]["leaks"][0]["leaked_training_clips"]) == (10, 1)
    with pytest.raises(LeakError, match=r"3\.wav"):
        opened(recipe_of(table, test=(str(held),), leaks="refuse"))
    with pytest.raises(MissingDataError, match="Nothing is left"):
        opened(recipe_of(table, validation=(str(table),)))


def test_recipes_that_cannot_be_are_refused(table: Path) -> None:
    with pytest.raises(RecipeError, match="names nothing to train on"):
        opened(recipe_of("", sources=()))
    with pytest.raises(RecipeError, match="takes 31 pairs, and there are 30"):
        opened(recipe_of(table, batch=31))
    with pytest.raises(RecipeError, match="11 pairs of different clips, and there are 10"):
        opened(recipe_of(table, batch=11, distinct=True))
    with pytest.raises(RecipeError, match="among 3 processes"):
        opened(recipe_of(table, batch=2), num_ranks=3)
    with pytest.raises(RecipeError, match="needs 12 different clips, and there are 10"):
        opened(recipe_of(table, batch=8, augment=(Named("pairmix", {"share": 0.5}),)))
    with pytest.raises(RecipeError, match="cannot be repeated 0 times"):
        opened(recipe_of("", sources=(Source(str(table), repeat=0),)))
    with pytest.raises(RecipeError, match="has no split 'dev'"):
        opened(recipe_of("", sources=(Source(str(table), splits=("dev",)),)))


def test_progress_counts_corpora(table: Path, tmp_path: Path) -> None:
    held, told = write_corpus(tmp_path, 2, first=30), []
    opened(recipe_of(table, validation=(str(held),)), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert np.isfinite(len(told))
