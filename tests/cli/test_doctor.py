"""`hearken doctor`: the check list and its exit code."""

from __future__ import annotations

import json

from hearken.cli.doctor import once
from hearken.search.doctor import Check


def test_sound_is_0_even_with_a_note(cli, answers) -> None:
    code, out, err = cli("doctor")
    assert (code, err) == (0, "")
    lines = [line.strip() for line in out.splitlines()]
    assert lines == [
        "library /default/library", "ok  library", "note  sounds", "2 files are not there now.", "Connect the disk.",
        "versions python 3.11.7, av absent",
    ]  # fmt: skip
    assert answers.calls[1] == ("doctor", (), {"repair": False})


def test_unsound_is_1(cli, answers) -> None:
    answers.checks = (Check("database", "error", ("Page 3 is torn\x1b.",), "Index again."),)
    code, out, _ = cli("doctor", "--repair", "--model", "big")
    assert code == 1
    assert answers.calls[0] == ("Library", (None,), {"model": "big"})
    assert "WRONG  database" in out
    assert "Page 3 is torn\\x1b." in out
    assert answers.calls[1][2] == {"repair": True}


def test_json(cli, answers) -> None:
    answers.checks = (Check("database", "error", ("Torn.",), "Index again."),)
    code, out, err = cli("doctor", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "library": "/default/library",
        "ok": False,
        "checks": [{"name": "database", "status": "error", "details": ["Torn."], "hint": "Index again."}],
        "versions": {"python": "3.11.7", "av": "absent"},
    }


def test_a_path_is_named_once(cli, answers) -> None:
    answers.checks = (Check("ledger", "warning", ("/s/a.wav: /s/a.wav is empty.", "/s/b.wav: Torn.")),)
    lines = [line.rstrip() for line in cli("doctor").out.splitlines()]
    assert lines[2:4] == ["          /s/a.wav is empty.", "          /s/b.wav: Torn."]
    assert once("2 files are gone.") == "2 files are gone."


def test_long_details_stay_indented(cli, answers, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    answers.checks = (Check("ledger", "warning", ("word " * 20,)),)
    assert all(line.startswith("          word") for line in cli("doctor").out.splitlines()[2:5])
