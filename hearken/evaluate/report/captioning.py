"""Evaluations of captions in a report: figures, how their values are spread, the clips that are described best and worst, and how captions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hearken.errors import show
from hearken.evaluate.captioning.figures import CaptionEvaluation
from hearken.evaluate.captioning.look import SeenClip, WordStatistics, candidate_statistics, extremes, reference_statistics
from hearken.evaluate.captioning.scores import main_metric, moved, of_clips
from hearken.evaluate.captioning.store import StoredCaptions
from hearken.evaluate.report.caption_chart import value_chart
from hearken.evaluate.report.card import Facts, captions_card
from hearken.evaluate.report.commands import captions_command
from hearken.evaluate.report.shown import Chart, Part, shown_table
from hearken.evaluate.report.table import Cell, ReportTable, words
from hearken.metrics.compare import paired
from hearken.metrics.confidence import Interval

_TIMES_100 = "Times 100, with 95 % intervals"
_BLEU = "BLEU is of the whole corpus: counts of the drawn clips are summed before they are divided."
_CIDER = (
    "CIDEr-D goes from 0 to 10 (here to 1000); how rare words are is counted in the references of all clips, and stays so in every drawing."
)
_MOVED = "of the whole corpus, with the interval of the mean over clips, moved to the figure."
_APART = " / "

Group = Sequence[StoredCaptions]


def caption_groups(found: Group) -> list[list[StoredCaptions]]:
    """Return evaluations by what they were held against, in the order in which they come."""
    groups: dict[str, list[StoredCaptions]] = {}
    for each in found:
        groups.setdefault(each.evaluation.task.digest, []).append(each)
    return list(groups.values())


def caption_tables(found: Group, *, count: int = 6) -> list[ReportTable]:
    """Return for each group of evaluations all figures, the comparison with the first, how captions are, and `count` clips that each describes
    best and worst."""
    tables = []
    for group in caption_groups(found):
        names = _names(group)
        tables.append(_figures(group, names))
        tables += [_comparison(group, names)] if len(group) > 1 else []
        tables.append(_statistics(group, names))
        for name, each in zip(names, group, strict=True):
            for best, title in ((False, "described worst"), (True, "described best")):
                if seen := extremes(each.evaluation, count, best=best):
                    tables.append(_clips(f"Clips {title}: {name}", seen))
    return tables


def caption_parts(found: Group, *, count: int = 6) -> list[Part]:
    """Return a part of the page for each group of evaluations."""
    parts = []
    for number, group in enumerate(caption_groups(found), start=1):
        task = group[0].evaluation.task
        part = Part(f"captions-{number}", f"Machine-made captions: {show(task.name)}")
        references = f"{task.num_references} reference{'' if task.num_references == 1 else 's'}"
        others = task.record.get("references_machine_made", ())
        part.intro.append(f"Captions of {len(task.clips)} clips, held against {references}{'' if others else ' that people wrote'}.")
        part.intro += [f"No person wrote the references of {show(str(each))}." for each in others]
        if (chart := _chart(group, number)) is not None:
            part.charts.append(chart)
        part.tables = [shown_table(table) for table in caption_tables(group, count=count)]
        parts.append(part)
    return parts


def caption_facts(found: Group) -> list[Facts]:
    """Return how each was made and measured, with what makes it again."""
    return [captions_card(f"Machine-made captions: {show(each.evaluation.system)}", each, captions_command(each)) for each in found]


def _figures(group: Group, names: Sequence[str]) -> ReportTable:
    metrics = dict.fromkeys(metric for each in group for metric in each.evaluation.metrics)
    rows = [(words(metric), *(_cell(each.evaluation, metric) for each in group)) for metric in metrics]
    notes = [f"{_TIMES_100} over clips ({_methods(group)})."]
    there = [metric for metric in metrics if any(metric in each.evaluation.figures for each in group)]
    notes += [note for note, start in ((_BLEU, "BLEU"), (_CIDER, "CIDEr")) if any(metric.startswith(start) for metric in there)]
    notes += [f"{', '.join(moved(there))}: {_MOVED}"] if moved(there) else []
    told = (scored_by(each.evaluation) + each.evaluation.why_not for each in group)
    notes += list(dict.fromkeys(show(line) for lines in told for line in lines))
    notes += _left_out(group[0].evaluation.task.record)
    return ReportTable(f"Machine-made captions of {show(group[0].evaluation.task.name)}", ("metric", *names), tuple(rows), tuple(notes))


def scored_by(evaluation: CaptionEvaluation) -> list[str]:
    """Return a sentence for each metric whose name does not say all of how it was computed."""
    by = evaluation.facts.get("scored_by")
    return (
        [f"{metric}, as computed here: {how}." for metric, how in by.items() if metric in evaluation.figures]
        if isinstance(by, Mapping)
        else []
    )


def _cell(evaluation: CaptionEvaluation, metric: str) -> Cell:
    figure = evaluation.figures.get(metric)
    return Cell(figure=figure) if figure else words("not available" if metric in evaluation.not_available else "")


def _methods(group: Group) -> str:
    return " and ".join(dict.fromkeys(each.evaluation.interval for each in group))


def _comparison(group: Group, names: Sequence[str]) -> ReportTable:
    """Each further system against the first one, by the main metric, clip by clip."""
    first, rows = group[0].evaluation, []
    main = main_metric([name for name in first.figures if all(name in each.evaluation.values for each in group)] or [""])
    for name, each in zip(names[1:], group[1:], strict=True):
        if main in first.values:
            found = paired(each.evaluation.values[main], first.values[main], seed=first.seed)
            counts = f"{found.wins} / {found.ties} / {found.losses}"
            rows.append((words(name), Cell(figure=found.difference, is_signed=True), words(f"{found.p_value:.3f}"), words(counts)))
    columns = ("system", f"{of_clips(main)} more or less", "p", "better / same / worse")
    return ReportTable(f"Against {names[0]}, clip by clip", columns, tuple(rows), (f"{_TIMES_100}; p by tossing signs.",))


def _statistics(group: Group, names: Sequence[str]) -> ReportTable:
    rows = [_row(name, candidate_statistics(each.evaluation)) for name, each in zip(names, group, strict=True)]
    first = group[0].evaluation
    by_people = "" if first.task.record.get("references_machine_made") else ", by people"
    rows.append(_row(f"references{by_people}", reference_statistics(first)))
    columns = ("captions of", "captions", "words in one", "different words", "different captions, %", "words in no reference, %")
    return ReportTable("Length and vocabulary", columns, tuple(rows))


def _row(name: str, found: WordStatistics) -> tuple[Cell, ...]:
    share = Cell() if found.unknown is None else _share(found.unknown)
    number = Cell(figure=Interval(found.mean_words, found.mean_words, found.mean_words), unit="number")
    return words(name), words(str(found.num_captions)), number, words(str(found.num_words)), _share(found.distinct), share


def _share(value: float) -> Cell:
    return Cell(figure=Interval(value, value, value))


def _clips(title: str, seen: Sequence[SeenClip]) -> ReportTable:
    rows = [
        (
            words(each.clip),
            Cell(figure=Interval(each.value, each.value, each.value)),
            words(each.candidate or "(empty)"),
            words(_APART.join(each.references)),
        )
        for each in seen
    ]
    return ReportTable(title, ("clip", seen[0].metric, "machine-made", "references"), tuple(rows))


def _chart(group: Group, number: int) -> Chart | None:
    shared = [name for name in group[0].evaluation.figures if all(name in each.evaluation.values for each in group)]
    if not shared:
        return None
    main = main_metric(shared)
    values = {name: each.evaluation.values[main] for name, each in zip(_names(group), group, strict=True)}
    mean = ": the figure is their mean" if of_clips(main) == main else ""
    told = f"{main} of single clips{mean}. The last bar holds all that lies above it."
    return Chart(value_chart(values, main, name=f"captions{number}"), told)


def _names(group: Group) -> list[str]:
    """What each is called; systems of one name get that of their folder besides."""
    systems = [show(each.evaluation.system) for each in group]
    named = [
        f"{system} ({show(each.folder.name)})" if systems.count(system) > 1 else system for system, each in zip(systems, group, strict=True)
    ]
    return [f"{name} {number}" if named.count(name) > 1 else name for number, name in enumerate(named, start=1)]


def _left_out(record: Mapping[str, Any]) -> list[str]:
    told = {
        "clips_without_sound": "clips whose sound is not here are left out.", "clips_without_caption": "clips without a reference are left out.",
        "clips_unreadable": "clips that cannot be read are left out.", "captions_missing": "clips have no machine-made caption; an empty one was taken.",
    }  # fmt: skip
    return [f"{record[key]} {what}" for key, what in told.items() if isinstance(record.get(key), int) and record[key]]
