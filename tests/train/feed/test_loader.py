from __future__ import annotations

import contextlib
from pathlib import Path

import psutil
import pytest
import torch

from hearken.train.feed.loader import id_of_caption
from hearken.train.recipe import Named
from tests.train.feed.sounding import assert_equal, epoch_of, no_thread_left, opened, recipe_of, write_corpus, write_sound, write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten sounds of 0.2 s and more, with three captions each."""
    return write_corpus(tmp_path_factory.mktemp("ten"), 10, captions=3)


def test_an_epoch_has_every_pair_once(table: Path) -> None:
    data = opened(recipe_of(table, batch=4))
    batches = epoch_of(data)
    assert (data.loader.num_steps, len(batches)) == (7, 7)
    assert {len(batch) for batch in batches} == {4}
    pairs = [pair for batch in batches for pair in batch.pairs]
    assert len(set(pairs)) == 28
    for batch in batches:
        assert batch.wave.dtype == torch.float32
        assert batch.wave.shape == (4, max(batch.num_samples))
        for row, (name, text, pair) in enumerate(zip(batch.names, batch.texts, batch.pairs, strict=True)):
            number = int(name.removesuffix(".wav"))
            assert (text, int(batch.ids[row])) == (f"{number}.{pair % 3}", number == pair // 3 and number)
            assert batch.num_samples[row] == 1_600 + 10 * number
            assert not batch.wave[row, batch.num_samples[row] :].any()
            assert batch.wave[row, : batch.num_samples[row]].std() > 0.05


def test_epochs_differ_and_are_the_same_twice(table: Path) -> None:
    one, other, next_one = epoch_of(opened(recipe_of(table))), epoch_of(opened(recipe_of(table))), epoch_of(opened(recipe_of(table)), 1)
    for here, there in zip(one, other, strict=True):
        assert_equal(here, there)
    assert [batch.pairs for batch in one] != [batch.pairs for batch in next_one]


AUGMENTED = (Named("noise", {"probability": 1.0}), Named("pairmix", {"share": 0.5}))


def test_an_epoch_goes_on_anywhere_and_any_number_of_jobs_make_the_same(table: Path) -> None:
    recipe = recipe_of(table, batch=4, distinct=True, augment=AUGMENTED, max_duration_s=0.1)
    whole = epoch_of(opened(recipe, jobs=1), 3)
    for here, there in zip(whole[5:], epoch_of(opened(recipe, jobs=2), 3, 5), strict=True):
        assert_equal(here, there)
        assert (here.blend is None) == (there.blend is None)
        if here.blend and there.blend:
            assert (here.blend.rows, here.blend.shares) == (there.blend.rows, there.blend.shares)
            assert torch.equal(here.blend.wave, there.blend.wave)
    assert any(batch.blend for batch in whole)


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_the_batches_of_all_ranks_are_the_joint_batch(table: Path, num_ranks: int) -> None:
    recipe = recipe_of(table, batch=6, augment=AUGMENTED, max_duration_s=0.1)
    joint = epoch_of(opened(recipe))
    parts = [epoch_of(opened(recipe, rank=rank, num_ranks=num_ranks)) for rank in range(num_ranks)]
    for step, batch in enumerate(joint):
        start = 0
        for part in (each[step] for each in parts):
            assert_equal(batch.part(start, start + len(part)), part)
            start += len(part)
        assert start == 6


def test_distinct_clips_are_distinct(table: Path) -> None:
    for batch in epoch_of(opened(recipe_of(table, batch=9, distinct=True))):
        assert len(set(batch.ids.tolist())) == 9


def test_generated_rows_have_ids_of_their_own_and_no_sound_of_the_batch(table: Path) -> None:
    recipe = recipe_of(table, batch=6, augment=(Named("pairmix", {"share": 0.33, "design": "waveform"}),))
    data = opened(recipe)
    assert data.loader.num_steps == 30 // 4  # two of six are generated
    for batch in epoch_of(data):
        assert [row for row in range(6) if batch.ids[row] >= 10] == [2, 5]
        assert len({batch.ids[2].item(), batch.ids[5].item()}) == 2
        mixed = [name for row in (2, 5) for name in batch.names[row].split(" + ")]
        plain = {batch.names[row] for row in (0, 1, 3, 4)}
        assert len(set(mixed)) == 4
        assert not plain & set(mixed)
        assert batch.texts[2].count(".") == 2  # two captions


def test_no_thread_outlives_its_epoch(table: Path) -> None:
    with no_thread_left():
        batches = opened(recipe_of(table), jobs=2).loader.epoch(0)
        next(batches)
        batches.close()


def test_nobody_is_blamed_for_a_process_that_was_killed(table: Path, tmp_path: Path) -> None:
    recipe = recipe_of(table, batch=3, max_duration_s=0.05)
    batches = opened(recipe, jobs=2, ledger=tmp_path / "failed.jsonl").loader.epoch(0)
    found = []
    for batch in batches:
        found.append(batch)
        if len(found) > 1:  # once: a file during which the process dies a second time is held for its murderer
            continue
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    for here, there in zip(found, epoch_of(opened(recipe)), strict=True):
        assert_equal(here, there)
    assert not (tmp_path / "failed.jsonl").exists()


def test_equal_captions_are_one_id_where_the_recipe_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "same"
    folder.mkdir()
    words = ["A dog barks.", "a dog  barks", "Rain", "rain!", "A cat"]
    rows = [{"file": write_sound(folder / f"{number}.wav", number).name, "caption": text} for number, text in enumerate(words)]
    table = write_table(folder / "t.jsonl", rows)
    (by_clip,), (by_caption,) = (epoch_of(opened(recipe_of(table, batch=5, positives=how, distinct=True))) for how in ("clip", "caption"))
    assert len(set(by_clip.ids.tolist())) == 5
    ids = {by_caption.names[row]: int(by_caption.ids[row]) for row in range(5)}
    assert ids["0.wav"] == ids["1.wav"]
    assert ids["2.wav"] == ids["3.wav"]
    assert len(set(ids.values())) == 3
    assert min(ids.values()) >= 0
    assert id_of_caption("A dog barks.") == ids["0.wav"], "the same in every process"
