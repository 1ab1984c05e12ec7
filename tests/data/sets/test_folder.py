"""Folders of sounds with texts beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.folder import load_folder
from hearken.errors import DataError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_lines_of_a_text_are_captions(tmp_path) -> None:
    touch(tmp_path, "train/b.wav", "train/a.FLAC", "other/c.mp3", "cover.jpg", ".hidden/d.wav", "._e.wav")
    (tmp_path / "train" / "a.txt").write_bytes(b"\xef\xbb\xbfRain falls.\r\n\r\nIt rains.\r\n")
    corpus = load(tmp_path)
    assert [(clip.id, clip.split, clip.captions) for clip in corpus.clips] == [
        ("other/c.mp3", "all", ()),
        ("train/a.FLAC", "train", ("Rain falls.", "It rains.")),
        ("train/b.wav", "train", ()),
    ]
    assert corpus.folder == tmp_path


@pytest.mark.parametrize(
    ("value", "captions", "tags"),
    [
        ({"text": ["A dog.", "Barks."], "tag": ["dog"]}, ("A dog.", "Barks."), ("dog",)),  # as LAION has it
        ({"caption": "A dog.", "tags": "dog; animal"}, ("A dog.",), ("dog", "animal")),
        ({}, (), ()),
    ],
)
def test_json_has_the_columns_of_a_table(tmp_path, value, captions, tags) -> None:
    touch(tmp_path, "test/x.wav")
    (tmp_path / "test" / "x.json").write_text(json.dumps(value))
    (clip,) = load_folder(tmp_path).clips
    assert (clip.captions, clip.tags, clip.split, clip.audio) == (captions, tags, "test", "test/x.wav")


def test_json_may_name_the_split(tmp_path) -> None:
    touch(tmp_path, "test/x.wav")
    (tmp_path / "test" / "x.json").write_text('{"split": "mine", "file": "elsewhere.wav"}')
    (clip,) = load_folder(tmp_path).clips
    assert (clip.split, clip.audio) == ("mine", "test/x.wav")


@pytest.mark.parametrize(("name", "content", "words"), [
    ("x.txt", b"\xff\xfe", "this is not UTF-8 text"),
    ("x.json", b"[1]", "this is no object"),
    ("x.json", b'{\n"text": }', "line 2: this is no JSON"),
    ("x.json", b'{"text": 3, "duration": -1}', "'duration' should be a number"),
])  # fmt: skip
def test_bad_texts_are_named(tmp_path, name, content, words) -> None:
    touch(tmp_path, "x.wav")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        load_folder(tmp_path)
    assert name in caught.value.message


def test_a_folder_without_sound(tmp_path) -> None:
    with pytest.raises(DataError, match="There is no sound in"):
        load_folder(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_links_to_folders_are_not_followed(tmp_path) -> None:
    touch(tmp_path, "a/x.wav")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [clip.id for clip in load_folder(tmp_path).clips] == ["a/x.wav"]
