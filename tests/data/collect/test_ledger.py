"""The ledger: what was written stays, a torn line goes, and other damage is told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.collect.entry import Entry, Record
from hearken.data.collect.ledger import Ledger
from hearken.errors import DataError

ONE, TWO = (Record(Entry(f"soundbible:{number}", "v", "d", "Té\udce9"), "kept") for number in (1, 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "sub" / "ledger.jsonl") as ledger:
        ledger.add(ONE)
        ledger.add(TWO)
        ledger.add(replace(ONE, state="removed", reason="dead_link"))
    return tmp_path / "sub" / "ledger.jsonl"


def test_the_latest_record_counts(path: Path) -> None:
    ledger = Ledger(path)
    assert [(record.entry.id, record.state) for record in ledger.records()] == [("soundbible:1", "removed"), ("soundbible:2", "kept")]
    assert (ledger.get("soundbible:2"), ledger.get("soundbible:3")) == (TWO, None)
    assert len(path.read_bytes().splitlines()) == 3


def test_a_torn_line_is_taken_away_wherever_it_was_torn(path: Path) -> None:
    whole = path.read_bytes()
    before_last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(before_last, len(whole)):
        path.write_bytes(whole[:end])
        with Ledger(path) as ledger:
            assert ledger.get("soundbible:1") == ONE
            ledger.add(TWO)
        assert len(Ledger(path).records()) == 2
        assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id": "x"}', b"\xff", b"", b"[" * 100_000])
def test_other_damage_is_told_with_its_line(path: Path, line: bytes) -> None:
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], line, lines[1], b""]))
    with pytest.raises(DataError, match=r"ledger\.jsonl, line 2: this is no line of a ledger") as caught:
        Ledger(path)
    assert "looked at anew" in caught.value.hint


def test_it_must_be_open(path: Path) -> None:
    with pytest.raises(ValueError, match="not open"):
        Ledger(path).add(ONE)
