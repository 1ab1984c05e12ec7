"""The parts of the page, as plain values: what stands in each, before it is laid out.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hearken.data.locate import card_of
from hearken.evaluate.misses import Hub, Miss, hubs, nearest_misses, worst_misses
from hearken.evaluate.report.card import Fact, Facts
from hearken.evaluate.report.charts import TtaPoint, Whisker, recall_chart, similarity_chart, systems_chart, tta_chart
from hearken.evaluate.report.details import histogram, label_table, recall_lines
from hearken.evaluate.report.published import Published, heading_of, unit_of
from hearken.evaluate.report.sounds import Sound, Sounds
from hearken.evaluate.report.table import Cell, ReportTable, ours_text, published_text
from hearken.metrics.confidence import Interval

if TYPE_CHECKING:
    from hearken.evaluate.report.collect import System
    from hearken.evaluate.store import Stored
    from hearken.evaluate.task import Task

TILES = ("t2a_mAP@10", "t2a_R@1", "t2a_R@10", "t2a_medR", "a2t_mAP@10", "a2t_R@1", "a2t_R@10", "a2t_medR")
_HUBS = 6
_WITHHELD = "not public"
_MOST_WHISKERS = 24


@dataclass(frozen=True)
class Tile:
    """A headline figure."""

    name: str
    value: str
    unit: str = ""
    between: str = ""
    published: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing and what to see in it."""

    svg: str
    caption: str


@dataclass(frozen=True)
class ShownCell:
    """A cell as it stands in the page: `ours`, the interval `between`, the `published` figure."""

    ours: str
    between: str = ""
    published: str = ""
    is_best: bool = False


@dataclass(frozen=True)
class ShownTable:
    """A table as it stands in the page."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """A clip that can be listened to."""

    name: str
    score: float | None
    sound: Sound
    labels: tuple[str, ...] = ()
    role: str = ""


@dataclass(frozen=True)
class Mistake:
    """A query whose right clip came as number `rank` of `of`, and what came instead, best first."""

    text: str
    rank: int
    of: int
    right: Heard
    instead: tuple[Heard, ...]


@dataclass(frozen=True)
class Mistakes:
    """Mistakes under a heading."""

    title: str
    note: str
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Clips:
    """Clips under a heading."""

    title: str
    note: str
    heard: tuple[Heard, ...]


@dataclass
class Part:
    """A section of the page; what it lacks is empty."""

    id: str
    title: str
    intro: list[str] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[ShownTable] = field(default_factory=list)
    misses: list[Mistakes] = field(default_factory=list)
    clips: list[Clips] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tiles_of(figures: Mapping[str, Interval], published: Mapping[str, Published]) -> list[Tile]:
    """Return the headline figures that there are, each with its interval and the published figure."""
    return [_tile(name, figures[name], published.get(name)) for name in TILES if name in figures]


def _tile(name: str, figure: Interval, printed: Published | None) -> Tile:
    shown = shown_cell(Cell(figure=figure, unit=unit_of(name)))
    told = f"published {printed.value:g} ({printed.who}, {printed.where})" if printed else ""
    way, _, metric = heading_of(name).partition(" ")
    title = f"{metric}, {'text to audio' if way == 'T2A' else 'audio to text'}"
    return Tile(title, shown.ours, "%" if unit_of(name) == "percent" else "", shown.between, told)


def shown_table(table: ReportTable) -> ShownTable:
    """Return a table with the interval of each figure apart from it."""
    return ShownTable(table.title, table.columns, tuple(tuple(shown_cell(cell) for cell in row) for row in table.rows), table.notes)


def shown_cell(cell: Cell) -> ShownCell:
    """Return a cell's figure, its interval `[33.1, 37.4]` and the published figure, apart."""
    if cell.figure is None:
        return ShownCell(cell.text or ("" if cell.published is not None else "-"), published=published_text(cell))
    ours, _, between = ours_text(cell).partition(" [")
    return ShownCell(ours, f"[{between}" if between else "", published_text(cell), cell.is_best)


