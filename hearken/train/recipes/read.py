"""Recipes by name or file: YAML that is read strictly, on top of its `base`, with every fault of the file in one error.

A recipe of the package has the name of its file below `hearken/recipes`, such as `primus2023/passt-n_roberta-large-paper`; without
the end `-paper` or `-code` the paper's form is meant, where there is one. What ends in `.yaml` is the path of a file.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from hearken.data.yaml_value import Fail, load_yaml
from hearken.errors import RecipeError, show
from hearken.limits import MAX_YAML_DEPTH
from hearken.train.recipe import Recipe
from hearken.train.recipes.check import check
from hearken.train.recipes.values import Faults, make

SUFFIX = ".yaml"
FORMS = ("", "-paper", "-code")
"""The ends that a name is tried with, in this order."""
MAX_RECIPE_BYTES = 200_000
MAX_BASES = 8
_MAX_DIGITS = 9  # of a place in a list
HINT = "`hearken train --list` shows the recipes, docs/recipes.md every key and the names that it takes."
_OWN = ("rows", "summary")
"""What of `about` a recipe does not have from its base: it is not the same row of a paper."""


def read_recipe(name_or_path: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Return the recipe of that name or file, after `overrides` of the form `training.epochs=2` (the value is YAML).

    Raises RecipeError, with every fault at once, for what is unknown, of a wrong type or impossible, for overrides without a
    key, and for bases that go round in a circle.
    """
    path, name = find(name_or_path)
    mapping = _merged(path, ())
    for override in overrides:
        _override(mapping, override)
    mapping.setdefault("name", name)
    return from_mapping(mapping, name if overrides else str(name_or_path))


def from_mapping(mapping: Mapping[str, Any], source: str | Path) -> Recipe:
    """Return the recipe of nested plain values, such as `Recipe.to_json` gives; `source` says in errors where they are from.

    Raises RecipeError with every fault.
    """
    faults = Faults()
    recipe = _with_full_names(make(Recipe, mapping, "", faults))
    sound = not faults.lines
    check(recipe, faults, names())
    if faults.lines:
        lines = faults.lines if sound else _without_echoes(faults.lines)
        count = "one fault" if len(lines) == 1 else f"{'at least ' if faults.is_full else ''}{len(lines)} faults"
        raise RecipeError(f"The recipe {show(str(source))} has {count}:" + "".join(f"\n  {line}" for line in lines), HINT)
    return recipe


@cache
def names() -> tuple[str, ...]:
    """Return the names of the package's recipes, in the order of the alphabet."""
    root = _root()
    return tuple(sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob(f"*{SUFFIX}")))


def find(name_or_path: str | Path) -> tuple[Path, str]:
    """Return the file and the name of a recipe. Raises RecipeError, with the nearest names, where there is none."""
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(SUFFIX):
        path = Path(name_or_path)
        return path, path.stem
    full = full_name(text)
    if full is not None:
        return _root() / f"{full}{SUFFIX}", full
    near = difflib.get_close_matches(text, names(), n=4, cutoff=0.3)
    hint = f"Nearest: {', '.join(near)}. " if near else ""
    if text.partition("/")[0] in {name.partition("/")[0] for name in names()}:
        hint += "`hearken train sweep PAPER/TABLE` trains a whole table. "
    raise RecipeError(
        f"There is no recipe {show(text)!r}.", f"{hint}`hearken train --list` shows all; the path of a {SUFFIX} file works as well."
    )


def full_name(name: str) -> str | None:
    """Return the name of the package's recipe that `name` means, None if it means none."""
    known = set(names())
    return next((f"{name}{form}" for form in FORMS if f"{name}{form}" in known), None)


def _with_full_names(recipe: Recipe) -> Recipe:
    """The recipe with full names of the recipes it starts from and learns from: their runs are found by them."""
    start = full_name(recipe.model.start) or recipe.model.start
    teachers = tuple(full_name(name) or name for name in recipe.teachers)
    return replace(recipe, model=replace(recipe.model, start=start), teachers=teachers)


def _root() -> Path:
    return Path(str(resources.files("hearken"))) / "recipes"


