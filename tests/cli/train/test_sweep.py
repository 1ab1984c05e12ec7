"""`hearken train sweep`: a table trained in small, printed, kept; failures; forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.cli.train.sweep import Form, _cells, _of_form, how_lines, in_parts, markdown_table
from hearken.evaluate.sweep import Result
from hearken.evaluate.tests_of_runs import Trial, Tried
from hearken.metrics.confidence import Interval
from hearken.train.recipes.listing import of_table


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.train.recipes.smoke.default_folder", lambda: tmp_path_factory.getbasetemp() / "sweep-smoke")


def names(table: str, form: Form) -> set[str]:
    return {entry.recipe.name.partition("/")[2] for entry in _of_form(of_table(table), form)}


def test_forms() -> None:
    assert names("kim2023/table2", Form.paper) == {"baseline-paper", "all-paper"}
    assert names("kim2023/table2", Form.code) == {"baseline-code", "all-paper"}
    assert names("kim2023/table2", Form.both) == {"baseline-paper", "baseline-code", "all-paper"}
    assert names("salsa", Form.paper) == {"stage1-code", "stage2-code", "all_stage1-code", "all_stage2-code"}


def test_markdown() -> None:
    assert markdown_table([("row", "R@1"), ("a|b", "1.00 / -")]) == "| row | R@1 |\n|---|---|\n| a\\|b | 1.00 / - |"


def test_figures_have_their_intervals() -> None:
    entry = of_table("kim2023/table2")[0]
    assert entry.row is not None
    keys = list(entry.row.expected)
    lines = _cells([entry], "", [{keys[0]: Interval(0.352, 0.331, 0.374, "bootstrap")}], [{}])
    assert lines[0] == ("row", "recipe", *(key.rpartition(" ")[2] for key in keys))
    published = [f"{value:.2f}" for value in entry.row.expected.values()]
    assert lines[1][2:] == (f"35.20 [33.10, 37.40] / {published[0]}", *(f"- / {value}" for value in published[1:]))
    assert how_lines([]) == []


def test_captions_beside_their_papers_figures() -> None:
    entry = next(each for each in of_table("kim2023/table1") if each.row and each.row.row == "+ PairMix")
    lines = _cells([entry], "", [{"CIDEr-D": Interval(0.7, 0.6, 0.8, "bootstrap")}], [{"SPICE": "No Java."}])
    cells = dict(zip(lines[0], lines[1], strict=True))
    assert (cells["CIDEr-D"], cells["SPICE"], cells["BLEU-1"]) == ("70.00 [60.00, 80.00] / 75.50", "not available / 17.70", "- / 69.30")
    test = Tried(Trial("x"), "captions", Path("r/e"), {}, 0, {"SPICE": "No Java.", "SPIDEr": "It needs SPICE."})
    said = how_lines([Result(entry.recipe, Path("r"), "trained", (test,))])
    assert said[:-1] == [
        "Figures of machine-made captions times 100; 95 % intervals by drawing clips again.",
        "SPICE is not available. No Java.",
        "SPIDEr is not available. It needs SPICE.",
    ]
    both = how_lines([Result(entry.recipe, Path("r"), "trained", (test, Tried(Trial("x"), "any-of-n", Path("r/e"), {})))])
    assert both[0].startswith("Figures by the definition any-of-n, in percent, ranks as they are; of machine-made captions times 100; 95 %")


def test_a_narrow_terminal_has_several_tables_one_below_the_other() -> None:
    lines = [("row", "recipe", "R@1", "R@5", "R@10"), ("a" * 30, "x/y", "10.0 [9.0, 11.0] / 11.00", "-", "20.0")]
    assert in_parts(lines, 1_000) == [[list(line) for line in lines]]
    assert [part[0][2:] for part in in_parts(lines, 24 + 8 + 26 + 5)] == [["R@1", "R@5"], ["R@10"]]
    assert [part[1][:2] for part in in_parts(lines, 40)] == [["a" * 30, "x/y"]] * 3
    assert [part[0][2:] for part in in_parts(lines, 10)] == [["R@1"], ["R@5"], ["R@10"]]


def test_a_table_in_small(cli, tmp_path: Path) -> None:
    arguments = ("sweep", "dcase2022/table3", "--smoke", "--accelerator", "cpu", "--jobs", "1", "--run-folder", str(tmp_path / "runs"))
    code, out, err = cli("train", *arguments)
    assert code == 0, err
    assert "1 of 1: dcase2022/baseline-paper" in err
    lines = out.splitlines()
    assert lines[0] == "Table 3: ours [95 % interval] / published"
    tested, hidden = (next(line for line in lines if line.startswith(row)) for row in ("Testing split", "Evaluation"))
    assert tested.split()[-5:] == ["100.00", "[100.00,", "100.00]", "/", "18.80"]  # three clips: all among the first ten
    assert hidden.count("- / ") == 4
    run = tmp_path / "runs" / "dcase2022" / "baseline-paper-smoke"
    assert lines[-2].startswith("Figures by the definition any-of-n")
    assert lines[-1] == f"Every query and clip: hearken report {run} --out report.html"
    assert [path.name for path in (run / "evaluations").iterdir()] == ["clips-test"]
    code, out, err = cli("train", *arguments, "--json")
    assert code == 0
    said = json.loads(out)
    assert [run["state"] for run in said["runs"]] == ["kept"]
    assert [said["rows"][0][name]["t2a_R@10"] for name in ("ours", "ours_low", "ours_high")] == [100.0] * 3
    assert said["runs"][0]["evaluations"][0]["definition"] == "any-of-n"
    code, out, err = cli("train", *arguments, "--markdown")
    assert code == 0
    assert out.startswith("**Table 3: ours [95 % interval] / published**\n\n| row | recipe | t2a_mAP@10 |")
    assert "dcase2022/baseline-paper-smoke: kept" in err


def test_one_that_fails(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "nothing"))
    code, out, err = cli(
        "train", "sweep", "dcase2022/table3", "--run-folder", str(tmp_path / "runs"), "--accelerator", "cpu", "--jobs", "1"
    )
    assert code == 3
    assert "dcase2022/baseline-paper: failed: " in err
    assert "- / 18.80" in out


@pytest.mark.parametrize(
    ("arguments", "said"), [(("kim",), "no recipes of a paper 'kim'"), (("salsa", "--set", "training.epoch=1"), "there is no such key")]
)
def test_what_cannot_be_swept(cli, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = cli("train", "sweep", *arguments)
    assert code == 1
    assert said in err
