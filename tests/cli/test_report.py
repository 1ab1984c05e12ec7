"""`hearken report`: the page, the tables, and what is told when something is wrong."""

from __future__ import annotations

import csv
import json
import re

import pytest

from hearken.cli.main import run
from hearken.cli.report import Form, form_of
from tests.evaluate.report.made import make_evaluation, make_zero_shot

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


def program(*arguments: object) -> int:
    with pytest.raises(SystemExit) as leaving:
        run(["report", *map(str, arguments)])
    return leaving.value.code


@pytest.fixture
def folder(tmp_path):
    make_evaluation(tmp_path / "runs" / "good", 3.0)
    make_evaluation(tmp_path / "runs" / "poor", 0.5)
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch) -> None:
    """Charts take most of the time, and are tested elsewhere."""
    monkeypatch.setattr(
        "hearken.evaluate.report.charts.draw", lambda paint, *, name, words, height_in=3.0: f"<svg aria-label='{name}'></svg>"
    )


def test_a_page_with_its_title_and_what_was_typed(folder, tmp_path, capsys) -> None:
    about = tmp_path / "about.txt"
    about.write_text("What was\nasked.\n\n\nWhat was not.\n")
    out = tmp_path / "page.html"
    assert program(folder, "--out", out, "--title", "My <page>", "--about", about, "--sounds", 0, "--baseline", "poor") == 0
    html = out.read_text(encoding="utf-8")
    assert "My &lt;page&gt;" in html
    assert "<p>What was asked.</p><p>What was not.</p>" in re.sub(r">\s+<", "><", html)
    assert "Against poor" in html
    typed = f"hearken report {folder} --out {out} --title 'My <page>' --baseline poor --about {about} --sounds 0</"
    assert typed in html.replace("&#39;", "'").replace("&lt;page&gt;", "<page>"), "all that it takes to make the page again"
    assert f"Written: {out}" in capsys.readouterr().err


def test_tables_by_the_name_of_the_file_or_by_the_option(folder, tmp_path, capsys) -> None:
    assert [form_of(tmp_path / name) for name in ("a.md", "a.CSV", "a.tex", "a.html", "a")] == [
        Form.MD,
        Form.CSV,
        Form.LATEX,
        Form.HTML,
        Form.HTML,
    ]
    assert program(folder, "--out", tmp_path / "t.md") == 0
    assert "| system |" in (tmp_path / "t.md").read_text()
    assert program(folder, "--out", tmp_path / "t.txt", "--format", "csv") == 0
    with (tmp_path / "t.txt").open() as file:
        assert {row["row"] for row in csv.DictReader(file)} == {"good", "poor"}
    assert program(folder, "--out", tmp_path / "t.tex") == 0
    assert r"\toprule" in (tmp_path / "t.tex").read_text()


@pytest.mark.parametrize("name", ["rep.pdf", "rep.json", "sweep.v2"])
def test_an_ending_that_says_nothing_is_refused_with_the_list(folder, tmp_path, capsys, name: str) -> None:
    assert program(folder, "--out", tmp_path / name) == 2
    assert ".html, .htm, .md, .csv, .tex" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / name).exists()
    assert program(folder, "--out", tmp_path / name, "--format", "md") == 0
    assert form_of(tmp_path / "a.htm") is Form.HTML


def test_a_classification_alone_is_reported(tmp_path, capsys) -> None:
    make_zero_shot(tmp_path / "words")
    assert program(tmp_path / "words", "--out", tmp_path / "t.md") == 0
    assert "cat taken for dog" in (tmp_path / "t.md").read_text()


def test_json_says_what_was_written_and_skipped(folder, tmp_path, capsys) -> None:
    (folder / "broken").mkdir()
    (folder / "broken" / "evaluation.json").write_text("{")
    assert program(folder, "--out", tmp_path / "t.csv", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["systems"], told["bytes"]) == ("csv", ["good", "poor"], (tmp_path / "t.csv").stat().st_size)
    assert len(told["skipped"]) == 1
    assert "broken" in told["skipped"][0]


def test_a_curve_is_drawn_and_only_in_html(folder, tmp_path, capsys) -> None:
    curve = tmp_path / "curve.json"
    curve.write_text(json.dumps([{"name": "Multi", "tau": 10, "metric": "t2a_R@10", "value": 0.3, "low": 0.2, "high": 0.4}]))
    assert program(folder / "good", "--out", tmp_path / "p.html", "--tta-curve", curve, "--sounds", 0) == 0
    assert "Test-time augmentation" in (tmp_path / "p.html").read_text(encoding="utf-8")
    assert program(folder, "--out", tmp_path / "t.md", "--tta-curve", curve) == 2
    assert program(folder, "--out", tmp_path / "t.md", "--about", curve) == 2


def test_a_place_where_nothing_can_be_written_is_told_before_the_work(folder, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("hearken.evaluate.report.collect.collect", lambda places: pytest.fail("it was worked"))
    assert program(folder, "--out", tmp_path) == 1
    assert f"{tmp_path} cannot be written: it is a folder" in capsys.readouterr().err
    assert program(folder, "--out", tmp_path / "gone" / "p.html") == 1
    assert "its folder is not there" in capsys.readouterr().err


def test_errors_are_sentences(folder, tmp_path, capsys) -> None:
    assert program(tmp_path / "none", "--out", tmp_path / "p.html") == 1
    assert "There is no folder" in capsys.readouterr().err
    assert program(folder, "--out", tmp_path / "p.md", "--baseline", "nobody") == 1
    assert "There is no system nobody" in capsys.readouterr().err
    assert program(folder, "--out", tmp_path / "gone" / "p.md") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert program(folder, "--out", tmp_path / "p.html", "--about", tmp_path / "none.txt") == 1
    assert "cannot be read as text" in capsys.readouterr().err
