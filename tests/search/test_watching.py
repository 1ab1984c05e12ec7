from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hearken.search.watching import Changes, matters, stamp_of

A, B = "/s/a", "/s/b"


@pytest.mark.parametrize(
    ("path", "kind", "is_folder", "expected"),
    [
        ("/s/x.wav", "modified", False, True),
        ("/s/x.WAV", "deleted", None, True),
        ("/s/x.txt", "modified", False, True),  # a caption
        ("/s/x.pdf", "added", False, False),
        ("/s/x.pdf", "modified", False, False),
        ("/s/new", "added", True, True),
        ("/s/new", "modified", True, False),
        ("/s/gone", "deleted", None, True),
        ("/s/.hidden/x.wav", "added", False, False),
        ("/s/._x.wav", "added", False, False),
        ("/s", "deleted", None, True),
    ],
)
def test_only_what_may_touch_sounds_matters(path: str, kind: str, is_folder: bool | None, expected: bool) -> None:
    assert matters(path, kind, "/s", is_folder) is expected  # type: ignore[arg-type]


def test_a_root_is_due_when_all_in_it_rests() -> None:
    changes = Changes([A, B])
    stamp = {"/s/a/1.wav": (10, 1)}.get
    assert changes.note("/s/a/1.wav", "added", 0.0, stamp)
    assert changes.due(1.9, stamp) == []
    assert changes.note("/s/a/2.wav", "added", 1.9, stamp)
    assert changes.due(3.8, stamp) == []
    assert changes.due(3.9, stamp) == [A]
    assert changes.due(9.0, stamp) == []
    assert changes.is_quiet


def test_a_file_that_grows_is_waited_for() -> None:
    changes, sizes = Changes([A]), {"/s/a/1.wav": (0, 0)}
    changes.note("/s/a/1.wav", "added", 0.0, sizes.get)
    for second in range(1, 20):
        sizes["/s/a/1.wav"] = (second, second)
        assert changes.due(float(second), sizes.get) == []
    assert changes.due(20.9, sizes.get) == []
    assert changes.due(21.0, sizes.get) == [A]


def test_one_that_never_rests_holds_others_up_longer_each_time() -> None:
    changes, forced = Changes([A], patience_s=10.0), []
    for half_s in range(200):
        now_s, stamp = half_s / 2, {"/s/a/1.wav": (half_s, 0)}.get
        changes.note("/s/a/1.wav", "modified", now_s, stamp)
        if changes.due(now_s + 0.1, {"/s/a/1.wav": (half_s + 1, 0)}.get):
            forced.append(now_s)
    gaps = [late - early for early, late in itertools.pairwise(forced)]
    assert forced[0] == 10.0
    assert gaps == sorted(gaps)
    assert gaps[0] >= 20.0
    changes.due(105.0, lambda path: None)
    assert changes.due(108.0, lambda path: None) == [A]


def test_what_is_nobodys_business_is_left_out(tmp_path: Path) -> None:
    changes = Changes([str(tmp_path)], [str(tmp_path / "library")])
    assert not changes.note(str(tmp_path / "library" / "x.wav"), "added", 0.0)
    assert not changes.note("/elsewhere/x.wav", "added", 0.0)
    (tmp_path / "doc").write_bytes(b"x")
    assert not changes.note(str(tmp_path / "doc"), "added", 0.0)
    assert changes.is_quiet
    (tmp_path / "folder").mkdir()
    assert changes.note(str(tmp_path / "folder"), "added", 0.0)


def test_a_root_that_came_back_is_due_at_once() -> None:
    changes = Changes([A, B])
    changes.note_root(B, 5.0)
    assert changes.due(5.0) == [B]


def test_stamps_tell_files_apart(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert stamp_of(str(path)) is None
    path.write_bytes(b"12")
    assert stamp_of(str(path))[0] == 2
    assert stamp_of("\0") is None
