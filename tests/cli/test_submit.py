"""`hearken submit`: what it writes, what it says of a file, and the options that do not go together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from hearken.cli import submit as module
from hearken.evaluate.measure import measure
from hearken.evaluate.store import save
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores

CLIPS = tuple(f"{name}.wav" for name in "abcdefghijkl")
QUERIES = tuple(f"I hear {name}." for name in "abcdefghijkl")
LABEL = "Lovelace_UoL_task8_1"


@pytest.fixture(autouse=True)
def only_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command("submit")(module.submit)
    monkeypatch.setattr("hearken.cli.program.app", app)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An evaluation in a folder: every caption finds its clip."""
    task = Task("clotho-evaluation", CLIPS, QUERIES, Relevance.from_lists([[number] for number in range(12)], 12))
    scores = TableScores(np.eye(12, dtype=np.float32))
    save(tmp_path / "evaluation", measure("ours", task, scores), task, scores)
    return tmp_path / "evaluation"


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text("file_name,caption_1\n" + "".join(f"{clip},{query}\n" for clip, query in zip(CLIPS, QUERIES, strict=True)))
    return path


def submitted(cli: Any, source: Path, out: Path, *more: str) -> Path:
    code, _, err = cli("submit", str(source), "--challenge", "dcase2024", "--out", str(out), "--label", LABEL, *more)
    assert code == 0, err
    return out / f"{LABEL}.output.csv"


def test_an_evaluation_becomes_a_submission_that_is_right(cli, source: Path, truth: Path, tmp_path: Path) -> None:
    code, out, err = cli(
        "submit", str(source), "--challenge", "dcase2024", "--out", str(tmp_path / "o"), "--label", LABEL, "--truth", str(truth)
    )
    assert code == 0
    assert "12 rows, 12 clips to choose from" in out
    assert "Still null in the metadata: submission.name" in err
    assert (tmp_path / "o" / f"{LABEL}.meta.yaml").read_text().count("R@1: 1.0") == 1
    code, out, _ = cli("submit", "--check", str(tmp_path / "o" / f"{LABEL}.output.csv"), "--challenge", "dcase2024", "--truth", str(truth))
    assert code == 0
    assert "right for dcase2024, 12 rows, 12 clips" in out


