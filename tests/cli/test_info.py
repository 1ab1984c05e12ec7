"""`hearken info`: totals and the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hearken.cli.info import duration
from hearken.library.records import CaptionerCount
from hearken.types import Failure
from tests.cli.conftest import HOSTILE, Result

LEDGER = [
    Failure("/s/a.wav", "decode", "AudioFormatError", "It is a web page.", "Get it again."),
    Failure(HOSTILE, "decode", "AudioFormatError", "It is a zip."),
    Failure("/s/fifo.wav", "scan", "AudioReadError", "It is a FIFO."),
]


def test_facts(cli, answers, tmp_path) -> None:
    code, out, err = cli("info", "--library", str(tmp_path))
    assert (code, err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith(" "))
    assert facts["library"].strip() == str(tmp_path)
    assert facts["model"].startswith("pocket, 384 dimensions, digest 0123456789ab")
    assert facts["files"].strip() == "10 (9 different sounds, 40 windows)"
    assert facts["length"].strip() == "1.5 hours"
    assert facts["formats"].strip() == "7 wav, 3 flac"
    assert facts["on"].split(maxsplit=1)[1].strip() == "1.5 MB, and 2.0 kB of cache"
    assert facts["ledger"].strip() == "empty"
    assert "\\x1b[31m\\udce9.wav" in out


def test_who_made_captions(cli, answers) -> None:
    assert "captions" not in cli("info").out
    answers.captioners = (CaptionerCount("pocket-captions", "a1" * 16, 7), CaptionerCount("older\x1b", "b2" * 16, 2))
    lines = cli("info").out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("captions"))
    assert lines[at].split(maxsplit=1)[1].strip() == "7 of 9 sounds, machine-made by pocket-captions (digest a1a1a1a1a1a1)"
    assert lines[at + 1].strip() == "2 of 9 sounds, machine-made by older\\x1b (digest b2b2b2b2b2b2)"
    stats = json.loads(cli("info", "--json").out)["stats"]
    assert stats["captioners"][1] == {"name": "older\x1b", "digest": "b2" * 16, "num_sounds": 2}


def test_duration() -> None:
    assert [duration(seconds) for seconds in (0.0, 90.0, 3_600.0)] == ["0.0 minutes", "1.5 minutes", "1.0 hours"]


def test_ledger(cli, answers) -> None:
    answers.failures = LEDGER
    assert "2 AudioFormatError, 1 AudioReadError; --failures lists them" in cli("info").out
    out = cli("info", "--failures").out
    assert "It is a web page. Get it again." in out
    assert "\\x1b[31m\\udce9.wav" in out
    assert "\x1b" not in out


def test_json(cli, answers) -> None:
    answers.failures = LEDGER
    found = json.loads(cli("info", "--json").out)
    assert set(found) == {"library", "model", "stats", "cache_bytes", "failures_by_kind"}
    assert found["stats"]["containers"] == {"wav": 7, "flac": 3}
    assert found["failures_by_kind"] == {"AudioFormatError": 2, "AudioReadError": 1}
    ledger = json.loads(cli("info", "--json", "--failures").out)["failures"]
    assert [line["path"] for line in ledger] == ["/s/a.wav", HOSTILE, "/s/fifo.wav"]


def test_a_path_is_shown_once(cli, answers) -> None:
    answers.failures = [Failure("/s/a.wav", "decode", "AudioEmptyError", "/s/a.wav is empty.", "Get it again.")]
    out = cli("info", "--failures").out
    assert out.count("/s/a.wav") == 1
    assert "is empty. Get it again." in out


def test_blocks_on_a_narrow_terminal(cli, answers, monkeypatch) -> None:
    answers.failures = [Failure("/s/a\x1b.wav", "decode", "AudioEmptyError", "/s/a\\x1b.wav is empty. " + "word " * 20)]
    out = run_narrow(cli, monkeypatch, 60)
    lines = [line.rstrip() for line in out.splitlines()]
    at = lines.index("/s/a\\x1b.wav")
    assert lines[at + 1].startswith("    AudioEmptyError: is empty. word")
    assert lines[at + 2].startswith("    word")
    assert "/s/a\\x1b.wav  AudioEmptyError" in run_narrow(cli, monkeypatch, 100)


def run_narrow(cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    """`cli` takes COLUMNS away when it is made, so this comes after."""
    monkeypatch.setenv("COLUMNS", str(width))
    return cli("info", "--failures").out
