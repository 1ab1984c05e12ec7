"""Charts: what they draw is what they were given, in words as well."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hearken.evaluate.report.charts import (
    Line,
    TtaPoint,
    Whisker,
    _smoothed,
    recall_chart,
    similarity_chart,
    systems_chart,
    training_chart,
    tta_chart,
)
from hearken.metrics.confidence import Interval

pytest.importorskip("matplotlib")


def line(name: str, low: bool = True) -> Line:
    y = np.array([0.2, 0.5, 0.75])
    return Line(name, np.array([1.0, 5.0, 10.0]), y, y - 0.1 if low else None, y + 0.1 if low else None)


def words_of(svg: str) -> str:
    return re.search(r'aria-label="([^"]*)"', svg)[1]


def texts_of(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_recall_names_its_lines_and_draws_bands() -> None:
    svg = recall_chart([line("text to audio"), line("audio to text")])
    assert "text to audio: 20.0 % at k = 1, 75.0 % at k = 10" in words_of(svg)
    assert {"text to audio", "audio to text"} <= set(texts_of(svg))
    assert svg.count("fill-opacity: 0.22") >= 2
    assert "fill-opacity: 0.22" not in recall_chart([line("a", low=False)])


def test_names_that_end_together_stand_apart() -> None:
    svg = recall_chart([line("one"), line("two"), line("three")])
    heights = [float(found[2]) for found in re.finditer(r'<text[^>]* (x)="[\d.]+" y="([\d.]+)"[^>]*>(?:one|two|three)<', svg)]
    assert len(heights) == 3
    assert min(np.diff(sorted(heights))) > 9


def test_similarity_says_where_the_halves_are() -> None:
    edges, right, other = np.linspace(0, 1, 5), np.array([0, 0, 0, 1.0]), np.array([1.0, 0, 0, 0])
    svg = similarity_chart(edges, right, other)
    assert "half of the right pairs are above 1.00, half of the others above 0.25" in words_of(svg)
    assert {"right pairs", "other pairs"} <= set(texts_of(svg))


def test_training_marks_what_was_kept() -> None:
    many = Line("run", np.arange(1.0, 501.0), np.linspace(4, 1, 500))
    svg = training_chart([many], title="loss", name="loss", best=400, smooth=True)
    assert "kept" in texts_of(svg)
    assert "run ends at 1. The best step is 400." in words_of(svg)
    assert "kept" not in texts_of(training_chart([many], title="loss", name="loss"))


def test_systems_have_whiskers_and_published_diamonds() -> None:
    rows = [Whisker("a", Interval(0.3, 0.25, 0.35, "bootstrap"), 0.31), Whisker("b", Interval(0.2, 0.15, 0.25, "bootstrap"))]
    svg = systems_chart(rows, title="mAP@10")
    assert "a 30.0 from 25.0 to 35.0; b 20.0 from 15.0 to 25.0" in words_of(svg)
    assert "var(--ground)" in svg
    assert not {"0", "5", "10"} & set(texts_of(svg)), "the diamond stands among the dots"
    assert "var(--ground)" not in systems_chart(rows[1:], title="mAP@10")


def test_tta_has_each_tau_once() -> None:
    points = [TtaPoint(name, tau, "t2a_R@10", Interval(0.3, 0.2, 0.4)) for name in ("Mid", "Multi") for tau in (1, 10, 100)]
    svg = tta_chart(points, metric="T2A R@10")
    assert [text for text in texts_of(svg) if text in ("1", "10", "100")] == ["1", "10", "100"]
    assert {"Mid", "Multi"} <= set(texts_of(svg))


def test_tta_draws_ranks_as_they_are() -> None:
    points = [TtaPoint("Multi", tau, "t2a_medR", Interval(value, value, value + 1)) for tau, value in ((1, 8.0), (10, 6.0))]
    svg = tta_chart(points, metric="T2A medR", percent=False)
    assert "Multi at 1: 8.0 from 8.0 to 9.0; Multi at 10: 6.0 from 6.0 to 7.0" in words_of(svg)
    assert "T2A medR" in texts_of(svg)
    assert not any("%" in text for text in texts_of(svg))
    assert "T2A medR in %" in texts_of(tta_chart(points, metric="T2A medR"))


def test_a_smooth_line_lies_in_the_middle_of_what_it_is_the_mean_of() -> None:
    steps = np.arange(1.0, 601.0)
    smooth = _smoothed(Line("run", steps, 2 * steps))
    assert np.allclose(smooth.y, 2 * smooth.x)
    assert (smooth.x[0], smooth.x[-1], len(smooth.x)) == (pytest.approx(5.5), pytest.approx(595.5), 591)
    few = Line("run", steps[:20], steps[:20])
    assert np.array_equal(_smoothed(few).y, few.y)


def test_a_million_steps_are_smooth_in_no_time_and_one_wild_step_spoils_its_neighbours_alone() -> None:
    y = np.ones(1_000_000)
    y[500_000] = 1e30
    smooth = _smoothed(Line("run", np.arange(1_000_000.0), y))
    assert len(smooth.y) < 6_000
    assert smooth.y.max() > 1e20
    assert smooth.y[:2_000] == pytest.approx(1.0)
    assert smooth.y[-2_000:] == pytest.approx(1.0)


def test_foreign_names_are_escaped_shortened_and_no_formulas() -> None:
    name = "<script>$\\frac{1}{2}$ \u202e" + "x" * 80
    svg = systems_chart([Whisker(name, Interval(0.3, 0.25, 0.35))], title="mAP@10")
    assert "<script" not in svg
    assert "\u202e" not in svg
    (label,) = [text for text in texts_of(svg) if "script" in text]
    assert "$\\frac" in label
    assert len(label) < 50
