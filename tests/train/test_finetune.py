"""Fine-tuning: a recipe from few words, a run that can be stopped, and no step back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.synth import save_wav  # noqa: E402
from hearken.data.clip import Clip  # noqa: E402
from hearken.data.load import load  # noqa: E402
from hearken.errors import DataError, RecipeError, RunError  # noqa: E402
from hearken.models.build import build_dual  # noqa: E402
from hearken.models.config import AudioConfig, TemperatureConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.text import TextEncoder  # noqa: E402
from hearken.train import finetune as module  # noqa: E402
from hearken.train.divide import Division  # noqa: E402
from hearken.train.finetune import TRAINING, VALIDATION, Tuned, Wish, began_as, finetune, left_out, make_recipe  # noqa: E402
from hearken.train.loop import Watchers  # noqa: E402
from hearken.train.recipes.read import from_mapping  # noqa: E402
from hearken.train.runs.checkpoint import best_model  # noqa: E402
from hearken.train.runs.run import RunFolder  # noqa: E402
from tests.models.small import text_config, tokenizer  # noqa: E402
from tests.train.feed.sounding import write_table  # noqa: E402
from tests.train.small import model  # noqa: E402

KINDS = {"a dog": 300.0, "rain": 900.0, "a roof": 2_700.0, "tin": 8_000.0}


def tone(height_hz: float, num_samples: int, generator: np.random.Generator) -> np.ndarray:
    time_s = np.arange(num_samples) / 32_000
    sound = 0.3 * np.sin(2 * np.pi * height_hz * generator.uniform(0.9, 1.1) * time_s) + 0.02 * generator.standard_normal(num_samples)
    return sound.astype(np.float32)


def small(rule: str = "frames") -> DualEncoder:
    """A random MobileNet whose frames are averaged, and a tiny BERT: cheap to run, and able to tell tones apart."""
    torch.manual_seed(5)
    text = TextEncoder(text_config(), tokenizer())
    dual = build_dual(audio=AudioConfig("mn04", rule=rule, segment_s=0.96), text=text, dim=16, temperature=TemperatureConfig("fixed", 0.05))
    generator = np.random.default_rng(1)
    heard = torch.from_numpy(np.stack([tone(hertz, 30_720, generator) for hertz in KINDS.values() for _ in range(4)]))
    with torch.no_grad():
        for module in dual.audio.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        dual.audio.train()(heard)
        features, words = dual.eval().audio(heard), dual.text.encode(list(KINDS))
        for side, found in ((dual.audio_projection, features), (dual.text_projection, words)):
            side.bias.copy_(-(side.weight @ found.mean(0)))  # what all share tells nothing
    return dual


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "weights"
    small().save_pretrained(folder)
    return folder


def sounds(folder: Path, count: int = 40, *, shuffled: bool = False) -> Path:
    """Tones of four heights in noise, and a table in which each has its word, or any word."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    words = [list(KINDS)[number % 4] for number in range(count)]
    for number, word in enumerate(words):
        save_wav(folder / f"{number}.wav", tone(KINDS[word], 16_000 + 100 * number, generator))
    if shuffled:
        generator.shuffle(words)
    return write_table(folder / "mine.jsonl", [{"file": f"{number}.wav", "caption": word} for number, word in enumerate(words)])


def tune(wish: Wish, folder: Path, **options: Any) -> Tuned:
    found = finetune(wish, folder, accelerator="cpu", loggers=(), **options)
    assert isinstance(found, Tuned)
    return found


