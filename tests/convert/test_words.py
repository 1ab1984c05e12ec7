"""A captioner's list of words: every form of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken.convert.words import find_words, first_come
from hearken.errors import InputError

WORDS = ["<sos>", "a", "dog's", "bark", "<eos>", "high-pitched"]


def test_words_are_numbered_as_they_first_come() -> None:
    """As XinhaoMei/ACT does: only these marks fall, in lower case, and the end comes after the first caption."""
    assert first_come(["A dog's  bark.", 'a "high-pitched" bark, a dog ;']) == [*WORDS, "dog"]
    assert first_come(["A dog 's ; bark (far)"]) == ["<sos>", "a", "dog", "'s", "bark", "(far)", "<eos>"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "\n".join(WORDS)),
        ("list.txt", "\ufeff" + "\r\n".join(WORDS) + "\r\n"),
        ("list.json", json.dumps(WORDS)),
        ("list.json", json.dumps({"kind": "words", "words": WORDS})),
        ("train.csv", 'file_name,caption\nx.wav,"A dog\'s bark"\ny.wav,High-pitched bark.\n'),
    ],
)
def test_forms(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    vocabulary, whence = find_words(path, tmp_path / "model.pth", 6)
    assert (list(vocabulary.words), vocabulary.start, vocabulary.end, vocabulary.pad) == (WORDS, 0, 4, 4)
    assert whence == str(path)


def test_beside_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.pth is a captioner's, and its words are in another file") as caught:
        find_words(None, tmp_path / "m.pth", 6)
    assert "--vocabulary FILE" in str(caught.value.hint)
    (tmp_path / "words_list.p").write_bytes(b"\x80\x04.")  # the authors' file helps nobody
    with pytest.raises(InputError, match="in another file"):
        find_words(None, tmp_path / "m.pth", 6)
    (tmp_path / "words_list.json").write_text(json.dumps(WORDS))
    assert find_words(None, tmp_path / "m.pth", 6)[1] == str(tmp_path / "words_list.json")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("words_list.p", "", r"words_list\.p is a pickle"),
        ("x.txt", "\n".join(WORDS[:5]), "has 5 words, the captioner 6"),
        ("x.txt", "\n".join([*WORDS[:5], "a"]), "every word once"),
        ("x.txt", "a b c d e f", "must hold <sos> and <eos>"),
        ("x.json", "[1, 2]", "holds no words"),
        ("x.json", "{}", "holds no words"),
        ("x.json", "[", "is no JSON"),
        ("x.csv", "file_name,caption\n", "no column 'caption'"),
        ("x.csv", "file_name,caption_1\na,b\n", "no column 'caption'"),
        ("x.csv", "caption,more\nx,y\n" + "\n".join(["z,y", "short"][:1]) + '\n"', "damaged|no column|has"),
    ],
)
def test_faults(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        find_words(tmp_path / name, tmp_path / "m.pth", 6)
    assert caught.value.hint


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\xff")
    for path in (tmp_path / "x.txt", tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            find_words(path, tmp_path / "m.pth", 6)
