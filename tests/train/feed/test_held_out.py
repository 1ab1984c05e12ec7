from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.data.clip import Query
from hearken.errors import MissingDataError
from hearken.train.feed.corpora import Opened, open_corpus
from hearken.train.feed.failures import Failures
from hearken.train.feed.held_out import HeldOut, hold_out
from hearken.train.feed.sounds import Sounds
from tests.train.feed.sounding import RATE_HZ, write_sound, write_table

CAPTIONS = (["rain", "a dog "], ["rain"], ["wind", ""], ["a dog", "Rain"])


def held(folder: Path, ledger: Path | None = None, jobs: int = 1, max_num_samples: int | None = None) -> HeldOut:
    return hold_out([corpus_in(folder)], Sounds(RATE_HZ, max_num_samples), Failures(ledger), jobs=jobs)


def corpus_in(folder: Path) -> Opened:
    rows = []
    for number, captions in enumerate(CAPTIONS):
        write_sound(folder / f"{number}.wav", number)
        rows.append({"file": f"{number}.wav", "captions": captions})
    return open_corpus(str(write_table(folder / "t.jsonl", rows)))


def test_every_clip_with_a_caption_answers_it(tmp_path: Path) -> None:
    found = held(tmp_path)
    assert found.clips == tuple(f"{number}.wav" for number in range(4))
    assert found.queries == ("rain", "a dog", "wind", "Rain")
    assert found.relevant.astype(int).tolist() == [[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert (found.record["clips"], found.record["queries"]) == (4, 4)
    (tmp_path / "other").mkdir()
    assert len(found.record["sha256"]) == 64
    assert held(tmp_path / "other").record["sha256"] == found.record["sha256"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_sounds_come_in_order_from_any_place_on(tmp_path: Path, jobs: int) -> None:
    found = held(tmp_path, jobs=jobs, max_num_samples=800)
    for start in (0, 2):
        sounds = list(found.sounds(start))
        assert [number for number, _ in sounds] == list(range(start, 4))
        for number, samples in sounds:
            assert np.array_equal(samples, decode(tmp_path / f"{number}.wav", rate_hz=RATE_HZ).samples[:800])  # always its start


def test_a_clip_that_cannot_be_read_is_left_out_and_noted_once(tmp_path: Path) -> None:
    found = held(tmp_path, tmp_path / "failed.jsonl")
    (tmp_path / "2.wav").write_bytes(b"RIFF, but no sound")
    assert [number for number, _ in found.sounds()] == [0, 1, 3]
    assert list(found.listening.failed) == [2]
    assert "2.wav" in found.listening.failed[2].message
    (line,) = (tmp_path / "failed.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["id"] == "2.wav"
    list(found.sounds())
    assert len((tmp_path / "failed.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_clips_that_are_not_here_are_counted(tmp_path: Path) -> None:
    opened = corpus_in(tmp_path)
    places = {name: place for name, place in opened.places.items() if name != "2.wav"}
    found = hold_out([replace(opened, places=places)], Sounds(RATE_HZ, None), Failures(tmp_path / "failed.jsonl"))
    assert (found.clips, found.queries) == (("0.wav", "1.wav", "3.wav"), ("rain", "a dog", "Rain"))
    assert (found.record["clips_without_sound"], found.record["queries_without_clip"]) == (1, 1)
    assert json.loads((tmp_path / "failed.jsonl").read_text(encoding="utf-8"))["error"] == "MissingDataError"
    with pytest.raises(MissingDataError, match="None of the sounds"):
        hold_out([replace(opened, places={})], Sounds(RATE_HZ, None), Failures(None))


def test_queries_of_the_corpus_own_take_the_captions_places(tmp_path: Path) -> None:
    opened = corpus_in(tmp_path)
    queries = (
        Query("wet", (("1.wav", 1.0), ("0.wav", 0.0), ("9.wav", 1.0))),
        Query("loud", (("0.wav", 0.3), ("3.wav", 0.1))),
        Query("none", ()),
    )
    found = hold_out([replace(opened, corpus=replace(opened.corpus, queries=queries))], Sounds(RATE_HZ, None), Failures(None))
    assert found.queries == ("wet", "loud")
    assert found.relevant.astype(int).tolist() == [[0, 1, 0, 0], [1, 0, 0, 1]]


def test_several_corpora_are_looked_at_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    parts = [corpus_in(tmp_path / name) for name in ("a", "b")]
    found = hold_out(parts, Sounds(RATE_HZ, None), Failures(None))
    assert found.name == f"{tmp_path}/a/t.jsonl + {tmp_path}/b/t.jsonl"
    assert found.clips[4] == f"{tmp_path}/b/t.jsonl:0.wav"
    assert found.relevant[0].astype(int).tolist() == [1, 1, 0, 0, 1, 1, 0, 0]
