"""Captions from a bank: the nearest, and two that are joined, on vectors whose cosines are worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.caption.heard import MadeCaption
from hearken.caption.patterns import Bank, Joining, PatternCaptioner, caption_of, joined, order_of, read_bank, write_bank
from hearken.data.scenes.phrases import Phrases
from hearken.errors import InputError, ModelError
from tests.caption.tiny import write_folder

PHRASES = Phrases({"followed by": 3, "then": 2, "as": 2, "while": 1}, {}, {}, {}, {})
DOG, RAIN, BELL = "A dog barks.", "Rain is falling.", "A bell rings."
AXES = np.eye(4, dtype=np.float32)


def bank(share: float = 0.5, bonus: float = 0.0) -> Bank:
    """Dog and rain along the first two axes, bell along the third; one recording of a dog, two of rain."""
    sounds = np.float32([[0.6, 0.0, 0.0, 0.8], [0.0, 0.8, 0.0, 0.6], [0.0, 1.0, 0.0, 0.0]])
    return Bank((DOG, RAIN, BELL), AXES[:3], sounds, np.array([0, 1, 1]), share, bonus)


def test_words_and_the_nearest_recording_share_the_score() -> None:
    scores = bank(bonus=0.05).scores(np.float32([[0.6, 0.0, 0.8, 0.0], [0.0, 0.6, 0.0, 0.8]]))
    by_hand = [[0.5 * 0.6 + 0.5 * 0.36, 0.0, 0.85], [0.5 * 0.64, 0.5 * 0.6 + 0.5 * max(0.48 + 0.48, 0.6), 0.05]]
    assert scores == pytest.approx(np.array(by_hand), abs=1e-6)
    assert bank(share=0.0).scores(AXES[:1]).tolist() == [[1.0, 0.0, 0.0]]
    without = Bank((DOG, RAIN), AXES[:2], np.empty((0, 4), np.float32), np.empty(0, np.int64), 0.5, 0.1)
    assert without.scores(AXES[:1])[0].tolist() == pytest.approx([1.1, 0.1])


def test_one_event() -> None:
    assert caption_of(bank(), AXES[[2, 2, 2]], Joining(), PHRASES) == MadeCaption(BELL, 1.0)
    assert caption_of(bank(), AXES[[2]], Joining(), PHRASES).text == BELL
    assert caption_of(bank(), AXES[[1, 0]], Joining(), PHRASES).text == RAIN  # one window tells no order, nor what goes with what


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ([1, 1, 1, 0], "Rain is falling followed by a dog barking."),
        ([1, 0, 1, 1], "A dog is barking followed by rain falling."),
        ([1, 1, 0, 1], "Rain is falling as a dog is barking."),
        ([1, 0, 0, 0], "Rain is falling as a dog is barking."),
    ],
)
def test_two_events_in_their_order(places: list[int], text: str) -> None:
    assert caption_of(bank(), AXES[places], Joining(), PHRASES).text == text


def test_a_second_event_must_stand_out_and_be_another() -> None:
    places = AXES[[1, 1, 1, 0]]
    margin = float(bank().scores(AXES[[0]])[0, 0] - bank().scores(AXES[[0]])[0, 1])
    assert caption_of(bank(), places, Joining(margin=margin + 0.01), PHRASES).text == RAIN
    assert caption_of(bank(), places, Joining(margin=margin - 0.01), PHRASES).text != RAIN
    alike = Bank((DOG, RAIN), np.float32([[1, 0, 0, 0], [0.6, 0.8, 0, 0]]), np.empty((0, 4), np.float32), np.empty(0, np.int64), 0.5, 0.0)
    assert caption_of(alike, AXES[[1, 1, 1, 0]], Joining(apart=0.5), PHRASES).text == RAIN
    assert caption_of(alike, AXES[[1, 1, 1, 0]], Joining(apart=0.7), PHRASES).text == "Rain is falling followed by a dog barking."


def test_order() -> None:
    patterns = [[False, True], [True, False], [True, True], [False, True, False], [True, False, True], [False, False, True, True]]
    assert [order_of(np.array(each)) for each in patterns] == [1, -1, 0, 0, 0, 1]


def test_what_cannot_be_joined_stays_two_sentences() -> None:
    odd = "As it rains, somebody does what cannot be told"
    assert joined(odd, DOG, PHRASES, in_sequence=True) == f"{odd}. Then a dog barks."
    assert joined(odd, DOG, PHRASES, in_sequence=False) == f"{odd}. At the same time, a dog barks."


def test_joints_are_those_that_people_use_most() -> None:
    other = Phrases({"then": 9, "while": 9}, {}, {}, {}, {})
    assert joined(DOG, BELL, other, in_sequence=True) == "A dog is barking then a bell is ringing."
    assert joined(DOG, BELL, other, in_sequence=False) == "A dog is barking while a bell is ringing."


def test_a_bank_comes_back_as_it_was_written() -> None:
    table, vectors = write_bank(bank(bonus=0.05))
    found = read_bank(table, vectors, 4)
    assert (found.texts, found.owners.tolist(), found.examples_share, found.words_bonus) == ((DOG, RAIN, BELL), [0, 1, 1], 0.5, 0.05)
    assert found.words == pytest.approx(AXES[:3])
    assert (found.sounds * bank().sounds).sum(axis=1).min() > 0.9999


def folder(path: Path, **changes: object) -> Path:
    table, vectors = write_bank(bank())
    table = json.dumps({**json.loads(table), **changes}).encode()
    return write_folder(path, {"bank.json": table, "bank.npy": vectors}, design="patterns", dim=4, patterns={"margin": 0.2})


def test_the_captioner_in_a_folder(tmp_path: Path) -> None:
    captioner = PatternCaptioner(folder(tmp_path))
    captioner.warm()
    assert [made.text for made in captioner.captions([AXES[[1]], AXES[[0, 0]]])] == [RAIN, DOG]
    with pytest.raises(InputError, match="cannot read vectors of shape"):
        captioner.captions([np.zeros((1, 3), np.float32)])


@pytest.mark.parametrize(
    "changes",
    [{"owners": [0, 1]}, {"owners": [1, 0, 1]}, {"owners": [0, 1, 3]}, {"captions": []}, {"captions": None}, {"words_bonus": "x"}],
)
def test_a_bank_that_does_not_fit_together(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=r"bank of captions in .* cannot be read"):
        PatternCaptioner(folder(tmp_path, **changes)).warm()
