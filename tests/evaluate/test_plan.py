from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import EvaluationError, HearkenError, RunError
from hearken.evaluate.evaluate import Wish, score
from hearken.evaluate.open import OpenTask
from hearken.evaluate.plan import ask_all, carry_out, place_of_ensemble, plan
from hearken.evaluate.plan import tests_of as own_tests
from hearken.evaluate.store import load, save
from hearken.metrics.relevance import Relevance
from tests.evaluate.asking import FakeSystem, small_scores, small_task, write_corpus


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hearken.zoo.install.find_spec", lambda _: True)
    return tmp_path


def make_run(folder: str, *tests: str) -> str:
    for name in ("best/config.json", "run.json"):
        (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
        (Path(folder) / name).write_text(json.dumps({"recipe": {"name": "x", "data": {"test": tests}}}))
    return folder


def make_evaluation(folder: str, **changes: object) -> str:
    task = small_task(**changes)
    done = score("pocket", task, small_scores(), "any-of-n", Wish(metrics=("R@1",)))
    save(Path(folder), done.evaluation, task, small_scores())
    return folder


def test_each_run_is_asked_its_own_tests() -> None:
    planned = plan([make_run("a/x", "t.csv", "u.csv"), make_run("b/x", "t.csv")], [], Wish())
    assert [each.references for each in planned] == [("t.csv", "u.csv"), ("t.csv",)]
    assert [each.label for each in planned] == ["a/x", "b/x"]
    assert [each.place for each in planned] == [Path("a/x/evaluations/t+u"), Path("b/x/evaluations/t")]
    assert own_tests("a/x") == ("t.csv", "u.csv")
    for name, message in (("pocket", "is no run whose recipe"), (make_run("c"), "names no test set")):
        with pytest.raises(EvaluationError, match=message):
            plan([name], [], Wish())
    Path("c/run.json").write_text("{")
    with pytest.raises(RunError, match=r"c/run\.json cannot be read"):
        own_tests("c")


def test_no_two_share_a_name_or_a_folder() -> None:
    names = [make_run("a/r/x"), make_run("b/r/x"), make_run("a/r-x"), "pocket"]
    for out in (None, Path("out")):
        planned = plan(names, ["t.csv"], Wish(), out=out)
        assert [each.label for each in planned] == ["a/r/x", "b/r/x", Path.cwd().name + "/a/r-x", "pocket"]
        assert len({each.place for each in planned}) == 4
    assert plan(["pocket"], ["t.csv"], Wish(), out=Path("out"))[0].place == Path("out")
    places = [each.place for each in plan([make_run("q/r-s"), make_run("q-r/s")], ["t"], Wish(), out=Path("o"))]
    assert places == [Path("o/q-r-s"), Path("o/q-r-s-2")]
    for twice in (["pocket", "pocket"], ["a/r/x", str(Path.cwd() / "a" / "r" / "x")]):
        with pytest.raises(EvaluationError, match="is named twice"):
            plan(twice, ["t.csv"], Wish())


def test_earlier_evaluations_keep_their_place_and_say_where_they_are() -> None:
    one, other = make_evaluation("pocket/one"), make_evaluation("pocket/two")
    planned = plan([one, other], [], Wish())
    assert [(each.label, each.place, each.is_stored) for each in planned] == [
        ("pocket (pocket/one)", None, True), ("pocket (pocket/two)", None, True),
    ]  # fmt: skip
    assert ask_all(planned, Wish()) == [None, None]
    done = carry_out(planned[0], None, Wish(metrics=("R@1",)))
    assert (done.evaluation.system, done.folder) == ("pocket (pocket/one)", Path(one))
    assert plan([one], [], Wish())[0].label == "pocket"
    with pytest.raises(EvaluationError, match="cannot be classified"):
        plan([one], ["t.csv"], Wish(), zero_shot=True)


def test_a_table_of_the_same_name_in_another_folder_overwrites_nothing() -> None:
    make_evaluation("evaluations/pocket/t", record={"corpora": ["a/t.csv"]})
    assert plan(["pocket"], ["a/t.csv"], Wish())[0].place == Path("evaluations/pocket/t")
    other = plan(["pocket"], ["b/t.csv"], Wish())[0].place
    assert other is not None
    assert other.name.startswith("t-")
    assert plan(["pocket"], ["a/t.csv"], Wish(max_duration_s=5.0))[0].place == Path("evaluations/pocket/t-first-5s")
    assert plan(["pocket"], ["a/t.csv"], Wish(), zero_shot=True)[0].place == Path("evaluations/pocket/t-zero-shot")


def test_another_way_to_classify_overwrites_nothing() -> None:
    def name(*templates: str, reference: str = "a/t.csv", wish: Wish | None = None) -> str:
        (planned,) = plan(["pocket"], [reference], wish or Wish(), zero_shot=True, templates=templates or ("laion",))
        assert planned.place is not None
        return planned.place.name

    assert (name(), name("laion"), name("msclap"), name("laion", "glap")) == (
        "t-zero-shot", "t-zero-shot", "t-zero-shot-msclap", "t-zero-shot-laion+glap",
    )  # fmt: skip
    own = [name("sound of {}"), name("sound of {}."), name("Sound of {}")]
    assert len(set(own)) == 3
    assert all(each.startswith(("t-zero-shot-sound-of-", "t-zero-shot-Sound-of-")) for each in own)
    assert name(wish=Wish(max_duration_s=5.0)) == "t-first-5s-zero-shot"
    assert len(name(*("x" * 300 + f"{number} {{}}" for number in range(9)))) < 150
    folder = Path("evaluations/pocket/t-zero-shot")
    folder.mkdir(parents=True)
    (folder / "zero_shot.json").write_text(json.dumps({"record": {"corpora": ["a/t.csv"]}}))
    assert name() == "t-zero-shot"
    assert name(reference="b/t.csv").startswith("t-zero-shot-"), "a table of the same name"


def test_an_evaluation_has_its_own_corpus() -> None:
    stored = make_evaluation("pocket/one")
    with pytest.raises(EvaluationError, match=r"is not asked t\.csv"):
        plan([stored], ["t.csv"], Wish())
    assert [each.references for each in plan([stored, "pocket"], ["t.csv"], Wish())] == [(), ("t.csv",)]


def test_what_fails_fails_before_a_corpus_is_opened() -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    for names, wish, out, message in (
        (["pocket", "pokcet"], Wish(), None, "no model 'pokcet'"), (["pocket"], Wish(definition="x"), None, "no definition"),
        (["pocket"], Wish(), Path("mine"), "holds something that is no evaluation"),
    ):  # fmt: skip
        with pytest.raises(HearkenError, match=message):
            plan(names, ["t.csv"], wish, out=out)


def test_a_corpus_is_opened_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = str(write_corpus(Path("c")))
    monkeypatch.setattr("hearken.evaluate.evaluate.open_system", lambda *_, **__: FakeSystem())
    planned = plan([make_run("a/x"), "pocket"], [corpus], Wish(metrics=("R@1",)), out=Path("o"))
    asked = ask_all(planned, Wish())
    assert asked[0] is asked[1]
    for each, task in zip(planned, asked, strict=True):
        assert carry_out(each, task, Wish(metrics=("R@1",))).evaluation.figures["t2a_R@1"].value == 0.6
    assert (load(Path("o/a-x")).system, load(Path("o/pocket")).system) == ("a/x", "pocket")
    several = OpenTask(small_task(queries=("x",), relevance=Relevance.from_lists([[0, 1]], 3)), ("a", "b", "c"))
    monkeypatch.setattr("hearken.evaluate.plan.ask_corpora", lambda *_: ("dcase", several))
    with pytest.raises(EvaluationError, match="1 of 1 queries of small has more than one clip"):
        ask_all(planned, Wish(definition="dcase"))


def test_places_of_ensembles() -> None:
    done = [score(name, small_task(), small_scores(), "any-of-n", Wish(metrics=("R@1",))) for name in ("a/x", "b")]
    assert place_of_ensemble(done, "mean", None) == Path("evaluations/ensembles/small-mean-of-a-x-and-b")
    assert place_of_ensemble(done, "mean", Path("o")) == Path("o/mean")
    merged = place_of_ensemble(done, "mean", None, Wish(definition="merged", max_duration_s=1.0))
    assert merged.name == "small-merged-first-1s-mean-of-a-x-and-b"
    asked = [
        score("a", small_task(record={"corpora": [name]}), small_scores(), "any-of-n", Wish(metrics=("R@1",))) for name in ("x/t", "y/t")
    ]
    place = place_of_ensemble(asked[:1], "mean", None)
    make_evaluation(str(place), record={"corpora": ["x/t"]})
    assert place_of_ensemble(asked[:1], "mean", None) == place
    assert place_of_ensemble(asked[1:], "mean", None).name.startswith(f"{place.name}-")
