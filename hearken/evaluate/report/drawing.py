"""Drawings for the page: by matplotlib, without a display, as SVG that stands inside HTML.

Colours are not drawn but named: the page's style says what `currentColor` and `--series-1` are, so one drawing serves the light and the
dark page. Text stays text. Names in a drawing are foreign and are never read as formulas.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from hearken.errors import MissingExtraError, extra_hint, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, GROUND = "#010203", "#010204", "#010205"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7a5c00", "#5b4b9a", "#56b4e9", "#8c8c8c")
"""What to draw with: ink, lines that stand back, the page's ground, and eight colours that the colour-blind tell apart (Okabe and Ito)."""
WIDTH_IN = 5.2
_NAMED = {INK: "currentColor", FAINT: "var(--faint)", GROUND: "var(--ground)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "text.parse_math": False, "axes.unicode_minus": True, "font.family": "sans-serif", "font.size": 10.5,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.facecolor": "none",
    "figure.facecolor": "none", "savefig.facecolor": "none", "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": FAINT, "grid.linewidth": 0.6, "axes.axisbelow": True, "lines.linewidth": 1.8,
    "axes.labelsize": 10.5, "xtick.labelsize": 10, "ytick.labelsize": 10, "path.simplify": True,
}  # fmt: skip

Paint = Callable[["Axes"], None]


def draw(paint: Paint, *, name: str, words: str, height_in: float = 3.0) -> str:
    """Return the drawing that `paint` makes on axes, as an SVG element that can stand in HTML.

    `name` tells it from the others of the page (letters only), `words` say to those who do not see it what it shows. Raises
    MissingExtraError without matplotlib.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", extra_hint("report")) from error
    made = io.StringIO()
    style: Any = {**_STYLE, "svg.hashsalt": name}  # its type is a list of all keys that there are
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)  # the reader's browser has other fonts
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        paint(figure.subplots())
        figure.savefig(made, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(made.getvalue(), name, words)


def _inline(svg: str, name: str, words: str) -> str:
    """The element alone: without prologue, addresses, fixed size and a style of its own; its marks have names that no other drawing has."""
    body = svg[svg.index("<svg") :]
    head, _, body = body.partition(">")
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    box = re.search(r'viewBox="[\d. -]+"', head)
    body = body.replace("xlink:href=", "href=")
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{name}-", body)
    body = re.sub(r'\bstyle="([^"]*)"', lambda found: f'style="{_style(found[1])}"', body)
    label = escape(show(words), quote=True)
    return f'<svg class="chart" role="img" aria-label="{label}" {box.group() if box else ""}>{body.strip()}'


def _style(style: str) -> str:
    """A style with named colours, and with the page's letters."""
    for drawn, named in _NAMED.items():
        style = style.replace(drawn, named)
    return re.sub(r" ?font-family: [^;]*;?", "", style)
