"""Zero-shot classifications in a report: read as the plain JSON and CSV that `hearken evaluate --zero-shot` leaves in a folder."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hearken.errors import EvaluationError, show
from hearken.evaluate.classify import CLASSES, CONFUSION, RECORD
from hearken.evaluate.report.card import Facts, zero_shot_card
from hearken.evaluate.report.commands import zero_shot_command
from hearken.evaluate.report.table import Cell, ReportTable, words
from hearken.metrics.confidence import Interval

_MOST_BYTES = 50_000_000
_WORST, _CONFUSED, _MOST_PROMPTS = 10, 10, 8
_CHANCE = "by chance"
_Row = TypeVar("_Row")


@dataclass(frozen=True, eq=False)
class Classification:
    """A zero-shot classification that lies in `folder`. `classes` are (class, clips, recall, precision), `confusions` (label, taken for, clips,
    clips of that label), most first; `broken` are sentences on tables that could not be read."""

    folder: Path
    system: str
    task: str
    figures: dict[str, Interval]
    chance: dict[str, float]
    record: dict[str, Any]
    classes: tuple[tuple[str, int, Interval | None, Interval | None], ...] = ()
    confusions: tuple[tuple[str, str, int, int], ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Of what on what it is."""
        return f"{show(Path(self.system).name or self.system)} on {show(self.task)}"

    @property
    def templates(self) -> list[str]:
        """The prompts."""
        found = self.record.get("templates")
        return [str(each) for each in found] if isinstance(found, list) else []


def is_zero_shot(folder: Path) -> bool:
    """Say whether a zero-shot classification lies in `folder`."""
    return (folder / RECORD).is_file()


def read_zero_shot(folder: Path) -> Classification:
    """Return the classification in `folder`; a table of it that is damaged is told in `broken`. Raises EvaluationError, naming the file, where
    its record is."""
    path = folder / RECORD
    try:
        record = json.loads(_text(path))
        figures = {str(name): _figure(**figure) for name, figure in record["figures"].items()}
        chance = {str(name): _finite(value) for name, value in record["chance"].items()}
        found = Classification(folder, str(record["system"]), str(record["task"]), figures, chance, dict(record))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EvaluationError(f"{show(path)} cannot be read: {_reason(error)}.", "Evaluate again, or name another folder.") from error
    broken: list[str] = []
    classes = _table(folder / CLASSES, broken, _classes)
    confusions = _table(folder / CONFUSION, broken, _confusions)
    return Classification(folder, found.system, found.task, figures, chance, found.record, tuple(classes), tuple(confusions), tuple(broken))


def zero_shot_tables(found: Classification) -> list[ReportTable]:
    """Return the figures beside chance, the classes that are found least, and what is taken for what."""
    tables = [_figures_table(found)]
    worst = sorted((each for each in found.classes if each[1]), key=lambda each: (each[2].value if each[2] else 0.0, -each[1]))
    if worst:
        rows = [
            (words(name), words(str(clips)), Cell(figure=recall), Cell(figure=precision))
            for name, clips, recall, precision in worst[:_WORST]
        ]
        note = "Recall: of the clips of a class, those that it comes first for. Precision: of those that it comes first for, the clips of the class."
        title = f"Zero-shot classification, worst classes: {found.title}"
        tables.append(ReportTable(title, ("class", "clips", "recall", "precision"), tuple(rows), (note,)))
    if found.confusions:
        cells = [
            (words(f"{label} taken for {taken}"), words(f"{count} of {total}"), Cell(figure=Interval(count / total, 0.0, 1.0)))
            for label, taken, count, total in found.confusions[:_CONFUSED]
        ]
        title = f"Zero-shot classification, most frequent confusions: {found.title}"
        tables.append(ReportTable(title, ("label", "clips", "in %"), tuple(cells)))
    return tables


def zero_shot_words(found: Classification) -> list[str]:
    """Return in sentences what the classification says, and by which prompts."""
    clips, classes = found.record.get("clips"), found.record.get("classes")
    first, chance, commonest = found.figures.get("top-1"), found.chance.get("top-1"), found.chance.get("majority")
    said = []
    if first is not None and isinstance(classes, list):
        besides = [f"by chance {100 * chance:.1f} %"] if chance is not None else []
        besides += [f"who always says the commonest label {100 * commonest:.1f} %"] if commonest is not None else []
        told = f"{found.title}: a right one of {len(classes)} classes comes first for {100 * first.value:.1f} % of {clips} clips"
        said.append(f"{told}{'; ' if besides else ''}{', '.join(besides)}.")
    prompts = "; ".join(found.templates[:_MOST_PROMPTS])
    more = f" and {len(found.templates) - _MOST_PROMPTS} more" if len(found.templates) > _MOST_PROMPTS else ""
    return said + ([f"Prompts: {prompts}{more}."] if prompts else [])


def zero_shot_facts(found: Classification, name: str) -> Facts:
    """Return how it was done, with what makes it again."""
    facts, record = found.record.get("facts"), found.record.get("record")
    known = facts if isinstance(facts, dict) else {}
    command = zero_shot_command(known, record if isinstance(record, dict) else {}, found.templates)
    return zero_shot_card(name, found.task, known, command, found.folder)


def _figures_table(found: Classification) -> ReportTable:
    rows = []
    for name, figure in found.figures.items():
        known = found.chance.get(name)
        rows.append((words(name), Cell(figure=figure), Cell(figure=None if known is None else Interval(known, known, known))))
    notes = [
        f"In percent with 95 % intervals over clips; {_CHANCE}: scores drawn at random.",
        *(
            f"{count} clips have no label, and are left out."
            for count in [found.record.get("clips_without_label")]
            if isinstance(count, int) and count
        ),
        *found.broken,
    ]
    return ReportTable(f"Zero-shot classification: {found.title}", ("figure", "in %", _CHANCE), tuple(rows), tuple(notes))


def _table(path: Path, broken: list[str], read: Callable[[list[dict[str, str]]], list[_Row]]) -> list[_Row]:
    """The rows of a table; none, and a sentence in `broken`, where it is damaged."""
    try:
        return read(list(csv.DictReader(_text(path).splitlines(), strict=True)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, csv.Error) as error:
        broken.append(f"{show(path)} is left out: {_reason(error)}.")
        return []


def _classes(rows: list[dict[str, str]]) -> list[tuple[str, int, Interval | None, Interval | None]]:
    return [(row["class"], int(row["clips"]), _cells(row, "recall"), _cells(row, "precision")) for row in rows]


def _confusions(rows: list[dict[str, str]]) -> list[tuple[str, str, int, int]]:
    found = []
    for row in rows:
        counts = {name: int(value) for name, value in row.items() if name != "label"}
        total = sum(counts.values())
        found += [(row["label"], name, count, total) for name, count in counts.items() if count > 0 and name != row["label"]]
    return sorted(found, key=lambda each: -each[2])


def _cells(row: dict[str, str], name: str) -> Interval | None:
    """A figure in three columns; None where they are empty (no clip was taken for the class)."""
    if not row[name]:
        return None
    value, low, high = (_finite(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return Interval(value, low, high, "wilson")


def _figure(value: float, low: float, high: float, method: str) -> Interval:
    return Interval(_finite(value), _finite(low), _finite(high), str(method))


def _finite(value: Any) -> float:  # noqa: ANN401 - JSON or the text of a cell
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no figure")
    return number


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES} bytes")
    return data.decode("utf-8")


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or show(f"{type(error).__name__}: {error}")
