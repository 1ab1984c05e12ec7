"""The pages about training tell the truth: every loss, augmentation, key and recipe is in them, and what is printed there runs."""

from __future__ import annotations

import csv
import fnmatch
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearken.audio.sounds import SOUNDS, synthesise
from hearken.audio.synth import save_wav
from tests.test_docs import PAGES, blocks, commands_in, page, parted, run_python

pytest.importorskip("torch")

from hearken.losses.captions import CAPTION_LOSSES
from hearken.losses.table import LOSSES
from hearken.runtime.catalog import RUN_MODEL
from hearken.train.augmentation import AUGMENTATIONS
from hearken.train.recipes.listing import all_recipes
from hearken.train.recipes.read import from_mapping, full_name, names, read_recipe

SMALL = ("model.audio.weights=random", "model.text.weights=random", "training.batch=4", "training.epochs=1")
"""What makes the page's own recipe run without a network, in seconds."""
WORDS = {"a space": " ", "all four": ("replace", "insert", "swap", "delete"), "must be given": "", "-": "", "null": None}


def rows_of(title: str) -> list[list[str]]:
    """The cells of the first table below a heading of the page on training."""
    part = page("docs/training.md").split(f"\n{title}\n")[1]
    lines = re.search(r"((?:^\|.*\|\n)+)", part, re.MULTILINE)
    assert lines
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1].splitlines()[2:]]


def value(text: str) -> Any:
    """What a cell says of a default."""
    return WORDS[text] if text in WORDS else yaml.safe_load(text.strip("`"))


def same(said: object, default: object) -> bool:
    return list(said) == list(default) if isinstance(default, tuple) else said == default  # type: ignore[call-overload]


@pytest.mark.parametrize(("title", "table", "writes"), [("## Losses", LOSSES, False), ("### Losses of captioners", CAPTION_LOSSES, True)])
def test_every_loss_has_its_row_its_options_and_its_recipes(title: str, table: dict[str, Any], writes: bool) -> None:
    """Losses of pairs are in recipes of dual encoders, those of captions in recipes of captioners."""
    rows = {row[0].strip("`"): row for row in rows_of(title)}
    assert list(rows) == list(table)
    losses = {recipe.name: recipe.loss.name for recipe in all_recipes() if (recipe.model.decoder is not None) == writes}
    for name, (_, options, _, _, recipes) in rows.items():
        said = {option: value(default.partition(":")[0]) for option, default in re.findall(r"`(\w+)` \(([^)]*)\)", options)}
        assert said == table[name].options, name
        patterns = [
            each if each.endswith(("-paper", "-code")) else f"{each}-*" for each in re.findall(r"`([\w*/-]+)`", recipes) if "/" in each
        ]
        found = {recipe for pattern in patterns for recipe in losses if fnmatch.fnmatch(recipe, pattern)}
        assert found == {recipe for recipe, loss in losses.items() if loss == name}, name
    assert set(losses.values()) <= set(table)


def test_every_augmentation_has_its_rows_and_its_options() -> None:
    said: dict[str, dict[str, Any]] = {}
    for name, option, default, *_ in rows_of("## Augmentation"):
        said.setdefault(name.strip("`") or list(said)[-1], {})[option.strip("`")] = value(default)
    assert set(said) == set(AUGMENTATIONS)
    for name, entry in AUGMENTATIONS.items():
        defaults = {item.name: item.default for item in fields(entry.make)}  # type: ignore[arg-type]
        assert said[name].keys() == defaults.keys(), name
        assert [option for option in defaults if not same(said[name][option], defaults[option])] == [], name


