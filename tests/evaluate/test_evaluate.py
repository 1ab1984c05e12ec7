from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError, InputError, ModelNotFoundError
from hearken.evaluate.evaluate import Wish, again, ask_corpora, evaluate, label_of, place_of, score, short_name, slug, split_of, together
from hearken.evaluate.store import load
from tests.evaluate.asking import SCORES, FakeSystem, small_scores, small_task, write_corpus

OTHER = np.flip(SCORES, axis=1).copy()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_corpus(tmp_path_factory.mktemp("corpus") / "c"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[FakeSystem]:
    """The systems that are opened, one after the other; the first is used again when no other is left."""
    systems = [FakeSystem()]
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda name, **_: systems.pop(0) if len(systems) > 1 else systems[0])
    return systems


def test_from_a_name_to_a_folder(corpus: str, fake: list[FakeSystem], tmp_path: Path) -> None:
    done = evaluate("pocket", [corpus], Wish(metrics=("R@1", "medR"), seed=4), out=tmp_path / "e")
    figures = {name: figure.value for name, figure in done.evaluation.figures.items()}
    assert figures == pytest.approx({"t2a_R@1": 0.6, "t2a_medR": 1.0, "a2t_R@1": 2 / 3, "a2t_medR": 1.0})
    assert (done.evaluation.system, done.evaluation.definition, done.folder) == ("pocket", "any-of-n", tmp_path / "e")
    stored = load(tmp_path / "e")
    assert stored.figures == stored.evaluation.figures == done.evaluation.figures
    assert (stored.settings["seed"], stored.facts["model"], stored.facts["clips_failed"]) == (4, "fake", 0)
    assert {"hearken", "python", "at", "tta", "windows", "variations"} <= stored.facts.keys()


def test_the_order_of_the_table_changes_no_figure(tmp_path: Path, fake: list[FakeSystem]) -> None:
    path = write_corpus(tmp_path)
    there = evaluate("pocket", [str(path)]).evaluation
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    back = evaluate("pocket", [str(path)]).evaluation
    assert {name: figure.value for name, figure in back.figures.items()} == {name: figure.value for name, figure in there.figures.items()}
    assert back.task_digest != there.task_digest


def test_two_corpora_are_one_task(tmp_path: Path, corpus: str) -> None:
    by, asked = ask_corpora([corpus, str(write_corpus(tmp_path / "d"))], Wish())
    assert (by, len(asked.task.clips), len(asked.task.queries)) == ("any-of-n", 6, 10)
    assert asked.task.relevance.items.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5]
    assert asked.task.record["captions_worded_alike"] == 10
    _, merged = ask_corpora([corpus, str(tmp_path / "d" / "t.jsonl")], Wish(definition="merged"))
    assert [merged.task.relevance.of(query).tolist() for query in range(5)] == [[0, 3], [0, 3], [1, 4], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(definition="dcas"), "no definition 'dcas'"), (Wish(metrics=("R1",)), "no metric 'R1'"), (Wish(interval="x"), "no interval 'x'"),
        (Wish(definition="dcase", ways=("a2t",)), "for text to audio alone"), (Wish(variations="no {} such {}"), "2 places"),
    ],
)  # fmt: skip
def test_wrong_wishes_are_told_before_anything_is_heard(corpus: str, wish: Wish, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: pytest.fail("a model is opened"))
    with pytest.raises(InputError, match=message):
        evaluate("pocket", [corpus], wish)


