"""How names in a public file become ours: rename, merge, or drop with a reason; and the strict account of it all.

A rule's pattern is a regular expression for a whole name. The first rule that fits a name decides; a name that fits none
is unexpected, and the conversion stops. What rules make must then be exactly what our network has, name by name, shape by
shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hearken.errors import CheckpointError, show

MAX_LISTED = 10


@dataclass(frozen=True)
class Rename:
    """Give the tensors whose name fits `pattern` the name `to`, in which `\\1` and so on are the groups of the pattern."""

    pattern: str
    to: str


@dataclass(frozen=True)
class Merge:
    """Put several tensors in a row along their first axis: those whose names fit one of `patterns`, in that order, into `to`.

    The groups of a pattern tell which tensors belong together.
    """

    patterns: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Drop:
    """Leave tensors out whose name fits `pattern`, for a `reason` that the user is told."""

    pattern: str
    reason: str


Rule = Rename | Merge | Drop


@dataclass(frozen=True)
class Dropped:
    """Tensors that are not used: their `names`, and why."""

    reason: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Applied:
    """What rules made of a file: `tensors` by our names, `used` names of the file, and what was `dropped`."""

    tensors: dict[str, Tensor]
    used: tuple[str, ...]
    dropped: tuple[Dropped, ...]


def apply(rules: Sequence[Rule], tensors: Mapping[str, Tensor], what: str) -> Applied:
    """Return the tensors of a file under our names. Raises CheckpointError, naming `what` it should be, for unexpected names."""
    made: dict[str, Tensor] = {}
    pieces: dict[str, dict[int, Tensor]] = {}
    counts: dict[str, int] = {}
    dropped: dict[str, list[str]] = {}
    unexpected, used, twice = [], [], []
    for name, tensor in tensors.items():
        found = _match(rules, name)
        if found is None:
            unexpected.append(name)
            continue
        rule, match, part = found
        if isinstance(rule, Drop):
            dropped.setdefault(rule.reason, []).append(name)
            continue
        used.append(name)
        to = match.expand(rule.to)
        if isinstance(rule, Merge):
            pieces.setdefault(to, {})[part] = tensor
            counts[to] = len(rule.patterns)
        elif to in made:
            twice.append(f"{name} (also another becomes {to})")
        else:
            made[to] = tensor
    incomplete = [f"{to} ({len(parts)} of {counts[to]} parts)" for to, parts in pieces.items() if len(parts) < counts[to]]
    _refuse(what, unexpected=unexpected + twice, missing=incomplete)
    for to, parts in pieces.items():
        made[to] = torch.cat([parts[number] for number in sorted(parts)])
    return Applied(made, tuple(used), tuple(Dropped(reason, tuple(names)) for reason, names in dropped.items()))


def _match(rules: Sequence[Rule], name: str) -> tuple[Rule, re.Match[str], int] | None:
    """The first rule for `name`, its match, and for a merge the number of the part that it is."""
    for rule in rules:
        patterns = rule.patterns if isinstance(rule, Merge) else (rule.pattern,)
        for number, pattern in enumerate(patterns):
            match = re.fullmatch(pattern, name)
            if match:
                return rule, match, number
    return None


def check_fit(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str) -> None:
    """Raise CheckpointError unless `tensors` have exactly the names, shapes and kinds of number of the `wanted` ones."""
    shapes = [
        f"{name} is {_kind(tensor)}, not {_kind(wanted[name])}"
        for name, tensor in tensors.items()
        if name in wanted and _kind(tensor) != _kind(wanted[name])
    ]
    _refuse(
        what,
        missing=[name for name in wanted if name not in tensors],
        unexpected=[name for name in tensors if name not in wanted],
        shapes=shapes,
    )


def _kind(tensor: Tensor) -> str:
    """Shape of a tensor, and whether it holds real or whole numbers; the precision of real ones may differ."""
    return f"{tuple(tensor.shape)} {'real' if tensor.is_floating_point() else 'whole'}"


def _refuse(what: str, *, missing: Sequence[str] = (), unexpected: Sequence[str] = (), shapes: Sequence[str] = ()) -> None:
    lists = [("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)]
    told = [f"{len(names)} {title}: {_some(names)}" for title, names in lists if names]
    if told:
        message = f"The weights are not those of {what}. {'; '.join(told)}."
        raise CheckpointError(
            message, "Name the right format with --as, or get the file again; a damaged or changed file is never half used."
        )


def _some(names: Sequence[str]) -> str:
    """Up to MAX_LISTED names, and how many more there are."""
    more = len(names) - MAX_LISTED
    return ", ".join(show(name) for name in names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
