"""All recipes of the package, and the tables of the papers that their rows are from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from hearken.errors import RecipeError
from hearken.train.recipe import Recipe, Row
from hearken.train.recipes.read import names, read_recipe
from hearken.train.recipes.values import nearest

PAPERS = {
    "primus2023": "Primus, Koutini and Widmer, Advancing natural-language based audio retrieval with PaSST and large audio-caption data sets, 2023",
    "wavtext5k": "Deshmukh, Elizalde and Wang, Audio retrieval with WavText5K and CLAP training, 2022",
    "kim2023": "Kim et al., Exploring train and test-time augmentations for audio-language learning, 2023",
    "act2021": "Mei et al., Audio captioning transformer, 2021 (XinhaoMei/ACT)",
    "captioning": "Captioners of our own, which are of no paper",
    "dcase2022": "Xie, Lipping and Virtanen, Language-based audio retrieval task in DCASE 2022 challenge, 2022",
    "dcase2023": "Baseline of DCASE 2023, task 6b (xieh97/dcase2023-audio-retrieval)",
    "wavcaps": "Mei et al., WavCaps: a ChatGPT-assisted weakly-labelled audio captioning dataset, 2024 (XinhaoMei/WavCaps)",
    "dcase2025": "Baseline of DCASE 2025, task 6 (CPJKU/dcase2025_task6_baseline)",
    "salsa": "Primus, Schmid and Widmer, Estimated audio-caption correspondences improve language-based audio retrieval, 2024",
}
"""Key of `About.paper` to citation. Recipes lie in the folder of their paper's key."""
METRICS = tuple(f"{way}_{name}" for way in ("t2a", "a2t") for name in ("mAP@10", "mAP@16", "R@1", "R@5", "R@10", "R@50", "meanR"))
"""The figures of rows, as tables have them from left to right."""
CAPTION_METRICS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr")
"""The figures of rows of captioning, in the same order as Kim et al. (2023), Table 1."""


@dataclass(frozen=True)
class Entry:
    """A recipe in a table: `row` is None for one that stands in none (a first stage)."""

    recipe: Recipe
    row: Row | None = None

    @property
    def table(self) -> str:
        """The table's name, "" without."""
        return self.row.table if self.row else ""


@cache
def all_recipes() -> tuple[Recipe, ...]:
    """Return the recipes of the package: papers in the order of PAPERS, then by name, `-paper` before `-code`. Raises RecipeError for one that is not sound."""
    order = list(PAPERS)

    def place(recipe: Recipe) -> tuple[int, str, bool]:
        stem, _, form = recipe.name.rpartition("-")
        return order.index(recipe.about.paper), stem, form != "paper"

    return tuple(sorted(map(read_recipe, names()), key=place))


def entries(recipes: Iterable[Recipe] | None = None) -> Iterator[Entry]:
    """Yield each recipe once for each of its rows (once if it has none), by paper and table; what stands in no table comes last."""
    found = [Entry(recipe, row) for recipe in recipes or all_recipes() for row in recipe.about.rows or (None,)]
    order = list(PAPERS)
    yield from sorted(found, key=lambda entry: (order.index(entry.recipe.about.paper), entry.table == "", entry.table))


def of_table(name: str) -> tuple[Entry, ...]:
    """Return the entries of "PAPER" (all its rows) or "PAPER/TABLE" ("primus2023/table4", case and spaces aside).

    Raises RecipeError, naming what there is.
    """
    paper, _, table = name.partition("/")
    if paper not in PAPERS:
        raise RecipeError(f"There are no recipes of a paper {paper!r}{nearest(paper, PAPERS)}.", "`hearken train --list` shows all.")
    found = tuple(entry for entry in entries() if entry.recipe.about.paper == paper)
    if table:
        known = dict.fromkeys(entry.table for entry in found if entry.table)
        found = tuple(entry for entry in found if table_key(entry.table) == table_key(table))
        if not found:
            raise RecipeError(f"{paper} has no table {table!r}.", f"Tables: {', '.join(f'{paper}/{table_key(each)}' for each in known)}.")
    return found


def table_key(table: str) -> str:
    """Return a table's name as one types it: `Table 3` is `table3`."""
    return "".join(table.lower().split())


def to_json(entry: Entry) -> dict[str, Any]:
    """Return what `hearken train --list --json` says of an entry."""
    recipe, row = entry.recipe, entry.row
    return {
        "recipe": recipe.name,
        "paper": recipe.about.paper,
        "citation": PAPERS[recipe.about.paper],
        "summary": recipe.about.summary,
        "table": row.table if row else "",
        "row": row.row if row else "",
        "expected_percent": dict(row.expected) if row else {},
        "besides": row.besides if row else "",
        "tta": row.tta if row else "",
        "notes": list(recipe.about.notes),
    }


def expected_text(row: Row | None, num: int = 4) -> str:
    """Return the first `num` figures of a row in words; "-" for none."""
    figures = list(row.expected.items()) if row else []
    text = ", ".join(f"{name} {value:g}" for name, value in figures[:num])
    return text + (f" and {len(figures) - num} more" if len(figures) > num else "") or "-"
