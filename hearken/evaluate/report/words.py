"""What the figures say, in sentences: the summary at the top of the page, and how each figure is defined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hearken.evaluate.evaluation import WAYS, Way
from hearken.evaluate.report.published import Published, unit_of
from hearken.evaluate.report.table import Cell, ours_text
from hearken.evaluate.task import Task
from hearken.metrics.classification import chance_top_k
from hearken.metrics.confidence import Interval
from hearken.metrics.definitions import DEFINITIONS
from hearken.metrics.retrieval import RecallKind

if TYPE_CHECKING:
    from hearken.evaluate.store import Stored

FEW = 30
"""So many askers there must be, or a page says that their intervals are rough."""
METHODS = {
    "bootstrap": "Intervals of 95 % come from drawing the clips again 2 000 times, each with all of its captions.",
    "jackknife": "Intervals of 95 % come from the jackknife over queries, as the DCASE task computes them.",
}
METRICS = {
    "mAP@10": "mAP@10: the mean over queries of the average precision among the first ten answers; of one right answer at rank r, 1/r.",
    "R@": "R@k: ",
    "medR": "medR: the median rank of the best right answer.",
    "meanR": "meanR: the mean rank of the best right answer.",
    "nDCG": "nDCG@10: graded relevance among the first ten answers, discounted by rank, as a share of the best order.",
}
_ASKERS: dict[Way, tuple[str, str]] = {"t2a": ("queries", "a right clip"), "a2t": ("clips", "a right caption")}


def figure_text(metric: str, figure: Interval) -> str:
    """Return a figure with its interval, such as `35.2 [33.1, 37.4]`, or `4 [3, 4]` for a rank."""
    return ours_text(Cell(figure=figure, unit=unit_of(metric)))


def summary(
    system: str, task: Task, figures: Mapping[str, Interval], published: Mapping[str, Published], *, recall: RecallKind = "any"
) -> list[str]:  # fmt: skip
    """Return what `figures` (`t2a_R@10`, ...) say in a few sentences: of each direction, and beside what was published.

    `recall` is what the definition of the figures asks for, see `metrics/retrieval.py`.
    """
    told = [_direction(way, task, figures, recall) for way in WAYS]
    said = [sentence for sentence in told if sentence]
    if said:
        said[0] = f"{system} on {task.name}: " + said[0][0].lower() + said[0][1:]
    compared = [sentence for name, printed in published.items() if name in figures and (sentence := beside(name, figures[name], printed))]
    return [" ".join(said), *compared[:1]] if said else compared[:1]


def beside(metric: str, figure: Interval, printed: Published) -> str:
    """Return how a published figure lies to ours, in a sentence."""
    scale = 100.0 if unit_of(metric) == "percent" else 1.0
    low, high = figure.low * scale, figure.high * scale
    where = f" ({printed.where})" if printed.where else ""
    opening = f"For {name_of(metric)}, {printed.who}{where} printed {printed.value:g}; ours is {figure_text(metric, figure)}"
    if not figure.method:
        return f"{opening}."
    if low <= printed.value <= high:
        return f"{opening}, an interval that holds it."
    return f"{opening}, {'above' if printed.value < low else 'below'} it by more than chance in the choice of clips explains."


def name_of(metric: str) -> str:
    """Return `t2a_mAP@10` in words: mAP@10 from text to audio."""
    way, _, name = metric.rpartition("_")
    return name + {"t2a": " from text to audio", "a2t": " from audio to text"}.get(way, "")


def recall_words(recalls: Iterable[RecallKind]) -> str:
    """Return what R@k is by definitions that ask for these."""
    kinds = set(recalls)
    shares = "the share of a query's right answers that are among the first k"
    if kinds == {"fraction"}:
        return f"{shares}."
    return f"the share of queries with a right answer among the first k{f'; by fraction, {shares}' if 'fraction' in kinds else ''}."


def few_words(task: Task, figures: Sequence[tuple[str, Interval]]) -> list[str]:
    """Return what is to be known of intervals where few asked, and of intervals without any width."""
    count = min(len(task.queries), len(task.asked))
    told = (
        [f"Of so few queries and clips ({len(task.queries)} and {len(task.asked)}), intervals are rough, and mostly too narrow."]
        if count < FEW
        else []
    )
    if any(figure.method and figure.low == figure.value == figure.high and not name.endswith("medR") for name, figure in figures):
        told.append("An interval without any width, such as 100.0 [100.0, 100.0]: all fared alike here. That is no certainty for others.")
    return told


def alike_words(stored: Stored) -> list[str]:
    """Return how many captions are worded like another clip's, and what that does to the figures; nothing where none is."""
    count = stored.task.record.get("captions_worded_alike")
    if not isinstance(count, int) or count < 1:
        return []
    rule = DEFINITIONS.get(stored.definition)
    of_them = "1 caption is" if count == 1 else f"{count} captions are"
    if rule is not None and rule.merged:
        return [f"{of_them} worded like another clip's: equal captions are one query here, which every clip that has it answers."]
    return [
        f"{of_them} worded like another clip's, and answered by their own clip alone: not even a perfect system could get all of these right."
    ]


def definitions_of(metrics: Mapping[str, Interval], recalls: Iterable[RecallKind] = ("any",)) -> list[str]:
    """Return a sentence for each metric that is printed, by definitions that ask for `recalls`, and one for the intervals."""
    names = {name.rpartition("_")[2] for name in metrics}
    methods = {figure.method for figure in metrics.values()}
    told = METRICS | {"R@": METRICS["R@"] + recall_words(recalls)}
    return [words for start, words in told.items() if any(name.startswith(start) for name in names)] + [
        words for method, words in METHODS.items() if method in methods
    ]


def _direction(way: Way, task: Task, figures: Mapping[str, Interval], recall: RecallKind) -> str:
    ten, one, mean = (figures.get(f"{way}_{name}") for name in ("R@10", "R@1", "mAP@10"))
    askers, found = _ASKERS[way]
    if ten is None:
        return f"The mAP@10 {name_of(f'{way}_')[1:]} is {figure_text('mAP@10', mean)} %." if mean else ""
    first = f"; it comes first for {figure_text('R@1', one)} %" if one else ""
    chance = (
        f"; an order of the {len(task.clips)} clips drawn at random would do so for {100 * by_chance(task):.1f} %" if way == "t2a" else ""
    )
    count = len(task.queries) if way == "t2a" else len(task.asked)
    if recall == "fraction" and _has_several(task, way):
        things = "clips" if way == "t2a" else "captions"
        return (
            f"Of the right {things} of each of {count} {askers}, {figure_text('R@10', ten)} % are among the first ten answers, in the mean."
        )
    return f"Of {count} {askers}, {figure_text('R@10', ten)} % find {found} among the first ten answers{chance}{first}."


def _has_several(task: Task, way: Way) -> bool:
    """Whether anybody who asks has more than one right answer."""
    relevance = task.relevance if way == "t2a" else task.relevance.transposed()
    return bool((relevance.counts > 1).any())


def by_chance(task: Task) -> float:
    """Return R@10 from text to audio of an order drawn at random; a query may have several right clips."""
    return chance_top_k(task.relevance.counts, len(task.clips), min(10, len(task.clips)))
