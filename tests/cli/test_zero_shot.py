from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from tests.evaluate.asking import write_corpus
from tests.evaluate.test_classify import Labelled

Cli = Callable[..., Result]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hearken.evaluate.classify.open_system", lambda *_, **__: Labelled())
    return str(write_corpus(tmp_path / "c"))


def test_clips_are_classified_by_their_labels(cli: Cli, corpus: str, tmp_path: Path) -> None:
    result = cli("evaluate", "--zero-shot", "--data", corpus, "--template", "plain")
    assert result.code == 0, result.err
    assert "zero-shot, 3 classes" in result.out
    assert "chance" in result.out
    for told in (
        "3 clips; prompts: {}",
        "intervals: jackknife over clips",
        "pocket finds least: ",
        "kept in evaluations/pocket/t-zero-shot-plain",
        "intervals of so few are rough: 3 clips",
    ):
        assert told in result.err
    assert (tmp_path / "evaluations" / "pocket" / "t-zero-shot-plain" / "zero_shot.json").is_file()
    assert "against" not in result.out
    assert cli("evaluate", "--zero-shot", "--data", corpus).code == 0
    assert sorted(path.name for path in (tmp_path / "evaluations" / "pocket").iterdir()) == ["t-zero-shot", "t-zero-shot-plain"]


def test_json_is_one_object_for_several_models(cli: Cli, corpus: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "model.safetensors").write_bytes(b"")
    result = cli("evaluate", "pocket", "w", "--zero-shot", "--data", corpus, "--template", "plain", "--out", "o", "--json")
    printed = json.loads(result.out)
    found = printed["systems"]
    assert [(each["system"], each["figure"], each["difference"]["value"]) for each in printed["comparisons"]] == [
        (f"{tmp_path.name}/w", "top-1", 0.0)
    ]
    assert [each["system"] for each in found] == ["pocket", f"{tmp_path.name}/w"]
    assert len({each["folder"] for each in found}) == 2
    assert result.err == ""


def test_several_models_are_compared_with_the_first(cli: Cli, corpus: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "model.safetensors").write_bytes(b"")
    result = cli("evaluate", "pocket", "w", "--zero-shot", "--data", corpus, "--out", "o")
    assert "against pocket\n" in result.out
    assert any(line.startswith(f"{tmp_path.name}/w") and "0 / 3 / 0" in line for line in result.out.splitlines())


def test_failures_are_told(cli: Cli, corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.classify.open_system", lambda *_, **__: Labelled(failing=["b.wav"]))
    result = cli("evaluate", "--zero-shot", "--data", corpus, "--template", "plain")
    assert result.code == 3
    assert "b.wav cannot be read" in result.err


def test_wrong_names_are_told_before_anything_is_heard(cli: Cli, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.classify.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    for arguments, message in (
        (["--template", "msclab"], "Did you mean msclap?"), (["--template", "laoin"], "Did you mean laion?"), (["--out", str(tmp_path / "c")], "holds something"), (["pokcet"], "no model 'pokcet'"),
    ):  # fmt: skip
        result = cli("evaluate", "--zero-shot", "--data", corpus, *arguments)
        assert result.code == 1
        assert message in result.err
    assert cli("evaluate", "--zero-shot").code == 2


def test_clips_of_one_recording_are_told(cli: Cli, corpus: str) -> None:
    path = Path(corpus)
    path.write_text("".join(line[:-1] + ', "group": "x"}\n' if "a.wav" in line or "b.wav" in line else line + "\n" for line in (
        row.rstrip() for row in path.read_text().splitlines()
    )).replace("}, \"group\"", ", \"group\""))  # fmt: skip
    result = cli("evaluate", "--zero-shot", "--data", corpus, "--template", "plain")
    assert "cut from 2 recordings, which are left out one at a time" in result.err
