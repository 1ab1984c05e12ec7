"""The figures that `hearken evaluate` prints, with their intervals, for people and as JSON; and the worst mistakes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hearken.errors import show

if TYPE_CHECKING:
    from hearken.evaluate.evaluate import Done
    from hearken.metrics.confidence import Interval

RANKS = ("medR", "meanR")
"""Figures that are ranks and no shares."""
_GRADED = "nDCG"
_DECIMALS = 2
_KEY_CELLS = 32
_GAP = 2
Rows = list[tuple[str, ...]]


def figure_text(name: str, figure: Interval) -> str:
    """Return a figure such as `35.2 [33.1, 37.4]`: percent, or a rank as it is; without brackets where there is no interval."""
    value, low, high = (f"{each:.1f}" if is_rank(name) else percent(each) for each in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]" if figure.method else value


def is_rank(name: str) -> bool:
    """Say whether a figure is a rank, by its name with or without the direction."""
    return name.rpartition("_")[2] in RANKS


def percent(share: float, sign: str = "") -> str:
    """Return a share as percent, with `sign` "+" also a plus."""
    return f"{100.0 * share:{sign}.{_DECIMALS}f}"


def shown(done: Done, metrics: Sequence[str]) -> Done:
    """Return `done` with these metrics alone, in this order, and nDCG, which comes by itself: what is kept may be more than was asked for."""
    directions = {}
    for way, each in done.evaluation.directions.items():
        names = [*metrics, *(name for name in each.figures if name.startswith(_GRADED))]
        figures = {name: each.figures[name] for name in names if name in each.figures}
        directions[way] = replace(each, figures=figures, values={name: each.values[name] for name in figures if name in each.values})
    return replace(done, evaluation=replace(done.evaluation, directions=directions))


def figure_rows(done: Sequence[Done]) -> list[tuple[str, Rows]]:
    """Return a table for each task and direction: its title, and its lines, the column titles first."""
    from hearken.evaluate.evaluation import WAY_TITLES, WAYS

    tables = []
    for task in dict.fromkeys(each.evaluation.task for each in done):
        of_task = [each.evaluation for each in done if each.evaluation.task == task]
        for way in WAYS:
            of_way = [each for each in of_task if way in each.directions]
            if not of_way:
                continue
            names = list(dict.fromkeys(name for each in of_way for name in each.directions[way].figures))
            rows: Rows = [("system", *names)]
            for each in of_way:
                figures = each.directions[way].figures
                rows.append((each.system, *(figure_text(name, figures[name]) if name in figures else "" for name in names)))
            tables.append((f"{show(task)}, {WAY_TITLES[way]} (percent, 95 % intervals)", rows))
    return tables


def fitting(rows: Rows, width: int, *, keys: int = 1) -> list[Rows]:
    """Return a table as one or several that fit `width` cells, each with the first `keys` columns."""
    widths = _widths(rows)
    room = width - sum(min(each, _KEY_CELLS) for each in widths[:keys])
    parts: list[list[int]] = [[]]
    for at in range(keys, len(widths)):
        if parts[-1] and sum(widths[each] for each in parts[-1]) + widths[at] > room:
            parts.append([])
        parts[-1].append(at)
    return [[(*row[:keys], *(row[at] for at in part)) for row in rows] for part in parts]


def width_of(rows: Rows) -> int:
    """Return how many cells a table takes where none of it gives way."""
    return sum(_widths(rows)) - _GAP


def _widths(rows: Rows) -> list[int]:
    from rich.cells import cell_len

    return [max(cell_len(show(row[at])) for row in rows) + _GAP for at in range(len(rows[0]))]


def num_clips(done: Done) -> int:
    """Return how many clips there were to choose from."""
    return len(done.task.clips) if done.task else next(iter(done.evaluation.directions.values())).ranks.num_items


def num_queries(done: Done) -> int:
    """Return how many queries there were."""
    return len(done.task.queries) if done.task else len(next(iter(done.evaluation.directions.values())).askers)


def done_json(done: Sequence[Done]) -> list[dict[str, Any]]:
    """Return systems as JSON, each with its `figures` (shares of 1, ranks as they are)."""
    from hearken.evaluate.store import figures_json

    return [
        {
            "system": each.evaluation.system, "task": each.evaluation.task, "task_sha256": each.evaluation.task_digest,
            "definition": each.evaluation.definition, "interval": each.interval, "clips": num_clips(each), "queries": num_queries(each),
            "figures": figures_json(each.evaluation.figures), "record": each.task.record if each.task else {}, "facts": dict(each.evaluation.facts),
            "folder": None if each.folder is None else os.path.abspath(each.folder), "kept": each.folder is not None and each.is_kept,
            "failures": [{"path": failure.path, "message": failure.message} for failure in each.failures],
        }
        for each in done
    ]  # fmt: skip


def miss_rows(done: Done, count: int) -> Rows:
    """Return the lines of a table of the worst mistakes from text to audio, the titles first; nothing where only lists are known."""
    from hearken.evaluate.misses import worst_misses

    task, scores = done.task, done.scores
    if task is None or scores is None or "t2a" not in done.evaluation.directions:
        return []
    names = _short_names(task.clips)
    rows: Rows = [("rank", "query", "its clip", "came instead")]
    for miss in worst_misses(scores, task, done.evaluation.directions["t2a"].ranks, count=count):
        instead = ", ".join(f"{names[clip]} ({score:.2f})" for clip, score in miss.instead)
        rows.append((str(miss.rank), miss.text, f"{names[miss.clip]} ({miss.score:.2f})", instead))
    return rows


def _short_names(clips: Sequence[str]) -> list[str]:
    """Clips without the folders that they all are in."""
    folders = {clip.rpartition("/")[0] for clip in clips}
    return [clip.rpartition("/")[2] for clip in clips] if len(folders) == 1 else list(clips)