def systems_part(systems: Sequence[System], metric: str = "t2a_mAP@10") -> Chart | None:
    """Return the chart that compares several systems on the task that most of them did; None for fewer than two."""
    tasks: dict[str, list[Whisker]] = {}
    for system in systems:
        for name, stored in system.evaluations.items():
            if metric in stored.figures:
                title = system.name if len(system.evaluations) == 1 else f"{system.name}, {name}"
                tasks.setdefault(stored.task.digest, []).append(Whisker(title, stored.figures[metric]))
    rows = max(tasks.values(), key=len, default=[])[:_MOST_WHISKERS]
    if len(rows) < 2:
        return None
    title = heading_of(metric)
    caption = f"{title} of each system: the dot is the figure, the bar its 95 % interval. Bars that overlap do not say that two are equal: see the paired comparison."
    return Chart(systems_chart(rows, title=title), caption)


def curves_part(stored: Stored, number: int) -> Part:
    """Return the curves of R@k and the histogram of similarities."""
    part = Part(f"curves-{number}", "Recall and similarity")
    caption = "The share of queries with a right answer among the first k; the band is the 95 % interval at each k."
    part.charts.append(Chart(recall_chart(recall_lines(stored.evaluation), name=f"recall{number}"), caption))
    found = histogram(stored.scores, stored.task.relevance)
    told = f"Scores of right pairs and of all others, each as shares of their own number: {100 * found.right_above:.0f} % of the right pairs score above 99 % of the others."
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
    here = Sounds(is_wanted=False) if _WITHHELD in licence else sounds
    if not here.is_wanted:
        part.intro.append("The sounds were left out of this page.")
    for title, note, found in (
        ("Nearest mistakes", "The right clip all but came first: would a listener agree with the order?", nearest_misses(scores, task, direction.ranks, count=count)),
        ("Worst mistakes", "The right clip came last of all: a wrong caption, an odd word, or a sound that the model does not know.", worst_misses(scores, task, direction.ranks, count=count)),
    ):  # fmt: skip
        if found:
            part.misses.append(Mistakes(title, note, tuple(_mistake(miss, task, here) for miss in found)))
    often = [hub for hub in hubs(scores, task, k=1, count=min(count, _HUBS)) if hub.wrong > 1]
    if often:
        note = "Hubs: these come first for many queries that they do not answer."
        part.clips.append(Clips("Clips that come first too often", note, tuple(_hub(hub, task, here) for hub in often)))
    if not part.misses:
        part.intro.append("There is none: every query finds a right clip first.")
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
    part.intro.append("Each clip is encoded as it is and as τ augmented copies, and the results are averaged. Intervals overlap where the curve says nothing.")
    metrics = list(dict.fromkeys(point.metric for point in points))
    for number, metric in enumerate(metrics):
        mine = [point for point in points if point.metric == metric]
        part.charts.append(Chart(tta_chart(mine, metric=heading_of(metric), name=f"tta{number}"), f"{heading_of(metric)} over τ with 95 % intervals."))
    rows = tuple(
        (Cell(text=point.name), Cell(text=str(point.tau)), Cell(text=heading_of(point.metric)), Cell(figure=point.figure), Cell(text=_cost(point)))
        for point in points
    )
    part.tables.append(shown_table(ReportTable("Figures and cost", ("way", "τ", "metric", "figure, %", "seconds per clip"), rows)))
    return part


def licence_of(task: Task) -> str:
    """Return the licence of the sounds of a task, where it is of a published corpus; several are joined by "; "."""
    found = [card.audio_licence for name in task.name.split(" + ") if (card := card_of(name)) is not None]
    return "; ".join(dict.fromkeys(found))


def left_out(task: Task) -> Facts | None:
    """Return the counts of what is not in the task, and why."""
    facts = tuple(
        Fact(name.replace("_", " "), (str(value),)) for name, value in task.record.items() if isinstance(value, int) and not isinstance(value, bool)
    )
    return Facts("Counts", facts) if facts else None


def _cost(point: TtaPoint) -> str:
    return "" if point.seconds_per_clip is None else f"{point.seconds_per_clip:.3g}"


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
