"""Training batches are a pure function of seed and epoch, and mean what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import pocket_data
from pocket_data import BATCH_SIZES, CROPS, FRAME, Batch, Clip, epoch_batches, fold_of, load_clips


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    """Twenty clips of 1 to 40 feature frames; the value of a clip's spectrogram is its number."""
    return [Clip(f"{i}", f"Sound {i}.", "g", "MIT", np.full(((2 * i + 1) * FRAME, 128), i, np.float16)) for i in range(20)]


def flat(steps: list[list[Batch]]) -> list[Batch]:
    return [batch for step in steps for batch in step]


def test_same_seed_and_epoch_give_the_same_bytes(clips: list[Clip]) -> None:
    one, two = (flat(list(epoch_batches(clips, 8, mix=0.5, seed=3, epoch=1))) for _ in range(2))
    assert [batch.mel.tobytes() for batch in one] == [batch.mel.tobytes() for batch in two]
    other = flat(list(epoch_batches(clips, 8, mix=0.5, seed=3, epoch=2)))
    assert [batch.members for batch in one] != [batch.members for batch in other]


def test_every_clip_comes_once_an_epoch(clips: list[Clip]) -> None:
    batches = flat(list(epoch_batches(clips, 5, mix=0.0, seed=0, epoch=0)))
    assert sorted(index for batch in batches for (index,) in batch.members) == list(range(20))


def test_batches_have_few_shapes(clips: list[Clip]) -> None:
    batches = flat(list(epoch_batches(clips, 20, mix=0.5, seed=0, epoch=0)))
    assert {len(batch.mel) for batch in batches} <= set(BATCH_SIZES)
    assert {batch.mel.shape[1] // FRAME for batch in batches} <= set(CROPS)
    assert all(len(batch.mel) == len(batch.members) for batch in batches)


def test_a_mix_is_of_two_captions_and_at_least_as_loud(clips: list[Clip]) -> None:
    """Without the masks, a sum of energies is no quieter than its first part; masks and gain are drawn alike for all."""
    batches = flat(list(epoch_batches(clips, 20, mix=1.0, seed=0, epoch=0)))
    mixed = [members for batch in batches for members in batch.members if len(members) == 2]
    assert 10 <= len(mixed) <= 20  # a clip drawn to be mixed with itself is left alone
    assert all(clips[one].caption != clips[two].caption for one, two in mixed)


def test_crops_lie_anywhere_inside_the_clip() -> None:
    """Every row of these clips has its number for a value, but where a mask lies."""
    ramp = np.arange(40 * FRAME, dtype=np.float16)[:, None].repeat(128, axis=1)
    clips = [Clip(str(i), f"Sound {i}.", "g", "MIT", ramp) for i in range(16)]
    starts = []
    for batch in flat(list(epoch_batches(clips, 16, mix=0.0, seed=1, epoch=0))):
        for mel in batch.mel:
            values = np.median(mel, axis=1)
            present = np.flatnonzero(values > 0)
            starts.append(float(np.median(values[present] - present)))
            assert -5 < starts[-1] < len(ramp) - len(mel) + 5
    assert len({round(start) % FRAME for start in starts}) > 3


def test_folds_are_by_recording_and_of_like_size() -> None:
    folds = [fold_of(f"recording {i}") for i in range(1000)]
    assert fold_of("recording 7") == folds[7]
    assert all(150 < folds.count(fold) < 250 for fold in range(5))


def test_rows_that_are_new_are_decoded_and_the_others_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def clip_mel(path: Path) -> np.ndarray:
        decoded.append(path.name)
        return np.full((FRAME, 128), len(decoded), np.float16)

    monkeypatch.setattr(pocket_data, "clip_mel", clip_mel)
    table = tmp_path / "audio" / "metadata.csv"
    table.parent.mkdir()
    head, rows = "file,split,caption,group,license,train_allowed\n", ["a.wav,train,A.,a,MIT,yes\n", "b.wav,train,B.,b,MIT,yes\n"]
    table.write_text(head + rows[0], encoding="utf-8")
    load_clips(tmp_path, "train", tmp_path / "cache")
    table.write_text(head + "".join(rows), encoding="utf-8")
    clips = load_clips(tmp_path, "train", tmp_path / "cache")
    assert decoded == ["a.wav", "b.wav"]
    assert [(clip.file, float(clip.mel[0, 0])) for clip in clips] == [("a.wav", 1.0), ("b.wav", 2.0)]
