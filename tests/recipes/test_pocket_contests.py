"""Contests of a small data set: surveyed once, heard as the model hears, kept."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.synth import save_wav
from tests.data.scenes.small_sounds import silence, tone

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "recipes"))

pocket_contests = pytest.importorskip("pocket_contests")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared" / "audio"
    (folder / "dev").mkdir(parents=True)
    rows = []
    for number, (caption, hz) in enumerate((("A dog barks.", 700), ("A bell rings.", 1_500), ("A door is closed.", 200))):
        name = f"dev/{number}.wav"
        save_wav(folder / name, np.concatenate([silence(0.3), tone(hz, 0.6 + 0.2 * number), silence(0.3)]))
        rows.append({"file": name, "split": "dev", "label": caption, "caption": caption, "group": f"g{number}"})
    rows.append({"file": "train/none.wav", "split": "train", "label": "x", "caption": "A cat meows.", "group": "g9"})
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "shared"


def test_contests_are_heard_and_kept(shared: Path, tmp_path: Path) -> None:
    heard = pocket_contests.heard_contests(shared, "dev", tmp_path / "cache", "order", 4)
    assert [each.contest.number for each in heard] == [0, 1, 2, 3]
    for each in heard:
        assert all(mel.shape[1] == 128 and mel.dtype == np.float16 and len(mel) % 32 == 0 for mel in each.mels)
        assert len(each.mels[0]) == len(each.mels[1])
        assert not np.array_equal(*each.mels)
    stored = tmp_path / "cache" / "contests-dev" / "order-0-4.npz"
    changed = stored.stat().st_mtime_ns
    again = pocket_contests.heard_contests(shared, "dev", tmp_path / "cache", "order", 4)
    assert stored.stat().st_mtime_ns == changed
    assert all(np.array_equal(a.mels[1], b.mels[1]) and a.contest == b.contest for a, b in zip(heard, again, strict=True))


def test_both_sounds_have_the_same_energy_in_another_order(shared: Path, tmp_path: Path) -> None:
    """Means over time hardly differ, courses over time do: what only averages hears nothing."""
    for each in pocket_contests.heard_contests(shared, "dev", tmp_path / "cache", "order", 3):
        one, two = (mel.astype(np.float64) for mel in each.mels)
        assert np.abs(one.mean(axis=0) - two.mean(axis=0)).mean() < 0.3 * np.abs(one - two).mean()