def test_wrong_names_and_places_too(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.evaluate.evaluate.open_task", lambda *_, **__: pytest.fail("a corpus is opened"))
    with pytest.raises(ModelNotFoundError, match="pokcet"):
        evaluate("pokcet", [corpus])
    with pytest.raises(EvaluationError, match="holds something that is no evaluation"):
        evaluate("pocket", [corpus], out=Path(corpus).parent)


def test_clips_that_fail_are_counted(corpus: str, fake: list[FakeSystem]) -> None:
    fake[0].failing = {"b.wav"}
    done = evaluate("pocket", [corpus], Wish(metrics=("R@1",)))
    assert done.task is not None
    assert (len(done.failures), len(done.task.clips), done.task.record["clips_unreadable"]) == (1, 2, 1)
    assert done.evaluation.figures["t2a_R@1"].value == pytest.approx(1 / 3)  # rain; heavy rain and a bell (a tie) come second


def test_measured_again_from_its_folder(corpus: str, fake: list[FakeSystem], tmp_path: Path) -> None:
    first = evaluate("pocket", [corpus], out=tmp_path / "e")
    fake.clear()
    found = evaluate(str(tmp_path / "e"), [], Wish(metrics=("R@2",), interval="jackknife"))
    assert (found.evaluation.system, found.folder, set(found.evaluation.figures)) == ("pocket", tmp_path / "e", {"t2a_R@2", "a2t_R@2"})
    assert found.evaluation.figures["t2a_R@2"].method == "jackknife"
    assert load(tmp_path / "e").figures == first.evaluation.figures, "the folder is as it was"
    again(tmp_path / "e", Wish(metrics=("R@2",)), out=tmp_path / "f")
    assert set(load(tmp_path / "f").figures) == {"t2a_R@2", "a2t_R@2"}
    again(tmp_path / "e", Wish(metrics=("R@3",)), out=tmp_path / "f")
    assert set(load(tmp_path / "f").figures) == {f"{way}_R@{k}" for way in ("t2a", "a2t") for k in (2, 3)}, "nothing is lost"
    assert not found.is_kept
    assert again(tmp_path / "e", Wish(metrics=("R@5",))).is_kept
    for wish, message in ((Wish(definition="merged"), "whose queries are others"), (Wish(max_duration_s=1.0), "not encoded anew")):
        with pytest.raises(EvaluationError, match=message):
            again(tmp_path / "e", wish)


def test_a_mean_of_two() -> None:
    done = [score(name, small_task(), small_scores(), "any-of-n", Wish()) for name in ("one", "two")]
    found = together(done, ["one", "two"], Wish())
    assert (found.evaluation.system, found.evaluation.facts["members"]) == ("mean of 2", ["one", "two"])
    assert found.evaluation.figures == done[0].evaluation.figures
    with pytest.raises(EvaluationError, match="not asked the same"):
        together([done[0], score("three", small_task(clips=("x", "y", "z")), small_scores(), "any-of-n", Wish())], ["one", "three"], Wish())


def test_fitted_weights(tmp_path: Path, corpus: str, fake: list[FakeSystem]) -> None:
    other = str(write_corpus(tmp_path / "d"))
    fake[:] = [FakeSystem("good"), FakeSystem("bad", OTHER)]
    done = [evaluate("pocket", [corpus], label=label) for label in ("good", "bad")]
    fake[:] = [FakeSystem("good"), FakeSystem("bad", OTHER), FakeSystem()]
    with pytest.raises(EvaluationError, match="must not be fitted on what is tested"):
        together(done, ["pocket", "pocket"], Wish(), fit_on=[corpus])
    evaluate("pocket", [corpus], out=tmp_path / "e")
    with pytest.raises(EvaluationError, match="with models, not with earlier evaluations"):
        together(done, ["pocket", str(tmp_path / "e")], Wish(), fit_on=[other])


def test_weights_of_other_clips(tmp_path: Path, corpus: str, fake: list[FakeSystem]) -> None:
    fake[:] = [FakeSystem("good"), FakeSystem("bad", OTHER)]
    done = [evaluate("pocket", [corpus], label=label) for label in ("good", "bad")]
    apart = write_corpus(tmp_path / "d")
    rows = [json.loads(line) for line in apart.read_text().splitlines()]
    for row in rows:
        (apart.parent / row["file"]).rename(apart.parent / f"x:{row['file']}")
        row["file"] = f"x:{row['file']}"
    apart.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fake[:] = [FakeSystem("good"), FakeSystem("bad", OTHER), FakeSystem()]
    found = together(done, ["pocket", "pocket"], Wish(), fit_on=[str(apart)], out=tmp_path / "e")
    weights = found.evaluation.facts["weights"]
    assert sum(weights) == pytest.approx(1.0)
    assert weights[0] > weights[1]
    assert found.evaluation.system == f"weighted mean ({weights[0]:.2f}, {weights[1]:.2f})"
    assert (found.evaluation.facts["members"], found.evaluation.facts["fitted_on"]) == (["good", "bad"], [str(apart)])
    assert load(tmp_path / "e").figures == found.evaluation.figures


def test_names_in_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "cnn").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runs")
    assert [short_name(name) for name in (str(tmp_path / "runs" / "cnn"), "cnn", "laion/clap", "pocket")] == [
        "runs/cnn", "runs/cnn", "laion/clap", "pocket",
    ]  # fmt: skip
    assert label_of("pocket", Wish(tta="4:2x2", variations="eda")) == "pocket + TTA 4:2x2 + rephrased"
    assert label_of("cnn", Wish(windows="10"), parts=1) == "cnn + windows 10"


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/cnn", "mine/weights", "yours/weights"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "runs/cnn/run.json").write_text("{}")
    (tmp_path / "t.csv").write_text("")
    assert place_of("runs/cnn", ["clotho-evaluation"], Wish()) == Path("runs/cnn/evaluations/clotho-evaluation")
    assert place_of("cnn", ["t.csv"], Wish(definition="dcase")) == Path("runs/cnn/evaluations/t-dcase")
    assert place_of("pocket", ["a/t.csv", "esc50"], Wish()) == Path("evaluations/pocket/t+esc50")
    assert place_of("laion/clap", ["t.csv:val"], Wish(tta="4:2x2")) == Path("evaluations/laion-clap/t-val-tta-4-2x2")
    assert place_of("mine/weights", ["x"], Wish()) != place_of("yours/weights", ["x"], Wish())
    assert place_of("pocket", ["x"], Wish(tta="4:2x2", tta_layer="b")) != place_of("pocket", ["x"], Wish(tta="4:2x2"))
    names = [place_of("pocket", ["x"], Wish(windows=windows)).name for windows in ("own,5/2.5", "own,5,2.5", "own,5/2.5@1", "10:d25")]
    assert names == ["x-windows-own+5_2.5", "x-windows-own+5+2.5", "x-windows-own+5_2.5_at1", "x-windows-10-d25"]
    words = [place_of("pocket", ["x"], Wish(variations=name)).name for name in ("eda", "v/clotho-gpt", "the {}", "the {}.")]
    assert words[:2] == ["x-rephrased-eda", "x-rephrased-v-clotho-gpt"]
    assert len(set(words)) == 4
    assert (split_of("t.csv:val"), split_of("t.csv"), split_of("hf:a/b")) == (("t.csv", "val"), ("t.csv", ""), ("hf:a/b", ""))


def test_names_of_folders() -> None:
    assert (slug("a b/c:é\0.."), slug("///"), slug("x_1+2-3.4")) == ("a-b-c", "evaluation", "x_1+2-3.4")
    long = [slug("x" * 300 + end) for end in "ab"]
    assert len(long[0]) <= 120
    assert long[0] != long[1]
