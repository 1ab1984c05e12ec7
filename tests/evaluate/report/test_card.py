"""The run card holds what is needed to do it again, and stays readable."""

from __future__ import annotations

from hearken.evaluate.report.card import Fact, evaluation_card, short_card, training_card
from hearken.evaluate.report.collect import collect
from tests.evaluate.report.made import make_evaluation, make_run


def test_an_evaluation_tells_task_definition_and_facts(tmp_path) -> None:
    facts = {"digest": "abc", "tta": {"name": "multi", "tau": 10}, "windows": "", "seconds_per_clip": 0.25, "clips_failed": 2, "gpu": None}
    make_evaluation(tmp_path / "one", facts=facts, system="my model")
    stored = collect([tmp_path / "one"]).systems[0].evaluations["one"]
    card = {fact.name: fact for fact in evaluation_card(stored, "what it means", "CC0").facts}
    assert card["system"].lines == ("my model",)
    assert card["task"].lines == ("toy: 40 queries, 20 clips",)
    assert card["digest of the task"] == Fact("digest of the task", (stored.task.digest,), is_code=True)
    assert card["definition"].lines == ("any-of-n: what it means",)
    assert card["test-time augmentation / tau"].lines == ("10",)
    assert card["digest of the weights"].is_code
    assert not card["clips that could not be read"].is_code
    assert card["licence of the sounds"].lines == ("CC0",)
    assert card["clips that could not be read"].lines == ("2",)
    assert card["seconds per clip"].lines == ("0.25",)
    assert not {"windows", "gpu"} & set(card), "what is empty is not shown"


def test_a_short_card_tells_what_it_takes(tmp_path) -> None:
    facts = {"model": "m", "digest": "abc", "windows": "own,5", "tta": "", "members": ["a", "b"], "gain_where_fitted": 0.25, "gpu": "none"}
    make_run(tmp_path / "run", seed=7)
    make_evaluation(tmp_path / "run" / "evaluations" / "toy", facts=facts)
    system = collect([tmp_path / "run"]).systems[0]
    card = short_card("mine", system.evaluations["toy"], system.training)
    told = {fact.name: fact.lines for fact in card.facts}
    assert card.title == "mine"
    assert told == {
        "task": ("toy: 40 queries, 20 clips",), "definition": ("any-of-n",), "recipe": ("toy/recipe",), "seed": ("7",), "model": ("m",),
        "digest of the weights": ("abc",), "windows": ("own,5",), "members": ("a, b",), "gain where fitted, as a share of 1": ("0.25",),
    }  # fmt: skip


def test_a_run_tells_recipe_seed_data_and_starts(tmp_path) -> None:
    make_run(tmp_path / "run", seed=7)
    training = collect([tmp_path / "run"]).systems[0].training
    record = training.record | {"starts": [{"torch": "2.10"}, {"torch": "2.11"}], "data": {"train": [{"corpus": "clotho", "clips": 3}]}}
    card = {fact.name: fact.lines for fact in training_card(type(training)(training.folder, "r", training.recipe, record, {})).facts}
    assert card["training / seed"] == ("7",)
    assert card["data / train / corpus"] == ("clotho",)
    assert (card["start / torch"], card["start 2 / torch"]) == (("2.10",), ("2.11",))


def test_what_is_long_is_cut_and_nonsense_breaks_nothing(tmp_path) -> None:
    make_run(tmp_path / "run")
    training = collect([tmp_path / "run"]).systems[0].training
    recipe = {"about": 3, "long": "x" * 10_000, "many": ["y" * 300] * 500, "yes": True, "list": [1, 2.5, "three"]}
    card = {fact.name: fact.lines for fact in training_card(type(training)(training.folder, "r", recipe, {"starts": 4}, {})).facts}
    assert len(card["long"][0]) < 500
    assert len(card["many"]) == 60
    assert card["yes"] == ("yes",)
    assert card["list"] == ("1, 2.5, three",)
