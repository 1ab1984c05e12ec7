from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.cli.evaluate_captions import comparisons, figure_tables, notes_of
from hearken.evaluate.captioning.evaluate import DoneCaptions
from hearken.evaluate.captioning.store import load, save
from hearken.types import Failure
from tests.cli.conftest import Result
from tests.evaluate.captioning.captions_made import FakeWriter, evaluated, write_candidates, write_captioned_corpus, write_csv, write_own

Cli = Callable[..., Result]
QUICK = ("--metric", "BLEU-1", "--metric", "CIDEr-D")
PERFECT = ("a dog barks", "heavy rain falls on a roof", "wind")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeWriter:
    writer = FakeWriter()
    monkeypatch.setattr("hearken.evaluate.captioning.evaluate.check_writer", lambda *_: None)
    monkeypatch.setattr("hearken.evaluate.captioning.evaluate.open_writer", lambda *_: writer)
    return writer


def test_a_table_from_its_name_to_a_folder_and_a_page(cli: Cli, here: Path) -> None:
    write_own(here / "own.csv")
    result = cli("evaluate", "--captions", "own.csv", *QUICK, "--misses", "1", "--out", "kept")
    assert result.code == 0, result.err
    assert "own.csv, machine-made captions (times 100, 95 % intervals)" in result.out
    assert "BLEU-1   36.79 [" in result.out
    assert "own.csv: fits least, by CIDEr-D" in result.out
    assert "machine-made  (empty)" in result.out
    assert "3 clips, 4 references; intervals: clips drawn again" in result.err
    assert "1 machine-made caption is empty" in result.err
    assert "a page of it: hearken report kept --out report.html" in result.err
    again = cli("evaluate", "--captions", "kept", "--interval", "jackknife", "--metric", "bleu-1")
    assert "measured again, and not kept: kept is as before" in again.err


def test_json_is_one_object(cli: Cli, here: Path) -> None:
    write_own(here / "own.csv")
    result = cli("evaluate", "own.csv", "--captions", *QUICK, "--misses", "1", "--json")
    found = json.loads(result.out)
    (system,) = found["systems"]
    assert (system["system"], system["clips"], system["references"], system["interval"]) == ("own.csv", 3, 4, "bootstrap")
    assert set(system["figures"]) == {"BLEU-1", "CIDEr-D"}
    assert system["figures"]["BLEU-1"]["value"] == pytest.approx(0.36788, abs=1e-5)
    assert (system["folder"], system["kept"], system["failures"], found["comparisons"], result.err) == (None, False, [], [], "")
    assert system["misses"] == [{"clip": "c.wav", "machine_made": "", "references": ["wind"], "metric": "CIDEr-D", "value": 0.0}]


def test_systems_are_compared_with_the_first(cli: Cli, here: Path) -> None:
    write_own(here / "own.csv")
    write_own(here / "better.csv", PERFECT)
    result = cli("evaluate", "own.csv", "better.csv", "--captions", *QUICK)
    assert result.code == 0, result.err
    assert "against own.csv" in result.out
    assert "2 / 1 / 0" in result.out


def test_a_captioner_on_a_corpus_and_what_failed(cli: Cli, here: Path, fake: FakeWriter) -> None:
    corpus = write_captioned_corpus(here / "c")
    del fake.captions["b.wav"]
    result = cli("evaluate", "--captions", "--data", corpus, *QUICK)
    assert result.code == 3
    assert "failed: b.wav cannot be read" in result.err
    assert "left out: 1 clip without a caption" in result.err
    assert "left out: 1 clip that cannot be read" in result.err
    assert "kept in evaluations/pocket-captions/t-captions" in result.err


