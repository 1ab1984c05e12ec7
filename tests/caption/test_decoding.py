"""Settings of a search: what makes no sense is refused, and all of them go into a record."""

import pytest

from hearken.caption.decoding import Decoding
from hearken.errors import InputError


def test_the_defaults_are_those_of_the_paper() -> None:
    assert Decoding().to_json() == {"beam": 3, "max_tokens": 30, "length_power": 1.0, "no_repeat": 0, "search": "beam"}
    other = Decoding(5, 20, 0.6, 3, "best_first")
    assert Decoding(**other.to_json()) == other


@pytest.mark.parametrize(
    "wrong",
    [{"beam": 0}, {"beam": 101}, {"max_tokens": 0}, {"max_tokens": 100}, {"length_power": -0.1}, {"length_power": 11.0}, {"no_repeat": -1}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="cannot be decoded") as caught:
        Decoding(**wrong)
    assert "beam 1 to 100" in caught.value.hint


def test_a_search_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match="no search 'widest'") as caught:
        Decoding(search="widest")  # type: ignore[arg-type]
    assert caught.value.hint == "One of beam, best_first."
