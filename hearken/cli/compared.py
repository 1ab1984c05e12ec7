"""Systems that were asked the same, each against the first one: for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hearken.cli import output
from hearken.cli.evaluated import RANKS, Rows, fitting, percent, width_of
from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console

    from hearken.evaluate.classify import Classified
    from hearken.evaluate.evaluate import Done
    from hearken.metrics.compare import Comparison

_ZERO_SHOT_FIGURE = "top-1"


class Compared(NamedTuple):
    """One system against the first one, by one figure."""

    system: str
    figure: str
    comparison: Comparison


def of_evaluations(done: Sequence[Done]) -> list[Compared]:
    """Return how each further system compares with the first one; of the same task by the same definition alone."""
    from hearken.metrics.compare import paired

    found = []
    for other in done[1:]:
        first = done[0].evaluation
        if other.evaluation.task_digest != first.task_digest or other.evaluation.definition != first.definition:
            continue
        for way, direction in first.directions.items():
            theirs = other.evaluation.directions.get(way)
            name = next((each for each in direction.values if each not in RANKS), "")
            if theirs is not None and name in theirs.values:
                compared = paired(theirs.values[name], direction.values[name], direction.clusters, seed=done[0].seed)
                found.append(Compared(other.evaluation.system, f"{way}_{name}", compared))
    return found


def of_classified(found: Sequence[Classified], *, seed: int = 0) -> list[Compared]:
    """Return how each further classification compares with the first one, clip by clip on top-1; of the same clips and classes alone.

    Where it is known what clips were cut from, recordings are drawn, each with all its clips.
    """
    import numpy as np

    from hearken.metrics.compare import paired

    first = found[0]
    compared = []
    for other in found[1:]:
        same = first.task.clips == other.task.clips and first.result.classes == other.result.classes
        if same and np.array_equal(first.result.clips, other.result.clips):
            ours, theirs = (each.result.values[_ZERO_SHOT_FIGURE] for each in (first, other))
            compared.append(Compared(other.system, _ZERO_SHOT_FIGURE, paired(theirs, ours, first.recordings, seed=seed)))
    return compared


def comparison_rows(compared: Sequence[Compared]) -> Rows:
    """Return the lines of a table of comparisons with the first system, the titles first; nothing where there is none."""
    if not compared:
        return []
    rows: Rows = [("system", "figure", "difference", "p", "effect", "better / same / worse")]
    for system, name, each in compared:
        change = each.difference
        told = f"{percent(change.value, sign='+')} [{percent(change.low, sign='+')}, {percent(change.high, sign='+')}]"
        p_value = "< .001" if each.p_value < 0.001 else f"{each.p_value:.3f}"
        rows.append((system, name, told, p_value, f"{each.effect:+.2f}", f"{each.wins} / {each.ties} / {each.losses}"))
    return rows


def comparison_tables(first: str, rows: Rows, width: int) -> list[tuple[str, list[Rows]]]:
    """Return a table of comparisons with the system `first` in parts of at most `width` cells, under its title.

    Where not even the names leave room for a column, each figure has a title and parts of its own.
    """
    title = f"against {show(first)}"
    parts = fitting(rows, width, keys=2)
    if all(width_of(part) <= width for part in parts):
        return [(title, parts)]
    figures = dict.fromkeys(row[1] for row in rows[1:])
    return [
        (f"{title}, {figure}", fitting([(row[0], *row[2:]) for row in rows if row is rows[0] or row[1] == figure], width))
        for figure in figures
    ]


def print_compared(screen: Console, first: str, compared: Sequence[Compared]) -> None:
    """Print how systems compare with the one called `first`; nothing where none does."""
    rows = comparison_rows(compared)
    for title, parts in comparison_tables(first, rows, screen.width) if rows else ():
        screen.print(title, style="bold")
        for part in parts:
            screen.print(output.table(part[0], part[1:], folding=("system",)))


def comparisons_json(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return comparisons as plain values."""
    from hearken.evaluate.store import figures_json

    return [
        {
            "system": system, "figure": name, "difference": figures_json({name: each.difference})[name], "p_value": each.p_value,
            "effect": each.effect, "wins": each.wins, "ties": each.ties, "losses": each.losses,
        }
        for system, name, each in compared
    ]  # fmt: skip
