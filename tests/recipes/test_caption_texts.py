"""A bank of captions holds sentences that a person would write of a sound, and few that say the same."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from caption_texts import AUDIOCAPS, WAVTEXT5K, as_sentence, clips_of, corpus_captions, has_verb, is_sentence, spread


def write(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a  dog barks loudly", "A dog barks loudly."),
        ("Birds are singing.", "Birds are singing."),
        ("A dog barking", ""),  # no finite verb
        ("Dog barks", ""),  # two words
        ("A dog barks and a cat meows and a bird sings while rain is falling on cars", ""),  # over twelve
        ("I hear that a dog barks", ""),
        ("A dog barks in stereo", ""),
        ("1 of 3 dogs barks", ""),
        ("A dog barks at Thomas", ""),
        ("A dog barks. A cat meows", ""),
        ("A dog barks in the café", ""),
        ("A nice dog barks loudly", ""),
    ],
)
def test_what_a_person_would_write(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence


def test_a_verb_is_finite() -> None:
    assert [has_verb(text) for text in ("A man speaks", "Men speak loudly", "A man is speaking", "A man speaking", "Loud noise")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_file_name_is_no_sentence() -> None:
    assert [is_sentence(caption) for caption in ("The sound of dig snappy.", "A chair scrapes the floor.")] == [False, True]


def test_the_usual_and_short_come_first_without_those_that_are_known(tmp_path: Path) -> None:
    captions = [
        "A dog barks far away",
        "A cat meows",
        "A cow moos loudly",
        "A cow moos loudly",
        "A cat meows.",
        "A dog barks",
        "A dog barking",
    ]
    write(tmp_path / "captions" / "audiocaps" / "v1" / "train.csv", ("caption",), [(caption,) for caption in captions])
    described = ["A bell rings twice.", "A dog barks", "Recorded with a Zoom"]
    write(tmp_path / "captions" / "wavtext5k" / "WavText5K.csv", ("description",), [(text,) for text in described])
    found = corpus_captions(tmp_path, ["a cat meows"])
    assert list(found.items()) == [
        ("A dog barks.", AUDIOCAPS),  # twice, three words
        ("A cow moos loudly.", AUDIOCAPS),  # twice, four
        ("A bell rings twice.", WAVTEXT5K),
        ("A dog barks far away.", AUDIOCAPS),
    ]


def test_what_must_not_be_trained_on_is_left_out_of_train(tmp_path: Path) -> None:
    columns = ("file", "split", "caption", "group", "source", "license", "train_allowed")
    rows = [("a", "train", "A.", "g", "s", "l", "yes"), ("b", "train", "B.", "g", "s", "l", "no"), ("c", "dev", "C.", "h", "s", "l", "no")]
    write(tmp_path / "audio" / "metadata.csv", columns, rows)
    assert [[clip.file for clip in clips_of(tmp_path, split)] for split in ("train", "dev")] == [["a"], ["c"]]


def test_what_says_the_same_is_taken_once() -> None:
    turned = [0.0, 5.0, 40.0, 80.0, 88.0]  # degrees
    vectors = np.array([[np.cos(np.radians(angle)), np.sin(np.radians(angle))] for angle in turned], np.float32)
    known = np.array([[0.0, 1.0]], np.float32)  # 90 degrees
    options = {"apart": float(np.cos(np.radians(10))), "apart_known": float(np.cos(np.radians(5)))}
    assert spread(list("abcde"), vectors, known, 9, **options) == [0, 2, 3]
    assert spread(list("abcde"), vectors, known, 2, **options) == [0, 2]
