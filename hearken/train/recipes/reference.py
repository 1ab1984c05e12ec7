"""What docs/recipes.md says of all recipes and all keys, made from the recipes and the dataclasses themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hearken.audio.length import Padding
from hearken.audio.segments import RULES
from hearken.data.blacklists import PUBLISHED
from hearken.data.table import CORPORA
from hearken.losses.captions import CAPTION_LOSSES
from hearken.losses.table import LOSSES
from hearken.models.audio_table import AUDIO_ENCODERS
from hearken.models.config import Pooling
from hearken.models.projection import PROJECTIONS
from hearken.models.text_table import TEXT_ENCODERS, WORD2VEC
from hearken.text.normalize import TEXT_POLICIES
from hearken.train.augmentation import AUGMENTATIONS
from hearken.train.monitor import MONITORS
from hearken.train.optimizer import FREEZABLE, OPTIMIZERS, PARTS
from hearken.train.recipe import Named, Recipe
from hearken.train.recipes.captioner import DECODERS
from hearken.train.recipes.check import WEIGHTS
from hearken.train.recipes.listing import PAPERS, Entry, entries, expected_text
from hearken.train.schedule import SCHEDULES

_ALL_FIGURES = 99
_NOT_WRITTEN = ("name", "about")

NAMES: dict[str, tuple[str, ...]] = {
    "model.audio.name": tuple(AUDIO_ENCODERS),
    "model.audio.weights": (*WEIGHTS, "or a model folder"),
    "model.audio.rule": RULES,
    "model.audio.padding": get_args(Padding),
    "model.text.name": (*TEXT_ENCODERS, WORD2VEC, "or a hub id"),
    "model.text.pooling": get_args(Pooling),
    "model.text.policy": tuple(TEXT_POLICIES),
    "model.decoder.kind": DECODERS,
    "model.projection": (*PROJECTIONS, "or two of them, as AUDIO+TEXT"),
    "data.train.corpus": (*CORPORA, "or a table, folder or pack"),
    "data.blacklists": (*PUBLISHED, "or a file"),
    "augment": tuple(AUGMENTATIONS),
    "loss": (*LOSSES, *CAPTION_LOSSES),
    "optimizer.name": tuple(OPTIMIZERS),
    "optimizer.rates": PARTS,
    "optimizer.frozen": FREEZABLE,
    "schedule.name": SCHEDULES,
    "training.monitor": MONITORS,
}
"""Key to the names that it takes."""


def recipes_markdown() -> str:
    """Return a section for each paper and a table for each of its tables: row, recipes, published figures in percent."""
    lines = []
    found = list(entries())
    for paper, citation in PAPERS.items():
        lines += [f"### {paper}", "", f"{citation}.", ""]
        own = [entry for entry in found if entry.recipe.about.paper == paper]
        for table in dict.fromkeys(entry.table for entry in own):
            lines += [f"| {table or 'In no table'} | recipes | published, in percent |", "|---|---|---|"]
            rows: dict[str, list[Entry]] = {}
            for entry in own:
                if entry.table == table:
                    rows.setdefault(_row(entry), []).append(entry)
            lines += [_line(row, of_row) for row, of_row in rows.items()]
            lines.append("")
    return "\n".join(lines)


def _row(entry: Entry) -> str:
    return str(entry.row.row if entry.row else entry.recipe.about.summary)


def _line(row: str, of_row: list[Entry]) -> str:
    names, first = ", ".join(f"`{entry.recipe.name}`" for entry in of_row), of_row[0].row
    needs = first and (first.besides or (first.tta and f"with test-time augmentation, {first.tta}"))
    return f"| {row}{f' ({needs})' if needs else ''} | {names} | {expected_text(first, _ALL_FIGURES)} |"


def keys_markdown() -> str:
    """Return a table of all keys that one writes in a recipe: the key, what it takes, what it is when it is left out."""
    lines = ["| key | takes | left out |", "|---|---|---|"]
    for key, kind, default in _keys(Recipe, ""):
        said = ", ".join(f"`{name}`" if " " not in name else name for name in NAMES[key]) if key in NAMES else kind
        lines.append(f"| `{key}` | {said.replace('|', chr(92) + '|')} | {default} |")
    return "\n".join(lines) + "\n"


def _keys(kind: type, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, type in words and default of every key of a dataclass, those of its parts in its place."""
    hints = get_type_hints(kind)
    for item in fields(kind):
        name = f"{path}{item.name}"
        if name in _NOT_WRITTEN:
            continue
        inner = hints[item.name]
        element = get_args(inner)[0] if get_origin(inner) in (tuple, UnionType) else inner
        if is_dataclass(element) and element is not Named:
            yield from _keys(element, f"{name}.")  # type: ignore[arg-type]
        else:
            yield name, _words(inner), _default(item)


def _words(kind: Any) -> str:  # noqa: ANN401 - a type
    plain: Mapping[Any, str] = {
        str: "a word",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        Any: "anything",
        Named: "a name and options",
    }
    origin, inner = get_origin(kind), get_args(kind)
    if kind in plain:
        return plain[kind]
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join("null" if each is type(None) else _words(each) for each in inner)
    if origin is tuple and inner[-1] is not Ellipsis:
        return f"a list of {len(inner)}: {', '.join(map(_words, inner))}"
    if origin is tuple:
        return f"a list, each {_words(inner[0])}"
    return f"a mapping to {_words(inner[1])}"


def _default(item: Field[Any]) -> str:
    if item.default_factory is not MISSING:
        value = item.default_factory()
        return f"`{value.name}`" if isinstance(value, Named) else "-"
    if item.default is MISSING:
        return "must be given"
    if item.default is None:
        return "null"
    return "-" if item.default in ("", ()) else f"`{_plain(item.default)}`"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
