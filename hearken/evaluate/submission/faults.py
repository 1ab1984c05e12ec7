"""What is wrong with a submission: every fault with its place, the first of them in words, all of them counted."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hearken.errors import SubmissionError, show

MAX_SHOWN = 20
"""So many faults are kept in words; of each kind at least one is."""
_MAX_CHARS = 80
_COMPARED_CHARS = 500
_COMPARED = 20
_CUTOFF = 0.7
# What is looked at in the hint when nothing better is known.
HINT = "docs/evaluation.md says how such a file looks; `hearken submit` writes one."


@dataclass(frozen=True)
class Fault:
    """One fault of a `kind`, on `line` of the file (from 1; None: in all of it) and in `column` ("": in all of the row)."""

    kind: str
    line: int | None
    column: str
    message: str

    @property
    def text(self) -> str:
        """The fault with its place, in one line."""
        place = ([f"line {self.line}"] if self.line else []) + ([f"column {show(self.column)}"] if self.column else [])
        return f"{', '.join(place)}: {self.message}" if place else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the fault as plain values."""
        return {"kind": self.kind, "line": self.line, "column": show(self.column) or None, "message": self.message}


@dataclass
class Faults:
    """Collects faults: `shown` are those in words, `counts` how many there are of each kind."""

    shown: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.counts.total()

    def wants(self, kind: str) -> bool:
        """Say whether one more of a `kind` would be shown: words, and looking for near names, cost time."""
        return len(self.shown) < MAX_SHOWN or not self.counts[kind]

    def add(self, kind: str, line: int | None, message: str, column: str = "") -> None:
        """Note a fault."""
        if self.wants(kind):
            self.shown.append(Fault(kind, line, column, message))
        self.counts[kind] += 1

    def unknown(self, kind: str, line: int | None, what: str, name: str, known: Iterable[str], column: str = "") -> None:
        """Note that there is no `what` called `name`, with the nearest of the `known` names."""
        message = f"there is no {what} {brief(name)}{nearest(name, known)}." if self.wants(kind) else ""
        self.add(kind, line, message, column)

    @property
    def lines(self) -> list[str]:
        """The faults in words, and what was left out."""
        left = self.counts - Counter(fault.kind for fault in self.shown)
        more = [f"... and {left.total()} more: " + ", ".join(f"{count} x {kind}" for kind, count in left.items())] if left else []
        return [fault.text for fault in self.shown] + more

    def refuse(self, path: Path | str, what: str, hint: str = HINT) -> None:
        """Raise SubmissionError with all that was found, if anything was; `what` the file, or what a text calls so, should be."""
        if self.count:
            many = "one fault" if self.count == 1 else f"{self.count} faults"
            raise SubmissionError(f"{show(path)} is no {what}, it has {many}:" + "".join(f"\n  {line}" for line in self.lines), hint)


def brief(text: str) -> str:
    """Return `text` in quotes, printable, cut where it is long."""
    return f"'{show(text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 3] + '...')}'"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which of the `known` names is meant, as the end of a sentence; "" if none is near.

    Names that differ in white space, case or the way accents are written alone are told as such: eyes do not see it.
    """
    names = list(known)
    folded = _folded(name)
    for each in names:
        if _folded(each) == folded:
            return f"; {brief(each)} differs from it in {_hidden(each, name)}"
    base = name.replace("\\", "/").rpartition("/")[2]
    for each in names:
        if each in (base, f"{name}.wav", f"{base}.wav") and each:
            return f"; {brief(each)} is the name alone" if each == base else f"; the name is {brief(each)}"
    near = difflib.get_close_matches(name[:_COMPARED_CHARS], _alike(name[:_COMPARED_CHARS], names), 1, _CUTOFF)
    return f"; the nearest is {brief(near[0])}" if near else ""


def _alike(name: str, names: list[str]) -> list[str]:
    """The names that share most groups of three characters with `name`: comparing well takes long, and 5 000 captions are many."""
    if len(names) <= _COMPARED:
        return names
    groups = {name[at : at + 3] for at in range(max(1, len(name) - 2))}
    return sorted(names, key=lambda each: sum(group in each for group in groups) / (len(each) + len(name) + 1), reverse=True)[:_COMPARED]


def _hidden(one: str, other: str) -> str:
    """In what two names differ that are the same when folded."""
    if _spaceless(one) == _spaceless(other):
        return "white space"
    same = _spaceless(one).casefold() == _spaceless(other).casefold()
    return "upper and lower case" if same else "the way accents are written"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", _spaceless(text).casefold())


def _spaceless(text: str) -> str:
    return "".join(text.split())
