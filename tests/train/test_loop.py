"""The whole loop on a dozen noises: it learns, keeps the best, goes on bit for bit, and gives up when it must."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from hearken.errors import RecipeError, RunError, TrainingError
from hearken.models.captioner import Captioner
from hearken.models.config import TemperatureConfig
from hearken.models.dual import DualEncoder
from hearken.train import contrastive, loop
from hearken.train.launch import make_fabric
from hearken.train.loop import Watchers, train
from hearken.train.recipe import (
    AudioPart,
    DataPart,
    DecoderPart,
    ModelPart,
    Named,
    OptimizerPart,
    Recipe,
    SchedulePart,
    Source,
    TextPart,
    TrainingPart,
)
from hearken.train.runs.checkpoint import last_checkpoint
from hearken.train.runs.report import Outcome, StepReport, Validated
from hearken.train.runs.run import RunFolder
from tests.train.feed.sounding import write_corpus

EPOCHS, STEPS = 3, 3  # 12 pairs in batches of 4


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("loop") / "corpus", 12)


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("loop") / "held", 6, first=50)


@pytest.fixture(scope="module")
def fabric() -> Fabric:
    return make_fabric(accelerator="cpu")


def recipe_of(table: Path, held_out: Path | None = None, **training: Any) -> Recipe:
    return Recipe(
        name="noise",
        model=ModelPart(
            audio=AudioPart("passt_tiny", "random", {"patchout": [1, 1]}, segment_s=0.4),
            text=TextPart("bert-tiny", "random", dropout=0.1), dim=16, temperature=TemperatureConfig("exp", 0.07),
        ),
        data=DataPart(train=(Source(str(table)),), validation=(str(held_out),) if held_out else (), max_duration_s=0.2),
        augment=(Named("noise", {"probability": 0.5}), Named("pairmix", {"share": 0.25}), Named("spec_augment", {"rule": "passt"})),
        optimizer=OptimizerPart(rate=1e-4), schedule=SchedulePart(warmup_epochs=0.5),
        training=TrainingPart(**{"epochs": EPOCHS, "batch": 4, **training}),
    )  # fmt: skip


def run_it(recipe: Recipe, folder: Path, fabric: Fabric, *, resume: bool = False, **options: Any) -> Outcome:
    with RunFolder.enter(folder, recipe, resume=resume) as run:
        return train(recipe, run, fabric, resume=resume, loggers=(), **options)


def weights(run: Path) -> dict[str, torch.Tensor]:
    found = last_checkpoint(RunFolder.open(run))
    assert found is not None
    return {**found.model_state(), **found.tensors()}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name, value in one.items() if not torch.equal(value, other[name])] == []


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


class Heard:
    """Watchers that remember, and want to stop after so many steps."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.steps: list[StepReport] = []
        self.validated: list[Validated] = []
        self.watchers = Watchers(self.steps.append, self.validated.append, lambda: len(self.steps) >= stop_after)


def test_a_run_from_begin_to_end(tmp_path: Path, table: Path, held_out: Path, fabric: Fabric) -> None:
    heard = Heard()
    outcome = run_it(recipe_of(table, held_out), tmp_path / "run", fabric, watchers=heard.watchers)
    assert outcome.finished
    assert (outcome.steps, outcome.skipped) == (EPOCHS * 4, 0), "a batch has three pairs of the order, and a mixed one"
    assert [each.step for each in heard.steps] == list(range(1, 13))
    assert {each.num_steps for each in heard.steps} == {12}
    assert [each.epoch for each in heard.validated] == [1, 2, 3]
    best = next(each for each in reversed(heard.validated) if each.is_best)
    assert outcome.best == best.figures
    assert outcome.best_epoch == best.epoch
    assert set(best.figures) >= {"t2a_mAP@10", "a2t_mAP@10", "loss"}
    assert DualEncoder.from_pretrained(tmp_path / "run" / "best").dim == 16
    logged = lines(tmp_path / "run")
    assert [line["step"] for line in logged if "loss" in line] == list(range(1, 13))
    assert [line["epoch"] for line in logged if "validation" in line] == [1, 2, 3]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["data"]["pairs"] == 12


