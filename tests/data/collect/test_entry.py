"""Records come back from a line of the ledger as they were, and nothing else does."""

from __future__ import annotations

import json

import pytest

from hearken.data.collect.entry import Entry, Record

ENTRY = Entry("soundbible:2219", "https://v", "https://d", "T", "D", ("a", "b"), "f.wav", "CC0-1.0", "Somebody")
RECORD = Record(ENTRY, "kept", "", "", "audio/f.flac", 1.5, "ab", 10, ("silent",))


def test_site_and_number() -> None:
    assert (ENTRY.site, ENTRY.number) == ("soundbible", "2219")


@pytest.mark.parametrize("record", [RECORD, Record(Entry("bigsoundbank:0100", "v", "d"), "removed", "dead_link", "gone")])
def test_there_and_back(record: Record) -> None:
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


@pytest.mark.parametrize(
    "change",
    [
        {"state": "lost"}, {"id": "soundbible"}, {"tags": "a"}, {"tags": [1]}, {"title": None}, {"duration_s": "x"}, {"num_bytes": []},
        {"flags": None},
    ],
)  # fmt: skip
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Record.from_json(RECORD.to_json() | change)
    with pytest.raises(ValueError):
        Record.from_json({})
