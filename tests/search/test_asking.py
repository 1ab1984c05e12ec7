"""From what was understood to the query."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import InputError
from hearken.search.asking import ask, checked
from hearken.search.wording import Understood

RAIN = Understood("rain", ("rain",), words="rane")


class Encoder:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts):
        self.texts += texts
        return np.eye(4, dtype=np.float32)[: len(texts)]


def test_a_plain_text() -> None:
    encode = Encoder()
    query = ask(RAIN, None, encode, names=True, captions=True)
    assert encode.texts == ["rain"]
    assert query.vector.tolist() == [1, 0, 0, 0]
    assert (query.against, query.words, query.caption_words, query.not_words) == (None, "rane", "rain", "")


def test_names_and_captions_can_be_left_out() -> None:
    query = ask(RAIN, None, Encoder(), names=False, captions=False)
    assert (query.words, query.caption_words) == ("", "")


def test_both_ways_to_say_not_are_one() -> None:
    encode = Encoder()
    wanted = Understood("rain", ("rain",), "music", words="rain")
    query = ask(wanted, Understood("truck", ("truck",), words="lorry"), encode, names=True, captions=True)
    assert encode.texts == ["rain", "truck or music"]
    assert query.against is not None
    assert query.not_words == "truck or music lorry"
    inside = ask(wanted, None, encode, names=True, captions=True)
    assert inside.against is not None
    assert inside.not_words == "music"


def test_a_vector_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        checked(np.array([np.nan], np.float32))
    with pytest.raises(InputError):
        ask(RAIN, None, lambda texts: np.full((1, 2), np.inf, np.float32), names=True, captions=True)
