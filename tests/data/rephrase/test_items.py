"""What is asked about, in which order."""

from __future__ import annotations

from pathlib import Path

from hearken.data.clip import Clip, Corpus
from hearken.data.rephrase.items import items_of, one_line

CORPUS = Corpus(
    "mine",
    Path("/x"),
    (
        Clip("a", "all", "a.wav", ("Rain falls. ", "It\nrains."), tags=("rain", " wet  tin ", "rain", "")),
        Clip("b", "all", "b.wav", (), title="A  dog"),
        Clip("c", "all", "c.wav", (" ",)),
    ),
)


def test_an_item_for_each_caption_verbatim() -> None:
    found = list(items_of(CORPUS, per_caption=True))
    assert [(item.index, item.clip.id, item.caption) for item in found] == [(0, "a", "Rain falls. "), (1, "a", "It\nrains.")]
    assert found[0].keywords == ("rain", "wet tin")


def test_an_item_for_each_clip_with_text() -> None:
    found = list(items_of(CORPUS, per_caption=False))
    assert [(item.index, item.clip.id, item.title, item.description) for item in found] == [
        (0, "a", "", "Rain falls. It rains."),
        (1, "b", "A dog", ""),
    ]
    assert found[0].caption == ""


def test_the_limit() -> None:
    assert [len(list(items_of(CORPUS, per_caption=True, limit=limit))) for limit in (1, 2, 9)] == [1, 2, 2]


def test_one_line() -> None:
    assert one_line(" a\r\n b\t c ") == "a b c"
