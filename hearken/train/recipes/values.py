"""Plain values (of YAML or JSON) as frozen dataclasses: every fault is kept with the path of its key, none ends the reading."""

from __future__ import annotations

import difflib
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from hearken.errors import show
from hearken.train.recipe import Named

_Made = TypeVar("_Made")
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")  # `2e-5`, which YAML 1.1 takes for a word
_NUM_NEAREST = 4
_MAX_SHOWN = 60  # characters of a value
MAX_FAULTS = 200
"""So many faults of a file are kept; a file of hundreds of thousands would take minutes to describe."""
MAX_WHOLE = 2**63
"""Whole numbers are below this, as a signed number of 64 bits is."""


class Faults:
    """What is wrong with a file: the first MAX_FAULTS `lines` of "key.path: what"."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether no more faults are kept."""
        return len(self.lines) >= MAX_FAULTS

    def add(self, path: str, what: str) -> None:
        """Note that `what` is wrong with the value at `path` (dots between keys; empty: the file itself)."""
        line = f"{path}: {what}" if path else what
        if not self.is_full and line not in self.lines:
            self.lines.append(line)

    def unknown(self, path: str, what: str, name: str, known: Iterable[str]) -> None:
        """Note that there is no `what` called `name`, with the nearest names of `known`."""
        if not self.is_full:
            self.add(path, f"there is no {what} {show(name)[:_MAX_SHOWN]!r}{nearest(name, known)}.")


class _BadValueError(Exception):
    """A value that cannot be read; its fault is noted."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; nearest: a, b" for a `name` that is not among `known`."""
    lowered = {each.lower(): each for each in known}
    found = [lowered[each] for each in difflib.get_close_matches(name.lower(), lowered, n=_NUM_NEAREST, cutoff=0.0)]
    return f"; nearest: {', '.join(found)}" if found else ""


def make(kind: type[_Made], value: object, path: str, faults: Faults) -> _Made:
    """Return the dataclass `kind` of the mapping `value`, with defaults in the place of what is missing or cannot be read."""
    if not isinstance(value, Mapping):
        faults.add(path, f"this must be a mapping, not {_say(value)}.")
        value = {}
    hints = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    found: dict[str, Any] = {}
    for key, inner in value.items():
        where = _join(path, key)
        if key not in known:
            if not faults.is_full:
                faults.add(where, f"there is no such key{nearest(_key(key), known)}.")
            continue
        try:
            found[key] = read(hints[key], inner, where, faults)
        except _BadValueError:
            continue
    for name, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and name not in found:
            if name not in value:
                faults.add(_join(path, name), "this key is missing.")
            found[name] = ""
    return kind(**found)


def read(kind: Any, value: object, path: str, faults: Faults) -> Any:  # noqa: ANN401 - whatever `kind` is
    """Return `value` as the type `kind` of a field. Raises the module's own signal, noted as a fault, where it is of another type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return read(inner, value, path, faults)
    if origin is Literal:
        return _literal(get_args(kind), value, path, faults)
    if origin is tuple:
        return _tuple(get_args(kind), value, path, faults)
    if origin is dict:
        return _dict(get_args(kind)[1], value, path, faults)
    if kind is Named:
        return _named(value, path, faults)
    if is_dataclass(kind):
        return make(kind, value, path, faults)  # type: ignore[arg-type]
    return _plain(kind, value, path, faults)


def _plain(kind: Any, value: object, path: str, faults: Faults) -> Any:  # noqa: ANN401 - whatever `kind` is
    if kind is Any:
        return _any(value, path, faults)
    if kind is float and isinstance(value, str) and _EXPONENT.fullmatch(value):
        value = float(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        value = float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        names = {str: "a word", int: "a whole number", float: "a number", bool: "true or false"}
        _fail(faults, path, f"this must be {names[kind]}, not {_say(value)}.")
    return _bounded(value, path, faults)


def _bounded(value: Any, path: str, faults: Faults) -> Any:  # noqa: ANN401 - a plain value
    """`value` itself, unless it is a number that is none, or one that no setting is near."""
    if isinstance(value, float) and not math.isfinite(value):
        _fail(faults, path, f"this must be a finite number, not {value}.")
    if isinstance(value, int) and abs(value) >= MAX_WHOLE:
        _fail(faults, path, f"this must be a number of at most 18 digits, not {_say(value)}.")
    return value


def _literal(known: Sequence[Any], value: object, path: str, faults: Faults) -> Any:  # noqa: ANN401 - one of `known`
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_WHOLE
    chosen = str(value) if is_whole else value  # `precision: 32`
    if chosen not in known:
        _fail(faults, path, f"this must be one of {', '.join(map(str, known))}, not {_say(value)}.")
    return chosen


def _tuple(kinds: Sequence[Any], value: object, path: str, faults: Faults) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        _fail(faults, path, f"this must be a list, not {_say(value)}.")
    if kinds[-1] is not Ellipsis and len(value) != len(kinds):
        _fail(faults, path, f"this must be a list of {len(kinds)}, not of {len(value)}.")
    inner = list(kinds[:1]) * len(value) if kinds[-1] is Ellipsis else kinds
    made = []
    for number, (kind, each) in enumerate(zip(inner, value, strict=True)):
        try:
            made.append(read(kind, each, f"{path}.{number}", faults))
        except _BadValueError:
            if kinds[-1] is not Ellipsis:
                raise
    return tuple(made)


def _dict(kind: Any, value: object, path: str, faults: Faults) -> dict[str, Any]:  # noqa: ANN401 - a type
    if not isinstance(value, Mapping):
        _fail(faults, path, f"this must be a mapping, not {_say(value)}.")
    made = {}
    for key, each in value.items():
        try:
            made[_key(key)] = read(kind, each, _join(path, key), faults)
        except _BadValueError:
            continue
    return made


def _named(value: object, path: str, faults: Faults) -> Named:
    """A name alone, a mapping with the options beside the name, or what `Recipe.to_json` writes."""
    if isinstance(value, str):
        return Named(value)
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        _fail(faults, path, f"this must be a name, or a mapping with `name` and its options, not {_say(value)}.")
    options = {_key(key): each for key, each in value.items() if key != "name"}
    if set(options) == {"options"} and isinstance(options["options"], Mapping):
        options = {_key(key): each for key, each in options["options"].items()}
    return Named(value["name"], {key: _any(each, _join(path, key), faults) for key, each in options.items()})


def _any(value: object, path: str, faults: Faults) -> Any:  # noqa: ANN401 - a plain value
    """A plain value of any type; lists stay lists."""
    if isinstance(value, list | tuple):
        return [_any(each, f"{path}.{number}", faults) for number, each in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(key): _any(each, _join(path, key), faults) for key, each in value.items()}
    if isinstance(value, str) and _EXPONENT.fullmatch(value):
        return float(value)
    if value is not None and not isinstance(value, str | int | float | bool):
        _fail(faults, path, f"this must be a plain value, not {_say(value)}.")
    return _bounded(value, path, faults)


def _key(key: object) -> str:
    """A mapping's key as a word; one that Python does not print (a number of thousands of digits) as what it is."""
    try:
        return str(key)
    except ValueError:
        return "a number of thousands of digits"


def _join(path: str, key: object) -> str:
    name = show(_key(key))[:_MAX_SHOWN]
    return f"{path}.{name}" if path else name


def _say(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    try:
        return show(repr(value))[:_MAX_SHOWN]
    except ValueError:
        return "a number of thousands of digits"


def _fail(faults: Faults, path: str, what: str) -> NoReturn:
    faults.add(path, what)
    raise _BadValueError
