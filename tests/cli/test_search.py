"""`hearken search`: what it asks of the library and what it prints."""

from __future__ import annotations

import json

from hearken.types import Hit
from tests.cli.conftest import HOSTILE

DEFAULTS = {
    "k": 10, "not_text": None, "min_duration_s": None, "max_duration_s": None, "path_glob": None, "formats": (), "moments": False,
    "fold": True, "names": True, "captions": True, "as_typed": False,
}  # fmt: skip


def test_defaults(cli, answers) -> None:
    assert cli("search", "rain on a roof").code == 0
    assert answers.calls == [("Library", (None,), {"model": None}), ("search", ("rain on a roof",), DEFAULTS)]
    assert answers.closed == 1


def test_every_option_arrives(cli, answers, tmp_path) -> None:
    options = (
        "-k 3 --not wind --min-duration 1.5 --max-duration 60 --path */f/* --format wav --format flac --moments --no-fold --sound-only "
        "--as-typed"
    )
    assert cli("search", "rain", "on", "a", "roof", "--library", str(tmp_path), "--model", "big", *options.split()).code == 0
    expected = {
        "k": 3, "not_text": "wind", "min_duration_s": 1.5, "max_duration_s": 60.0, "path_glob": "*/f/*", "formats": ("wav", "flac"),
        "moments": True, "fold": False, "names": False, "captions": False, "as_typed": True,
    }  # fmt: skip
    assert answers.calls == [("Library", (tmp_path,), {"model": "big"}), ("search", ("rain on a roof",), expected)]


def test_table(cli, answers) -> None:
    code, out, err = cli("search", "rain")
    lines = [line.rstrip() for line in out.splitlines()]
    assert code == 0
    assert lines[0].split() == ["#", "score", "file", "at", "length"]
    assert lines[1].split() == ["1", "█████", "0.50", "/s/rain.wav", "0:01.0-0:06.0", "1:02.0", "+1", "alike"]
    assert "/s/[red]x\\x1b[31m\\udce9.wav" in lines[2]
    assert err.startswith("2 hits in ")


def test_json_is_one_object_and_nothing_else(cli, answers) -> None:
    code, out, err = cli("search", "bell\udce9 \u202e", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "query": "bell\udce9 \u202e",
        "library": "/default/library",
        "understood": {"text": "bell", "parts": ["bell"], "not_text": None, "notes": []},
        "hits": [
            {"path": "/s/rain.wav", "start_s": 1.0, "end_s": 6.0, "score": 0.5, "duration_s": 62.0, "duplicates": ["/s/rain2.wav"],
             "machine_caption": None, "confidence": None, "weak": False},
            {"path": HOSTILE, "start_s": 0.0, "end_s": 2.0, "score": 0.25, "duration_s": 2.0, "duplicates": [], "machine_caption": None,
             "confidence": None, "weak": False},
        ],
    }  # fmt: skip


def test_captions_can_be_left_out(cli, answers) -> None:
    assert cli("search", "rain", "--no-captions").code == 0
    assert answers.calls[1][2] == DEFAULTS | {"captions": False}


def test_a_machine_caption_is_in_the_json_and_breaks_no_line_of_a_pipe(cli, answers) -> None:
    answers.hits = [Hit("/s/a.wav", 0.0, 1.0, 0.5, 1.0, (), "A dog barks.")]
    assert json.loads(cli("search", "rain", "--json").out)["hits"][0]["machine_caption"] == "A dog barks."
    out = cli("search", "rain").out
    assert (len(out.splitlines()), "barks" in out) == (2, False)


def test_no_hit_is_said(cli, answers) -> None:
    answers.hits = []
    code, out, _ = cli("search", "rain")
    assert code == 0
    assert "Nothing in the library" in out
    assert json.loads(cli("search", "rain", "--json").out)["hits"] == []


def test_an_empty_library_is_told_from_filters_that_let_nothing_through(cli, answers) -> None:
    answers.hits, answers.num_files = [], 0
    code, out, _ = cli("search", "rain")
    assert (code, out) == (0, "The library is empty. Fill it with `hearken index DIR`.\n")
    assert json.loads(cli("search", "rain", "--json").out)["hits"] == []


def test_text_may_begin_with_a_dash(cli, answers) -> None:
    assert cli("search", "--", "-40 dB hum").code == 0
    assert answers.calls[1][1] == ("-40 dB hum",)


def test_many_hits_keep_their_order(cli, answers) -> None:
    answers.hits = [Hit(f"/s/{number}.wav", 0.0, 1.0, 1.0 - number / 100, 1.0) for number in range(50)]
    found = json.loads(cli("search", "rain", "--json", "-k", "50").out)["hits"]
    assert [hit["path"] for hit in found] == [f"/s/{number}.wav" for number in range(50)]


SAID = "Nothing here seems to match; these are only the nearest. Try other words, in English.\n"


def test_when_all_hits_are_weak_that_is_told(cli, answers) -> None:
    weak = [Hit(f"/s/{name}.wav", 0.0, 1.0, 0.3, 1.0, confidence=0.04321, weak=True) for name in "ab"]
    answers.hits = weak
    code, out, err = cli("search", "violin")
    assert code == 0
    assert err.endswith(SAID)
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["#", "score", "sure", "file"], ["1", "███", "0.30", "weak"], ["2", "███", "0.30", "weak"]
    ]  # fmt: skip
    told = cli("search", "violin", "--json")
    assert told.err == ""
    assert [(hit["confidence"], hit["weak"]) for hit in json.loads(told.out)["hits"]] == [(0.0432, True)] * 2
    answers.hits = [weak[0], Hit("/s/c.wav", 0.0, 1.0, 0.3, 1.0, confidence=0.625, weak=False)]
    told = cli("search", "violin")
    assert SAID not in told.err
    assert told.out.splitlines()[2].split()[:5] == ["2", "███", "0.30", "62", "%"]
    answers.hits = []
    assert SAID not in cli("search", "violin").err


def test_of_a_model_without_calibration_a_low_score_is_told_on_a_terminal(cli, answers, monkeypatch) -> None:
    answers.hits = [Hit("/s/a.wav", 0.0, 1.0, 0.24, 1.0)]
    assert SAID not in cli("search", "chien").err
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli("search", "chien").err.endswith(SAID)
    assert cli("search", "chien", "--json").err == ""
    answers.hits = [Hit("/s/a.wav", 0.0, 1.0, 0.25, 1.0)]
    assert SAID not in cli("search", "dog").err


def test_an_empty_not_text_is_named(cli, answers) -> None:
    code, _, err = cli("search", "rain", "--not", " ")
    assert (code, err.splitlines()[0]) == (1, "Error: The text of --not is empty.")
    assert answers.calls == []