def test_as_json(cli, source: Path, tmp_path: Path) -> None:
    code, out, err = cli("submit", str(source), "--challenge", "dcase2024", "--out", str(tmp_path / "o"), "--label", LABEL, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert any("--truth" in note for note in told["notes"])
    assert (told["rows"], told["clips"], told["challenge"]) == (12, 12, "dcase2024")
    assert Path(told["output"]).is_file()
    assert "submission.authors.email" in told["to_fill_in"]


def test_a_table_of_scores_of_an_npz(cli, truth: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=np.eye(12))
    arguments = ["submit", str(tmp_path / "s.npz"), "--challenge", "dcase2025", "--out", str(tmp_path), "--label", "A_B_task6_1"]
    assert cli(*arguments)[0] == 1
    assert cli(*arguments, "--truth", str(truth))[0] == 0
    assert (tmp_path / "A_B_task6_1.output.csv").read_text().startswith("index,a.wav,b.wav")


def test_the_known_wrong_header_is_told_with_exit_code_1(cli, source: Path, truth: Path, tmp_path: Path) -> None:
    path = submitted(cli, source, tmp_path / "o")
    lines = path.read_text().split("\n")
    path.write_text("\n".join([",".join(map(str, range(11))), *lines[1:3], lines[3].replace("a.wav", "aa.wav"), *lines[4:]]))
    code, out, _ = cli("submit", "--check", str(path), "--challenge", "dcase2023", "--truth", str(truth))
    assert code == 1
    assert "2 faults for dcase2023" in out
    assert "2023 baseline" in out
    assert "line 4, column file_name_2: there is no clip 'aa.wav'" in out
    assert "faults for dcase2022 to dcase2024 (one format)" in cli("submit", "--check", str(path), "--truth", str(truth))[1]
    code, out, _ = cli("submit", "--check", str(path), "--truth", str(truth), "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["valid"], told["num_faults"], told["faults_by_kind"]) == (False, 2, {"header": 1, "unknown clip": 1})
    assert told["faults"][1] == {
        "kind": "unknown clip", "line": 4, "column": "file_name_2",
        "message": "there is no clip 'aa.wav'; the nearest is 'a.wav'.",
    }  # fmt: skip


def test_metadata_are_checked_too(cli, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    meta = submitted(cli, source, tmp_path / "o").with_name(f"{LABEL}.meta.yaml")
    code, out, err = cli("submit", "--check", str(meta), "--challenge", "dcase2024")
    assert code == 0
    assert "not complete for dcase2024" in out
    told = " ".join(err.split())
    assert "Still null in the metadata: submission.name, " in told
    assert "system.source_code" in told  # all of them are told
    assert "more" not in told
    code, out, _ = cli("submit", "--check", str(meta), "--challenge", "dcase2024", "--json")
    assert (code, json.loads(out)["to_fill_in"][0]) == (0, "submission.name")
    whole = meta.with_name("whole.yaml")
    whole.write_text(meta.read_text().replace("null", '"x"'))
    code, out, err = cli("submit", "--check", str(whole), "--challenge", "dcase2024")
    assert (code, err) == (0, "")
    assert "right for dcase2024" in out
    code, out, _ = cli("submit", "--check", str(meta), "--challenge", "dcase2022", "--json")
    assert code == 1
    assert json.loads(out)["faults"][0]["column"] == "submission.label"
    assert cli("submit", "--check", str(meta))[0] == 2


def test_a_file_of_metadata_is_taken_over(cli, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    mine = tmp_path / "mine.yaml"
    mine.write_text("submission:\n  name: Ours\n  label: A_B_task8_2\nresults:\n  development_testing:\n    R@1: 0.25\n")
    code, _, err = cli("submit", str(source), "--challenge", "dcase2024", "--out", str(tmp_path / "o"), "--meta", str(mine))
    assert code == 0, err
    text = (tmp_path / "o" / "A_B_task8_2.meta.yaml").read_text()
    assert 'name: "Ours"' in text
    assert "R@1: 0.25" in text


def test_what_is_there_stays_without_overwrite(cli, source: Path, tmp_path: Path) -> None:
    submitted(cli, source, tmp_path / "o")
    code, _, err = cli("submit", str(source), "--challenge", "dcase2024", "--out", str(tmp_path / "o"), "--label", LABEL)
    assert code == 1
    assert "is there already" in err
    submitted(cli, source, tmp_path / "o", "--overwrite")


def test_a_corpus_of_the_truth_is_looked_for_in_its_folder(cli, source: Path, tmp_path: Path) -> None:
    path = submitted(cli, source, tmp_path / "o")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "clotho_captions_evaluation.csv").write_text(
        "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\na.wav,I hear a.,I hear b.,I hear c.,I hear d.,I hear e.\n"
    )
    code, out, _ = cli("submit", "--check", str(path), "--truth", "clotho-evaluation", "--folder", str(tmp_path / "c"))
    assert code == 1
    assert "there is no query 'I hear f.'" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give either what to submit, or --check FILE"),
        (["e", "--check", "x.csv"], "Give either what to submit, or --check FILE"),
        (["--check", "x.csv", "--out", "o"], "--check writes nothing"),
        (["--check", "x.csv", "--overwrite"], "--check writes nothing"),
        (["e", "--out", "o"], "--challenge"),
        (["e", "--challenge", "dcase2024"], "--out"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(cli, arguments: list[str], said: str) -> None:
    code, _, err = cli("submit", *arguments)
    assert code == 2
    assert said in " ".join(err.replace("│", " ").split())


def test_errors_are_sentences(cli, source: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (["--check", str(tmp_path / "none.csv")], "is not there"),
        (["--check", str(tmp_path / "none.yaml"), "--challenge", "dcase2024"], "none.yaml is not there.\nHint: Check the path.\n"),
        (["--check", str(tmp_path)], "is a folder"),
        ([str(source), "--challenge", "dcase2021", "--out", "o"], "There is no challenge 'dcase2021'"),
        ([str(tmp_path), "--challenge", "dcase2024", "--out", "o", "--label", LABEL], f"Name an evaluation in it: {source}."),
        ([str(source), "--challenge", "dcase2024", "--out", str(tmp_path / "o")], "submission.label: there is none"),
    ):
        code, _, err = cli("submit", *arguments)
        assert code == 1
        assert err.startswith("Error: ")
        assert said in err
