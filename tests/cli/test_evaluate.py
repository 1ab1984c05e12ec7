from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Result
from tests.evaluate.asking import CLIPS, QUERIES, SCORES, FakeSystem, write_corpus

Cli = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_corpus(tmp_path_factory.mktemp("corpus") / "c"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    system = FakeSystem()
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: system)
    return system


def test_the_built_in_model_from_its_name_to_a_folder(cli: Cli, sounds: str, here: Path) -> None:
    result = cli("evaluate", "--data", sounds, "--misses", "1", "--jobs", "1")
    assert result.code == 0, result.err
    assert "text to audio (percent, 95 % intervals)" in result.out
    assert "pocket: worst mistakes, text to audio" in result.out
    assert "3 clips, 5 queries" in result.err
    assert "kept in evaluations/pocket/t" in result.err
    assert sorted(path.name for path in (here / "evaluations" / "pocket" / "t").iterdir()) == [
        "clips.csv", "evaluation.json", "queries.csv", "task.json", "vectors.npz",
    ]  # fmt: skip


def test_json_is_one_object(cli: Cli, sounds: str, here: Path, fake: FakeSystem) -> None:
    result = cli("evaluate", "pocket", "--data", sounds, "--metric", "R@1", "--interval", "jackknife", "--json")
    (system,) = json.loads(result.out)["systems"]
    assert (system["system"], system["clips"], system["queries"], system["definition"], system["interval"]) == (
        "pocket", 3, 5, "any-of-n", "jackknife",
    )  # fmt: skip
    assert set(system["figures"]) == {"t2a_R@1", "a2t_R@1"}
    assert system["figures"]["t2a_R@1"]["value"] == pytest.approx(0.6)
    assert (system["folder"], system["failures"], result.err) == (str(here / "evaluations" / "pocket" / "t"), [], "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Name a corpus with --data"), (["pocket"], 1, "no run whose recipe names a test set"),
        (["--data", "DATA", "--template", "laion"], 2, "It goes with --zero-shot"), (["--data", "DATA", "--lenient"], 2, "It goes with --submission"),
        (["--data", "DATA", "--tta-layer", "x"], 2, "It goes with --tta"), (["--data", "DATA", "--ensemble", "max"], 2, "is no ensemble"),
        (["--data", "DATA", "--ensemble", "mean"], 2, "two models at least"), (["a", "b", "--ensemble", "fitted"], 2, "go together"),
        (["--scores", "s.npz"], 2, "It needs --data"), (["pocket", "--scores", "s.npz", "--data", "DATA"], 2, "does not go with --scores"),
        (["--submission", "s.csv", "--data", "DATA", "--out", "x"], 2, "does not go with --submission"),
        (["--zero-shot", "--data", "DATA", "--misses", "3"], 2, "does not go with --zero-shot"),
        (["--submission", "s.csv", "--data", "DATA", "--data", "DATA"], 2, "answers one corpus"),
        (["pokcet", "--data", "DATA"], 1, "Did you mean pocket?"), (["--data", "DATA", "--metric", "map@10"], 1, "Did you mean mAP@10?"),
        (["--data", "liste.cvs"], 1, "liste.cvs is not there"), (["--data", "nowhere.csv"], 1, "nowhere.csv is not there"),
        (["--data", "DATA", "--definition", "dcas"], 1, "Did you mean dcase?"), (["--data", "DATA", "--metric", "mAP10"], 1, "no metric 'mAP10'"),
        (["--data", "DATA", "--interval", "x"], 1, "no interval 'x'"), (["--data", "DATA", "--accelerator", "gpu"], 1, "no accelerator 'gpu'"),
        (["--data", "DATA", "--max-duration", "0"], 1, "cannot be cut"), (["pocket", "pocket", "--data", "DATA"], 1, "named twice"),
        (["--data", "DATA", "--data", "DATA"], 1, "both have the clip a.wav"), (["--data", "DATA", "--out", "FOLDER"], 1, "holds something"),
        (["--scores", "s.npz", "--data", "DATA"], 1, "cannot be read"), (["--scores", "s.npz", "--data", "DATA", "--metric", "x"], 1, "no metric"),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anything_is_heard(
    cli: Cli, sounds: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    for module in ("evaluate", "classify"):
        monkeypatch.setattr(f"hearken.evaluate.{module}.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    result = cli("evaluate", *({"DATA": sounds, "FOLDER": str(Path(sounds).parent)}.get(each, each) for each in arguments))
    assert message in " ".join(result.err.split())
    assert (result.code, result.out) == (code, "")


def test_several_models_and_their_mean(cli: Cli, sounds: str, here: Path, fake: FakeSystem) -> None:
    for folder in ("x/same", "y/same"):
        (here / folder).mkdir(parents=True)
        (here / folder / "model.safetensors").write_bytes(b"")
    monkey = ["evaluate", "x/same", "y/same", "--data", sounds, "--ensemble", "mean", "--out", "o"]
    result = cli(*monkey)
    assert result.code == 0, result.err
    assert sorted(path.name for path in (here / "o").iterdir()) == ["mean", "x-same", "y-same"]
    assert "against x/same" in result.out
    assert "mean of 2" in result.out
    assert "kept in o/x-same, o/y-same, o/mean" in result.err
    found = json.loads(cli(*monkey, "--json").out)
    assert [each["system"] for each in found["systems"]] == ["x/same", "y/same", "mean of 2"]
    assert [(each["system"], each["figure"], each["difference"]["value"]) for each in found["comparisons"]] == [
        (system, figure, 0.0) for system in ("y/same", "mean of 2") for figure in ("t2a_mAP@10", "a2t_mAP@10")
    ]
    cli("evaluate", "x/same", "--data", sounds, "--out", "o/x-same")
    assert (here / "o" / "y-same" / "evaluation.json").is_file()


def test_weights_are_not_fitted_on_what_is_tested(cli: Cli, sounds: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    (here / "w").mkdir()
    (here / "w" / "model.safetensors").write_bytes(b"")
    result = cli("evaluate", "pocket", "w", "--data", sounds, "--ensemble", "fitted", "--fit-on", sounds)
    assert (result.code, result.out) == (1, "")
    assert "Weights must not be fitted on what is tested" in result.err


def test_clips_that_cannot_be_read(cli: Cli, sounds: str, fake: FakeSystem) -> None:
    fake.failing = {"b.wav"}
    result = cli("evaluate", "--data", sounds)
    assert result.code == 3
    assert "left out: 1 clip that cannot be read" in result.err
    assert "left out: 2 queries that only these answer" in result.err
    assert "b.wav cannot be read" in result.err
    found = json.loads(cli("evaluate", "--data", sounds, "--json").out)["systems"][0]
    assert (len(found["failures"]), found["clips"], found["record"]["clips_unreadable"]) == (1, 2, 1)


def test_an_earlier_evaluation_is_measured_again(cli: Cli, sounds: str, fake: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("evaluate", "--data", sounds)
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    found = json.loads(cli("evaluate", "evaluations/pocket/t", "--metric", "R@2", "--json").out)
    assert set(found["systems"][0]["figures"]) == {"t2a_R@2", "a2t_R@2"}
    assert found["systems"][0]["kept"] is False
    result = cli("evaluate", "evaluations/pocket/t", "--metric", "R@2")
    assert "measured again, and not kept: evaluations/pocket/t is as before; --out DIR keeps it" in result.err
    assert "kept in" not in result.err
    assert "R@5" not in result.out
    assert "kept in evaluations/pocket/t\n" in cli("evaluate", "evaluations/pocket/t", "--metric", "R@5").err
    assert "kept in o\n" in cli("evaluate", "evaluations/pocket/t", "--metric", "R@2", "--out", "o").err
    assert {"t2a_R@2", "t2a_mAP@10"} <= json.loads(Path("o/evaluation.json").read_text())["figures"].keys()
    result = cli("evaluate", "evaluations/pocket/t", "--data", "other.csv")
    assert (result.code, result.out) == (1, "")
    assert "has its own corpus, so it is not asked other.csv" in result.err
    result = cli("evaluate", "evaluations/pocket/t", "--tta", "4:2x2")
    assert (result.code, "not encoded anew" in result.err or "needs torch" in result.err) == (1, True)


def test_what_is_kept_is_all_that_was_ever_asked(cli: Cli, sounds: str, fake: FakeSystem) -> None:
    record = Path("evaluations/pocket/t/evaluation.json")
    usual = {f"{way}_{name}" for way in ("t2a", "a2t") for name in ("mAP@10", "R@1", "R@5", "R@10", "medR", "meanR")}
    found = json.loads(cli("evaluate", "--data", sounds, "--metric", "R@2", "--json").out)["systems"][0]
    assert set(found["figures"]) == {"t2a_R@2", "a2t_R@2"}, "what was asked for is printed"
    assert set(json.loads(record.read_text())["figures"]) == usual | {"t2a_R@2", "a2t_R@2"}
    cli("evaluate", "--data", sounds, "--metric", "MRR")
    assert set(json.loads(record.read_text())["figures"]) == usual | {f"{way}_{name}" for way in ("t2a", "a2t") for name in ("R@2", "MRR")}
    assert "R@2" not in cli("evaluate", "--data", sounds).out
    cli("evaluate", "--data", sounds, "--definition", "fraction", "--out", "evaluations/pocket/t")
    assert set(json.loads(record.read_text())["figures"]) == usual, "figures of another definition are others"


def test_weights_are_not_fitted_with_earlier_evaluations(cli: Cli, sounds: str, fake: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        cli("evaluate", "--data", sounds, "--out", name)
    for module in ("plan.load", "plan.again", "evaluate.open_system", "evaluate.open_task"):
        monkeypatch.setattr(f"hearken.evaluate.{module}", lambda *_, **__: pytest.fail("something is done"))
    for names in (("one", "two"), ("pocket", "two")):
        result = cli("evaluate", *names, "--ensemble", "fitted", "--fit-on", "v.csv")
        assert (result.code, result.out) == (1, "")
        assert "Weights are fitted with models, not with earlier evaluations" in result.err


def test_clips_that_are_not_here_are_named(cli: Cli, here: Path, fake: FakeSystem) -> None:
    corpus = str(write_corpus(here / "c"))
    (here / "c" / "b.wav").unlink()
    result = cli("evaluate", "--data", corpus)
    assert result.code == 0
    assert "left out: 1 clip whose sound is not here" in result.err
    assert "not here: b.wav" in result.err


def test_a_submission_that_lacks_rows_has_a_way_out(cli: Cli, sounds: str, here: Path) -> None:
    (here / "s.csv").write_text("index," + ",".join(CLIPS) + "\n" + "".join(f"{text},1,0,0\n" for text in QUERIES[1:]))
    result = cli("evaluate", "--submission", "s.csv", "--data", sounds)
    assert result.code == 1
    assert "--lenient counts 0 for queries without a row" in result.err
    assert cli("evaluate", "--submission", "s.csv", "--data", sounds, "--lenient").code == 0


def test_what_is_done_when_one_stops_is_told(cli: Cli, sounds: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopping(FakeSystem):
        def encode_sounds(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise KeyboardInterrupt

    (here / "w").mkdir()
    (here / "w" / "model.safetensors").write_bytes(b"")
    systems = [FakeSystem(), Stopping()]
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: systems.pop(0))
    result = cli("evaluate", "pocket", "w", "--data", sounds)
    assert (result.code, result.out) == (130, "")
    assert "Done before that, and kept: evaluations/pocket/t" in result.err


@pytest.mark.parametrize("width", ["80", "60", "200"])
def test_tables_fit_the_terminal(cli: Cli, sounds: str, fake: FakeSystem, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)  # after `cli`, which takes it away
    result = cli("evaluate", "--data", sounds)
    lines = [line for line in result.out.splitlines() if "[" in line]
    assert max(len(line.rstrip()) for line in lines) <= int(width)
    assert sum(line.count("[") for line in lines) == sum(line.count("]") for line in lines) == 12
    assert all(line.startswith("pocket") for line in lines)
    assert len(lines) == {"60": 6, "80": 4, "200": 2}[width]


def test_scores_of_another_program(cli: Cli, sounds: str, here: Path) -> None:
    np.savez(here / "s.npz", scores=SCORES[::-1], queries=np.array(QUERIES[::-1]), clips=np.array(CLIPS))
    result = cli("evaluate", "--scores", "s.npz", "--data", sounds, "--out", "o", "--json")
    (system,) = json.loads(result.out)["systems"]
    assert (system["system"], system["figures"]["t2a_R@1"]["value"], system["folder"]) == ("s.npz", 0.6, str(here / "o"))
    assert json.loads((here / "o" / "evaluation.json").read_text())["facts"]["scores"] == "s.npz"


def test_all_of_it_runs_without_torch(sounds: str, here: Path) -> None:
    (here / "blocked" / "torch").mkdir(parents=True)
    (here / "blocked" / "torch" / "__init__.py").write_text("raise ImportError('torch is not here')")
    (here / "s.csv").write_text("index," + ",".join(CLIPS) + "\n" + "".join(f"{text},1,0,0\n" for text in QUERIES))
    program = f"""
from hearken.cli.main import run
for arguments in (["pocket", "--jobs", "1"], ["--scores", "s.csv"], ["--submission", "s.csv", "--challenge", "dcase2025"]):
    try:
        run(["evaluate", *arguments, "--data", {sounds!r}])
    except SystemExit as leaving:
        assert not leaving.code, (arguments, leaving.code)
"""
    path = os.pathsep.join([str(here / "blocked"), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", program], cwd=here, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("text to audio") == 3
