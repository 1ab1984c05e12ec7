"""The page: complete, self-contained, and safe whatever the names in it are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import MissingExtraError, extra_hint
from hearken.evaluate.measure import measure
from hearken.evaluate.report.claims import Claim
from hearken.evaluate.report.collect import collect
from hearken.evaluate.report.page import PageOptions, build, looked_at
from hearken.evaluate.store import save
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores
from tests.evaluate.report.made import make_evaluation, make_run, make_task, make_zero_shot
from tests.evaluate.report.waves import write_wave

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{7*7}}"
TURNED = "abc\u202egnp.exe\u2066"
CHROMIUM = shutil.which("chromium")


class Seen(HTMLParser):
    """What a browser would see: tags, the addresses that they name, texts, ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        (self.styles if self.tags and self.tags[-1] == "style" and "{" in data else self.text).append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def values(self, name: str) -> list[str]:
        return [value for _, each, value in self.attributes if each == name]


def evil_evaluation(folder: Path, sounds: Path) -> None:
    """Every name in it is foreign and bad; query 0 misses its clip, and clip 1 is a hub."""
    names = (EVIL, TURNED, "plain.wav", "other.wav")
    paths = []
    for number in range(4):
        paths.append(str(sounds / f"{number}.wav"))
        write_wave(sounds / f"{number}.wav")
    relevance = Relevance.from_lists([[0], [1], [2], [3]], 4)
    task = Task(
        f"task {EVIL}",
        names,
        (EVIL, TURNED, "three", "four"),
        relevance,
        None,
        tuple(paths),
        ((EVIL,), (TURNED,), ("dog",), ()),
        {"left": 3},
    )
    table = np.full((4, 4), 0.1) + np.diag([0.2, 0.5, 0.3, 0.5])
    table[0, 1] = table[2, 1] = 0.9
    scores = TableScores(table)
    save(folder, measure(f"system {EVIL}", task, scores, facts={EVIL: TURNED, "digest": "abc"}), task, scores)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("evil")
    (root / "sounds").mkdir()
    evil_evaluation(root / "evaluation", root / "sounds")
    return build(collect([root / "evaluation"]), PageOptions(title=EVIL + TURNED, about=(EVIL,), command=EVIL, made_on="2024-05-01"))


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Charts take most of the time; where they do not matter, they are empty."""
    monkeypatch.setattr(
        "hearken.evaluate.report.charts.draw", lambda paint, *, name, words, height_in=3.0: f"<svg aria-label='{name}'></svg>"
    )


def test_nothing_foreign_becomes_markup(evil: str) -> None:
    seen = Seen(evil)
    assert "script" not in seen.tags
    assert [name for _, name, _ in seen.attributes if name.startswith("on")] == []
    assert "x" not in seen.values("src")
    assert seen.words.count("<script>alert(1)</script>") >= 5, "the names are there, as text"
    assert "49" not in re.findall(r"&(\d+)", seen.words)


def test_characters_that_turn_text_are_visible(evil: str) -> None:
    assert "\u202e" not in evil
    assert "\u2066" not in evil
    assert r"abc\u202egnp.exe\u2066" in Seen(evil).words


def external(html: str) -> list[str]:
    """Addresses that a page would fetch."""
    seen = Seen(html)
    named = [value for name in ("src", "href", "srcset", "poster", "action", "data", "xlink:href") for value in seen.values(name)]
    inside = re.findall(r"url\(([^)]*)\)", " ".join(seen.styles + seen.values("style") + seen.values("clip-path")))
    return [value for value in named + inside if not value.startswith(("data:", "#"))]


def test_no_address_leads_out(evil: str) -> None:
    assert external(evil) == []
    assert external('<img src="https://x.org/a.png"><p style="background: url(//y.org/b)">') == ["https://x.org/a.png", "//y.org/b"]
    assert "@import" not in evil


def test_a_policy_forbids_what_is_not_inside(evil: str) -> None:
    (policy,) = [value for value in Seen(evil).values("content") if "default-src" in value]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "http" not in policy


def test_every_link_and_mark_has_its_target_and_names_are_unique(evil: str) -> None:
    seen = Seen(evil)
    ids = seen.values("id")
    assert len(ids) == len(set(ids))
    marks = [value[1:] for value in seen.values("href")]
    assert len(marks) >= 10
    assert set(marks) <= set(ids)


def test_headings_go_down_one_at_a_time_and_pictures_have_words(evil: str) -> None:
    seen = Seen(evil)
    levels = [int(tag[1]) for tag in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert seen.tags.count("img") == len([value for tag, name, value in seen.attributes if tag == "img" and name == "alt" and value])
    assert seen.tags.count("svg") == len([value for tag, name, value in seen.attributes if tag == "svg" and name == "aria-label" and value])


def test_mistakes_have_players_and_spectrograms(evil: str) -> None:
    seen = Seen(evil)
    players = [value for tag, name, value in seen.attributes if tag == "audio" and name == "src"]
    assert len(players) >= 4
    assert all(value.startswith("data:audio/mpeg;base64,") for value in players)
    assert all(value.startswith("data:image/png;base64,") for value in seen.values("src") if value not in players)
    assert "the right clip came as number 2 of 4" in seen.words
    assert "first for 2 queries of others, 1 of its own" in seen.words


def test_without_audio_there_is_none(tmp_path, undrawn) -> None:
    (tmp_path / "sounds").mkdir()
    evil_evaluation(tmp_path / "evaluation", tmp_path / "sounds")
    html = build(collect([tmp_path / "evaluation"]), PageOptions(audio=False))
    assert "<audio" not in html
    assert "The sounds were left out" in html


def test_figures_of_a_run_with_curves_and_what_was_published(tmp_path) -> None:
    rows = ({"table": "Table 3", "row": "PaSST-N + bert-base", "expected": {"t2a_mAP@10": 99.5}},)
    make_run(tmp_path / "run", rows=rows, paper="primus2023", steps=9)
    make_evaluation(tmp_path / "run" / "evaluations" / "toy", 2.0)
    html = build(collect([tmp_path / "run"]), PageOptions(sounds=2))
    words = Seen(html).words
    assert "published 99.5 (Primus et al. 2023, Table 3, PaSST-N + bert-base)" in words
    assert "Primus et al. 2023 (Table 3, PaSST-N + bert-base) printed 99.5" in words
    for title in ("Figures", "Recall and similarity", "Mistakes to listen to", "Training", "How it was done"):
        assert title in words
    assert "R@1, text to audio" in words
    assert html.count("<svg") == 2 + 3, "recall and similarity; loss, validation and rate"
    assert "drawing the clips again" in words


def test_a_sweep_says_who_leads_and_tests_claims(tmp_path, undrawn) -> None:
    for name, skill in (("good", 3.0), ("fair", 1.5), ("poor", 0.2)):
        make_evaluation(tmp_path / name, skill)
    claims = (Claim("good", "poor", text="Skill helps."),)
    html = build(collect([tmp_path]), PageOptions(baseline="fair", claims=claims, about=("What was asked.",), sounds=1))
    words = Seen(html).words
    assert "3 systems compared" in words
    assert "Compared are 3 systems on toy: 40 queries, 20 clips, by any-of-n. good has the highest mAP@10" in words
    assert "Recall and similarity: good" in words, "whose curves and mistakes these are"
    assert [look.name for look in looked_at(collect([tmp_path]))] == ["good"]
    assert words.index("What was asked.") < words.index("Skill helps.") < words.index("Against fair")
    assert '<td class="good"><span class="ours">confirmed</span>' in html


def test_the_best_is_that_of_the_task_that_most_did(tmp_path, undrawn) -> None:
    for name, skill in (("good", 3.0), ("fair", 1.5)):
        make_evaluation(tmp_path / name, skill, system=name)
    make_evaluation(tmp_path / "easy", 50.0, system="fair", task=make_task("easy", clips=3))
    make_evaluation(tmp_path / "alone", 50.0, system="alone", task=make_task("large", clips=60))
    collected = collect([tmp_path])
    assert [(look.system.name, look.stored.task.name) for look in looked_at(collected)] == [("good", "toy")]
    words = Seen(build(collected, PageOptions(sounds=0))).words
    assert (
        "Compared are 2 of the 3 systems on toy: 40 queries, 20 clips, by any-of-n. What else was asked or measured (2 more) has" in words
    )
    assert "good on toy: of 40 queries" in words


def test_the_headline_of_a_run_is_of_its_largest_task(tmp_path, undrawn) -> None:
    make_run(tmp_path / "run")
    for name, skill, clips in (("a", 50.0, 3), ("b", 1.0, 30)):
        make_evaluation(tmp_path / "run" / "evaluations" / name, skill, task=make_task(name, clips=clips))
    collected = collect([tmp_path / "run"])
    assert [look.name for look in looked_at(collected)] == ["b", "a"]
    html = build(collected, PageOptions(sounds=0))
    assert "Of b, by any-of-n: b, 60 queries, 30 clips." in html
    figure = collected.systems[0].evaluations["b"].figures["t2a_R@1"].value
    assert Seen(html.partition('class="tiles"')[2]).words.index(f"{100 * figure:.1f}") < 200
    assert "Of so few queries and clips (6 and 3)" in html
    assert "run on b: of 60 queries" in html


def test_captions_worded_alike_are_told_at_the_top(tmp_path, undrawn) -> None:
    make_evaluation(tmp_path / "one", task=replace(make_task(), record={"captions_worded_alike": 7}))
    header = build(collect([tmp_path / "one"]), PageOptions(sounds=0)).partition("</header>")[0]
    assert "7 captions are worded like another clip" in header
    assert "Of so few queries and clips (40 and 20)" in header


def test_every_system_has_a_card(tmp_path, undrawn) -> None:
    facts = {"model": "models/poor", "digest": "abc123", "tta": "4:2x2"}
    task = replace(make_task(), record={"corpora": ["mine.csv"]})
    make_evaluation(tmp_path / "good", 3.0, task=task, facts={"members": ["a", "b"], "weights": [0.75, 0.25]})
    make_evaluation(tmp_path / "poor", 0.5, task=task, facts=facts)
    words = Seen(build(collect([tmp_path]), PageOptions(sounds=0)).partition('id="card"')[2]).words
    assert "The evaluation: good" in words
    assert "weights 0.75, 0.25" in words
    assert "hearken evaluate a b --data mine.csv --definition any-of-n --ensemble mean" in words
    assert "digest of the weights abc123" in words
    assert "hearken evaluate models/poor --data mine.csv --definition any-of-n --tta 4:2x2" in words


def test_a_classification_alone_has_a_page(tmp_path, undrawn) -> None:
    make_zero_shot(tmp_path / "words", system="models/toy")
    html = build(collect([tmp_path]), PageOptions())
    words = Seen(html).words
    assert "Zero-shot classification: toy on mine.csv" in words
    assert "by chance 33.3 %" in words
    assert "cat taken for dog" in words
    assert "Nothing was evaluated" not in words
    assert "evaluation.json" not in words
    assert "hearken evaluate models/toy --data mine.csv --zero-shot --template 'a {}'" in words


def test_what_is_cut_is_told_and_what_is_whole_is_not(evil: str, tmp_path, undrawn) -> None:
    assert not re.search(r"the first \d", evil), "clips of half a second are whole"
    (tmp_path / "sounds").mkdir()
    evil_evaluation(tmp_path / "evaluation", tmp_path / "sounds")
    for number in range(4):
        write_wave(tmp_path / "sounds" / f"{number}.wav", 8.3 if number else 8.02)
    words = Seen(build(collect([tmp_path / "evaluation"]), PageOptions(sounds=4))).words
    assert "the first 8 of 8.3 s" in words
    assert "of 8.0 s" not in words


def test_several_evaluations_of_one_system_are_all_looked_at(tmp_path, undrawn) -> None:
    make_run(tmp_path / "run")
    for name in ("a", "b"):
        make_evaluation(tmp_path / "run" / "evaluations" / name, task=make_task(name))
    collected = collect([tmp_path / "run"])
    assert [look.name for look in looked_at(collected)] == ["a", "b"]
    words = Seen(build(collected, PageOptions(sounds=0))).words
    assert "Recall and similarity: a" in words
    assert "Recall and similarity: b" in words


def test_a_run_without_evaluation_still_has_a_page(tmp_path, undrawn) -> None:
    make_run(tmp_path / "run")
    assert "Nothing was evaluated yet" in build(collect([tmp_path / "run"]))


def test_damaged_scores_are_told_and_left_out(tmp_path, undrawn) -> None:
    make_evaluation(tmp_path / "one")
    np.savez(tmp_path / "one" / "scores.npz", scores=np.full((40, 20), np.nan))
    words = Seen(build(collect([tmp_path / "one"]))).words
    assert "is not looked at closely" in words
    assert "Recall and similarity" not in words


@pytest.mark.parametrize("change", [{"facts": [1]}, {"facts": "x"}, {"settings": {"metrics": ["R@1"], "ways": ["t2a"], "seed": "x"}}])
def test_a_record_of_another_hand_is_told_and_its_figures_shown(tmp_path, undrawn, change: dict[str, object]) -> None:
    make_evaluation(tmp_path / "one")
    record = json.loads((tmp_path / "one" / "evaluation.json").read_text())
    (tmp_path / "one" / "evaluation.json").write_text(json.dumps(record | change))
    words = Seen(build(collect([tmp_path / "one"]))).words
    assert "is not looked at closely: its record is damaged" in words
    assert "40 queries, 20 clips: text to audio" in words
    assert "Nothing was evaluated" not in words


def test_the_same_sources_give_the_same_page(tmp_path, undrawn) -> None:
    make_evaluation(tmp_path / "one")
    options = PageOptions(sounds=1, made_on="2024-05-01")
    assert build(collect([tmp_path / "one"]), options) == build(collect([tmp_path / "one"]), options)


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch) -> None:
    make_evaluation(tmp_path / "one")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError) as missing:
        build(collect([tmp_path / "one"]))
    assert extra_hint("report") in missing.value.hint


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
def test_a_browser_has_nothing_to_complain_about(evil: str, tmp_path) -> None:
    def console(html: str) -> list[str]:
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        command = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={tmp_path / 'page.png'}",
            "--window-size=800,1200", (tmp_path / "page.html").as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert (tmp_path / "page.png").stat().st_size > 10_000, done.stderr
        return [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    assert console(evil) == []
    assert console(evil.replace("</main>", "<script>1</script></main>")) != [], "what a page may not do is told"
