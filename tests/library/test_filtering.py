from __future__ import annotations

import pytest

from hearken.library.filtering import glob_matcher, where
from hearken.library.records import Filters

CASES = [
    ("*.wav", "/a/b/kick.wav", True),
    ("*.wav", "/a/b/kick.flac", False),
    ("kick*", "/a/b/kick.wav", True),
    ("kick*", "/a/kick/b.wav", True),
    ("ick*", "/a/b/kick.wav", False),
    ("drums/*", "/x/drums/y/z.wav", True),
    ("drums/*", "/x/mydrums/z.wav", False),
    ("*drum*", "/x/mydrums/z.wav", True),
    ("/x/*", "/x/y/z.wav", True),
    ("/y/*", "/x/y/z.wav", False),
    ("**/y/**", "/x/y/z.wav", True),
    ("?.wav", "/x/z.wav", True),
    ("[xyz].wav", "/x/z.wav", True),
    ("[!xyz].wav", "/x/z.wav", False),
    ("Z.wav", "/x/z.wav", False),
    ("*", "/x/a\nb\udcff.wav", True),
    ("*\udcff*", "/x/a\nb\udcff.wav", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), CASES)
def test_glob_matcher(pattern: str, path: str, expected: bool) -> None:
    assert glob_matcher(pattern)(path) is expected


def test_a_hostile_pattern_is_quick() -> None:
    assert glob_matcher("*a" * 30 + "b")("/" + "a" * 5_000) is False


def test_where_never_puts_values_into_sql() -> None:
    assert where(Filters()) == (["1"], [])
    conditions, parameters = where(Filters(1.0, 2.0, "x", ("WAV", "'; --"), (8000,), (1, 2)))
    assert parameters == [1.0, 2.0, "wav", "'; --", "wav", "'; --", 8000, 1, 2]
    assert sum(condition.count("?") for condition in conditions) == len(parameters)
    assert "--" not in " ".join(conditions)
