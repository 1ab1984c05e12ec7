"""A sweep in tables: all figures, each system against a baseline, and whether the orderings that papers claim hold.

Systems are compared query by query, on one task (its digest says so) by one definition of the metrics. A difference is called one only
where its 95 % interval does not hold nought and the permutation test agrees (p < 0.05; of few queries the interval alone is too narrow):
else the data do not tell, which is neither yes nor no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, HearkenError, show
from hearken.evaluate.evaluation import WAYS, Way
from hearken.evaluate.report.captioning import caption_tables
from hearken.evaluate.report.claims import METRIC, Claim
from hearken.evaluate.report.collect import Collected, System
from hearken.evaluate.report.published import heading_of, paper_tables, unit_of
from hearken.evaluate.report.table import Cell, ReportTable, best_marked, words
from hearken.evaluate.report.words import alike_words, few_words
from hearken.evaluate.report.zero_shot import zero_shot_tables
from hearken.evaluate.store import Stored
from hearken.metrics.compare import Comparison, paired

_LOWER_IS_BETTER = ("medR", "meanR")
_BESIDES = ("tta", "windows", "variations")
_OF_CLAIMS, _OF_SYSTEMS, _NOT_RUN = ("confirmed", "contradicted", "undecided"), ("better", "worse", "undecided"), "not run"
_SHARE = 0.05
_BOTH = "'undecided' where this holds nought, or p is not below 0.05."
_NO_OTHER_SEED = "Intervals are over queries: they say nothing about another seed, and one training is one draw."


@dataclass(frozen=True, eq=False)
class Row:
    """A system in the comparison of one task, by one definition: `name` says which of its evaluations, where it has several."""

    name: str
    system: System
    stored: Stored


@dataclass(frozen=True, eq=False)
class Group:
    """Rows that were asked the same and measured by one definition, so that they can be compared."""

    task: str
    definition: str
    num_queries: int
    num_clips: int
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What was asked, in words."""
        return f"{show(self.task)}: {self.num_queries} queries, {self.num_clips} clips"


def report_tables(
    collected: Collected, *, baseline: str = "", claims: Sequence[Claim] = (), zero_shot: bool = True
) -> tuple[ReportTable, ...]:  # fmt: skip
    """Return all tables of a report, in its order: claimed orderings, figures, everything against `baseline`, the papers' tables, and
    (with `zero_shot`) what is no retrieval: captions, and classifications.

    Raises EvaluationError for a baseline that is no system.
    """
    found = groups(collected)
    tables: list[ReportTable] = [orderings(collected, claims)] if claims else []
    tables += [figures_table(group) for group in found if any(row.stored.figures for row in group.rows)]
    if baseline:
        if not collected.named(baseline):
            names = ", ".join(system.name for system in collected.systems)
            raise EvaluationError(f"There is no system {show(baseline)} to compare with.", f"There are {names}.")
        tables += [table for group in found if _chosen(group, baseline) and (table := against(group, baseline)).rows]
    others = [*caption_tables(collected.captioned), *(table for each in collected.classified for table in zero_shot_tables(each))]
    return (*tables, *paper_tables(collected), *(others if zero_shot else ()))


def groups(collected: Collected) -> tuple[Group, ...]:
    """Return the evaluations by task and definition, in the order in which they come."""
    found: dict[tuple[str, str], list[Row]] = {}
    for system in collected.systems:
        keys = [(stored.task.digest, stored.definition) for stored in system.evaluations.values()]
        for key, (name, stored) in zip(keys, system.evaluations.items(), strict=True):
            full = system.name if keys.count(key) == 1 else f"{system.name}, {show(name)}"
            found.setdefault(key, []).append(Row(full, system, stored))
    return tuple(
        Group(rows[0].stored.task.name, definition, len(rows[0].stored.task.queries), len(rows[0].stored.task.clips), tuple(rows))
        for (_, definition), rows in found.items()
    )


def main_group(collected: Collected, metric: str = METRIC) -> Group | None:
    """Return the group that most systems stand in, of several such the one with the most queries: what a page begins with.

    Only rows with `metric` count, and are in it; all do where none has it. None where nothing was evaluated.
    """
    everything = groups(collected)
    rated = [
        replace(group, rows=rows) for group in everything if (rows := tuple(row for row in group.rows if metric in row.stored.figures))
    ]
    return max(rated or everything, key=lambda group: (num_systems(group), group.num_queries), default=None)


def num_systems(group: Group) -> int:
    """Return how many systems stand in a group; one may have several rows."""
    return len({row.system.name for row in group.rows})


