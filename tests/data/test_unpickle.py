"""The reader of pickles: plain values of every protocol come out, and nothing that a file names is ever run."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import functools
import os
import pickle
import pickletools
import struct
from pathlib import Path

import pytest

from hearken.data.unpickle import read_pickle
from hearken.errors import DataError, MissingDataError
from hearken.limits import MAX_PICKLE_DEPTH

PLAIN = {
    "nhu05030045": ["Nature"],
    "07000163": ["Aircraft", "Military"],
    "text": "Ünï — “quotes”, tab\t, line\n, backslash \\ and 🔔",
    "numbers": [0, 1, -1, 255, 256, 65_536, 2**31, -(2**40), 2**62, 0.5, -1e300],
    "others": (None, True, False, (), ("one",), ("one", "two"), ("a", "b", "c"), ("a", "b", "c", "d")),
    "empty": [[], {}],
    7: "a number as the key",
}


def read(folder: Path, content: bytes) -> object:
    path = folder / "values.pkl"
    path.write_bytes(content)
    return read_pickle(path)


def refused(folder: Path, content: bytes, match: str) -> None:
    with pytest.raises(DataError, match=match) as caught:
        read(folder, content)
    assert "values.pkl" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_back_as_they_were(tmp_path, protocol) -> None:
    assert read(tmp_path, pickle.dumps(PLAIN, protocol)) == PLAIN
    assert read(tmp_path, pickletools.optimize(pickle.dumps(PLAIN, protocol))) == PLAIN
    for value in ("alone", 3, None, [], {}):
        assert read(tmp_path, pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_defaultdict_is_a_dictionary(tmp_path, protocol) -> None:
    for factory in (None, list, dict, str, int):
        made = collections.defaultdict(factory, {"07001030": ["Nature"], "07056034": ["None"]})
        found = read(tmp_path, pickle.dumps(made, protocol))
        assert type(found) is dict
        assert found == dict(made)


def test_many_items_are_read(tmp_path) -> None:
    """Python writes a thousand at a time, and shares texts between them."""
    many = {f"id{number}": ["same", str(number)] for number in range(2_500)}
    assert read(tmp_path, pickle.dumps(many)) == many


class Runs:
    """An object whose pickle calls what it is told to."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.made = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.made


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_pickle_never_runs(tmp_path, protocol) -> None:
    mark = tmp_path / "it ran"
    for value in (Runs(os.mkdir, str(mark)), Runs(eval, f"open({str(mark)!r}, 'w')"), Runs(exec, f"open({str(mark)!r}, 'w')")):
        for nested in (value, [value], {"a": [value]}):
            content = pickle.dumps(nested, protocol)
            refused(tmp_path, content, "it asks for")
            assert not mark.exists()
    pickle.loads(pickle.dumps(Runs(os.mkdir, str(mark)), protocol))
    assert mark.exists(), "the file above would have run"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"c__builtin__\neval\n(X\x01\x00\x00\x001tR.", "__builtin__.eval"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.", "builtins.getattr"),
        (b"ccollections\nOrderedDict\n)R.", "collections.OrderedDict"),
        (b"ccollections\nlist\n)R.", "collections.list"),
        (b"cbuiltins\ndefaultdict\n)R.", "builtins.defaultdict"),
        (b"cbuiltins\nlist.append\n)R.", "builtins.list.append"),
        (b"\x80\x04]\x8c\x04list\x93.", "it asks for"),
        (b"\x80\x04\x8c\x08builtins]\x93.", "it asks for"),
        (b"cbuiltins\nstr\n)R.", "it calls something"),
        (b"cbuiltins\nint\nK\x05\x85R.", "it calls something"),
        (b"cbuiltins\nlist\n](K\x01ea\x85R.", "a mark is missing|it calls something|list is missing|nothing to work on"),
        (b"cbuiltins\ndict\n(K\x01K\x02tR.", "it calls something"),
        (b"ccollections\ndefaultdict\nK\x05\x85R.", "it calls something"),
        (b"K\x05)R.", "it calls something"),
        (b"]]R.", "it calls something"),
        (b"cbuiltins\nlist\n.", "the class 'list' is no plain value"),
        (b"]cbuiltins\nstr\na.", "the class 'str' is no plain value"),
        (b"}cbuiltins\nstr\nK\x01s.", "a dictionary has a key"),
        (b"}X\x01\x00\x00\x00acbuiltins\nstr\ns.", "the class 'str' is no plain value"),
        (b"(ibuiltins\nlist\n.", "INST is no instruction"),
        (b"(cbuiltins\nlist\no.", "OBJ is no instruction"),
        (b"\x80\x02cbuiltins\nlist\n)\x81.", "NEWOBJ is no instruction"),
        (b"cbuiltins\nlist\n}b.", "BUILD is no instruction"),
        (b"Pabc\n.", "PERSID is no instruction"),
        (b"\x82\x01.", "EXT1 is no instruction"),
        (b"S'text of Python 2'\n.", "STRING is no instruction"),
        (b"\x80\x03C\x01a.", "SHORT_BINBYTES is no instruction"),
        (b"]2a.", "DUP is no instruction"),
        (b"]0.", "POP is no instruction"),
    ],
)  # fmt: skip
def test_every_other_instruction_is_refused(tmp_path, content, match) -> None:
    refused(tmp_path, content, match)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "damaged"),
        (b"not a pickle at all", "damaged|no instruction"),
        (b".", "without a value"),
        (b"(.", "without a value"),
        (b"]].", "without a value"),
        (b"(K\x01.", "without a value"),
        (b"]a.", "nothing to work on"),
        (b"](a.", "nothing to work on"),
        (b"]e.", "a mark is missing"),
        (b"u.", "a mark is missing"),
        (b"K\x01(K\x02e.", "a list is missing"),
        (b"](K\x01K\x02u.", "a dict is missing"),
        (b"}(K\x01u.", "a dictionary has a key"),
        (b"}(]K\x02u.", "a dictionary has a key"),
        (b"}(K\x02K\x03d.", "without a value"),
        (b"h\x05.", "it refers to a value"),
        (b"g7\n.", "it refers to a value"),
        (b"\x80\x06].", "protocol 6"),
        (b"\x80\x04].trailing", "behind its end"),
        (b"I99999999999999999999999999\n.", "more than 64 bits"),
        (b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f.", "more than 64 bits"),
        (b"X\x05\x00\x00\x00ab\x00cd.", "a character that is no text"),
        (b"X\x03\x00\x00\x00\xed\xa0\x80.", "a character that is no text"),
        (b"X\x02\x00\x00\x00\xff\xfe.", "damaged"),
        (b"X\xff\xff\xff\x7fab.", "damaged"),
        (b"\x8d" + struct.pack("<Q", 2**63 + 5) + b"ab.", "damaged"),
        (b"Inonsense\n.", "damaged"),
        (b"I" + b"9" * 5_000 + b"\n.", "damaged"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path, content, match) -> None:
    refused(tmp_path, content, match)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_truncated_file_is_read(tmp_path, protocol) -> None:
    content = pickle.dumps(PLAIN, protocol)
    for end in range(len(content)):
        with pytest.raises(DataError, match=r"values\.pkl"):
            read(tmp_path, content[:end])


def test_other_objects_are_refused(tmp_path) -> None:
    when = dt.datetime(2021, 7, 22, tzinfo=dt.UTC)
    for value in (
        {1, 2},
        frozenset("a"),
        b"bytes",
        bytearray(b"b"),
        1j,
        when,
        decimal.Decimal(1),
        collections.OrderedDict(a=1),
        functools.partial(int),
    ):
        refused(tmp_path, pickle.dumps(value), "values.pkl")


def test_nesting_has_an_end(tmp_path) -> None:
    value: object = "inside"
    for _ in range(MAX_PICKLE_DEPTH):
        value = [value]
    assert read(tmp_path, pickle.dumps(value)) == value
    refused(tmp_path, pickle.dumps([value]), f"more than {MAX_PICKLE_DEPTH} deep")
    refused(tmp_path, b"]" * 200_000 + b"a" * 199_999 + b".", f"more than {MAX_PICKLE_DEPTH} deep")


def test_a_few_bytes_cannot_become_a_huge_value(tmp_path) -> None:
    inner: list[object] = ["lol"]
    for _ in range(MAX_PICKLE_DEPTH):
        inner = [inner, inner]
    refused(tmp_path, pickle.dumps(inner), "a list is used in two places")
    endless: list[object] = []
    endless.append(endless)
    refused(tmp_path, pickle.dumps(endless), "a list is used in two places")


def test_large_and_missing_files(tmp_path, monkeypatch) -> None:
    with pytest.raises(MissingDataError, match=r"values\.pkl"):
        read_pickle(tmp_path / "values.pkl")
    monkeypatch.setattr("hearken.data.unpickle.MAX_PICKLE_MB", 1)
    refused(tmp_path, pickle.dumps("x" * 1_100_000), "more than 1 MB")
