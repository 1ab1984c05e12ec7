"""`hearken index`: report, exit codes, interruption."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hearken.cli.index import failed_below, interrupted, summary
from hearken.library.index import IndexEvent, IndexReport
from hearken.types import Failure

CLEAN = IndexReport(2, 2, 0, 0, 0, 0, 0, 0, 120.0, 2.0)


def test_options_arrive_and_paths_become_absolute(cli, answers, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers.report = CLEAN
    assert cli("index", "a", "/b/../c", "--library", "lib", "--model", "big", "--jobs", "3", "--retry-failed").code == 0
    options = {"jobs": 3, "retry_failed": True, "captions": False}
    assert answers.calls == [("Library", (Path("lib"),), {"model": "big"}), ("index", ([f"{tmp_path}/a", "/c"],), options)]


def test_one_line_in_a_pipe(cli, answers) -> None:
    answers.report = CLEAN
    assert cli("index", "a") == (0, "2 files: 2 indexed (2.0 min of sound in 2.0 s, 60x real time)\n", "")


def test_some_failed_is_3(cli, answers) -> None:
    code, out, err = cli("index", "a")
    assert (code, err) == (3, "")
    assert out.splitlines()[0].startswith("10 files: 4 indexed, 2 unchanged, 1 moved, 1 copied, 3 deleted, 1 failed, 1 skipped (")
    assert "info --failures" in out


def test_json(cli, answers) -> None:
    code, out, err = cli("index", "/a", "--json")
    assert (code, err) == (3, "")
    assert json.loads(out) == {
        "library": "/default/library", "roots": ["/a"], "scanned": 10, "indexed": 4, "unchanged": 2, "moved": 1, "copied": 1, "deleted": 3,
        "failed": 1, "skipped": 1, "audio_s": 90.0, "wall_s": 2.0, "kept": 0, "absent": [], "captioned": 0,
    }  # fmt: skip


def test_ctrl_c_says_how_to_go_on(cli, answers) -> None:
    answers.error = KeyboardInterrupt()
    code, out, err = cli("index", "/a")
    assert (code, out) == (130, "")
    assert err == "Interrupted. 3 files of 10 done and kept; run the same command again to go on.\n"


def test_ctrl_c_before_anything() -> None:
    assert interrupted(None) == "Interrupted. Nothing is lost; run the same command again to go on."
    assert interrupted(IndexEvent("scan", 7, 0, 0.0, 0.0, 0)) == interrupted(None)


def test_ctrl_c_while_the_graph_is_built() -> None:
    said = interrupted(IndexEvent("graph", 16_384, 300_000, 9.0, 0.0, 0))
    assert said == "Interrupted. All files are done and kept, only searching is not as quick yet; run the same command again to go on."


def test_captions_are_asked_for_and_told(cli, answers) -> None:
    answers.report = replace(CLEAN, captioned=1_200)
    code, out, _ = cli("index", "/a", "--captions")
    assert (code, answers.calls[1][2]["captions"]) == (0, True)
    assert out.splitlines()[1] == "1 200 sounds got a machine-made caption, which may be wrong."
    assert json.loads(cli("index", "/a", "--captions", "--json").out)["captioned"] == 1_200
    assert "caption" not in summary(CLEAN)


def test_ctrl_c_while_captions_are_made() -> None:
    said = interrupted(IndexEvent("caption", 64, 4_000, 0.0, 0.0, 0))
    assert said == "Interrupted. All files are done and kept, and 64 captions of 4 000; run the same command again to go on."


def test_a_folder_without_sounds_is_told() -> None:
    nothing = replace(CLEAN, scanned=1, indexed=0, skipped=1, audio_s=0.0)
    assert summary(nothing).splitlines()[1].startswith("No sound file was found there: they are known by names that end in .wav")
    assert "No sound file" not in summary(replace(nothing, absent=("/disk",)))
    assert "No sound file" not in summary(CLEAN)


def test_summary_names_absent_folders_escaped() -> None:
    report = replace(CLEAN, indexed=0, audio_s=0.0, absent=("/disk\x1b",))
    lines = summary(report).splitlines()
    assert lines == [
        "2 files: 0 indexed (2.0 s)",
        "/disk\\x1b is not there, or empty; what is known of it was kept. `hearken forget '/disk\\x1b'` removes it.",
    ]


def test_a_few_failures_are_told_with_their_reasons(cli, answers) -> None:
    answers.failures = [
        Failure("/a/x.wav", "decode", "AudioEmptyError", "/a/x.wav is empty."),
        Failure("/a/y.txt", "scan", "AudioReadError", "/a/y.txt was left alone."),
        Failure("/abc/z.wav", "decode", "AudioEmptyError", "/abc/z.wav is empty."),
    ]
    assert cli("index", "/a").out.splitlines()[1:] == ["Failed: /a/x.wav is empty."]
    answers.report = replace(answers.report, failed=4)
    assert "x.wav" not in cli("index", "/a").out


def test_failed_below() -> None:
    ledger = [Failure(path, "decode", "AudioEmptyError", "No.") for path in ("/a/x.wav", "/ab/x.wav", "/c.wav")]
    assert [failure.path for failure in failed_below(ledger, ["/a", "/c.wav"])] == ["/a/x.wav", "/c.wav"]
    assert len(failed_below(ledger, ["/"])) == 3