def test_what_came_of_it_is_told_and_kept(tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "nearest", lambda figures: 0.5)  # whatever these few tones say
    told: list[str] = []
    run = tmp_path / "run"
    tuned = tune(Wish(str(sounds(tmp_path / "s")), str(start), epochs=2), run, tell=told.append)
    assert (tuned.share, tuned.num_pairs, tuned.num_held_out, tuned.how) == (0.5, 32, 8, "whole files")
    assert told == ["looking at the sounds and the model", "comparing it with the model that it began with"]
    ours = {clip.audio for name in (TRAINING, VALIDATION) for clip in load(run / name).clips}
    assert len(ours) == 40
    facts = json.loads((run / "best" / "validation.json").read_text())
    assert (facts["share"], facts["before"], facts["figures"]) == (0.5, tuned.before, tuned.after)
    assert facts["tried"]["0"] == pytest.approx(tuned.before["t2a_mAP@10"])
    assert facts["tried"]["0.5"] == pytest.approx(tuned.after["t2a_mAP@10"])
    name = "audio_projection.weight"
    first, kept = (DualEncoder.from_pretrained(folder).state_dict() for folder in (start, run / "best"))
    assert not torch.equal(first[name], kept[name])
    assert torch.equal(first["audio.encoder.features.0.0.weight"], kept["audio.encoder.features.0.0.weight"]), "the ears were not to learn"
    again = tune(Wish("forgotten.csv"), run, resume=True)  # nothing is left to do, and the wish of the beginning counts
    assert replace(again, outcome=tuned.outcome) == tuned


def test_nothing_better_keeps_what_was_there(tmp_path: Path, start: Path) -> None:
    """The words are shuffled, so there is nothing to be learnt that held-out sounds would know of."""
    tuned = tune(Wish(str(sounds(tmp_path / "s", shuffled=True)), str(start), epochs=2), tmp_path / "run")
    assert tuned.share == 0.0
    assert tuned.after == tuned.before
    kept = DualEncoder.from_pretrained(best_model(RunFolder.open(tmp_path / "run"))).state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in DualEncoder.from_pretrained(start).state_dict().items())


def test_stopped_and_resumed_it_ends_the_same(tmp_path: Path, start: Path) -> None:
    wish = Wish(str(sounds(tmp_path / "s")), str(start), epochs=2)
    whole = tune(wish, tmp_path / "whole")

    def stopping_after(count: int) -> Callable[[], bool]:
        asked = iter(range(100))
        return lambda: next(asked) >= count - 1

    stopped = finetune(wish, tmp_path / "run", accelerator="cpu", loggers=(), watchers=Watchers(stop=stopping_after(3)))
    assert not isinstance(stopped, Tuned)
    assert (stopped.steps, stopped.finished) == (3, False)
    with pytest.raises(RunError, match="already"):
        finetune(wish, tmp_path / "run", accelerator="cpu", loggers=())
    resumed = tune(Wish(""), tmp_path / "run", resume=True)
    assert (resumed.before, resumed.after, resumed.share) == (whole.before, whole.after, whole.share)
    states = [DualEncoder.from_pretrained(tmp_path / name / "best").state_dict() for name in ("run", "whole")]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_tables_that_a_killed_beginning_did_not_write_are_written(tmp_path: Path, start: Path) -> None:
    wish = Wish(str(sounds(tmp_path / "s", 24)), str(start), epochs=1)
    finetune(wish, tmp_path / "run", accelerator="cpu", loggers=(), watchers=Watchers(stop=lambda: True))
    for name in (TRAINING, VALIDATION):
        (tmp_path / "run" / name).unlink()
    assert tune(Wish(""), tmp_path / "run", resume=True).num_pairs == 19


def test_other_clips_to_validate_with(tmp_path: Path, start: Path) -> None:
    other = sounds(tmp_path / "other", 12)
    tuned = tune(Wish(str(sounds(tmp_path / "s", 16)), str(start), str(other), epochs=1), tmp_path / "run")
    assert (tuned.num_pairs, tuned.num_held_out, tuned.how) == (16, 12, "")
    assert not (tmp_path / "run" / VALIDATION).exists()


