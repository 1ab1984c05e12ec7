"""The JSON of a sample."""

from __future__ import annotations

import json

import pytest

from hearken.data.clip import Clip
from hearken.data.shards.facts import Sound, read_facts, write_facts
from hearken.errors import ShardError

CLIP = Clip(
    "ein Ton", "dev", "a/b\udce9.wav", ("Ein Hund bellt.", "Wüff"), "t", ("dog",), 3.5, 1.25, ("freesound:1",), "CC0", "someone"
)  # fmt: skip
SOUND = Sound(32_000, 48_000, 0.5, 1.0625, True, ("truncated",))


def test_all_is_kept() -> None:
    content = write_facts("00000001", CLIP, SOUND)
    assert read_facts(content) == ("00000001", CLIP, SOUND)
    told = json.loads(content.decode("ascii"))
    assert (told["captions"], told["sound"]["duration_s"], SOUND.duration_s) == (["Ein Hund bellt.", "Wüff"], 1.5, 1.5)


def test_what_is_empty_is_left_out() -> None:
    bare = Clip("1", "", "1.wav")
    content = write_facts("1", bare, SOUND)
    assert set(json.loads(content)) == {"key", "id", "audio", "sound"}
    assert read_facts(content)[1] == bare


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"key": "1", "sound": {}}', b'{"sound": 3}', b"\xff", b"[" * 100_000])
def test_anything_else_is_an_error(content: bytes) -> None:
    with pytest.raises(ShardError, match="facts of a sample"):
        read_facts(content)
