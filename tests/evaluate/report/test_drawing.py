"""Drawings that stand inside HTML: no addresses, no prologue, colours by name, marks that do not clash."""

from __future__ import annotations

import re
import sys

import pytest

from hearken.errors import MissingExtraError, extra_hint
from hearken.evaluate.report.drawing import INK, SERIES, draw

pytest.importorskip("matplotlib")


def paint(axes) -> None:
    axes.plot([1, 2], [1, 4], marker="o", color=SERIES[0])
    axes.text(1, 2, "漢字 <b> $x$ #0072b2", color=INK)


def test_only_the_element_with_colours_by_name() -> None:
    svg = draw(paint, name="one", words='a "quoted" <b>')
    assert svg.startswith('<svg class="chart" role="img" aria-label="a &quot;quoted&quot; &lt;b&gt;" viewBox="0 0 374.4 216"')
    assert svg.endswith("</svg>")
    assert "http" not in svg
    assert "<style" not in svg
    assert "font-family" not in svg
    assert "stroke: var(--series-1)" in svg
    assert "fill: currentColor" in svg
    assert "漢字 &lt;b&gt; $x$ #0072b2" in svg


def test_marks_are_of_one_drawing_alone() -> None:
    first, second = draw(paint, name="one", words=""), draw(paint, name="two", words="")
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    used = re.findall(r'(?:href="|url\()#([^")]*)', first)
    assert used
    assert set(used) <= ids[0]


def test_the_same_drawing_twice_is_the_same() -> None:
    assert draw(paint, name="one", words="") == draw(paint, name="one", words="")


def test_settings_of_others_stay_as_they_are() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw(paint, name="one", words="")
    assert dict(mpl.rcParams) == before


def test_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as missing:
        draw(paint, name="one", words="")
    assert extra_hint("report") in missing.value.hint
