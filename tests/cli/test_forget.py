"""`hearken forget`: what is taken out of the library."""

from __future__ import annotations

import json


def test_folders_become_absolute_and_are_forgotten_one_by_one(cli, answers, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("forget", "a\x1b", "/unknown", "./a\x1b", "--library", "lib")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{tmp_path}/a\\x1b: 3 files forgotten", "/unknown: the library holds no file there"]
    assert [call[1] for call in answers.calls if call[0] == "remove"] == [(f"{tmp_path}/a\x1b",), ("/unknown",)]


def test_json(cli, answers) -> None:
    code, out, err = cli("forget", "/a", "/unknown", "--json")
    assert (code, err) == (0, "")
    forgotten = [{"path": "/a", "num_files": 3}, {"path": "/unknown", "num_files": 0}]
    assert json.loads(out) == {"library": "/default/library", "forgotten": forgotten}


def test_nothing_named_is_wrong_usage(cli, answers) -> None:
    assert cli("forget").code == 2
