"""Each way to be in two corpora, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data import overlaps
from hearken.data.blacklists import Blacklist
from hearken.data.clip import Clip
from hearken.data.overlaps import Leak, listed, plain, same_captions, same_files, same_origins
from hearken.errors import DataError

DIGEST = overlaps._digest


def clip(name: str, *origins: str, captions: tuple[str, ...] = (), start_s: float | None = None) -> Clip:
    return Clip(name, "train", f"{name}.wav", captions=captions, origins=origins, start_s=start_s)


def test_one_recording_in_two_corpora() -> None:
    training = [clip("a", "freesound:1"), clip("b"), clip("c", "youtube:x", start_s=30.0), clip("d", "bbc:1", "freesound:1")]
    held_out = [
        clip("h", "freesound:1"),
        clip("i", "youtube:x", start_s=0.0),
        clip("j", "youtube:X"),
        clip("k", "soundbible:1"),
        clip("l", "youtube:x"),
    ]
    assert list(same_origins(training, held_out)) == [
        Leak("origin", "a", "h", "freesound:1"),
        Leak("origin", "c", "i", "youtube:x"),  # other seconds of one video count
        Leak("origin", "c", "l", "youtube:x"),
        Leak("origin", "d", "h", "freesound:1"),
    ]


def test_recordings_on_a_list() -> None:
    blacklist = Blacklist("b", "0", frozenset({"freesound:1", "bbc:1"}))
    found = listed([clip("a", "freesound:11"), clip("b", "freesound:1"), clip("c"), clip("d", "bbc:1", "bbc:2")], blacklist)
    assert list(found) == [Leak("blacklist", "b", "", "freesound:1"), Leak("blacklist", "d", "", "bbc:1")]


@pytest.mark.parametrize(
    ("caption", "left"),
    [
        ("A dog barks.", "a dog barks"),
        ("  a  DOG, barks!\n", "a dog barks"),
        ("The dog's bark; it’s loud", "the dogs bark its loud"),
        ("door-bell / 2 times", "door bell 2 times"),
        ("Cafe\u0301 noise", "caf\u00e9 noise"),
        ("snake_case", "snake case"),
        ("...", ""),
        ("雨が降る。", "雨が降る"),
    ],
)
def test_what_of_a_caption_is_compared(caption: str, left: str) -> None:
    assert plain(caption) == left


def test_equal_captions() -> None:
    training = [
        clip("a", captions=("A dog barks.", "a dog barks", "Rain")),
        clip("b", captions=("?!", "")),
        clip("c", captions=("Wind", "rain.")),
    ]
    held_out = [clip("h", captions=("rain",)), clip("i", captions=("A DOG BARKS", "Rain", "."))]
    assert list(same_captions(training, held_out)) == [
        Leak("caption", "a", "i", "a dog barks"),
        Leak("caption", "a", "h", "rain"),
        Leak("caption", "c", "h", "rain"),
    ]


def test_equal_files(tmp_path: Path) -> None:
    contents = {"a": b"12345", "b": b"12346", "c": b"1", "h": b"12345", "i": b"54321", "j": b"12345", "k": b"22"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    training, held_out = ({name: tmp_path / name for name in names} for names in ("abc", "hijk"))
    found = list(same_files(training, held_out))
    assert [(leak.kind, leak.training, leak.held_out) for leak in found] == [("file", "a", "h"), ("file", "a", "j")]
    assert found[0].detail == "SHA-256 5994471abb01112a"


def test_files_of_one_size_are_read_to_the_end_only_if_they_begin_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"RIFF" * 20_000
    contents = {"a": b"1" + head, "b": head + b"2", "h": b"3" + head, "i": head + b"4", "j": head + b"2"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    read: list[tuple[str, float]] = []
    monkeypatch.setattr(overlaps, "_digest", lambda path, *most: read.append((path.name, *most)) or DIGEST(path, *most))
    training, held_out = ({name: tmp_path / name for name in names} for names in ("ab", "hij"))
    assert [(leak.training, leak.held_out) for leak in same_files(training, held_out)] == [("b", "j")]
    assert sorted(name for name, *most in read if not most) == ["b", "i", "j"]
    assert len(read) == 8


def test_empty_files_are_no_leak(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "h").touch()
    assert list(same_files({"a": tmp_path / "a"}, {"h": tmp_path / "h"})) == []


def test_clips_of_one_file_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    both = {"one": tmp_path / "a.wav", "two": tmp_path / "a.wav"}
    found = [(leak.training, leak.held_out) for leak in same_files(both, both)]
    assert found == [("one", "one"), ("one", "two"), ("two", "one"), ("two", "two")]


def test_files_that_are_read_are_those_of_equal_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "h").write_bytes(b"22")
    monkeypatch.setattr("hearken.data.overlaps._digest", lambda path, *_: pytest.fail(f"{path} was read"))
    assert list(same_files({"a": tmp_path / "a"}, {"h": tmp_path / "h"})) == []


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(b"1")
    with pytest.raises(DataError, match="gone cannot be read: No such file"):
        list(same_files({"a": tmp_path / "gone"}, {"h": tmp_path / "h"}))
    (tmp_path / "folder").mkdir()
    size = (tmp_path / "folder").stat().st_size
    (tmp_path / "h").write_bytes(b"1" * size)
    with pytest.raises(DataError, match="folder cannot be read"):
        list(same_files({"a": tmp_path / "folder"}, {"h": tmp_path / "h"}))
