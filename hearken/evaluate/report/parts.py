"""The parts of the page on evaluations: what stands in each, before it is laid out.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from hearken.data.locate import card_of
from hearken.evaluate.misses import Hub, Miss, hubs, nearest_misses, worst_misses
from hearken.evaluate.report.charts import TtaPoint, Whisker, recall_chart, similarity_chart, systems_chart, tta_chart
from hearken.evaluate.report.claims import METRIC
from hearken.evaluate.report.details import histogram, label_table, recall_lines
from hearken.evaluate.report.published import Published, heading_of, published_of, unit_of
from hearken.evaluate.report.shown import Chart, Clips, Heard, Mistake, Mistakes, Part, Tile, shown_cell, shown_table
from hearken.evaluate.report.sounds import Sound, Sounds
from hearken.evaluate.report.table import Cell, ReportTable
from hearken.evaluate.report.words import recall_words
from hearken.evaluate.report.zero_shot import Classification, zero_shot_tables, zero_shot_words
from hearken.metrics.confidence import Interval
from hearken.metrics.definitions import definition

if TYPE_CHECKING:
    from hearken.evaluate.report.comparison import Group
    from hearken.evaluate.store import Stored
    from hearken.evaluate.task import Task

TILES = ("t2a_mAP@10", "t2a_R@1", "t2a_R@10", "t2a_medR", "a2t_mAP@10", "a2t_R@1", "a2t_R@10", "a2t_medR")
_HUBS = 6
_ALIKE = "Left out: queries for which a clip with the very same caption came first. It answers them as well as the right one."
_WITHHELD = "not public"
_MOST_WHISKERS = 24
_NEAREST = "The right clip all but came first: would a listener agree with the order?"
_WORST = "The right clip came last of all: a wrong caption, an odd word, or a sound that the model does not know."


def tiles_of(figures: Mapping[str, Interval], published: Mapping[str, Published]) -> list[Tile]:
    """Return the headline figures that there are, each with its interval and the published figure."""
    return [_tile(name, figures[name], published.get(name)) for name in TILES if name in figures]


def _tile(name: str, figure: Interval, printed: Published | None) -> Tile:
    shown = shown_cell(Cell(figure=figure, unit=unit_of(name)))
    told = f"published {printed.value:g} ({printed.who}, {printed.where})" if printed else ""
    way, _, metric = heading_of(name).partition(" ")
    title = f"{metric}, {'text to audio' if way == 'T2A' else 'audio to text'}"
    return Tile(title, shown.ours, "%" if unit_of(name) == "percent" else "", shown.between, told)


def systems_part(group: Group | None, metric: str = METRIC) -> Chart | None:
    """Return the chart that compares the rows of a group; None for fewer than two."""
    rows: list[Whisker] = []
    for row in group.rows if group else ():
        if metric in row.stored.figures:
            printed = published_of(row.system, row.stored).get(metric)
            rows.append(Whisker(row.name, row.stored.figures[metric], printed.value / 100 if printed else None))
    if group is None or len(rows) < 2:
        return None
    rows, title = rows[:_MOST_WHISKERS], heading_of(metric)
    caption = (
        f"{title} of each system on {group.title}: the dot is the figure, the bar its 95 % interval. "
        "Bars that overlap do not say that two are equal: see the paired comparison."
        + (" Diamonds are the published figures." if any(row.published is not None for row in rows) else "")
    )
    return Chart(systems_chart(rows, title=title), caption)


def curves_part(stored: Stored, number: int) -> Part:
    """Return the curves of R@k and the histogram of similarities."""
    part = Part(f"curves-{number}", "Recall and similarity")
    told = recall_words([definition(stored.definition).recall]).removesuffix(".")
    caption = f"{told[0].upper()}{told[1:]}; the band is the 95 % interval at each k."
    part.charts.append(Chart(recall_chart(recall_lines(stored.evaluation), name=f"recall{number}"), caption))
    found = histogram(stored.scores, stored.task.relevance)
    told = (
        "Scores of right pairs and of all others, each as shares of their own number: "
        f"{100 * found.right_above:.0f} % of the right pairs score above 99 % of the others."
    )
    part.charts.append(Chart(similarity_chart(found.edges, found.right, found.other, name=f"similarity{number}"), told))
    return part


def mistakes_part(stored: Stored, number: int, sounds: Sounds, count: int) -> Part | None:
    """Return the nearest and the worst mistakes and the hubs, `count` of each at most, with players; None without queries in words."""
    direction = stored.evaluation.directions.get("t2a")
    if direction is None or direction.ranks.depth is not None or count < 1:
        return None
    task, scores = stored.task, stored.scores
    part = Part(f"mistakes-{number}", "Mistakes to listen to")
    licence = licence_of(task)
    if licence:
        part.intro.append(f"The sounds are other people's: {licence}. Mind that before you pass this page on.")
    here = sounds if any(task.paths) and _WITHHELD not in licence else Sounds(is_wanted=False)
    if not any(task.paths):
        part.intro.append("There are no players: the evaluation does not say where the sounds are.")
    elif not here.is_wanted:
        part.intro.append("The sounds were left out of this page.")
    alike, captions = 0, _captions_of(task)
    for title, note, find in (("Nearest mistakes", _NEAREST, nearest_misses), ("Worst mistakes", _WORST, worst_misses)):
        found, left_out = _honest(partial(find, scores, task, direction.ranks), captions, count)
        alike = max(alike, left_out)
        if found:
            part.misses.append(Mistakes(title, note, tuple(_mistake(miss, task, here) for miss in found)))
    if alike:
        part.intro.append(_ALIKE)
    often = [hub for hub in hubs(scores, task, k=1, count=min(count, _HUBS)) if hub.wrong > 1]
    if often:
        note = "Hubs: these come first for many queries that they do not answer."
        part.clips.append(Clips("Clips that come first too often", note, tuple(_hub(hub, task, here) for hub in often)))
    if not part.misses and not alike:
        part.intro.append("There is none: every query finds a right clip first.")
    return part


def zero_shot_part(found: Sequence[Classification]) -> Part | None:
    """Return zero-shot classifications: figures beside chance, prompts, the worst classes, and what is taken for what."""
    if not found:
        return None
    part = Part("zero-shot", "Zero-shot classification")
    part.intro = [sentence for each in found for sentence in zero_shot_words(each)]
    part.tables = [shown_table(table) for each in found for table in zero_shot_tables(each)]
    return part


def labels_part(stored: Stored, number: int) -> Part | None:
    """Return what is hard by label, where clips have labels."""
    table = label_table(stored.task, stored.evaluation, stored.scores)
    return Part(f"labels-{number}", "By label", tables=[shown_table(table)]) if table else None


def tta_part(points: Sequence[TtaPoint]) -> Part | None:
    """Return quality over the number of augmented copies, a chart for each metric, and what each cost."""
    if not points:
        return None
    part = Part("tta", "Test-time augmentation")
    part.intro.append("Each clip is encoded as it is and as τ augmented copies, and the results are averaged.")
    metrics = list(dict.fromkeys(point.metric for point in points))
    for number, metric in enumerate(metrics):
        mine = [point for point in points if point.metric == metric]
        part.charts.append(
            Chart(
                tta_chart(mine, metric=heading_of(metric), percent=unit_of(metric) == "percent", name=f"tta{number}"),
                f"{heading_of(metric)} over τ with 95 % intervals.",
            )
        )
    part.tables += [
        shown_table(table) for metric in metrics for table in _tta_tables([point for point in points if point.metric == metric], metric)
    ]
    return part


def licence_of(task: Task) -> str:
    """Return the licence of the sounds of a task, where it is of a published corpus; several are joined by "; "."""
    found = [card.audio_licence for name in task.name.split(" + ") if (card := card_of(name)) is not None]
    return "; ".join(dict.fromkeys(found))


def _tta_tables(points: Sequence[TtaPoint], metric: str) -> list[ReportTable]:
    """Figures, and where they are known seconds, a row for each way and a column for each τ."""
    taus = sorted({point.tau for point in points})
    names = list(dict.fromkeys(point.name for point in points))
    found = {(point.name, point.tau): point for point in points}
    columns = ("way", *(f"τ = {tau}" for tau in taus))
    unit = unit_of(metric)
    figures = tuple((Cell(text=name), *(Cell(figure=_figure(found.get((name, tau))), unit=unit) for tau in taus)) for name in names)
    tables = [ReportTable(heading_of(metric) + (" in %" if unit == "percent" else ""), columns, figures)]
    if any(point.seconds_per_clip is not None for point in points):
        costs = tuple((Cell(text=name), *(Cell(text=_cost(found.get((name, tau)))) for tau in taus)) for name in names)
        tables.append(ReportTable("Seconds per clip", columns, costs))
    return tables


def _figure(point: TtaPoint | None) -> Interval | None:
    return point.figure if point else None


def _cost(point: TtaPoint | None) -> str:
    return "" if point is None or point.seconds_per_clip is None else f"{point.seconds_per_clip:.3g}"


def _honest(find: Callable[..., list[Miss]], captions: Sequence[frozenset[str]], count: int) -> tuple[list[Miss], int]:
    """The first `count` mistakes where no clip with the same caption came first, and how many others were passed over."""
    most = count
    while True:
        found = find(count=most)
        kept = [miss for miss in found if _plain(miss.text) not in captions[miss.instead[0][0]]]
        if len(kept) >= count or len(found) < most:
            return kept[:count], len(found) - len(kept)
        most *= 4


def _captions_of(task: Task) -> list[frozenset[str]]:
    """The captions of each clip (N), without what is case or space alone: a clip that has the query among them is as right as the right one."""
    texts = [_plain(text) for text in task.queries]
    own = task.relevance.transposed()
    return [frozenset(texts[query] for query in own.of(clip)) for clip in range(len(task.clips))]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _mistake(miss: Miss, task: Task, sounds: Sounds) -> Mistake:
    right = _heard(miss.clip, miss.score, task, sounds)
    instead = tuple(_heard(clip, score, task, sounds if place == 0 else None) for place, (clip, score) in enumerate(miss.instead))
    return Mistake(miss.text, miss.rank, len(task.clips), right, instead)


def _hub(hub: Hub, task: Task, sounds: Sounds) -> Heard:
    heard = _heard(hub.clip, None, task, sounds)
    return Heard(heard.name, None, heard.sound, heard.labels, f"first for {hub.wrong} queries of others, {hub.right} of its own")


def _heard(clip: int, score: float | None, task: Task, sounds: Sounds | None) -> Heard:
    path = task.paths[clip] if task.paths else ""
    labels = task.labels[clip] if task.labels else ()
    return Heard(task.clips[clip], score, sounds.of(path) if sounds else Sound(), labels)
