"""`hearken similar`: a file as the query."""

from __future__ import annotations

import json
from pathlib import Path

from hearken.errors import AudioReadError


def test_every_option_arrives(cli, answers, tmp_path) -> None:
    options = "-k 3 --min-duration 1.5 --max-duration 60 --path */f/* --format wav --moments --no-fold"
    assert cli("similar", "a.wav", "--library", str(tmp_path), "--model", "big", *options.split()).code == 0
    expected = {
        "k": 3, "min_duration_s": 1.5, "max_duration_s": 60.0, "path_glob": "*/f/*", "formats": ("wav",), "moments": True, "fold": False,
    }  # fmt: skip
    assert answers.calls == [("Library", (tmp_path,), {"model": "big"}), ("similar", (Path("a.wav"),), expected)]


def test_json_query_is_the_absolute_path(cli, answers, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("similar", "caf\udce9.wav", "--json", "-k", "1")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["query"] == f"{tmp_path}/caf\udce9.wav"
    assert [hit["path"] for hit in found["hits"]] == ["/s/rain.wav"]


def test_a_bad_file_is_a_sentence(cli, answers) -> None:
    answers.error = AudioReadError("No such file: a.wav.", "Check the name.")
    assert cli("similar", "a.wav") == (1, "", "Error: No such file: a.wav.\nHint: Check the name.\n")


def test_a_folder_is_told_where_folders_go(cli, answers, tmp_path) -> None:
    code, _, err = cli("similar", str(tmp_path))
    assert (code, answers.calls) == (1, [])
    assert err == f"Error: {tmp_path} is a folder, not a sound file.\nHint: Give a sound file; `hearken index` takes folders.\n"
