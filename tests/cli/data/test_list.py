"""`hearken data list`: all cards as a table, one card in full, everything as JSON."""

from __future__ import annotations

import json

import pytest

from hearken.cli.data.list import facts
from hearken.cli.main import run
from hearken.data.card import Card, File, Split
from hearken.data.table import CORPORA

CARD = Card(
    "mine", "Mine", "A corpus.", "CC0", "per clip", "https://home", "Me (2026)",
    (Split("train", 1200, 1), Split("test", 1, 5), Split("asked", 0, 0, num_queries=7), Split("said", 0, 0, num_variations=None)),
    (
        File("a.csv", md5="f" * 32), File("b.csv", sha256="0" * 64), File("c.csv", urls=("https://x",)), File("b.7z", holds="audio", how="Ask."),
    ),
    notes=("Mind.",),
)  # fmt: skip


def output(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as leaving:
        run(["data", "list", *arguments])
    assert leaving.value.code == 0
    return capsys.readouterr().out


def test_every_corpus_has_its_row(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    for name, complete in (("clotho", True), ("macs", False)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prepared.json").write_text(json.dumps({"complete": complete}))
    rows = {line.split()[0]: line for line in output([], capsys).splitlines()[1:] if line.strip()}
    assert set(CORPORA) <= set(rows)
    assert rows["clotho"].split()[1:6] == ["6", "972", "29", "645", "yes"]
    assert rows["dcase2025"].split()[1:3] == ["1", "037"]
    assert " partly " in rows["macs"]
    assert not {"yes", "partly"} & set(rows["clotho-gpt"].split())


def test_json_has_every_card(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    found = json.loads(output(["--json"], capsys))
    assert found["home"] == str(tmp_path)
    assert [card["name"] for card in found["corpora"]] == list(CORPORA)
    assert [card["here"] for card in found["corpora"]] == [""] * len(CORPORA)


def test_one_card(capsys) -> None:
    shown = output(["clotho"], capsys)
    assert "d4090b39ce9f2491908eebf4d5b09bae" in shown
    assert "3 839 clips, 19 195 captions" in shown


def test_a_split_shows_the_card_of_its_corpus(capsys) -> None:
    assert output(["clotho-evaluation"], capsys) == output(["clotho"], capsys)


def test_names_and_numbers_stay_whole_in_a_narrow_terminal(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = output([], capsys).splitlines()
    assert max(map(len, lines)) <= 80
    assert "licence" not in lines[0]
    assert set(CORPORA) <= {line.split(" ")[0] for line in lines}


def test_facts_of_a_card() -> None:
    rows = dict(facts(CARD))
    assert rows["splits"] == [
        "train: 1 200 clips, 1 caption", "test: 1 clip, 5 captions", "asked: 7 queries", "said: variations of captions",
    ]  # fmt: skip
    assert rows["files"] == [
        f"a.csv (text; MD5 {'f' * 32})", f"b.csv (text; SHA-256 {'0' * 64})", "c.csv (text; no published digest)", "b.7z (audio; by hand: Ask.)",
    ]  # fmt: skip
    assert rows["licence"] == ["captions: CC0", "sound: per clip"]
    assert rows["note"] == ["Mind."]
    assert not {"size", "captions by"} & set(rows)
