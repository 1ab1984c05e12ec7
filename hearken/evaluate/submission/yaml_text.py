"""Writes plain values as YAML with comments, without PyYAML: a submission can be written by the plain installation.

Texts stand in double quotes, so that none of them is taken for a number, a date or a yes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def to_yaml(value: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """Return `value` (texts, numbers, yes and no, nothing, lists and mappings of them) as YAML; `comments` stand above a key `a.b.c`."""
    return "\n".join(_mapping(value, "", "", comments or {})) + "\n"


def _mapping(value: Mapping[str, Any], indent: str, path: str, comments: Mapping[str, str]) -> Iterator[str]:
    for key, part in value.items():
        here = f"{path}{key}"
        if here in comments:
            if not indent:
                yield ""
            yield f"{indent}# {comments[here]}"
        name = f"{indent}{_key(str(key))}:"
        if isinstance(part, Mapping) and part:
            yield name
            yield from _mapping(part, indent + "  ", f"{here}.", comments)
        elif isinstance(part, list | tuple) and part:
            yield name
            yield from _items(part, indent + "  ", f"{here}.", comments)
        else:
            yield f"{name} {_scalar(part)}"


def _items(values: Sequence[Any], indent: str, path: str, comments: Mapping[str, str]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping) and value:
            lines = [line for line in _mapping(value, indent + "  ", path, comments) if line.strip()]
            first = next(number for number, line in enumerate(lines) if not line.lstrip().startswith("#"))
            lines[first] = f"{indent}- {lines[first].lstrip()}"
            yield from lines
        elif isinstance(value, list | tuple) and value:
            yield f"{indent}-"
            yield from _items(value, indent + "  ", path, comments)
        else:
            yield f"{indent}- {_scalar(value)}"


def _key(text: str) -> str:
    plain = text.isascii() and text.replace("_", "").replace("@", "").isalnum() and text[0].isalpha()
    return text if plain and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n") else _quoted(text)


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list | tuple) else _quoted(str(value))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    text = repr(value)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")  # YAML 1.1 wants a point in 1e-05


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
