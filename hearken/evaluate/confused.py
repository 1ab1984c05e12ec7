"""What came instead: classes that clips are taken for in zero-shot classification."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hearken.evaluate.zero_shot import ClassFigures, ZeroShot

Mistake = tuple[str, str, int, float]  # the label, what came instead, which clip, and by how much


@dataclass(frozen=True)
class Confused:
    """`count` times, of the `of` there are, something labelled `label` was taken for `instead`.

    `examples` are numbers of clips, the surest mistakes first.
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
