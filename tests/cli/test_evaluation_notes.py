from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.cli.evaluation_notes import FEW, counted, elsewhere_told, failures_told, few_told, interval_notes, missing_told, notes_of
from hearken.metrics.confidence import Interval, jackknife
from hearken.metrics.relevance import Relevance
from hearken.types import Failure
from tests.cli.test_evaluated import done_of


def test_what_stands_below() -> None:
    record = {"captions_worded_alike": 2, "clips_unreadable": 1, "queries_of_unreadable": 1, "clips_of_one_file": 2}
    lines = "\n".join(notes_of([done_of(record=record)]))
    for told in (
        "3 clips, 5 queries; intervals: clips drawn again", "2 captions worded like another clip's", "left out: 1 clip that cannot be read",
        "left out: 1 query that only these answer", "2 clips have their file in common",
    ):  # fmt: skip
        assert told in lines
    twice = notes_of([done_of(), done_of("two")])
    assert len(twice) == len(set(twice))
    assert any("drawn again" in line for line in twice)
    assert any("jackknife" in line for line in notes_of([replace(done_of(), interval="jackknife")]))


def test_intervals_of_few_are_rough() -> None:
    assert any(line == "intervals of so few are rough: text to audio 3 clips, audio to text 3 clips" for line in notes_of([done_of()]))
    by_query = notes_of([replace(done_of(), interval="jackknife")])
    assert "intervals of so few are rough: text to audio 5 queries, audio to text 3 queries" in by_query
    assert few_told({"a": FEW, "b": FEW - 1}, "clip") == [f"intervals of so few are rough: b {FEW - 1} clips"]
    assert few_told({"": 1}, "query") == ["intervals of so few are rough: 1 query"]
    assert few_told({"a": FEW}, "clip") == []


def test_an_interval_without_a_width_is_no_certainty() -> None:
    same, other = np.ones(5), np.arange(5) / 5
    figures = {"R@50": jackknife(same), "R@1": jackknife(other), "medR": Interval(1.0, 1.0, 1.0, "bootstrap"), "x": Interval(1.0, 1.0, 1.0)}
    (line,) = interval_notes(figures, {"R@50": same, "R@1": other, "x": same})
    assert line == "intervals without a width: all fared alike (R@50); that is no certainty"
    assert interval_notes({"R@50": Interval(1.0, 1.0, 1.0, "bootstrap")}, {"R@50": np.ones(1)}) == []


def test_an_interval_beyond_what_can_be_is_told() -> None:
    beyond = {"R@50": Interval(0.98, 0.95, 1.01, "jackknife")}
    (line,) = interval_notes(beyond, {})
    assert "beyond 0 or 100" in line
    assert "DCASE" in line
    assert len(interval_notes({"R@1": Interval(0.02, -0.01, 0.05, "jackknife")}, {})) == 1
    assert interval_notes({"meanR": Interval(4.0, 2.0, 6.0, "jackknife"), "R@1": Interval(0.5, 0.0, 1.0, "jackknife")}, {}) == []


def test_clips_without_a_caption_ask_for_none() -> None:
    lonely = done_of(queries=("rain", "heavy rain", "a dog", "wind", "dogs"), relevance=Relevance.from_lists([[0], [0], [1], [1], [1]], 3))
    assert "1 clip has no caption and asks for none, audio to text" in notes_of([lonely])
    assert not any("no caption" in line for line in notes_of([done_of()]))


def test_the_first_of_what_is_missing_is_named() -> None:
    record = {"clips_without_sound": 7, "first_without_sound": ["a", "b\x1b"]}
    assert missing_told(record) == ["not here: a, b\\x1b and 5 more"]
    assert missing_told(record | {"clips_without_sound": 2}) == ["not here: a, b\\x1b"]
    assert missing_told({}) == []
    assert "not here: a, b\\x1b and 5 more" in notes_of([done_of(record=record)])
    assert elsewhere_told({"sounds_elsewhere": 2, "first_elsewhere": ["a.wav (at x/a.wav)"]}) == [
        "not where the table says, but found by name: a.wav (at x/a.wav) and 1 more"
    ]
    failures = [Failure(f"{number}.wav", "read", "AudioError", f"{number}.wav is no sound.") for number in range(7)]
    told = failures_told(failures)
    failed = replace(done_of(), failures=tuple(failures[:1]))
    assert notes_of([failed, failed]).count("failed: 0.wav is no sound.") == 1, "what no system can read is named once"
    assert (told[0], len(told), told[-1]) == ("failed: 0.wav is no sound.", 6, "... and 2 more that could not be read")


def test_numbers_and_nouns() -> None:
    assert [counted(number, noun) for number, noun in ((1, "query"), (2, "query"), (1_200, "clip"))] == [
        "1 query",
        "2 queries",
        "1 200 clips",
    ]
    one = done_of(record={"captions_worded_alike": 1})
    assert any("1 caption worded like another clip's counts as answered by its own clip" in line for line in notes_of([one]))


def test_where_it_lies_is_told_once_and_what_is_not_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = replace(done_of(), folder=Path("x"))
    lines = notes_of([kept, kept])
    assert lines[-2:] == ["kept in x", "a page of it: hearken report x --out report.html"]
    lines = notes_of([replace(kept, is_kept=False), replace(kept, folder=Path("y"))])
    assert lines[-3:-1] == ["measured again, and not kept: x is as before; --out DIR keeps it", "kept in y"]
    assert not any("report" in line for line in notes_of([replace(kept, is_kept=False)]))