def captioner_of(table: Path, held_out: Path | None = None, **training: Any) -> Recipe:
    options = {"depth": 1, "dim": 16, "heads": 2, "num_tags": 6}
    return replace(
        recipe_of(table, held_out, **{"monitor": "CIDEr-D", **training}),
        model=ModelPart(
            audio=AudioPart("act", "random", options, segment_s=0.4),
            decoder=DecoderPart("cross", width=16, num_layers=1, num_heads=2, hidden=24),
        ),
        augment=(Named("noise", {"probability": 0.5}), Named("pairmix", {"share": 0.25}), Named("spec_augment", {"rule": "act"})),
        loss=Named("label_smoothing"),
    )  # fmt: skip


@pytest.mark.parametrize("average", [None, 0.5])
def test_a_captioner_learns_and_goes_on_bit_for_bit(
    tmp_path: Path, table: Path, held_out: Path, fabric: Fabric, average: float | None
) -> None:
    recipe, whole = captioner_of(table, held_out, average=average), Heard()
    outcome = run_it(recipe, tmp_path / "whole", fabric, watchers=whole.watchers)
    assert outcome.finished
    assert set(outcome.best) == {"CIDEr-D", "loss"}
    assert {each.temperature for each in whole.steps} == {None}
    assert all("temperature" not in line for line in lines(tmp_path / "whole"))
    best = Captioner.from_pretrained(tmp_path / "whole" / "best")
    assert best.vocabulary.to_json() == json.loads((tmp_path / "whole" / "vocabulary.json").read_text())
    assert not run_it(recipe, tmp_path / "run", fabric, watchers=Heard(5).watchers).finished
    again = run_it(recipe, tmp_path / "run", fabric, resume=True)
    assert_equal(weights(tmp_path / "run"), weights(tmp_path / "whole"))
    assert again.best == outcome.best


def test_a_captioner_starts_from_another_with_its_words(tmp_path: Path, table: Path, held_out: Path, fabric: Fabric) -> None:
    run_it(captioner_of(table, epochs=1), tmp_path / "first", fabric)
    recipe = captioner_of(held_out, epochs=1)
    recipe = replace(recipe, model=replace(recipe.model, start=str(tmp_path / "first")))
    run_it(recipe, tmp_path / "second", fabric)
    first, second = (Captioner.from_pretrained(tmp_path / name / "best") for name in ("first", "second"))
    assert second.vocabulary.to_json() == first.vocabulary.to_json()
    assert any(not torch.equal(one, other) for one, other in zip(first.parameters(), second.parameters(), strict=True))


