"""The card and the page of the shipped captioner are what its recipe writes from the shipped JSON files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from caption_card import main, new_card, new_page

from hearken.caption.catalog import find_captioner

ROOT = Path(__file__).resolve().parents[2]
CARD, PAGE = (path.read_text(encoding="utf-8") for path in (find_captioner() / "MODEL_CARD.md", ROOT / "docs" / "captions.md"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped captioner, and of the page beside it."""
    shutil.copy(ROOT / "docs" / "captions.md", tmp_path)
    return Path(shutil.copytree(find_captioner(), tmp_path / "captioner"))


@pytest.fixture
def training(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "training.json").read_text(encoding="utf-8"))


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    page = folder.parent / "captions.md"
    monkeypatch.setattr(sys, "argv", ["caption_card.py", "--captioner", str(folder), "--page", str(page)])
    main()
    return (folder / "MODEL_CARD.md").read_text(encoding="utf-8"), page.read_text(encoding="utf-8")


def test_what_ships_is_what_the_recipe_writes(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, monkeypatch) == (CARD, PAGE)
    assert "right about half of the time" in capsys.readouterr().out


def test_other_figures_come_into_card_and_page(folder: Path, training: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    own = training["dev"]["systems"]["pocket-captions"]
    own["CIDEr-D"] = {"value": 3.1114, "low": 2.2225, "high": 4.0}
    own["exact"]["value"] = 0.314
    training["dev"]["systems"]["pocket-captions - the bank, one event"]["CIDEr-D"] = {"value": 0.5, "low": -0.0006, "high": 1.0}
    training["captions"]["WavText5K"] += 10_000
    training["dev, right"]["sure"] = 0.666
    margin = 0.35 if training["chosen"]["margin"] == 0.3 else 0.3
    training["chosen"]["margin"] = margin
    first = training["examples"]["every 84th"][0]
    first |= {"caption": "A rook calls.", "score": 0.3, "similarity": -0.111}
    training["sources"] = {"kitchen20": 9}
    (folder / "training.json").write_text(json.dumps(training), encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["patterns"]["margin"] = margin
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    card, page = run(folder, monkeypatch)
    for text in (card, page):
        assert "3.111 [2.2" in text.replace("**", "")
        assert "the\nothers 67 %" in text or "the others 67 %" in text
    many = f"{sum(training['captions'].values()):,}"
    assert f"| captions | {many} real ones: " in card
    assert f"it holds {many} captions" in page
    assert "about 31 of 100" in card
    assert f"better than the first by {margin}:" in card
    assert (f"| **{margin}** | " in card, card.count("| **0")) == (True, 1)
    assert "| +0.500 [-0.001, +1.000] |" in card
    assert "Joining costs -0.500 [-1.000, 0.001] CIDEr-D" in page
    assert f"| {first['label']} | A rook calls. | 0.30 unsure | -0.11 |\n" in card
    assert f"| {first['label']} | A rook calls. | 0.30 unsure |\n" in page
    rows = [line for line in card.split("| source | recordings |")[1].splitlines() if line.startswith("| ")]
    assert (len(rows), rows[0].startswith("| kitchen20 | 9 | Apache-2.0 as stated;")) == (1, True)
    digest = next(line for line in card.splitlines() if line.startswith("| digest |"))
    assert digest not in CARD
    assert run(folder, monkeypatch) == (card, page)


def test_a_score_of_the_page_stays_where_it_differs_by_rounding_alone(folder: Path, training: dict[str, Any]) -> None:
    (first, *_), start = training["examples"]["every 84th"], PAGE.split("| true label | machine-made | score |\n|---|---|---|\n")[0]
    first |= {"score": 0.895}
    known = f"| {first['label']} | {first['caption']} |"
    for told, kept in (("0.89", "0.89"), ("0.90", "0.90"), ("0.88", f"{0.895:.2f}")):
        before = start + f"| true label | machine-made | score |\n|---|---|---|\n{known} {told} |\n"
        page = new_page(before + PAGE[PAGE.index("\n## Weaknesses") :], folder, training)
        assert f"{known} {kept} |\n" in page


@pytest.mark.parametrize(
    ("sentence", "named"),
    [("beyond its words' cosine", "a caption without recordings gets"), ("| margin | one event", "| margin | one event")],
)
def test_a_missing_sentence_or_table_is_named(sentence: str, named: str, folder: Path, training: dict[str, Any]) -> None:
    with pytest.raises(SystemExit) as caught:
        new_card(CARD.replace(sentence, "otherwise"), folder, training)
    assert named in str(caught.value)


def test_a_sentence_that_comes_twice_is_named(folder: Path, training: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"2 times, not 1: .*mixtures of two training sounds"):
        new_page(PAGE + "\nof 240 real mixtures of two training sounds it joins 5 %.\n", folder, training)


def test_nothing_is_written_where_the_page_lacks_something(folder: Path, training: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    training["left out"] = 99_999
    (folder / "training.json").write_text(json.dumps(training), encoding="utf-8")
    (folder.parent / "captions.md").write_text("# Captions\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        run(folder, monkeypatch)
    assert (folder / "MODEL_CARD.md").read_text(encoding="utf-8") == CARD


def test_a_source_without_a_licence_is_named(folder: Path, training: dict[str, Any]) -> None:
    training["sources"]["street"] = 3
    with pytest.raises(SystemExit, match="no licence for the source street"):
        new_card(CARD, folder, training)


def test_json_files_of_two_captioners_are_refused(folder: Path, training: dict[str, Any]) -> None:
    training["chosen"]["margin"] = 0.15
    with pytest.raises(SystemExit, match="not of one captioner"):
        new_card(CARD, folder, training)
