"""Figures of corpora: by hand on a few clips, and the published ones on the real caption files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.stats import PUBLISHED, describe, describe_corpus, frequent_words, of_descriptions, to_csv

SHARED = Path(__file__).resolve().parents[3] / "shared" / "captions"
CLIPS = (
    Clip("a", "train", "a.wav", ("A dog barks.", "The dog barks  loudly, twice."), duration_s=3600.0),
    Clip("b", "train", "b.wav", ("Dog!",), duration_s=1800.0),
    Clip("c", "test", "c.wav"),
)


def test_by_hand() -> None:
    row = describe(CLIPS, "mine", source="here", language="English", text="me")
    assert (row.num_clips, row.num_captions, row.num_with_duration) == (3, 3, 2)
    assert (row.hours, row.max_duration_s, row.mean_duration_s) == (1.5, 3600.0, 2700.0)
    assert (row.max_words, row.mean_words) == (5, 3.0)
    assert (row.name, row.source, row.language, row.text_source) == ("mine", "here", "English", "me")


def test_titles_descriptions_and_tags_are_counted() -> None:
    clips = (Clip("a", "all", "a.wav", ("x",), title="T", description="Two words.", tags=("t",)), Clip("b", "all", "b.wav", ("y",)))
    row = describe(clips, "mine")
    assert (row.num_titled, row.num_described, row.num_tagged) == (1, 1, 1)
    told = of_descriptions(Corpus("mine", Path(), clips))
    assert [clip.captions for clip in told.clips] == [("Two words.",), ()]


def test_a_users_groups_are_no_site() -> None:
    clips = (Clip("a", "all", "a.wav", origins=("group:kitchen", "freesound:1")), Clip("b", "all", "b.wav", origins=("group:yard",)))
    assert describe_corpus(Corpus("mine", Path(), clips))[0].source == describe_corpus(Corpus("mine", Path(), clips[:1]))[0].source
    assert "group" not in describe_corpus(Corpus("mine", Path(), clips))[0].source


def test_measured_lengths_go_before_published_ones() -> None:
    row = describe(CLIPS, "mine", durations_s={"b": 600.0, "c": 1200.0})
    assert (row.hours, row.num_with_duration, row.mean_duration_s) == (1.5, 3, 1800.0)


def test_unknown_is_none_and_an_empty_cell() -> None:
    row = describe(CLIPS[2:], "mine")
    assert (row.hours, row.max_duration_s, row.mean_duration_s, row.max_words, row.mean_words) == (None,) * 5
    (cells,) = csv.DictReader(io.StringIO(to_csv([row])))
    assert (cells["hours"], cells["num_clips"]) == ("", "1")


def test_the_source_is_what_the_origins_say() -> None:
    clips = [
        Clip(str(number), "all", "a.wav", origins=(origin,)) for number, origin in enumerate(("bigsoundbank:1", "mine:1", "soundbible:2"))
    ]
    assert describe(clips, "mine").source == "BigSoundBank mine SoundBible"
    assert describe(clips, "mine", source="the attic").source == "the attic"
    assert describe(CLIPS, "mine").source == ""


def test_splits_and_all() -> None:
    corpus = Corpus("mine", Path(), CLIPS)
    assert [(row.name, row.num_clips) for row in describe_corpus(corpus)] == [("mine train", 2), ("mine test", 1), ("mine", 3)]
    assert [row.name for row in describe_corpus(corpus.only(["test"]))] == ["mine"]


def test_words() -> None:
    captions = [caption for clip in CLIPS for caption in clip.captions] + ["2 cats' bark"]
    assert frequent_words(captions, 3) == [("dog", 3), ("barks", 2), ("bark", 1)]
    assert frequent_words(captions, 0) == []


def texts(name: str, *columns: str) -> list[str]:
    with (SHARED / name).open(encoding="utf-8-sig", newline="") as file:
        return [row[column] for row in csv.DictReader(file) for column in columns if row[column].strip()]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the caption files beside the checkout")
def test_the_definition_of_a_word_is_that_of_the_paper() -> None:
    clotho = [text for split in ("development", "validation", "evaluation")
              for text in texts(f"clotho_v2.1/clotho_captions_{split}.csv", *(f"caption_{n}" for n in range(1, 6)))]  # fmt: skip
    audiocaps = [text for split in ("train", "val", "test") for text in texts(f"audiocaps/v1/{split}.csv", "caption")]
    wavtext5k = texts("wavtext5k/WavText5K.csv", "description")
    found = {}
    for name, captions in (("clotho", clotho), ("audiocaps", audiocaps), ("wavtext5k", wavtext5k)):
        row = describe([Clip(str(n), "all", "", (caption,)) for n, caption in enumerate(captions)], name)
        assert row.max_words == PUBLISHED[name].max_words
        assert row.mean_words is not None
        found[name] = round(row.mean_words, 2)
    assert found == {"clotho": PUBLISHED["clotho"].mean_words, "audiocaps": PUBLISHED["audiocaps"].mean_words, "wavtext5k": 13.02}
    assert sum(len(text.split()) for text in wavtext5k) / 4525 == pytest.approx(12.50, abs=0.011)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the caption files beside the checkout")
def test_a_table_as_it_lies_there() -> None:
    corpus = load(SHARED.parent / "audio" / "metadata.csv")
    rows = {row.name.rsplit(" ", 1)[-1]: row.num_clips for row in describe_corpus(corpus)[:2]}
    assert rows == {"dev": 1678, "train": 2338}


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the caption files beside the checkout")
def test_wavtext5k_has_what_its_paper_counts() -> None:
    corpus = load("wavtext5k", folder=SHARED / "wavtext5k")
    row, paper = describe(of_descriptions(corpus).clips, "wavtext5k"), PUBLISHED["wavtext5k"]
    assert (row.num_clips, row.num_captions, row.num_tagged, row.max_words) == (paper.num_clips, paper.num_captions, paper.num_tagged, 82)
    assert (row.num_titled, paper.num_titled) == (4520, 4525)  # five rows of the file have none