def test_what_is_not_learnt_from_is_told(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    folder = table.parent
    (folder / "noise.wav").write_bytes(b"no sound")
    rows = [*table.read_text().splitlines(), '{"file": "noise.wav", "captions": ["a"]}', '{"file": "gone.wav", "captions": ["b"]}']
    mixed = folder / "mixed.jsonl"
    mixed.write_text("\n".join(rows))
    told: list[str] = []
    recipe = replace(recipe_of(mixed, epochs=1), augment=())
    assert run_it(recipe, tmp_path / "run", fabric, watchers=Watchers(warn=told.append)).finished
    assert told == [
        f"{mixed}: 13 clips to learn from; left out: 1 whose sound is not here.",
        f"Sounds that could not be read, and were left out: 1. {tmp_path / 'run' / 'failed.jsonl'} names them.",
    ]


@pytest.mark.parametrize("stop_after", [1, 4, 6])
def test_fault_T2_a_run_that_was_stopped_ends_as_if_it_had_not(
    tmp_path: Path, table: Path, held_out: Path, fabric: Fabric, stop_after: int
) -> None:
    recipe = recipe_of(table, held_out, average=0.9)
    run_it(recipe, tmp_path / "whole", fabric)
    outcome = run_it(recipe, tmp_path / "run", fabric, watchers=Heard(stop_after).watchers)
    assert not outcome.finished
    assert outcome.steps == stop_after
    heard = Heard()
    again = run_it(recipe, tmp_path / "run", fabric, resume=True, watchers=heard.watchers)
    assert again.finished
    assert heard.steps[0].step == stop_after + 1
    assert_equal(weights(tmp_path / "whole"), weights(tmp_path / "run"))
    figures = [[line.get("loss"), line.get("validation")] for line in lines(tmp_path / "run")]
    assert figures == [[line.get("loss"), line.get("validation")] for line in lines(tmp_path / "whole")]


def test_fault_T8_the_same_seed_gives_the_same_run(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    recipe = recipe_of(table)
    for name, jobs in (("one", 1), ("two", 2)):
        run_it(recipe, tmp_path / name, fabric, jobs=jobs)
    assert_equal(weights(tmp_path / "one"), weights(tmp_path / "two"))
    run_it(replace(recipe, training=replace(recipe.training, seed=1)), tmp_path / "other", fabric)
    assert not torch.equal(weights(tmp_path / "one")["audio_projection.weight"], weights(tmp_path / "other")["audio_projection.weight"])


def test_a_finished_run_has_nothing_left_to_do(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    recipe = recipe_of(table, epochs=1)
    run_it(recipe, tmp_path / "run", fabric)
    before = weights(tmp_path / "run")
    heard = Heard()
    assert run_it(recipe, tmp_path / "run", fabric, resume=True, watchers=heard.watchers).finished
    assert heard.steps == []
    assert_equal(before, weights(tmp_path / "run"))


def test_without_validation_the_last_is_the_best(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    outcome = run_it(recipe_of(table, epochs=2), tmp_path / "run", fabric)
    assert (outcome.best, outcome.best_epoch) == ({}, 2)
    best = DualEncoder.from_pretrained(tmp_path / "run" / "best").state_dict()
    last = weights(tmp_path / "run")
    assert all(torch.equal(value, last[name]) for name, value in best.items())


def test_the_running_mean_is_what_is_kept(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    run_it(recipe_of(table, epochs=1, average=0.5), tmp_path / "run", fabric)
    best = DualEncoder.from_pretrained(tmp_path / "run" / "best").state_dict()
    last = weights(tmp_path / "run")
    assert torch.equal(best["audio_projection.weight"], last["average.module.audio_projection.weight"])
    assert not torch.equal(best["audio_projection.weight"], last["audio_projection.weight"])


def test_training_ends_early_when_nothing_gets_better(
    tmp_path: Path, table: Path, held_out: Path, fabric: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.3, 0.2, 0.1, 0.4])
    monkeypatch.setattr(contrastive, "figures", lambda _: {"t2a_mAP@10": next(values), "a2t_mAP@10": 0.0})
    outcome = run_it(recipe_of(table, held_out, epochs=9, patience=2), tmp_path / "run", fabric)
    assert (outcome.finished, outcome.best_epoch, outcome.steps) == (True, 1, 12)
    assert outcome.best["t2a_mAP@10"] == 0.3


def test_a_stop_while_validating_loses_nothing(tmp_path: Path, table: Path, held_out: Path, fabric: Fabric) -> None:
    recipe = recipe_of(table, held_out, epochs=2)
    run_it(recipe, tmp_path / "whole", fabric)
    heard, asked = Heard(), list[int]()

    def stop() -> bool:
        asked.append(len(heard.steps))
        return asked.count(4) == 2  # once after the fourth step, and then when the first epoch is validated

    outcome = run_it(recipe, tmp_path / "run", fabric, watchers=replace(heard.watchers, stop=stop))
    assert not outcome.finished
    assert heard.validated == []
    again = Heard()
    assert run_it(recipe, tmp_path / "run", fabric, resume=True, watchers=again.watchers).finished
    assert [each.epoch for each in again.validated] == [1, 2]
    assert again.steps[0].step == 5
    assert_equal(weights(tmp_path / "whole"), weights(tmp_path / "run"))


def test_validation_may_be_rarer(tmp_path: Path, table: Path, held_out: Path, fabric: Fabric) -> None:
    heard = Heard()
    run_it(recipe_of(table, held_out, validate_every_epochs=2), tmp_path / "run", fabric, watchers=heard.watchers)
    assert [each.epoch for each in heard.validated] == [2, 3], "and at the end in any case"


def test_fault_T1_after_ten_bad_updates_in_a_row_training_ends(
    tmp_path: Path, table: Path, fabric: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(learner: Any, batch: Any, step: int) -> float:
        loss = compute(learner, batch, step)
        return float("nan") if step >= 2 and step != 5 else loss

    import hearken.train.step as step_module

    compute = step_module.compute_gradients
    monkeypatch.setattr(step_module, "compute_gradients", poisoned)
    heard = Heard()
    with pytest.raises(TrainingError, match=r"10 updates in a row were not finite .*step 16"):
        run_it(recipe_of(table, epochs=9), tmp_path / "run", fabric, watchers=heard.watchers)
    stopped = json.loads((tmp_path / "run" / "stopped.json").read_text())
    assert stopped["step"] == 16
    assert len(stopped["clips"]) == 4
    assert len(heard.steps) == 16, "three bad ones, a good one, and ten"


@pytest.mark.parametrize("accumulate", [3, 8])
def test_parts_must_be_equal(tmp_path: Path, table: Path, fabric: Fabric, accumulate: int) -> None:
    with pytest.raises(RecipeError, match="4 pairs cannot be dealt evenly to 1 processes"):
        run_it(recipe_of(table, accumulate=accumulate), tmp_path / "run", fabric)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_fault_T7_memory_that_ran_out(
    tmp_path: Path, table: Path, fabric: Fabric, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    def too_much(*_: Any) -> None:
        raise error

    monkeypatch.setattr(loop, "update", too_much)
    with pytest.raises(TrainingError, match=r"Memory ran out in step 1, with 4 sounds of up to 0\.2 s on cpu") as caught:
        run_it(recipe_of(table), tmp_path / "run", fabric)
    assert "training.cache_batch" in caught.value.hint
    monkeypatch.setattr(loop, "update", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_it(recipe_of(table), tmp_path / "other", fabric)


def test_other_conditions_are_told(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    recipe, warned = recipe_of(table, epochs=1), list[str]()
    for processes, steps in ((2, 1), (2, 1), (1, 9)):
        with RunFolder.enter(tmp_path / "run", recipe, {"processes": processes}, resume=True) as run:
            train(recipe, run, fabric, resume=True, loggers=(), watchers=replace(Heard(steps).watchers, warn=warned.append))
    assert len(warned) == 1
    assert "goes on under other conditions (processes was 2, is 1)" in warned[0]


def test_data_that_changed_are_refused(tmp_path: Path, table: Path, fabric: Fabric) -> None:
    mine = tmp_path / "mine.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    mine.write_text("".join(json.dumps({**row, "file": str(table.parent / row["file"])}) + "\n" for row in rows))
    recipe = recipe_of(mine, epochs=2)
    run_it(recipe, tmp_path / "run", fabric, watchers=Heard(2).watchers)
    mine.write_text(mine.read_text().replace("3.0", "another caption"))
    with pytest.raises(RunError, match="have changed"):
        run_it(recipe, tmp_path / "run", fabric, resume=True)


def test_checkpoints_are_written_as_time_goes_by(tmp_path: Path, table: Path, fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = loop.write_checkpoint
    monkeypatch.setattr(loop, "write_checkpoint", lambda run, step, **rest: (written.append(step), write(run, step, **rest)))
    run_it(recipe_of(table, epochs=1), tmp_path / "run", fabric, checkpoint_every_s=0.0)
    assert written == [1, 2, 3, 4, 4]
