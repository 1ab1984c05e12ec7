"""What `hearken evaluate` prints: figures with intervals, comparisons, what was left out; for people and as JSON."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hearken.cli import output
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.evaluate.evaluate import Done
    from hearken.metrics.compare import Comparison
    from hearken.metrics.confidence import Interval

_RANKS = ("medR", "meanR")
_DECIMALS = 2
_KEY_CELLS = 32
Rows = list[tuple[str, ...]]


def figure_text(name: str, figure: Interval) -> str:
    """Return a figure such as `35.2 [33.1, 37.4]`: percent, or a rank as it is; without brackets where there is no interval."""
    is_rank = name.rpartition("_")[2] in _RANKS
    value, low, high = (f"{each:.1f}" if is_rank else f"{100.0 * each:.{_DECIMALS}f}" for each in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]" if figure.method else value


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
    from rich.cells import cell_len

    widths = [max(cell_len(show(row[at])) for row in rows) + 2 for at in range(len(rows[0]))]
    room = width - sum(min(each, _KEY_CELLS) for each in widths[:keys])
    parts: list[list[int]] = [[]]
    for at in range(keys, len(widths)):
        if parts[-1] and sum(widths[each] for each in parts[-1]) + widths[at] > room:
            parts.append([])
        parts[-1].append(at)
    return [[(*row[:keys], *(row[at] for at in part)) for row in rows] for part in parts]


def comparisons(done: Sequence[Done]) -> list[tuple[str, str, Comparison]]:
    """Return how each further system compares with the first one: its name, the figure, the comparison; of the same task alone."""
    from hearken.metrics.compare import paired

    found = []
    for other in done[1:]:
        first = done[0].evaluation
        if other.evaluation.task_digest != first.task_digest or other.evaluation.definition != first.definition:
            continue
        for way, direction in first.directions.items():
            theirs = other.evaluation.directions.get(way)
            name = next((each for each in direction.values if each not in _RANKS), "")
            if theirs is not None and name in theirs.values:
                compared = paired(theirs.values[name], direction.values[name], direction.clusters, seed=done[0].seed)
                found.append((other.evaluation.system, f"{way}_{name}", compared))
    return found


def comparison_rows(done: Sequence[Done]) -> Rows:
    """Return the lines of a table of comparisons with the first system, the titles first; nothing where there is none."""
    compared = comparisons(done)
    if not compared:
        return []
    rows: Rows = [("system", "figure", "difference", "p", "effect", "better / same / worse")]
    for system, name, each in compared:
        change = each.difference
        told = f"{100 * change.value:+.{_DECIMALS}f} [{100 * change.low:+.{_DECIMALS}f}, {100 * change.high:+.{_DECIMALS}f}]"
        p_value = "< .001" if each.p_value < 0.001 else f"{each.p_value:.3f}"
        rows.append((system, name, told, p_value, f"{each.effect:+.2f}", f"{each.wins} / {each.ties} / {each.losses}"))
    return rows


def notes_of(done: Sequence[Done]) -> list[str]:
    """Return the lines that stand below the tables: what the figures mean, what was left out, where all of it lies."""
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
        lines += [f"failed: {show(failure.path)}: {show(failure.message)}" for failure in each.failures[:5]]
        if len(each.failures) > 5:
            lines.append(f"... and {len(each.failures) - 5} more that could not be read")
        lines += [str(note) for note in each.evaluation.facts.get("notes", ())]
    folders = [shlex.quote(os.path.relpath(each.folder)) for each in done if each.folder]
    if folders:
        lines.append(f"kept in {', '.join(folders)}")
        lines.append(f"a page of it: hearken report {' '.join(folders)} --out report.html")
    return lines


def num_clips(done: Done) -> int:
    """Return how many clips there were to choose from."""
    return len(done.task.clips) if done.task else next(iter(done.evaluation.directions.values())).ranks.num_items


def num_queries(done: Done) -> int:
    """Return how many queries there were."""
    return len(done.task.queries) if done.task else len(next(iter(done.evaluation.directions.values())).askers)


def _about(done: Done) -> list[str]:
    from hearken.metrics.definitions import definition

    evaluation = done.evaluation
    rule, record = definition(evaluation.definition), done.task.record if done.task else {}
    how = "clips drawn again, each with all its captions" if done.interval == "bootstrap" else "jackknife over queries; medians have none"
    counts = f"{output.plural(num_clips(done), 'clip')}, {output.number(num_queries(done))} queries"
    lines = [f"{rule.name}: {rule.summary}", f"{counts}; intervals: {how}"]
    alike = int(record.get("captions_worded_alike", 0))
    if alike and not rule.merged:
        lines.append(
            f"{output.plural(alike, 'caption')} worded like another clip's count as answered by their own clip alone;"
            " --definition merged counts all that fit."
        )
    if record.get("clips_of_one_file"):
        lines.append(
            f"{output.number(int(record['clips_of_one_file']))} clips have their file in common with another one: ties, which count as misses"
        )
    for key, what in _LEFT_OUT.items():
        if record.get(key):
            kind = "query" if key.startswith("queries") else "clip"
            counted = output.plural(int(record[key]), kind).replace("querys", "queries")
            lines.append(f"left out: {counted} {what}")
    return lines


_LEFT_OUT = {
    "clips_without_sound": "whose sound is not here: with fewer clips the task is easier",
    "queries_without_clip": "that no clip here answers",
    "clips_unreadable": "that cannot be read: with fewer clips the task is easier",
    "queries_of_unreadable": "that only these answer",
}


def done_json(done: Sequence[Done]) -> dict[str, Any]:
    """Return all of it as JSON: `systems`, each with its `figures` (shares of 1, ranks as they are), and `comparisons` with the first."""
    from hearken.evaluate.store import figures_json

    systems = [
        {
            "system": each.evaluation.system, "task": each.evaluation.task, "task_sha256": each.evaluation.task_digest,
            "definition": each.evaluation.definition, "interval": each.interval, "clips": num_clips(each), "queries": num_queries(each),
            "figures": figures_json(each.evaluation.figures), "record": each.task.record if each.task else {}, "facts": dict(each.evaluation.facts),
            "folder": None if each.folder is None else str(each.folder.absolute()),
            "failures": [{"path": failure.path, "message": failure.message} for failure in each.failures],
        }
        for each in done
    ]  # fmt: skip
    compared = [
        {
            "system": system, "figure": name, "difference": figures_json({name: each.difference})[name], "p_value": each.p_value,
            "effect": each.effect, "wins": each.wins, "ties": each.ties, "losses": each.losses,
        }
        for system, name, each in comparisons(done)
    ]  # fmt: skip
    return {"systems": systems, "comparisons": compared}


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
