from __future__ import annotations

import pytest

from hearken.errors import InputError
from hearken.metrics.captioning.score import Clip, check_captions, clips_of


def test_clips_are_words() -> None:
    assert clips_of(["A dog."], [["Dogs bark", "x, y"]]) == [Clip(("a", "dog"), (("dogs", "bark"), ("x", "y")))]
    assert clips_of(["A dog."], [["x"]], str.split) == [Clip(("A", "dog."), (("x",),))]


@pytest.mark.parametrize(
    ("candidates", "references", "message"),
    [
        ([], [], "no candidate"),
        (["a"], [["b"], ["c"]], "1 candidates and references of 2"),
        (["a", "b"], [["c"], []], "Clip number 1 has no reference"),
        (["a"], ["b"], "Clip number 0"),
        ([None], [["b"]], "Clip number 0"),
        (["a"], [["b", 3]], "Clip number 0"),
        ("a", [["b"]], "list of captions"),
    ],
)
def test_refused(candidates: list[str], references: list[list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_captions(candidates, references)
