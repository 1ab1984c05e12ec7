"""What the page shows, as plain values: cells, tables, charts, clips, and the parts that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field

from hearken.evaluate.report.card import Facts
from hearken.evaluate.report.sounds import Sound
from hearken.evaluate.report.table import Cell, ReportTable, by_way, ours_text, published_text

_TONES = {"better": "good", "confirmed": "good", "worse": "bad", "contradicted": "bad", "undecided": "open", "not run": "open"}


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
    """A cell as it stands in the page: `ours`, the interval `between`, the `published` figure; verdicts have a `tone`: good, bad, open."""

    ours: str
    between: str = ""
    published: str = ""
    is_best: bool = False
    tone: str = ""


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


def shown_table(table: ReportTable) -> ShownTable:
    """Return a table with the interval of each figure apart from it."""
    return ShownTable(table.title, table.columns, tuple(tuple(shown_cell(cell) for cell in row) for row in table.rows), table.notes)


def shown_tables(table: ReportTable) -> list[ShownTable]:
    """Return a table as one, or where both directions make it too wide, as two: text to audio, and audio to text."""
    return [shown_table(each) for each in by_way(table)]


def shown_cell(cell: Cell) -> ShownCell:
    """Return a cell's figure, its interval `[33.1, 37.4]` and the published figure, apart."""
    if cell.figure is None:
        text = cell.text or ("" if cell.published is not None else "-")
        return ShownCell(text, published=published_text(cell), tone=_TONES.get(text, ""))
    ours, _, between = ours_text(cell).partition(" [")
    return ShownCell(ours, f"[{between}" if between else "", published_text(cell), cell.is_best)
