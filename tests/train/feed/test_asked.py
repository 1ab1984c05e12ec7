from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus, Query
from hearken.errors import MissingDataError
from hearken.train.feed.asked import ask
from hearken.train.feed.corpora import Opened

CLIPS = (
    Clip("a", "test", "a.wav", ("rain", "a dog "), tags=("wet",)), Clip("b", "test", "b.wav", ("rain",)), Clip("c", "test", "c.wav", ("wind", "")),
)  # fmt: skip
OPENED = Opened(Corpus("mine", Path("."), CLIPS), {"a": "a.wav", "b": "b.wav"}, "mine")


def test_equal_captions_are_one_query_or_several() -> None:
    merged = ask([OPENED])
    assert (merged.clips, merged.queries, merged.grades) == (("a", "b"), ("rain", "a dog"), ({0: 1.0, 1: 1.0}, {0: 1.0}))
    apart = ask([OPENED], merged=False)
    assert (apart.queries, apart.grades) == (("rain", "a dog", "rain"), ({0: 1.0}, {0: 1.0}, {1: 1.0}))
    assert merged.num_worded_alike == apart.num_worded_alike == 2
    assert merged.record["sha256"] != apart.record["sha256"]
    assert merged.labels == (("wet",), ())


def test_clips_without_a_sound() -> None:
    told: list[str] = []
    found = ask([OPENED], left_out=lambda opened, clip: told.append(clip.id))
    assert (told, found.record["clips_without_sound"], found.record["queries_without_clip"]) == (["c"], 1, 1)
    all_of_them = ask([OPENED], need_sounds=False)
    assert (all_of_them.clips, all_of_them.places) == (("a", "b", "c"), ("a.wav", "b.wav", None))
    assert all_of_them.record["clips_without_sound"] == 0
    with pytest.raises(MissingDataError, match="None of the sounds of mine is here"):
        ask([replace(OPENED, places={})])


def test_sounds_without_texts_are_not_told_to_be_elsewhere(tmp_path: Path) -> None:
    bare = tuple(replace(clip, captions=()) for clip in CLIPS)

    def refused(corpus: Corpus) -> tuple[str, str]:
        with pytest.raises(MissingDataError) as raised:
            ask([replace(OPENED, corpus=corpus)])
        return raised.value.message, raised.value.hint

    message, hint = refused(Corpus(str(tmp_path), tmp_path, bare))
    assert message == f"There are no texts beside the sounds of {tmp_path}."
    assert "rain.txt" in hint
    message, hint = refused(Corpus("mine.csv", tmp_path, bare))
    assert message == "No clip of mine.csv has a caption."
    assert "column `caption`" in hint
    assert refused(Corpus("clotho-evaluation", tmp_path, bare))[0] == "No caption or query of clotho-evaluation is here."
    unanswered = Corpus("mine.csv", tmp_path, CLIPS, queries=(Query("wet", (("c", 1.0),)),))
    assert refused(unanswered) == (
        "No caption or query of mine.csv is here.",
        "Paths in a table are relative to the table's folder, or whole.",
    )


def test_queries_of_a_corpus_have_grades_and_come_in_the_place_of_captions() -> None:
    queries = (Query("wet", (("b", 1.0), ("a", 0.0), ("z", 1.0))), Query("loud", (("a", 0.3), ("b", 0.1))), Query("none"))
    found = ask([replace(OPENED, corpus=replace(OPENED.corpus, queries=queries))], merged=False)
    assert (found.queries, found.grades) == (("wet", "loud"), ({1: 1.0}, {0: 0.3, 1: 0.1}))


def test_two_corpora_have_ids_of_their_own() -> None:
    other = Opened(Corpus("yours", Path("."), (Clip("a", "test", "x.wav", ("rain",)),)), {"a": "x.wav"}, "yours")
    found = ask([OPENED, other])
    assert (found.name, found.clips, found.grades[0]) == ("mine + yours", ("mine:a", "mine:b", "yours:a"), {0: 1.0, 1: 1.0, 2: 1.0})


def test_recordings_go_with_their_clips() -> None:
    clips = tuple(replace(clip, origins=(f"freesound:{number}",)) for number, clip in enumerate(CLIPS))
    opened = replace(OPENED, corpus=replace(OPENED.corpus, clips=clips), places={"a": "a.wav", "c": "c.wav"})
    assert ask([opened]).origins == (("freesound:0",), ("freesound:2",))