def test_lenient_counts_what_is_missing(cli: Cli, here: Path) -> None:
    corpus = write_captioned_corpus(here / "c")
    path = write_candidates(here / "bare.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert "no caption for 1 clip" in cli("evaluate", "--captions", "bare.csv", "--data", corpus, *QUICK).err
    result = cli("evaluate", "--captions", "bare.csv", "--data", corpus, *QUICK, "--lenient")
    assert result.code == 0, result.err
    assert "1 clip without a machine-made caption, taken as an empty one: c.wav" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--captions",), "Name a corpus with --data, or a run, a table of captions or an evaluation."),
        (("--captions", "x.csv", "--zero-shot"), "It does not go with --zero-shot."),
        (("--captions", "x.csv", "--ensemble", "mean"), "It does not go with --captions."),
        (("pocket", "--data", "x", "--beam", "3"), "It goes with --captions."),
        (("pocket", "--data", "x", "--search", "best_first"), "It goes with --captions."),
        (("pocket", "--data", "x", "--lenient"), "It goes with --submission or --captions."),
        (("--captions", "x.csv", "--beam", "0"), "greater than or equal to 1"),
    ],
)
def test_options_that_do_not_go_together(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    result = cli("evaluate", *arguments)
    assert result.code == 2
    assert told in " ".join(result.err.replace("│", " ").split())


def test_asking_for_one_metric_loses_none(cli: Cli, here: Path) -> None:
    write_own(here / "own.csv")
    cli("evaluate", "own.csv", "--captions", *QUICK, "--metric", "CIDEr", "--out", "kept")
    result = cli("evaluate", "own.csv", "--captions", "--metric", "ROUGE-L", "--out", "kept", "--json")
    assert set(json.loads(result.out)["systems"][0]["figures"]) == {"ROUGE-L"}
    assert {"BLEU-1", "CIDEr-D", "CIDEr", "ROUGE-L"} <= set(load(here / "kept").evaluation.figures)


def test_figures_that_tell_little_are_named(cli: Cli, here: Path) -> None:
    write_csv(here / "one.csv", [("file_name", "caption_predicted", "caption_1"), ("a.wav", "a dog barks", "a dog barks now")])
    told = cli("evaluate", "one.csv", "--captions", "--metric", "CIDEr-D", "--metric", "BLEU-4").err
    assert "CIDEr-D of one clip is always 0" in told
    assert "CIDEr-D (0 to 1000 here)" in told
    assert "BLEU-4 tells little of captions under four words" in told
    longer = (("a.wav", "a dog barks at it", "a dog barks now"), ("b.wav", "rain falls on a roof", "rain falls down here"))
    write_csv(here / "two.csv", [("file_name", "caption_predicted", "caption_1"), *longer])
    told = cli("evaluate", "two.csv", "--captions", "--metric", "CIDEr-D", "--metric", "BLEU-4").err
    assert "of one clip" not in told
    assert "tells little" not in told
    assert "tells little" not in cli("evaluate", "one.csv", "--captions", "--metric", "BLEU-1").err


def test_metrics_are_shown_on_a_terminal_alone(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own(here / "own.csv")
    assert "Scoring" not in cli("evaluate", "own.csv", "--captions", *QUICK).err
    steps: list[str] = []
    monkeypatch.setattr("hearken.cli.evaluate_captions.StepLine.__call__", lambda _, step: steps.append(step))
    cli("evaluate", "own.csv", "--captions", *QUICK)
    assert steps == ["BLEU-1, CIDEr-D", "intervals"]


def test_lenient_leaves_out_other_clips_and_says_so(cli: Cli, here: Path) -> None:
    corpus = write_captioned_corpus(here / "c")
    (here / "bare.csv").write_text(write_candidates(here / "bare.csv").read_text() + "zzz.wav,a cat\n")
    result = cli("evaluate", "--captions", "bare.csv", "--data", corpus, *QUICK, "--lenient")
    assert result.code == 0, result.err
    assert "left out: 1 caption of clips that the corpus does not have: zzz.wav" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no.csv", "--captions"), "no.csv is not there. Hint: Check the path."),
        (("own.csv",), "own.csv is a file, and no model. Hint: --captions evaluates a table of captions."),
        (
            ("mine", "--data", "c"),
            "mine writes captions, and does not retrieve. Hint: `hearken evaluate mine --captions --data c` evaluates",
        ),
        (("pocket-captions", "--data", "c"), "`hearken evaluate pocket-captions --captions --data c` evaluates its captions."),
    ],
)
def test_the_way_is_told(cli: Cli, here: Path, arguments: tuple[str, ...], told: str) -> None:
    write_own(here / "own.csv")
    (here / "mine" / "best").mkdir(parents=True)
    (here / "mine" / "run.json").write_text("{}")
    (here / "mine" / "best" / "config.json").write_text('{"kind": "captioner"}')
    result = cli("evaluate", *arguments)
    assert result.code == 1
    assert told in " ".join(result.err.split())


def test_retrieval_says_what_an_evaluation_of_captions_is(cli: Cli, here: Path) -> None:
    save(here / "e", evaluated())
    result = cli("evaluate", "e")
    assert result.code == 1
    assert "e is an evaluation of captions, not of retrieval" in result.err
    assert "--captions" in result.err


def test_the_figures_of_several_tasks_and_what_is_not_available() -> None:
    one = DoneCaptions(replace(evaluated(), not_available={"SPICE": "No Java."}, metrics=("SPICE", "BLEU-1")))
    moved = replace(one.evaluation.task, clips=("x", "y", "z"), record={"references_machine_made": ["t: ChatGPT"]})
    other = DoneCaptions(replace(evaluated("other"), task=moved), failures=(Failure("x", "read", "AudioError", "x is broken."),))
    (title, rows), (_, others) = figure_tables([one, other])
    assert title.startswith("mine.csv, machine-made captions")
    assert rows[:2] == [("metric", "me"), ("SPICE", "not available")]
    assert others[0] == ("metric", "other")
    assert comparisons([one, other]) == []
    lines = notes_of([one, other])
    assert "SPICE is not available. No Java." in lines
    assert "other is not compared with me: it was held against other clips or references" in lines
    assert "references that no person wrote, of t: ChatGPT" in lines
    assert "failed: x is broken." in lines or "failed: x: x is broken." in lines
    assert lines[-1].startswith("kept nowhere")
