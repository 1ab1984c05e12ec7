"""Figures about corpora, drawn by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hearken.errors import DataError, MissingExtraError, extra_hint, show

SUFFIXES = (".png", ".svg", ".pdf")
_BAR_INCHES = 0.22
_BLUE = "#3465a4"


def plot_words(counts: Sequence[tuple[str, int]], path: Path, title: str) -> None:
    """Draw the most frequent words as bars, most frequent on top (Fig. 1 of Deshmukh et al. 2022), to a PNG, SVG or PDF at `path`.

    Raises MissingExtraError without matplotlib, DataError where the file cannot be written or its kind is unknown.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{show(path)} cannot be written: this is no kind of picture that we draw.", f"Name a {', '.join(SUFFIXES)} file.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Figures need matplotlib.", extra_hint("data")) from error
    figure = Figure(figsize=(6.4, 0.9 + _BAR_INCHES * len(counts)), layout="constrained")
    axes = figure.subplots()
    words, numbers = [word.replace("$", r"\$") for word, _ in counts], [number for _, number in counts]
    bars = axes.barh(range(len(counts)), numbers, color=_BLUE)
    axes.bar_label(bars, padding=2, fontsize=7)
    axes.set_yticks(range(len(counts)), words, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("occurrences")
    axes.set_title(title.replace("$", r"\$"), fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=120, metadata={"Software": None} if path.suffix.lower() == ".png" else None)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{show(path)} cannot be written: {show(str(error))}.", "Check the folder, its permissions and the space left."
        ) from error
