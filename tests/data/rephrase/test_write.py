"""What is written, and that our own readers take it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus, Variation
from hearken.data.load import load
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.run import Accepted, Question, Rejected
from hearken.data.rephrase.write import Variant, variants_of, write_manifest, write_rejects, write_variations
from hearken.data.sets.clotho_gpt import read_variations_file
from hearken.errors import DataError

CLIP = Clip("a.wav", "all", "a.wav", ("Rain ☂ falls.",), title="Rain", tags=("rain",), duration_s=2.5, licence="CC0")
ITEM = Item(3, CLIP, caption="Rain ☂ falls.")
RECORD = {"key": "k", "text": "1. It rains.", "finish_reason": "stop", "prompt_tokens": 7, "completion_tokens": None, "response": {"id": 1}}


def test_variations_are_read_back(tmp_path: Path) -> None:
    accepted = Accepted(Question(ITEM, "q", "k"), ("It rains.", "Drops fall."))
    assert write_variations(tmp_path / "v.json", variants_of([accepted], {"k": RECORD})) == 1
    assert list(read_variations_file(tmp_path / "v.json")) == [Variation("a.wav", "Rain ☂ falls.", ("It rains.", "Drops fall."))]
    row = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))[0]
    assert row == {
        "idx": 3, "path": "a.wav", "clip": "a.wav", "caption": "Rain ☂ falls.", "query": "q", "response": {"id": 1},
        "variations": ["It rains.", "Drops fall."], "finish_reason": "stop", "usage": 7,
    }  # fmt: skip
    assert write_variations(tmp_path / "v.json", []) == 0
    assert list(read_variations_file(tmp_path / "v.json")) == []


def test_a_manifest_is_loaded(tmp_path: Path) -> None:
    corpus = Corpus("mine", tmp_path, (CLIP,))
    variants = [Variant(ITEM, ("It rains.", "Drops fall."), "q"), Variant(ITEM, ("It rains.", "Water drips."), "q")]
    assert write_manifest(tmp_path / "new.jsonl", corpus, variants) == 1
    (clip,) = load(tmp_path / "new.jsonl").clips
    assert (clip.audio, clip.captions) == ("a.wav", ("It rains.", "Drops fall.", "Water drips."))
    assert (clip.title, clip.tags, clip.duration_s, clip.licence) == ("Rain", ("rain",), 2.5, "CC0")


def test_a_manifest_elsewhere_names_the_sounds_in_full(tmp_path: Path) -> None:
    corpus = Corpus("mine", tmp_path / "sounds", (CLIP,))
    write_manifest(tmp_path / "there" / "new.jsonl", corpus, [Variant(ITEM, ("It rains.",), "q")])
    assert json.loads((tmp_path / "there" / "new.jsonl").read_text())["file"] == (tmp_path / "sounds" / "a.wav").as_posix()


def test_metadata_stand_where_there_is_no_caption(tmp_path: Path) -> None:
    write_variations(
        tmp_path / "v.json", [Variant(Item(0, CLIP, title="Rain"), ("x",), "q"), Variant(Item(1, CLIP, keywords=("a", "b")), ("y",), "q")]
    )
    assert [variation.caption for variation in read_variations_file(tmp_path / "v.json")] == ["Rain", "a, b"]


def test_rejects(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    question = Question(ITEM, "q", "k")
    assert write_rejects(path, [Rejected(question, "count", "count: 1", RECORD), Rejected(question, "timeout", "late")]) == 2
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["idx"], row["reason"], row["text"], row["response"]) for row in rows] == [
        (3, "count", "1. It rains.", {"id": 1}),
        (3, "timeout", None, None),
    ]
    assert write_rejects(path, []) == 0
    assert not path.exists()


def test_files_are_whole_or_as_before(tmp_path: Path) -> None:
    assert write_variations(tmp_path / "x" / "f", []) == 0
    with pytest.raises(DataError, match="x cannot be written"):
        write_variations(tmp_path / "x", [])
    assert [path.name for path in tmp_path.rglob("*")] == ["x", "f"]
    assert (tmp_path / "x" / "f").read_text() == "[\n\n]\n"