def test_the_recipes_on_the_pages_are_recipes(tmp_path: Path) -> None:
    """Also pieces of recipes, put into the first one, which is complete."""
    whole, based, piece = blocks(page("docs/training.md"), "yaml")
    (own,) = blocks(page("docs/recipes.md"), "yaml")
    (captioner,) = blocks(page("docs/captions.md"), "yaml")
    assert "base:" not in whole
    for number, text in enumerate((whole, based, own, captioner)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert read_recipe(path).data.train
        assert (read_recipe(path).model.decoder is not None) == (text == captioner)
    recipe = from_mapping({**yaml.safe_load(whole), "loss": "nt_xent", **yaml.safe_load(piece)} | {"optimizer": {}}, "page")
    assert [step.name for step in recipe.augment] == ["noise", "reverb", "spec_augment", "pairmix", "eda"]


def test_every_line_of_the_recipe_is_explained() -> None:
    (whole, *_) = blocks(page("docs/training.md"), "yaml")
    explained = {key.rpartition(".")[2] for row in rows_of("## A recipe, line by line") for key in re.findall(r"`([\w.]+)`", row[0])}
    keys = set(re.findall(r"^[ -]*([a-z_]+):", whole, re.MULTILINE))
    assert keys - {"model", "data"} == explained


def test_recipes_that_pages_name_are_there() -> None:
    papers = "|".join(sorted({name.partition("/")[0] for name in names()}))
    named = {found for name in PAGES for found in re.findall(rf"(?<![\w/])((?:{papers})/[\w-]+)(?![\w*/-])", page(name))}
    others = {f"{paper}/{table}" for paper in papers.split("|") for table in ("table2", "table3", "table4")} | {"wavtext5k/WavText5K"}
    assert {name for name in named - others if full_name(name) is None} == set()
    assert len(named) >= len(names())


def sounds(folder: Path) -> None:
    """What the page's recipe learns from: a table of imitated sounds."""
    chosen = ("rain", "dog_bark", "telephone", "steam", "campfire", "heartbeat", "drum_beat", "glass_clink")
    assert set(chosen) <= set(SOUNDS)
    with (folder / "sounds.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "caption", "split"))
        for number, name in enumerate(chosen):
            save_wav(folder / f"{name}.wav", synthesise(name))
            table.writerow((f"{name}.wav", f"This is {name}.", "val" if number % 4 == 3 else "train"))


def test_the_recipe_of_the_page_trains_and_leaves_what_the_page_says(tmp_path: Path) -> None:
    sounds(tmp_path)
    (tmp_path / "mine.yaml").write_text(blocks(page("docs/training.md"), "yaml")[0], encoding="utf-8")
    (snippet,) = blocks(page("docs/training.md"), "python")
    assert '["training.epochs=2"]' in snippet
    done = run_python(snippet.replace('["training.epochs=2"]', repr(SMALL)), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "t2a_mAP@10" in done.stdout
    there = {path.name for path in (tmp_path / "runs" / "mine").iterdir()}
    table = {row[0].strip("`").partition("/")[0] for row in rows_of("## The folder of a run")}
    assert {"run.json", "log.jsonl", "checkpoints", "best", "lock"} <= there <= table
    assert {"tensorboard", RUN_MODEL, "failed.jsonl", "stopped.json"} <= table
    step = json.loads((tmp_path / "runs" / "mine" / "log.jsonl").read_text(encoding="utf-8").splitlines()[0])
    row = next(row[1] for row in rows_of("## The folder of a run") if row[0] == "`log.jsonl`")
    assert {f"`{name}`" for name in step if name != "step"} <= set(re.findall(r"`\w+`", row))


def test_the_first_run_of_page_and_readme_runs(tmp_path: Path) -> None:
    """Two commands: the first installs."""
    install, smoke = blocks(page("docs/training.md"), "console")[0].splitlines()
    assert install == 'pip install ".[train]"'
    words = smoke.split()[1:]
    assert words in commands_in("README.md")
    assert parted(words)[0] == "train run"
    done = run_python(f"from hearken.cli.main import run\nrun({[*words, '--log', 'none']!r})", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "best, epoch 1" in done.stdout
