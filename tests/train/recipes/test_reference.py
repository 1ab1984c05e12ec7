"""What the page of recipes is made of, and that the page says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.train.recipes.listing import all_recipes
from hearken.train.recipes.read import read_recipe
from hearken.train.recipes.reference import NAMES, keys_markdown, recipes_markdown

PAGE = Path(__file__).resolve().parents[3] / "docs/recipes.md"


def test_every_recipe_and_row_is_in_the_tables() -> None:
    text = recipes_markdown()
    assert all(f"`{recipe.name}`" in text for recipe in all_recipes())
    assert "| CNN10 + bert-base | `primus2023/cnn10_bert-base-paper`, `primus2023/cnn10_bert-base-code` | t2a_mAP@10 23.72, " in text
    assert "| + Multi-TTA (with test-time augmentation, 100:5x20) | `kim2023/all-paper` | t2a_R@1 34.7, " in text
    assert "| 2 s | `primus2023/passt-s20_2s-paper`, `primus2023/passt-s20_2s-code` | - |" in text


def test_keys_have_their_types_and_defaults() -> None:
    lines = keys_markdown().splitlines()
    assert "| `training.batch` | a whole number | `64` |" in lines
    assert "| `training.precision` | `32`, `bf16`, `fp16` | `32` |" in lines
    assert "| `data.train.corpus` |" in "\n".join(lines)
    assert "| `model.audio.jitter_hz` | a list of 2: a whole number, a whole number or null | null |" in lines
    assert "| `optimizer.betas` | a list of 2: a number, a number | `[0.9, 0.999]` |" in lines
    assert "| `teachers` | a list, each a word | - |" in lines


def test_keys_with_names_are_keys() -> None:
    keys = {line.split("`")[1] for line in keys_markdown().splitlines()[2:]}
    assert set(NAMES) <= keys


def test_every_key_of_the_table_can_be_set() -> None:
    for line in keys_markdown().splitlines()[2:]:
        key, default = line.split("`")[1], line.split("|")[-2].strip().strip("`")
        if default in ("-", "must be given") or key.startswith("data.train.") or key == "data.variations":
            continue
        of = "kim2023/captioning_none" if key.startswith("model.decoder.") else "kim2023/none"
        read_recipe(of, (f"{key}={default}",))


@pytest.mark.skipif(not PAGE.exists(), reason="the page is not written yet")
def test_the_page_has_all_recipes_and_all_keys() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert recipes_markdown().strip() in text, "put hearken.train.recipes.reference.recipes_markdown() into docs/recipes.md"
    assert keys_markdown().strip() in text, "put hearken.train.recipes.reference.keys_markdown() into docs/recipes.md"
