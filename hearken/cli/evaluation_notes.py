"""What stands below the figures of `hearken evaluate`: what they mean, how sure they are, what was left out, and where all of it lies."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hearken.cli import output
from hearken.cli.evaluated import is_rank, num_clips, num_queries
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.evaluate.evaluate import Done
    from hearken.metrics.confidence import Interval
    from hearken.types import Failure

FEW = 30
"""With fewer than these, an interval is a rough one."""
_SHOWN = 5
_NOTHING = 1e-9
_LEFT_OUT = {
    "clips_without_sound": "whose sound is not here: with fewer clips the task is easier",
    "queries_without_clip": "that no clip here answers",
    "clips_unreadable": "that cannot be read: with fewer clips the task is easier",
    "queries_of_unreadable": "that only these answer",
}


def notes_of(done: Sequence[Done]) -> list[str]:
    """Return the lines that stand below the tables."""
    lines: list[str] = []
    for each in done:
        lines += [line for line in _about(each) if line not in lines]
    first = done[0].evaluation
    for other in (each.evaluation for each in done[1:]):
        if other.task == first.task and (other.task_digest, other.definition) != (first.task_digest, first.definition):
            lines.append(
                f"{show(other.system)} is not compared with {show(first.system)}: it was asked something else, or by another definition"
            )
    for each in done:
        lines += [line for line in failures_told(each.failures) if line not in lines]
        lines += [str(note) for note in each.evaluation.facts.get("notes", ())]
    return lines + _places(done)


def failures_told(failures: Sequence[Failure]) -> list[str]:
    """Return the first of the clips that could not be used, and how many more there are."""
    lines = [f"failed: {output.failure_text(failure)}" for failure in failures[:_SHOWN]]
    more = len(failures) - len(lines)
    return [*lines, f"... and {output.number(more)} more that could not be read"] if more else lines


def missing_told(record: Mapping[str, Any]) -> list[str]:
    """Return the first of the clips whose sound is not here, as the record of a task has them."""
    return _first_of(record, "not here", "first_without_sound", "clips_without_sound")


def elsewhere_told(record: Mapping[str, Any]) -> list[str]:
    """Return the first of the sounds that were taken from another place than a user's table says."""
    return _first_of(record, "not where the table says, but found by name", "first_elsewhere", "sounds_elsewhere")


def _first_of(record: Mapping[str, Any], title: str, names: str, number: str) -> list[str]:
    named, count = record.get(names, ()), int(record.get(number, 0))
    if not named:
        return []
    more = f" and {output.number(count - len(named))} more" if count > len(named) else ""
    return [f"{title}: {', '.join(show(str(each)) for each in named)}{more}"]


def interval_notes(figures: Mapping[str, Interval], values: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Return what should be known of the intervals of `figures`: those without a width, and those that reach beyond what can be.

    `values` are the single values of the figures that are means.
    """
    alike = [
        name
        for name, figure in figures.items()
        if figure.method and figure.high - figure.low < _NOTHING and name in values and len(values[name]) > 1
    ]
    beyond = any(
        figure.method == "jackknife" and not is_rank(name) and (figure.low < -_NOTHING or figure.high > 1 + _NOTHING)
        for name, figure in figures.items()
    )
    lines = [f"intervals without a width: all fared alike ({', '.join(alike)}); that is no certainty"] if alike else []
    if beyond:
        lines.append("intervals beyond 0 or 100: the jackknife's are mean ± 1.96 standard errors, as DCASE computes them, and not cut off")
    return lines


def few_told(counts: Mapping[str, int], noun: str) -> list[str]:
    """Return that intervals are rough where what is drawn again, or left out, is few; `counts` by what it is of."""
    few = [f"{title} {counted(count, noun)}".strip() for title, count in counts.items() if count < FEW]
    return [f"intervals of so few are rough: {', '.join(few)}"] if few else []


def counted(count: int, noun: str) -> str:
    """Return such as '1 query' or '1 200 queries'."""
    return output.plural(count, noun).replace("querys", "queries")


def _about(done: Done) -> list[str]:
    from hearken.metrics.definitions import definition

    evaluation = done.evaluation
    rule, record = definition(evaluation.definition), done.task.record if done.task else {}
    how = "clips drawn again, each with all its captions" if done.interval == "bootstrap" else "jackknife over queries; medians have none"
    counts = f"{output.plural(num_clips(done), 'clip')}, {counted(num_queries(done), 'query')}"
    lines = [f"{rule.name}: {rule.summary}", f"{counts}; intervals: {how}", *_sureness(done)]
    alike = int(record.get("captions_worded_alike", 0))
    if alike and not rule.merged:
        verb, own = ("counts", "its") if alike == 1 else ("count", "their")
        lines.append(
            f"{output.plural(alike, 'caption')} worded like another clip's {verb} as answered by {own} own clip alone;"
            " --definition merged counts all that fit."
        )
    if record.get("clips_of_one_file"):
        lines.append(
            f"{output.number(int(record['clips_of_one_file']))} clips have their file in common with another one: ties, which count as misses"
        )
    for key, what in _LEFT_OUT.items():
        if record.get(key):
            lines.append(f"left out: {counted(int(record[key]), 'query' if key.startswith('queries') else 'clip')} {what}")
            lines += missing_told(record) if key == "clips_without_sound" else []
    return lines + elsewhere_told(record)


def _sureness(done: Done) -> list[str]:
    from hearken.evaluate.evaluation import WAY_TITLES

    directions = done.evaluation.directions
    if done.interval == "bootstrap":
        lines = few_told({WAY_TITLES[way]: len(np.unique(each.clusters)) for way, each in directions.items()}, "clip")
    else:
        lines = few_told({WAY_TITLES[way]: len(each.askers) for way, each in directions.items()}, "query")
    values = {f"{way}_{name}": each for way, direction in directions.items() for name, each in direction.values.items()}
    lines += interval_notes(done.evaluation.figures, values)
    if done.task is not None and "a2t" in directions:
        silent = len(done.task.clips) - len(directions["a2t"].askers)
        has = "has no caption and asks" if silent == 1 else "have no caption and ask"
        lines += [f"{output.plural(silent, 'clip')} {has} for none, audio to text"] if silent else []
    return lines


def _places(done: Sequence[Done]) -> list[str]:
    folders = {each.folder: each.is_kept for each in done if each.folder}
    kept = [shlex.quote(os.path.relpath(folder)) for folder, is_kept in folders.items() if is_kept]
    again = [shlex.quote(os.path.relpath(folder)) for folder, is_kept in folders.items() if not is_kept]
    lines = (
        [f"measured again, and not kept: {', '.join(again)} {'are' if len(again) > 1 else 'is'} as before; --out DIR keeps it"]
        if again
        else []
    )
    if kept:
        lines += [f"kept in {', '.join(kept)}", f"a page of it: hearken report {' '.join(kept)} --out report.html"]
    return lines