def figures_table(group: Group) -> ReportTable:
    """Return all figures of a group, a row for each system, the best of each column marked."""
    metrics = tuple(dict.fromkeys(metric for row in group.rows for metric in row.stored.figures))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (words(row.name), *(Cell(figure=row.stored.figures.get(metric), unit=unit_of(metric)) for metric in metrics)) for row in group.rows
    )
    for column, metric in enumerate(metrics, start=1):
        rows = best_marked(rows, column, higher=not metric.endswith(_LOWER_IS_BETTER))
    notes = [f"Definition of the metrics: {show(group.definition)}. In percent with 95 % intervals ({_methods(group)}); ranks as they are."]
    if len(rows) > 1:
        notes.append(
            "The best of a column is marked; where intervals overlap, ask for the paired difference (--baseline) before you believe it."
        )
    notes += few_words(group.rows[0].stored.task, [figure for row in group.rows for figure in row.stored.figures.items()])
    notes += alike_words(group.rows[0].stored)
    return ReportTable(group.title, ("system", *map(heading_of, metrics)), rows, tuple(notes))


def against(group: Group, baseline: str, metric: str = METRIC) -> ReportTable:
    """Return what each system of `group` has more or less than `baseline`, on the same queries."""
    theirs = _chosen(group, baseline)
    others = [[row] for row in group.rows if row not in theirs]
    results = [compare(rows, theirs, metric) for rows in others]
    adjusted = _adjusted(results)
    cells = [
        (
            words(rows[0].name),
            *_difference(result, metric),
            *_chances(result, p_holm),
            words(_verdict(result, _OF_SYSTEMS)),
        )
        for rows, result, p_holm in zip(others, results, adjusted, strict=True)
    ]
    notes = [
        f"Paired: the same queries, ours less that of {show(baseline)}, with its 95 % interval; {_BOTH}",
        *_of_chance([rows[0].name for rows in others], results, adjusted),
        _NO_OTHER_SEED,
    ]
    columns = ("system", f"{heading_of(metric)}, difference", "better / equal / worse queries", "p", "p (Holm)", "verdict")
    return ReportTable(f"Against {show(baseline)}: {group.title}", columns, tuple(cells), tuple(notes))


def orderings(collected: Collected, claims: Sequence[Claim]) -> ReportTable:
    """Return what becomes of each claim: confirmed, contradicted, undecided, or not run; the title counts them."""
    found = groups(collected)
    results = [_tested(found, claim) for claim in claims]
    verdicts = [_verdict(result, _OF_CLAIMS) for result in results]
    adjusted = _adjusted(results)
    metrics = dict.fromkeys(claim.metric for claim in claims)
    cells = [
        (
            words(claim.words if len(metrics) == 1 else f"{claim.words} ({heading_of(claim.metric)})"), words(claim.source),
            _difference(result, claim.metric)[0], *_chances(result, p_holm), words(verdict),
        )
        for claim, result, p_holm, verdict in zip(claims, results, adjusted, verdicts, strict=True)
    ]  # fmt: skip
    less = "Difference: what is claimed to be better less what is claimed to be worse, on the same queries, with its 95 % interval"
    notes = [
        f"{less}." if not any(metric.endswith(_LOWER_IS_BETTER) for metric in metrics) else f"{less}; of ranks the other way about.",
        "Confirmed: the whole interval is above nought, and p is below 0.05. Contradicted: it is all below nought, and p below 0.05.",
        "Undecided: neither; these queries do not tell.",
        *_of_chance([claim.words for claim in claims], results, adjusted),
        _NO_OTHER_SEED,
    ]
    columns = (
        "claim",
        "from",
        ", ".join(["difference", *map(heading_of, metrics)][: 2 if len(metrics) == 1 else 1]),
        "p",
        "p (Holm)",
        "verdict",
    )
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in (*_OF_CLAIMS, _NOT_RUN) if name in verdicts)
    return ReportTable(f"Do the claimed orderings hold here? Of {len(claims)}: {counts}", columns, tuple(cells), tuple(notes))


def compare(ours: Sequence[Row], theirs: Sequence[Row], metric: str) -> Comparison | None:
    """Return the paired comparison of two systems, None where it cannot be made (a median, another set of askers, another direction).

    Several rows are runs that differ in their seeds: the values of a query are averaged first. Lower ranks are better, so that a
    positive difference is always in favour of `ours`.
    """
    first, second = _values(ours, metric), _values(theirs, metric)
    if first is None or second is None or not np.array_equal(first[1], second[1]):
        return None
    sign = -1.0 if metric.endswith(_LOWER_IS_BETTER) else 1.0
    return paired(sign * first[0], sign * second[0], first[2])