def test_what_cannot_be_learnt_from_is_named(tmp_path: Path, start: Path) -> None:
    silent = write_table(tmp_path / "t.jsonl", [{"file": f"{number}.wav", "caption": "rain"} for number in range(40)])
    for number in range(40):
        (tmp_path / f"{number}.wav").write_bytes(b"no sound at all, number %d" % number)
    with pytest.raises(DataError, match="can be read") as caught:
        finetune(Wish(str(silent), str(start), epochs=1), tmp_path / "run", accelerator="cpu", loggers=())
    assert "hearken data check" in caught.value.hint
    with pytest.raises(DataError, match="no corpus"):
        finetune(Wish("clothes", str(start)), tmp_path / "run2", accelerator="cpu", loggers=())
    assert not (tmp_path / "run2").exists()


def test_a_run_of_another_kind_is_named(tmp_path: Path) -> None:
    with (
        RunFolder.create(tmp_path / "run", make_recipe(Wish("x"), division(100), Path("r"), model())) as run,
        pytest.raises(RunError) as caught,
    ):
        began_as(run)
    assert "not begun by `hearken train finetune`" in caught.value.message
    assert "--resume" in caught.value.hint


def division(count: int, captions: int = 1) -> Division:
    clips = tuple(Clip(str(number), "all", f"{number}.wav", ("rain",) * captions) for number in range(count))
    return Division(clips, clips[:4], {}, "by its splits")


@pytest.mark.parametrize(
    ("count", "captions", "batch", "epochs"),
    [(8, 1, 4, 30), (70, 1, 16, 30), (300, 1, 64, 30), (2_000, 1, 64, 4), (1_000, 1, 64, 8), (300, 5, 64, 5)],
)
def test_batches_and_epochs_follow_the_number_of_clips(count: int, captions: int, batch: int, epochs: int) -> None:
    recipe = make_recipe(Wish("mine.csv"), division(count, captions), Path("run"), small())
    assert (recipe.training.batch, recipe.training.epochs) == (batch, epochs)
    assert make_recipe(Wish("mine.csv", epochs=3), division(count, captions), Path("run"), small()).training.epochs == 3


def test_the_recipe_is_one_that_can_be_read_and_asks_for_the_right_things() -> None:
    recipe = make_recipe(Wish("mine.csv", seed=7), division(100), Path("run"), small())
    assert from_mapping(recipe.to_json(), "run.json") == recipe
    assert (recipe.data.positives, recipe.training.distinct_clips, recipe.training.seed) == ("caption", True, 7)
    assert recipe.data.train[0].corpus == str(Path("run") / TRAINING)
    assert (recipe.data.max_duration_s, recipe.optimizer.frozen) == (0.96, ("audio", "temperature"))
    rates = recipe.optimizer.rates
    assert rates["text"] < recipe.optimizer.rate
    large = make_recipe(Wish("mine.csv"), division(100), Path("run"), small("dcase2023"))
    assert (large.data.max_duration_s, large.optimizer.frozen) == (30.0, ("temperature", "batch_statistics"))
    assert max(large.optimizer.rates["audio"], large.optimizer.rates["text"]) < large.optimizer.rate


@pytest.mark.parametrize(("updates", "keeps"), [(20, 0.8), (120, 1 - 10 / 120), (5_000, 0.99)])
def test_the_running_mean_looks_back_over_a_tenth(updates: int, keeps: float) -> None:
    assert module._average(updates) == pytest.approx(keeps)


def test_epochs_that_cannot_be() -> None:
    with pytest.raises(RecipeError):
        from_mapping(make_recipe(Wish("mine.csv", epochs=-1), division(100), Path("run"), model()).to_json(), "run.json")


def test_clips_that_cannot_be_used_are_told() -> None:
    assert (
        left_out(Division((), (), {}, "", num_silent=2, num_wordless=1))
        == "Clips that are left out: 2 whose sound is not here, 1 without a caption."
    )
    assert left_out(Division((), (), {}, "")) == ""
