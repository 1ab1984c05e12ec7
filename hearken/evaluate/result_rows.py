"""Tables of single queries and single clips, ready to be written: one dictionary a row, the same keys in all.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError
from hearken.evaluate.task import Task
from hearken.evaluate.zero_shot import ZeroShot
from hearken.metrics.confidence import Interval
from hearken.metrics.ranks import Ranks, best_items
from hearken.metrics.relevance import IntArray
from hearken.metrics.scores import Scores

Row = dict[str, str | int | float]
_TOP = 10


def query_rows(
    scores: Scores, task: Task, ranks: Ranks, *, average_precision: NDArray[np.float64] | None = None, top: int = _TOP
) -> list[Row]:
    """Return a row for each query: number, text, its right clips, the rank of the first of them, and the `top` clips with their scores.

    `average_precision` (Q,) goes into the column `ap`, where it is given, under the definition that made it. Names of clips are joined by
    `|`. Raises EvaluationError where there are not as many ranks or values as queries.
    """
    first = _first(ranks, len(task.queries))
    items, values = best_items(scores, min(top, len(task.clips)))
    rows = []
    for query, text in enumerate(task.queries):
        row: Row = {"query": query, "text": text, "clips": _joined(task.clips, task.relevance.of(query)), "rank": int(first[query])}
        if average_precision is not None:
            row["ap"] = _of(average_precision, len(task.queries), query)
        rows.append(row | {"top": _joined(task.clips, items[query]), "scores": "|".join(f"{value:.6g}" for value in values[query])})
    return rows


def clip_rows(
    scores: Scores, task: Task, ranks: Ranks, captions: Ranks | None = None, *, average_precision: NDArray[np.float64] | None = None,
    top: int = _TOP,
) -> list[Row]:  # fmt: skip
    """Return a row for each clip: id, labels, how many queries it answers, the best and the median rank that it has for them; for how many
    queries it comes first, rightly and wrongly; and what it finds itself.

    `ranks` are those of queries. `captions` are those of audio to text, of the clips that have a query (`task.asked`), and
    `average_precision` the values of these. What does not apply, as for a clip without a query, is "".
    """
    first = _first(ranks, len(task.queries))
    leading = best_items(scores, 1)[0][:, 0]
    asked = task.asked
    own_first = np.full(len(task.clips), -1) if captions is None else _spread(_first(captions, len(asked)), asked, len(task.clips))
    found, _ = best_items(scores.transposed(), min(top, len(task.queries)))
    answered = task.relevance.transposed()
    places = {int(clip): place for place, clip in enumerate(asked)}
    rows = []
    for clip, name in enumerate(task.clips):
        queries = answered.of(clip)
        right = int(np.count_nonzero(leading[queries] == clip))
        row: Row = {"clip": name, "labels": "|".join(task.labels[clip]) if task.labels else "", "queries": len(queries)}
        row |= {
            "best_rank": int(first[queries].min()) if len(queries) else "",
            "median_rank": float(np.median(first[queries])) if len(queries) else "",
        }
        row |= {"first_right": right, "first_wrong": int(np.count_nonzero(leading == clip)) - right}
        row |= {"rank": int(own_first[clip]) if own_first[clip] > 0 else ""}
        if average_precision is not None:
            row["ap"] = _of(average_precision, len(asked), places[clip]) if clip in places else ""
        rows.append(row | {"top": _joined(task.queries, found[clip])})
    return rows


def class_rows(result: ZeroShot) -> list[Row]:
    """Return a row for each class of a zero-shot classification: clips, recall, precision and average precision with their intervals."""
    rows = []
    for each in result.of_classes:
        row: Row = {"class": each.name, "clips": each.num_clips, "first": each.num_predicted}
        for name, figure in (("recall", each.recall), ("precision", each.precision), ("ap", each.average_precision)):
            row |= _cells(name, figure)
        rows.append(row)
    return rows


def sound_rows(result: ZeroShot, task: Task, *, top: int = 5) -> list[Row]:
    """Return a row for each classified clip: id, labels, the rank of the best of them, and the first classes with their scores."""
    order = np.argsort(-result.scores, axis=1, kind="stable")[:, :top]
    rows = []
    for number, clip in enumerate(result.clips):
        row: Row = {
            "clip": task.clips[clip],
            "labels": _joined(result.classes, result.labels.of(number)),
            "rank": int(result.ranks[number]),
        }
        scores = "|".join(f"{result.scores[number, place]:.6g}" for place in order[number])
        rows.append(row | {"top": _joined(result.classes, order[number]), "scores": scores})
    return rows


def _first(ranks: Ranks, num: int) -> IntArray:
    """The rank of the first relevant item of each (Q,)."""
    if ranks.num_queries != num:
        raise EvaluationError(f"There are ranks of {ranks.num_queries}, and {num} that asked.")
    if ranks.depth is not None:
        raise EvaluationError("Lists of the first few say nothing of the ranks below.", "Give the scores.")
    return np.asarray(ranks.values[ranks.starts[:-1]], np.int64)


def _of(values: NDArray[np.float64], num: int, place: int) -> float:
    if len(values) != num:
        raise EvaluationError(f"There are {len(values)} values, and {num} that asked.")
    return float(values[place])


def _spread(values: IntArray, places: IntArray, num: int) -> IntArray:
    found = np.full(num, -1, np.int64)
    found[places] = values
    return found


def _joined(names: Sequence[str], numbers: IntArray) -> str:
    return "|".join(names[number] for number in numbers)


def _cells(name: str, figure: Interval | None) -> Row:
    if figure is None:
        return {name: "", f"{name}_low": "", f"{name}_high": ""}
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