def decided(result: Comparison) -> int:
    """Return 1 where ours is better, -1 where it is worse, 0 where the data do not tell: interval and p-value must agree.

    Of few queries the bootstrap's interval is too narrow (it may have no width at all), and the permutation test is exact.
    """
    if result.p_value >= _SHARE:
        return 0
    return int(result.difference.low > 0) - int(result.difference.high < 0)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number: the k-th smallest of m times m - k + 1, never falling, at most 1 (Holm 1979)."""
    order = np.argsort(np.asarray(p_values, np.float64), kind="stable")
    adjusted = np.zeros(len(p_values))
    highest = 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[number]))
        adjusted[number] = highest
    return [float(each) for each in adjusted]


def _tested(found: Iterable[Group], claim: Claim) -> Comparison | None:
    """The comparison that a claim is about, in the first group that has both; of several seeds, those that both were trained with."""
    for group in found:
        better, worse = _chosen(group, claim.better), _chosen(group, claim.worse)
        if len(better) > 1 or len(worse) > 1:
            common = {_seed(row) for row in better} & {_seed(row) for row in worse}
            better, worse = ([row for row in rows if _seed(row) in common] for rows in (better, worse))
        if better and worse:
            result = compare(better, worse, claim.metric)
            if result is not None:
                return result
    return None


def _chosen(group: Group, name: str) -> list[Row]:
    """The rows that `name` means: a row, a system, or all runs of a recipe; of a system with several evaluations the plainest."""
    own = [row for row in group.rows if row.name == name]
    keys: tuple[Callable[[Row], str], ...] = (lambda row: row.system.name, lambda row: row.system.recipe_name)
    found = own or next((rows for key in keys if (rows := [row for row in group.rows if key(row) == name])), [])
    plainest: dict[str, Row] = {}
    for row in sorted(found, key=lambda row: extras(row.stored)):
        plainest.setdefault(row.system.name, row)
    return [row for row in found if plainest[row.system.name] is row]


def extras(stored: Stored) -> int:
    """Return how many things were done besides encoding sounds and captions as the model does."""
    facts: object = stored.facts  # another hand may have written it
    return sum(bool(facts.get(name)) for name in _BESIDES) if isinstance(facts, dict) else 0


def _values(rows: Sequence[Row], metric: str) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]] | None:
    """The values of each that asked, the mean of all `rows`, with who asked and their clusters; None where a row has none."""
    way, _, name = metric.partition("_")
    found: list[NDArray[np.float64]] = []
    askers, clusters = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for row in rows:
        try:
            direction = row.stored.evaluation.directions.get(_way(way))
        except (HearkenError, TypeError, ValueError):
            return None  # its scores or settings are damaged
        if direction is None or name not in direction.values or (found and not np.array_equal(askers, direction.askers)):
            return None
        found.append(direction.values[name])
        askers, clusters = direction.askers, direction.clusters
    return (np.mean(found, axis=0), askers, clusters) if found else None


def _way(name: str) -> Way:
    return next((way for way in WAYS if way == name), WAYS[0])


def _seed(row: Row) -> int:
    return row.system.training.seed if row.system.training else 0


def _difference(result: Comparison | None, metric: str) -> tuple[Cell, Cell]:
    if result is None:
        return Cell(), Cell()
    return Cell(figure=result.difference, unit=unit_of(metric), is_signed=True), words(f"{result.wins} / {result.ties} / {result.losses}")


def _adjusted(results: Sequence[Comparison | None]) -> list[float]:
    """The p-values of those that were compared, adjusted for their number; 1 for the others."""
    found = iter(holm([each.p_value for each in results if each]))
    return [next(found) if each else 1.0 for each in results]


def _chances(result: Comparison | None, p_holm: float) -> tuple[Cell, Cell]:
    return (Cell(), Cell()) if result is None else (words(_p_text(result.p_value)), words(_p_text(p_holm)))


def _p_text(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _verdict(result: Comparison | None, names: tuple[str, str, str]) -> str:
    if result is None:
        return _NOT_RUN
    better, worse, unknown = names
    return {1: better, -1: worse}.get(decided(result), unknown)


def _of_chance(names: Sequence[str], results: Sequence[Comparison | None], adjusted: Sequence[float]) -> Iterator[str]:
    """What is to be known of many comparisons at once."""
    count = sum(result is not None for result in results)
    if count < 2:
        return
    yield f"Of {count} comparisons without any difference, about {_SHARE * count:.1f} would look decided by chance; p (Holm) is adjusted for that."
    told = [result is not None and decided(result) != 0 for result in results]
    weak = [name for name, is_told, p_holm in zip(names, told, adjusted, strict=True) if is_told and p_holm >= _SHARE]
    if weak:
        yield f"Decided alone, but not among so many (p (Holm) is not below {_SHARE}), so it may be chance: {'; '.join(weak)}."


def _methods(group: Group) -> str:
    names = {figure.method for row in group.rows for figure in row.stored.figures.values() if figure.method}
    return ", ".join(sorted(names)) or "none"
