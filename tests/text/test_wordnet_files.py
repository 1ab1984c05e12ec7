"""Readers of WordNet's files: what is damaged is named, with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import DataError, MissingDataError
from hearken.text.wordnet_files import read_files
from tests.text.wordnets import SYNSETS, princeton, write_jsonl, write_princeton, write_zip


def test_json_lines_plain_or_packed_or_alone_in_a_folder(tmp_path: Path) -> None:
    found = [list(read_files(write_jsonl(tmp_path / name))) for name in ("a.jsonl", "b.jsonl.gz")]
    assert found[0] == found[1]
    assert [word for word, _ in found[0][:4]] == ["dog", "hound", "pawl", "dog"]
    assert [sense.rank for _, sense in found[0][:4]] == [0, 1, 0, 1]
    assert {sense.synset.pos for _, sense in found[0]} == {"n", "v", "a", "r"}
    with pytest.raises(MissingDataError, match=r"not one \.jsonl\.gz"):
        read_files(tmp_path)
    (tmp_path / "a.jsonl").unlink()
    assert list(read_files(tmp_path)) == found[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is no JSON"),
        ("[]", "this is no object"),
        ('{"id": 1, "lex": "noun.animal", "lemmas": ["a"]}', "'id' should end"),
        ('{"id": "1-x", "lex": "noun.animal", "lemmas": ["a"]}', "'id' should end"),
        ('{"id": "1-n", "lemmas": ["a"]}', "'lex' should be text"),
        ('{"id": "1-n", "lex": "noun.animal", "lemmas": []}', "'lemmas' should be"),
        ('{"id": "1-n", "lex": "noun.animal", "lemmas": ["a", 1]}', "'lemmas' should be"),
        ('{"id": "1-n", "lex": "noun.animal", "lemmas": "dog"}', "'lemmas' should be"),
        ("\xff", "this is no JSON"),
        ("[" * 100_000, "this is no JSON"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    number, lex, lemmas = SYNSETS[0]
    good = json.dumps({"id": number, "lex": lex, "lemmas": lemmas})
    path = tmp_path / "w.jsonl"
    path.write_bytes(f"{good}\n\n{line}\n".encode("latin-1"))
    with pytest.raises(DataError, match=rf"w\.jsonl, line 3: {message}"):
        list(read_files(path))


def test_damaged_packing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"{}" * 1000)
    for name, content in (("cut", packed[:-9]), ("no", b"plain"), ("bad", packed[:12] + b"\xff" * 20 + packed[32:])):
        path = tmp_path / f"{name}.jsonl.gz"
        path.write_bytes(content)
        with pytest.raises(DataError, match="gzip file is damaged"):
            list(read_files(path))
    zipped = write_zip(tmp_path / "w.zip")
    zipped.write_bytes(zipped.read_bytes()[:-30])
    with pytest.raises(DataError, match="zip file cannot be read"):
        list(read_files(zipped))
    monkeypatch.setattr("hearken.text.wordnet_files._MAX_BYTES", 20)
    with pytest.raises(DataError, match="larger than"):
        list(read_files(write_jsonl(tmp_path / "w.jsonl")))
    with pytest.raises(DataError, match="larger than"):
        list(read_files(write_princeton(tmp_path / "dict")))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="is not there"):
        list(read_files(tmp_path / "none.jsonl"))
    with pytest.raises(MissingDataError, match=r"holds no index\.adv"):
        list(read_files(write_princeton(tmp_path / "dict", index_adv="")))
    import zipfile

    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(MissingDataError, match=r"holds no data\.noun"):
        list(read_files(tmp_path / "empty.zip"))


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("data.noun", "00000100 05 n", "describes no synset"),
        ("data.noun", "00000100 99 n 01 dog 0 000 | x", "describes no synset"),
        ("data.noun", "00000100 05 z 01 dog 0 000 | x", "describes no synset"),
        ("data.noun", "00000100 05 n 00 000 | x", "announces 0 words"),
        ("data.noun", "00000100 05 n 0f dog 0", "announces 15 words and has 1"),
        ("index.noun", "dog n", "describes no word"),
        ("index.noun", "dog n two 1 0 1 0 00000100", "describes no word"),
        ("index.noun", "dog n 1 0 1 0 00000999", "describes no word"),
        ("index.noun", "dog v 1 0 1 0 00000100", "describes no word"),
        ("index.noun", "dog n 0 0 1 0 00000100", "describes no word"),
    ],
)
def test_damage_in_princetons_files(tmp_path: Path, name: str, line: str, message: str) -> None:
    text = princeton()[name]
    folder = write_princeton(tmp_path / "dict", **{name.replace(".", "_"): text + line + "\n"})
    number = len(text.splitlines()) + 1
    with pytest.raises(DataError, match=rf"{name}, line {number}: .*{message}"):
        list(read_files(folder))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    place=st.floats(0, 1),
    content=st.binary(max_size=6),
    length=st.integers(0, 8),
    name=st.sampled_from(["w.jsonl", "data.noun", "index.noun"]),
)
def test_any_damage_is_a_named_error_or_none(tmp_path: Path, place: float, content: bytes, length: int, name: str) -> None:
    folder = write_princeton(tmp_path / "dict")
    target = write_jsonl(tmp_path / "w.jsonl") if name == "w.jsonl" else folder / name
    whole = target.read_bytes()
    cut = int(place * len(whole))
    target.write_bytes(whole[:cut] + content + whole[cut + length :])
    try:
        assert all(word == word.strip("\n") for word, _ in read_files(target if name == "w.jsonl" else folder))
    except DataError as error:
        assert str(tmp_path) in error.message  # noqa: PT017 - any other exception fails the test
