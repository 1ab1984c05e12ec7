"""What came instead: labels that are taken for others, in classification and in retrieval.

Legend: `N` clips, `Q` queries, `C` classes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hearken.evaluate.task import Task
from hearken.evaluate.zero_shot import ClassFigures, ZeroShot
from hearken.metrics.ranks import Ranks
from hearken.metrics.scores import Scores

Mistake = tuple[str, str, int, float]  # the label, what came instead, which clip or query, and by how much


@dataclass(frozen=True)
class Confused:
    """`count` times, of the `of` there are, something labelled `label` was taken for `instead`.

    `examples` are numbers of clips (zero-shot) or queries (retrieval), the surest mistakes first.
    """

    label: str
    instead: str
    count: int
    of: int
    examples: tuple[int, ...]


def confusions(result: ZeroShot, *, count: int | None = None, examples: int = 3) -> list[Confused]:
    """Return the commonest confusions of classes, `count` at most; a clip with several labels counts for each of them.

    How sure a mistake is, is what the wrong class has more than the best of the clip's own.
    """
    scores, labels = result.scores, result.labels
    found: list[Mistake] = []
    for row in np.flatnonzero(result.ranks > 1):
        wrong, own = int(result.first[row]), labels.of(int(row))
        margin = float(scores[row, wrong] - scores[row, own].max())
        found += [(result.classes[label], result.classes[wrong], int(result.clips[row]), margin) for label in own]
    sizes = {each.name: each.num_clips for each in result.of_classes}
    return _counted(found, sizes, count, examples)


def worst_classes(result: ZeroShot, *, count: int | None = None) -> list[ClassFigures]:
    """Return the classes that are found least: by recall, of equals those with the most clips first, then by average precision.

    Classes without a clip are left out.
    """
    known = [each for each in result.of_classes if each.recall is not None and each.average_precision is not None]
    return sorted(known, key=_how_well)[:count]


def label_confusions(scores: Scores, task: Task, ranks: Ranks, *, count: int | None = None, examples: int = 3) -> list[Confused]:
    """Return which labels a search takes for which: for queries whose right clip is not first, its labels and those of the clip that is.

    Pairs of clips that share a label, or one of which has none, are no confusion. `scores` (Q, N) and `ranks` are of the same system.
    Of several clips with the same best score the first that does not answer counts, and of several right clips the one with the highest; `of` are
    the queries with any right clip of the label.
    """
    if not task.labels:
        return []
    missed = np.flatnonzero(ranks.values[ranks.starts[:-1]] > 1)
    found: list[Mistake] = []
    for query in missed:
        row, right = scores.rows(int(query), int(query) + 1)[0], task.relevance.of(int(query))
        wrong = row.copy()
        wrong[right] = -np.inf
        instead, own = int(wrong.argmax()), int(right[row[right].argmax()])
        if set(task.labels[own]) & set(task.labels[instead]):
            continue
        margin = float(row[instead] - row[own])
        found += [(label, other, int(query), margin) for label in task.labels[own] for other in task.labels[instead]]
    sizes: dict[str, int] = defaultdict(int)
    for asked in range(len(task.queries)):
        for label in {label for clip in task.relevance.of(asked) for label in task.labels[clip]}:
            sizes[label] += 1
    return _counted(found, sizes, count, examples)


def _how_well(each: ClassFigures) -> tuple[float, int, float, str]:
    recall, area = each.recall, each.average_precision
    return (recall.value if recall else 0.0, -each.num_clips, area.value if area else 0.0, each.name)


def _counted(found: Iterable[Mistake], sizes: dict[str, int], count: int | None, examples: int) -> list[Confused]:
    """The mistakes by pair of labels, the commonest first, then by name."""
    by_pair: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for label, instead, number, margin in found:
        by_pair[label, instead].append((-margin, number))
    ordered = sorted(by_pair.items(), key=lambda item: (-len(item[1]), item[0]))[:count]
    return [
        Confused(label, instead, len(each), sizes[label], tuple(number for _, number in sorted(each)[:examples]))
        for (label, instead), each in ordered
    ]
