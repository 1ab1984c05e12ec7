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
    ("drums", "/x/drums/y/z.wav", True),
    ("drums/", "/x/drums/y/z.wav", True),
    ("drums", "/x/mydrums/z.wav", False),
    ("drums/", "/x/drums", False),
    ("/x/drums", "/x/drums/z.wav", True),
    ("/x/drums/", "/x/drums/z.wav", True),
    ("/x/drums", "/x/drums2/z.wav", False),
    ("dr*s/", "/x/drums/z.wav", True),
    ("/", "/x/z.wav", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), CASES)
def test_glob_matcher(pattern: str, path: str, expected: bool) -> None:
    assert glob_matcher(pattern)(path) is expected


def test_paths_seen_from_the_current_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "a [1]" / "drums").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a [1]")
    monkeypatch.chdir(tmp_path / "a [1]")
    sound = str(tmp_path / "a [1]" / "drums" / "z.wav")
    for pattern in (".", "./drums", "./drums/", "drums", "../a [1]", "../link", "./dr*", "./drums/*.wav", f"{tmp_path}/link/drums"):
        assert glob_matcher(pattern)(sound), pattern
        assert not glob_matcher(pattern)("/elsewhere/x/z.wav")
    assert not glob_matcher("./drums")("/elsewhere/drums/z.wav")
    assert glob_matcher("drums")("/elsewhere/drums/z.wav")


def test_a_hostile_pattern_is_quick() -> None:
    assert glob_matcher("*a" * 30 + "b")("/" + "a" * 5_000) is False


def test_where_never_puts_values_into_sql() -> None:
    assert where(Filters()) == (["1"], [])
    conditions, parameters = where(Filters(1.0, 2.0, "x", ("WAV", "'; --"), (8000,), (1, 2)))
    assert parameters == [1.0, 2.0, "wav", "'; --", "wav", "'; --", -4, ".wav", -6, ".'; --", 8000, 1, 2]
    assert sum(condition.count("?") for condition in conditions) == len(parameters)
    assert "--" not in " ".join(conditions)