def _merged(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Return the mapping of the file at `path` on top of its base's. `above` are the files that led here."""
    path = Path(os.path.abspath(path))
    if path in above or len(above) > MAX_BASES:
        chain = " -> ".join(show(each) for each in (*above, path))
        raise RecipeError(f"The bases of this recipe have no end: {chain}.", "Leave one `base:` out.")
    mapping = _load(path)
    base = mapping.pop("base", None)
    if base is None:
        return mapping
    if not isinstance(base, str):
        raise RecipeError(f"{show(path)}: `base` must be the name or path of one recipe.", HINT)
    base_path = path.parent / base if base.endswith(SUFFIX) else find(base)[0]
    below = _merged(base_path, (*above, path))
    below.pop("name", None)
    if isinstance(below.get("about"), dict):
        below["about"] = {key: value for key, value in below["about"].items() if key not in _OWN}
    return _over(below, mapping)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `above` laid over `below`: mappings join, but for what is `Named`; a mapping's null takes back what the base says."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if value is None and isinstance(old, dict):
            del merged[key]
        elif isinstance(value, dict) and isinstance(old, dict) and key != "loss":
            merged[key] = _over(old, value)
        else:
            merged[key] = value
    return merged


def _load(path: Path) -> dict[str, Any]:
    """Return the mapping in the YAML file at `path`. Raises RecipeError, with the line, for what is none."""

    def fail(line: int | None, what: str) -> NoReturn:
        raise RecipeError(f"{show(path)}{f', line {line}' if line else ''}: {what}", HINT)

    text = _text(path, fail)
    value = load_yaml(text, fail)
    for line, key in _doubled(text):
        fail(line, f"the key {show(key)!r} is there twice.")
    if not isinstance(value, dict):
        fail(None, "a recipe is a mapping of keys.")
    return value


def _text(path: Path, fail: Fail) -> str:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # reading a pipe would wait, and a device has no end
            fail(None, "this is no file.")
        if facts.st_size > MAX_RECIPE_BYTES:
            fail(None, f"a recipe has at most {MAX_RECIPE_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(f"The recipe {show(path)} cannot be read: {error.strerror}.", HINT) from error
    except UnicodeDecodeError:
        fail(None, "this is no text in UTF-8.")
    except ValueError as error:
        raise RecipeError(f"The recipe {show(path)} cannot be read: {error}.", HINT) from error


def _doubled(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and key of every key that comes twice in its mapping; `text` is YAML without aliases."""
    import yaml

    stack = [yaml.compose(text, Loader=yaml.SafeLoader)]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if key.value in seen:
                    yield key.start_mark.line + 1, str(key.value)
                seen.add(key.value if isinstance(key.value, str) else "")
                stack.append(value)
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value


def _override(mapping: dict[str, Any], override: str) -> None:
    """Put `key.path=value` into `mapping`; the path goes through mappings, lists (by number) and names of what has options."""

    def fail(_line: int | None, what: str) -> NoReturn:
        raise RecipeError(
            f"The setting {show(override)!r} cannot be used: {what}", "It looks like training.epochs=2 or augment.0.share=0.5."
        )

    key, mark, text = override.partition("=")
    keys = key.strip().split(".")
    if not mark or not all(keys) or len(keys) > MAX_YAML_DEPTH:
        fail(None, "it is not KEY.PATH=VALUE.")
    value = load_yaml(text, fail)
    node: Any = mapping
    for number, part in enumerate(keys):
        last = number == len(keys) - 1
        if isinstance(node, list):
            if not part.isascii() or not part.isdigit() or len(part) > _MAX_DIGITS or int(part) >= len(node):
                fail(None, f"the list {'.'.join(keys[:number])} has {len(node)} entries, counted from 0.")
            slot: Any = int(part)
            inner = node[slot]
        else:
            slot, inner = part, node.get(part)
        if last:
            node[slot] = value
            return
        if isinstance(inner, str) and (part == "loss" or isinstance(node, list)):
            inner = {"name": inner}
        elif inner is None:
            inner = {}
        elif not isinstance(inner, dict | list):
            fail(None, f"{'.'.join(keys[: number + 1])} has nothing below it.")
        node[slot] = inner
        node = inner


def _without_echoes(lines: list[str]) -> list[str]:
    """Return `lines` without the second fault of a key: the default that stands in for a bad value is not the file's."""
    seen: dict[str, str] = {}
    for line in lines:
        seen.setdefault(line.partition(":")[0], line)
    return list(seen.values())
