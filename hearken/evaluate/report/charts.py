"""The charts of the page: each takes figures and returns an SVG element with the interval of every figure in it.

Names stand beside their lines where there is room. Shares are drawn in percent.

Legend: `K` values of k, `P` points, `B` bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hearken.errors import show
from hearken.evaluate.report.drawing import GROUND, INK, SERIES, draw
from hearken.metrics.confidence import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
MOST_LINES = len(SERIES)
_NAME_CHARS = 34
_SMOOTHED_POINTS = 60
_MOST_POINTS = 6_000


@dataclass(frozen=True, eq=False)
class Line:
    """A line `name` through `x` (P,) and `y` (P,), with a band from `low` to `high` (P,) where there is one."""

    name: str
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Whisker:
    """A figure of `name` with its interval, and the published one, both shares of 1."""

    name: str
    figure: Interval
    published: float | None = None


@dataclass(frozen=True)
class TtaPoint:
    """How well `name` did with `tau` augmented copies of each clip, by `metric`, and what it cost."""

    name: str
    tau: int
    metric: str
    figure: Interval
    seconds_per_clip: float | None = None


def recall_chart(lines: Sequence[Line], *, name: str = "recall") -> str:
    """Return the curves of R@k (shares) over k, each with the band of its 95 % intervals."""

    def paint(axes: Axes) -> None:
        axes.set_ylim(0, min(100.0, 1.08 * max(100 * float(np.max(_top(line))) for line in lines)))
        axes.set_xlim(1, max(2.0, *(float(line.x[-1]) for line in lines)))
        _lines(axes, [_percent(line) for line in lines])
        axes.set_xlabel("k: the first k answers are looked at")
        axes.set_ylabel("R@k in %")

    ends = "; ".join(
        f"{line.name}: {100 * line.y[0]:.1f} % at k = {line.x[0]:.0f}, {100 * line.y[-1]:.1f} % at k = {line.x[-1]:.0f}" for line in lines
    )
    return draw(paint, name=name, words=f"Recall over k with bands of 95 % intervals. {ends}.")


def similarity_chart(edges: Floats, right: Floats, other: Floats, *, name: str = "similarity") -> str:
    """Return the histograms of the scores of right pairs and of others: `right` and `other` (B,) are shares, `edges` (B + 1,) scores."""

    def paint(axes: Axes) -> None:
        for shares, colour, words in ((other, SERIES[1], "other pairs"), (right, SERIES[0], "right pairs")):
            axes.stairs(100 * shares, edges, fill=True, color=colour, alpha=0.25, linewidth=0)
            axes.stairs(100 * shares, edges, color=colour, linewidth=1.6, label=words)
        _name_peaks(axes, edges, {"right pairs": (right, SERIES[0]), "other pairs": (other, SERIES[1])})
        axes.set_xlabel("similarity")
        axes.set_ylabel("% of the pairs")

    medians = (_median(edges, right), _median(edges, other))
    return draw(
        paint,
        name=name,
        words=f"Histogram of similarities: half of the right pairs are above {medians[0]:.2f}, half of the others above {medians[1]:.2f}.",
    )


def training_chart(
    lines: Sequence[Line], *, title: str, name: str, best: float | None = None, smooth: bool = False, percent: bool = False
) -> str:  # fmt: skip
    """Return curves over the steps of training; `best` is the step that was kept. `smooth` draws means over neighbours above the raw."""

    def paint(axes: Axes) -> None:
        drawn = [_percent(line) for line in lines] if percent else list(lines)
        if smooth:
            for line, colour in zip(drawn, SERIES, strict=False):
                axes.plot(line.x, line.y, color=colour, linewidth=0.6, alpha=0.35)
            drawn = [_smoothed(line) for line in drawn]
        _lines(axes, drawn, marked=max(len(line.x) for line in drawn) <= _SMOOTHED_POINTS and not smooth)
        axes.locator_params(axis="x", integer=True, nbins=7)
        axes.set_xlabel("step")
        axes.set_ylabel(title)
        if best is not None:
            _mark(axes, best)

    ends = "; ".join(f"{show(line.name)} ends at {line.y[-1]:.4g}" for line in lines)
    kept = f" The best step is {best:.0f}." if best is not None else ""
    return draw(paint, name=name, words=f"{title} over the steps of training: {ends}.{kept}", height_in=2.5)


def systems_chart(rows: Sequence[Whisker], *, title: str, name: str = "systems") -> str:
    """Return the figures of several systems below each other, each with its interval and, as a diamond, the published figure."""

    def paint(axes: Axes) -> None:
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        for place, row in enumerate(rows):
            figure = row.figure
            axes.plot([100 * figure.low, 100 * figure.high], [place, place], color=SERIES[0], linewidth=2.4, solid_capstyle="butt")
            axes.plot([100 * figure.value], [place], "o", color=SERIES[0], markersize=6)
            if row.published is not None:
                axes.plot(
                    [100 * row.published],
                    [place],
                    "D",
                    markersize=6,
                    markerfacecolor=GROUND,
                    markeredgecolor=SERIES[1],
                    markeredgewidth=1.5,
                )
        axes.set_yticks(range(len(rows)), [_short(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(f"{title} in %")

    words = "; ".join(
        f"{row.name} {100 * row.figure.value:.1f} from {100 * row.figure.low:.1f} to {100 * row.figure.high:.1f}" for row in rows
    )
    return draw(paint, name=name, words=f"{title} in percent with 95 % intervals. {words}.", height_in=0.75 + 0.3 * len(rows))


def tta_chart(points: Sequence[TtaPoint], *, metric: str, percent: bool = True, name: str = "tta") -> str:
    """Return quality over tau, the number of augmented copies, with intervals (as Fig. 4 of Kim et al. 2023); tau = 1 is none.

    Shares are drawn in percent; with `percent` false the figures are ranks and drawn as they are.
    """
    scale, title = (100.0, f"{metric} in %") if percent else (1.0, metric)
    taus = sorted({point.tau for point in points})
    names = list(dict.fromkeys(point.name for point in points))[:MOST_LINES]

    def paint(axes: Axes) -> None:
        for number, (each, colour) in enumerate(zip(names, SERIES, strict=False)):
            mine = sorted((point for point in points if point.name == each), key=lambda point: point.tau)
            x = np.array([taus.index(point.tau) for point in mine]) + 0.09 * (number - (len(names) - 1) / 2)
            y = scale * np.array([point.figure.value for point in mine])
            spread = np.abs(scale * np.array([[point.figure.low, point.figure.high] for point in mine]).T - y)
            axes.errorbar(x, y, yerr=spread, color=colour, marker="o", markersize=4, capsize=2.5, elinewidth=1.1, linewidth=1.4)
        axes.set_xticks(range(len(taus)), [str(tau) for tau in taus])
        axes.set_xlim(-0.4, len(taus) - 0.6)
        ends = [
            (taus.index(mine[-1].tau), scale * mine[-1].figure.value)
            for each in names
            if (mine := sorted((p for p in points if p.name == each), key=lambda p: p.tau))
        ]
        _name_ends(axes, names, ends)
        axes.set_xlabel("τ, augmented copies of each clip (1: none)")
        axes.set_ylabel(title)

    words = "; ".join(
        f"{point.name} at {point.tau}: {scale * point.figure.value:.1f} from {scale * point.figure.low:.1f} to {scale * point.figure.high:.1f}"
        for point in points
    )
    return draw(paint, name=name, words=f"{title} over the number of augmented copies with 95 % intervals. {words}.")


def _mark(axes: Axes, step: float) -> None:
    """Draw the line of the step that was kept, and its name on the side where there is more room."""
    axes.axvline(step, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    low, high = axes.get_xlim()
    is_late = step > (low + high) / 2
    axes.annotate(
        "kept", (step, 1.0), xycoords=("data", "axes fraction"), xytext=(-3 if is_late else 3, -9), textcoords="offset points",
        ha="right" if is_late else "left", fontsize=9.5,
    )  # fmt: skip


def _lines(axes: Axes, lines: Sequence[Line], *, marked: bool = False) -> None:
    for line, colour in zip(lines, SERIES, strict=False):
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.22, linewidth=0)
        axes.plot(line.x, line.y, color=colour, marker="o" if marked else None, markersize=3.5)
    _name_ends(axes, [line.name for line in lines], [(float(line.x[-1]), float(line.y[-1])) for line in lines])


def _name_ends(axes: Axes, names: Sequence[str], ends: Sequence[tuple[float, float]]) -> None:
    """Write names to the right of where lines end, apart from each other; one line alone needs none."""
    if len(names) < 2:
        return
    _ = axes.get_xlim(), axes.get_ylim()  # where the ends are on the sheet is known only when the limits are
    height = axes.get_window_extent().height
    gap = 14.0 * axes.figure.dpi / 72 / height
    places = [axes.transAxes.inverted().transform(axes.transData.transform(end))[1] for end in ends]
    free = -np.inf
    for number in np.argsort(places):
        free = max(free + gap, places[number])
        axes.annotate(
            _short(names[number]), (1.0, free), xycoords="axes fraction", xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=10, color=SERIES[number],
        )  # fmt: skip


def _name_peaks(axes: Axes, edges: Floats, histograms: dict[str, tuple[Floats, str]]) -> None:
    """Write a name above the highest bar of each histogram."""
    axes.set_ylim(0, 120 * max(float(shares.max()) for shares, _ in histograms.values()))
    peaks = {name: int(np.argmax(shares)) for name, (shares, _) in histograms.items()}
    left = min(peaks, key=lambda name: peaks[name])
    near = max(peaks.values()) - min(peaks.values()) < len(edges) // 3
    for name, (shares, colour) in histograms.items():
        place = ((edges[peaks[name]] + edges[peaks[name] + 1]) / 2, 100 * shares[peaks[name]])
        side = ("right" if name == left else "left") if near else "center"
        axes.annotate(name, place, xytext=(0, 5), textcoords="offset points", ha=side, color=colour)


def _percent(line: Line) -> Line:
    low, high = (None if each is None else 100 * each for each in (line.low, line.high))
    return Line(line.name, line.x, 100 * line.y, low, high)


def _smoothed(line: Line) -> Line:
    """Means over a sixtieth of the points, each where the middle of them is; of very many, neighbours are taken together first."""
    size = -(-len(line.y) // _MOST_POINTS)
    bounds = np.arange(0, len(line.y), size)
    counts = np.diff(np.append(bounds, len(line.y)))
    x, y = (np.add.reduceat(each, bounds) / counts for each in (line.x, line.y))
    width = max(1, len(y) // _SMOOTHED_POINTS)
    kernel = np.ones(width) / width
    return Line(line.name, *(np.convolve(each, kernel, mode="valid") for each in (x, y)))


def _top(line: Line) -> Floats:
    return line.y if line.high is None else line.high


def _median(edges: Floats, shares: Floats) -> float:
    """The score that half of the pairs are above."""
    whole = np.cumsum(shares)
    return float(edges[1:][np.searchsorted(whole, whole[-1] / 2)]) if whole[-1] > 0 else float(edges[0])


def _short(name: str) -> str:
    """A name that fits beside a chart, safe to print."""
    safe = show(name)
    return safe if len(safe) <= _NAME_CHARS else safe[: _NAME_CHARS - 12] + "…" + safe[-11:]
