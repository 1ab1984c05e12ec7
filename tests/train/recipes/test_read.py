"""Recipes by name, file, base and setting; and what a file cannot be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import RecipeError
from hearken.train.recipe import Named, Recipe
from hearken.train.recipes.read import find, from_mapping, full_name, names, read_recipe
from hearken.train.recipes.values import MAX_FAULTS

DATA = "data:\n  train:\n    - corpus: clotho\n      splits: [development]\n"


def save(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_name_a_short_name_and_a_file(tmp_path: Path) -> None:
    full = read_recipe("primus2023/passt-n_roberta-large-paper")
    assert full.name == "primus2023/passt-n_roberta-large-paper"
    assert read_recipe("primus2023/passt-n_roberta-large") == full
    assert read_recipe("dcase2023/baseline").name == "dcase2023/baseline-code"
    assert full.model.text.name == "roberta-large"
    assert full.model.audio.name == "passt_n"
    assert read_recipe(save(tmp_path, DATA)).name == "mine"
    assert read_recipe(str(save(tmp_path, f"name: other\n{DATA}"))).name == "other"


def test_the_defaults_are_the_dataclasses(tmp_path: Path) -> None:
    recipe = read_recipe(save(tmp_path, DATA))
    assert recipe.model == Recipe().model
    assert recipe.training == Recipe().training
    assert [source.splits for source in recipe.data.train] == [("development",)]


def test_an_unknown_name_has_the_nearest() -> None:
    with pytest.raises(RecipeError, match="no recipe 'primus2023/passt-n_robert-large'") as raised:
        read_recipe("primus2023/passt-n_robert-large")
    assert "primus2023/passt-n_roberta-large-paper" in raised.value.hint
    with pytest.raises(RecipeError) as raised:
        read_recipe("kim2023/table4")
    assert "`hearken train sweep PAPER/TABLE`" in raised.value.hint


@pytest.mark.parametrize("name", names())
def test_every_recipe_goes_to_json_and_back(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert from_mapping(json.loads(json.dumps(recipe.to_json())), name) == recipe


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = save(tmp_path, f"modle: {{}}\nmodel: {{dim: wide, audio: {{name: past_n}}}}\nloss: nt_xnt\n{DATA}")
    with pytest.raises(RecipeError, match="4 faults") as raised:
        read_recipe(path)
    keys = [line.split(":")[0].strip() for line in raised.value.message.splitlines()[1:]]
    assert sorted(keys) == ["loss", "model.audio.name", "model.dim", "modle"]
    assert "hearken train --list" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data: 1\ndata: 2\n", "line 2: the key 'data' is there twice."),
        ("training:\n  epochs: 1\n  epochs: 2\n", "line 3: the key 'epochs' is there twice."),
        ("data: &a [*a]\n", "aliases are not read"),
        ("data: !!python/object/apply:os.system [ls]\n", "this is no YAML"),
        ("data: [\n", "this is no YAML"),
        ("- 1\n", "a recipe is a mapping of keys"),
        ("", "a recipe is a mapping of keys"),
        ("base: [a]\n", "`base` must be the name or path of one recipe"),
        ("base: nothing/there\n", "There is no recipe 'nothing/there'"),
        ("base: gone.yaml\n", "gone.yaml cannot be read"),
        ('base: "a\\0.yaml"\n', "cannot be read: embedded null byte"),
        ("training:\n\tepochs: 2\n", "line 2: this is no YAML: found character that cannot start any token"),
        ("training: &a {epochs: 2}\nschedule: *a\n", "line 2: aliases are not read"),
        ("--- {}\n--- {}\n", "this is no YAML: but found another document"),
        ("? [a]\n: 1\n", "this is no YAML: found unhashable key"),
        ("training: {1: a, '1': b}\n", "line 1: the key '1' is there twice."),
        ("<<: 3\n", "this is no YAML"),
        ("~: 1\n", "None: there is no such key"),
        (f"training: {{epochs: -1{'0' * 400}}}\n", "training.epochs: this must be a number of at most 18 digits, not -1000"),
        (f"training: {{epochs: 0x{'f' * 5000}}}\n", "training.epochs: this must be a number of at most 18 digits, not a number of thousands of digits."),
        (f"optimizer: {{rate: 0x{'f' * 5000}}}\n", "optimizer.rate: this must be a number, not a number of thousands of digits."),
        (f"training: {{precision: 0x{'f' * 5000}}}\n", "training.precision: this must be one of 32, bf16, fp16, not a number of thousands"),
        (f"? 0x{'f' * 5000}\n: 1\n", "a number of thousands of digits: there is no such key"),
        (f"loss: {{name: triplet, margin: 1{'0' * 30}}}\n", "loss.margin: this must be a number of at most 18 digits"),
        ("training: {epochs: 2020-01-01}\n", "training.epochs: this must be a whole number, not datetime.date(2020, 1, 1)."),
        ("training: {epochs: 2020-13-01}\n", "line 1: this is no YAML: a value cannot be read: month must be in 1..12"),
        ("augment: !!set {noise}\n", "augment: this must be a list, not {'noise'}."),
        ("loss: {name: clap_two_scale, dim: 100000000}\n", "loss.dim: this must be model.dim, 1024, not 100000000."),
        (f"model: {{audio: {{name: {'a' * 1000}}}}}\n", f"there is no audio encoder '{'a' * 60}'; nearest: "),
    ],
)  # fmt: skip
def test_what_is_no_recipe(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError) as raised:
        read_recipe(save(tmp_path, text))
    assert said in raised.value.message


def test_a_file_that_is_no_text_or_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="no text in UTF-8"):
        read_recipe(path)
    path.write_text("#" * 300_000)
    with pytest.raises(RecipeError, match="at most 200000 bytes"):
        read_recipe(path)


def test_so_many_faults_that_nobody_reads_them_all(tmp_path: Path) -> None:
    for text in ("".join(f"k{number}: 1\n" for number in range(3_000)) + DATA, f"augment: [{', '.join(['x'] * 3_000)}]\n{DATA}"):
        with pytest.raises(RecipeError) as raised:
            read_recipe(save(tmp_path, text))
        assert f"has at least {MAX_FAULTS} faults" in raised.value.message
        assert len(raised.value.message.splitlines()) == MAX_FAULTS + 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes here")
def test_a_pipe_and_a_folder_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("pipe.yaml", "folder.yaml"):
        with pytest.raises(RecipeError, match="this is no file"):
            read_recipe(tmp_path / name)


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("1e-3", "passt_n", "clotho", "32", "noise"))
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(max_size=9),
    "about": st.fixed_dictionaries({}, optional={"summary": st.text(max_size=9), "notes": st.lists(st.text(max_size=9), max_size=2)}),
    "loss": st.sampled_from(("nt_xent", {"name": "ranking", "margin": 0.5}, {"name": "sigmoid", "options": {}})),
    "augment": st.lists(st.sampled_from(("gain", {"name": "noise", "probability": 0.25})), max_size=2),
    "optimizer.betas": st.lists(st.floats(0, 0.99), min_size=2, max_size=2),
    "optimizer.rate": st.floats(1e-6, 1) | st.just("2e-5"),
    "optimizer.rates": st.dictionaries(st.sampled_from(("audio", "text")), st.floats(0, 1)),
    "training.precision": st.sampled_from((32, "32", "bf16")),
    "training.seed": st.integers(0, 2**62),
    "training.average": st.none() | st.floats(0.1, 0.9),
    "data.max_duration_s": st.none() | st.integers(1, 60),
    "model.audio.jitter_hz": st.none() | st.lists(st.integers(1, 20), min_size=2, max_size=2),
}


def with_settings(changed: dict[str, Any]) -> dict[str, Any]:
    mapping: dict[str, Any] = {"data": {"train": [{"corpus": "clotho", "splits": ["development"]}]}}
    for path, value in changed.items():
        *keys, last = path.split(".")
        node = mapping
        for key in keys:
            node = node.setdefault(key, {})
        node[last] = value
    return mapping


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=SETTINGS))
def test_a_recipe_comes_back_from_its_json(changed: dict[str, Any]) -> None:
    recipe = from_mapping(with_settings(changed), "mine")
    assert from_mapping(recipe.to_json(), "mine") == recipe
    assert from_mapping(json.loads(json.dumps(recipe.to_json())), "mine") == recipe


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*SETTINGS, "model", "data.train", "teachers", "schedule", "training", "model.audio.options", "loss.name"]), VALUES
    )
)
def test_whatever_the_values_are_there_is_a_recipe_or_a_list_of_faults(changed: dict[str, Any]) -> None:
    try:
        mapping = with_settings(changed)
    except (AttributeError, TypeError):
        return  # a key below what is no mapping
    try:
        recipe = from_mapping(mapping, "mine")
    except RecipeError:
        return
    assert from_mapping(recipe.to_json(), "mine") == recipe


def test_a_base_is_joined(tmp_path: Path) -> None:
    save(tmp_path, f"about: {{paper: kim2023, summary: s, rows: [{{table: T, row: R}}], notes: [n]}}\nname: low\n{DATA}"
         "loss: {name: ranking, margin: 0.3}\noptimizer: {name: adam, rate: 0.5}\naugment: [noise]\nmodel: {audio: {options: {patchout: [1, 2]}}}\n", "low.yaml")  # fmt: skip
    path = save(tmp_path, "base: low.yaml\nloss: {name: triplet}\noptimizer: {rate: 0.25}\naugment: []\nmodel: {audio: {options: null}}\n")
    recipe = read_recipe(path)
    assert recipe.loss == Named("triplet")
    assert (recipe.optimizer.name, recipe.optimizer.rate) == ("adam", 0.25)
    assert recipe.augment == ()
    assert recipe.model.audio.options == {}
    assert recipe.data.train[0].corpus == "clotho"
    assert recipe.name == "mine"
    assert (recipe.about.paper, recipe.about.notes, recipe.about.rows, recipe.about.summary) == ("kim2023", ("n",), (), "")


def test_a_base_of_the_package(tmp_path: Path) -> None:
    recipe = read_recipe(save(tmp_path, "base: primus2023/passt-n_bert-base\ntraining: {epochs: 2}\n"))
    assert (recipe.training.epochs, recipe.training.batch, recipe.loss.options) == (2, 64, {"same_clip": "negative"})


def test_bases_in_a_circle(tmp_path: Path) -> None:
    save(tmp_path, "base: b.yaml\n", "a.yaml")
    save(tmp_path, "base: a.yaml\n", "b.yaml")
    with pytest.raises(RecipeError, match=r"no end: .*a.yaml -> .*b.yaml -> .*a.yaml"):
        read_recipe(tmp_path / "a.yaml")


def test_settings() -> None:
    settings = (
        "training.epochs=2",
        "optimizer.rate=1e-3",
        "augment.3.share=0.5",
        "loss.same_clip=removed",
        "model.audio.jitter_hz=[1, 2]",
        "augment.0=gain",
    )
    recipe = read_recipe("kim2023/all", settings)
    assert (recipe.training.epochs, recipe.optimizer.rate, recipe.model.audio.jitter_hz) == (2, 0.001, (1, 2))
    assert recipe.augment[3].options["share"] == 0.5
    assert recipe.augment[0] == Named("gain")
    assert recipe.loss == Named("nt_xent", {"same_clip": "removed"})


def test_a_setting_of_a_named_thing_that_is_a_word(tmp_path: Path) -> None:
    path = save(tmp_path, f"loss: ranking\naugment: [noise]\n{DATA}")
    recipe = read_recipe(path, ("loss.margin=0.5", "augment.0.probability=0.25"))
    assert recipe.loss == Named("ranking", {"margin": 0.5})
    assert recipe.augment == (Named("noise", {"probability": 0.25}),)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.epochs", "it is not KEY.PATH=VALUE"),
        ("=2", "it is not KEY.PATH=VALUE"),
        ("training..epochs=2", "it is not KEY.PATH=VALUE"),
        ("augment.9.share=1", "has 4 entries, counted from 0"),
        ("augment.x=1", "has 4 entries, counted from 0"),
        ("training.epochs.x=1", "training.epochs has nothing below it"),
        (f"augment.{'1' * 5000}=1", "has 4 entries, counted from 0"),
        (f"model.audio.options.{'.'.join('a' * 5000)}=1", "it is not KEY.PATH=VALUE"),
        ("training.epochs=[", "this is no YAML"),
        ("training.epoch=2", "training.epoch: there is no such key; nearest: epochs"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(setting: str, said: str) -> None:
    with pytest.raises(RecipeError) as raised:
        read_recipe("kim2023/all", (setting,))
    assert said in raised.value.message


def test_recipes_to_start_from_get_their_full_names() -> None:
    assert full_name("salsa/stage1") == "salsa/stage1-code"
    assert full_name("runs/x") is None
    recipe = read_recipe("salsa/stage2", ("teachers=[salsa/stage1, runs/x]",))
    assert recipe.teachers == ("salsa/stage1-code", "runs/x")
    assert recipe.model.start == "salsa/stage1-code"


def test_every_file_has_its_command_in_the_first_line() -> None:
    for name in names():
        lines = find(name)[0].read_text(encoding="utf-8").splitlines()
        assert lines[0] == f"# hearken train {name}"
        assert lines[1].startswith("# ")
