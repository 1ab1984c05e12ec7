"""`hearken data rephrase`: offline, against a server that stands in, killed and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.rephrase.cache import read_cache
from hearken.data.sets.clotho_gpt import read_variations_file
from tests.data.rephrase.standin import KEY, MODEL, StandIn, standing_in
from tests.text.wordnets import write_jsonl

NUM = 60


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in() as server:
        monkeypatch.setenv("HEARKEN_LLM_URL", server.base)
        monkeypatch.setenv("HEARKEN_LLM_MODEL", MODEL)
        monkeypatch.setenv("HEARKEN_LLM_KEY", KEY)
        yield server


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    rows = "".join(f"{number}.wav,The dog number {number} barks at the car.,dog;bark\n" for number in range(NUM))
    path.write_text("file,caption,tags\n" + rows)
    return path


def kept(folder: Path) -> str:
    """All that a run wrote."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file())


def test_variations_by_a_server(cli, server: StandIn, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.json"
    code, text, err = cli("data", "rephrase", str(table), "--out", str(out), "--price-in", "1", "--limit", "5", "--jobs", "2", "--json")
    report = json.loads(text)
    assert code == 0
    assert (report["items"], report["asked_now"], report["accepted"], report["rejected"], report["texts"]) == (5, 5, 5, 0, 25)
    found = list(read_variations_file(out))
    assert [(variation.clip, len(variation.texts)) for variation in found] == [(f"{number}.wav", 5) for number in range(5)]
    assert found[0].texts[0] == "Once more: The dog number 0 barks at the car."
    assert server.seen[0].endswith(" barks at the car.' [dog, bark]")
    assert "5 requests to http://127.0.0.1" in err
    assert "by the prices given" in err
    assert KEY not in kept(tmp_path) + text + err
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_what_failed_is_told_and_asked_again_later(cli, server: StandIn, table: Path, tmp_path: Path) -> None:
    faults = {"number 1 ": "status:400", "number 2 ": "text:Sure! Here they are.", "number 3 ": "text:1. a|2. b|3. c|4. d"}
    server.fault = lambda number, query: next((fault for part, fault in faults.items() if part in query), "")
    command = ["data", "rephrase", str(table), "--out", str(tmp_path / "v.json"), "--limit", "6", "--jobs", "1"]
    code, text, err = cli(*command)
    assert code == 3
    assert "status_400: 1" in text
    rejects = [json.loads(line) for line in (tmp_path / "v.rejects.jsonl").read_text().splitlines()]
    assert [(row["idx"], row["reason"]) for row in rejects] == [(1, "status_400"), (2, "unnumbered"), (3, "count")]
    assert rejects[2]["text"] == "1. a\n2. b\n3. c\n4. d"
    assert KEY not in kept(tmp_path) + text + err
    server.seen.clear()
    faults.clear()
    assert cli(*command)[0] == 3
    assert len(server.seen) == 1  # the one that was never answered
    assert cli(*command, "--retry-rejected")[0] == 0
    assert len(server.seen) == 3
    assert not (tmp_path / "v.rejects.jsonl").exists()
    assert cli(*command)[0] == 0
    assert len(server.seen) == 3


def test_a_dry_run_asks_nothing(cli, server: StandIn, table: Path, tmp_path: Path) -> None:
    command = ["data", "rephrase", str(table), "--out", str(tmp_path / "v.json"), "--limit", "5"]
    code, text, err = cli(*command, "--dry-run", "--price-in", "1", "--price-out", "2", "--json")
    facts = json.loads(text)
    assert (code, err, facts["requests"], server.seen) == (0, "", 5, [])
    assert facts["price"] == pytest.approx((facts["tokens_in"] + 2 * facts["tokens_out"]) / 1e6, abs=1e-4)
    assert "The dog number 0" in facts["first_question"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    cli(*command)
    assert json.loads(cli(*command, "--dry-run", "--json")[1])["requests"] == 0


def test_captions_from_metadata_are_a_table(cli, server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"file": "a.wav", "title": "Dog 1"}\n{"file": "b.wav", "tags": ["rain"]}\n{"file": "c.wav"}\n')
    server.answer = lambda query: "A dog barks." if "Dog" in query else "1. NONE"
    code, _, _ = cli("data", "rephrase", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "new.jsonl"), "--prompt", "metadata")
    assert code == 3
    (clip,) = load(tmp_path / "new.jsonl").clips
    assert (clip.audio, clip.captions, clip.title) == ("a.wav", ("A dog barks.",), "Dog 1")
    assert json.loads((tmp_path / "new.rejects.jsonl").read_text())["reason"] == "no_sound"


@pytest.mark.parametrize(
    ("fault", "message"), [("status:401", "refuses the key (401)"), ("status:404", "no such address or model"), ("moved", "sends us to")]
)
def test_a_refusal_ends_it(cli, server: StandIn, table: Path, tmp_path: Path, fault: str, message: str) -> None:
    server.fault = lambda number, query: fault if number >= 3 else ""
    code, out, err = cli("data", "rephrase", str(table), "--out", str(tmp_path / "v.json"), "--jobs", "1")
    assert (code, out) == (1, "")
    assert message in err
    assert "3 answers kept in" in err
    assert len(server.seen) <= 5
    assert not (tmp_path / "v.json").exists()
    assert KEY not in kept(tmp_path) + err


def test_failures_in_a_row_end_it(cli, server: StandIn, table: Path, tmp_path: Path) -> None:
    server.fault = lambda number, query: "status:400" if number >= 3 else ""
    code, _, err = cli("data", "rephrase", str(table), "--out", str(tmp_path / "v.json"), "--jobs", "1", "--max-failures", "4")
    assert code == 1
    assert "4 questions in a row had no usable answer; the last: status_400" in err
    assert len((tmp_path / "v.rejects.jsonl").read_text().splitlines()) == 4


def test_killed_and_gone_on_with(server: StandIn, table: Path, tmp_path: Path) -> None:
    """kill -9 in the middle: then exactly what has no answer on the disk is asked, and nothing is lost."""
    server.delay_s = 0.02
    out, cache = tmp_path / "v.json", tmp_path / "v.answers.jsonl"
    command = [sys.executable, "-m", "hearken", "data", "rephrase", str(table), "--out", str(out), "--jobs", "3", "--prompt", "rephrase"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    deadline_s = time.monotonic() + 240
    while len(server.answered) < NUM // 3 and time.monotonic() < deadline_s:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    first: list[str] = []
    while not first or len(first) < len(server.seen):  # whatever was under way reaches the server's log
        first = list(server.seen)
        time.sleep(0.3)
    paid = {record["response"]["id"] and record["key"] for record in read_cache(cache)}
    assert NUM // 3 - 3 <= len(paid) < NUM
    assert len(first) - len(paid) <= 3  # no more than were under way
    server.delay_s = 0.0
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120, env=os.environ)
    report = json.loads(done.stdout)
    again = server.seen[len(first) :]
    assert done.returncode == 0
    assert (report["asked_now"], report["accepted"], len(again)) == (NUM - len(paid), NUM, NUM - len(paid))
    assert len(set(again)) == len(again)
    assert set(first) | set(again) == set(server.seen)
    assert len(set(server.seen)) == NUM
    records = list(read_cache(cache))
    assert len(records) == len({record["key"] for record in records}) == NUM
    assert paid <= {record["key"] for record in records}
    assert [variation.clip for variation in read_variations_file(out)] == [f"{number}.wav" for number in range(NUM)]
    assert KEY not in kept(tmp_path) + done.stdout + done.stderr


def test_interrupted_and_gone_on_with(server: StandIn, table: Path, tmp_path: Path) -> None:
    server.fault = lambda number, query: "status:503:100" if number == 10 else ""  # one is waiting to try again
    command = [sys.executable, "-m", "hearken", "data", "rephrase", str(table), "--out", str(tmp_path / "v.json"), "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    deadline_s = time.monotonic() + 240
    while len(server.seen) < 11 and time.monotonic() < deadline_s:
        time.sleep(0.005)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=80)  # it does not sit out the 100 seconds
    assert process.returncode == 130
    assert "10 answers kept in" in err
    assert len(list(read_cache(tmp_path / "v.answers.jsonl"))) == 10


def test_eda(cli, table: Path, tmp_path: Path) -> None:
    wordnet = write_jsonl(tmp_path / "w.jsonl.gz")
    out = tmp_path / "v.json"
    command = [
        "data",
        "rephrase",
        str(table),
        "--out",
        str(out),
        "--offline",
        "eda",
        "--wordnet",
        str(wordnet),
        "--num",
        "2",
        "--limit",
        "3",
    ]
    code, text, _ = cli(*command, "--operations", "replace", "--any-word", "--json")
    assert (code, json.loads(text)) == (0, {"method": "eda", "items": 3, "without": 0, "texts": 3, "out": str(out)})
    assert [variation.texts for variation in read_variations_file(out)] == [
        (f"The dog number {n} barks at the automobile.",) for n in range(3)
    ]
    before = out.read_bytes()
    assert cli(*command, "--operations", "replace", "--any-word")[0] == 1
    assert cli(*command, "--operations", "replace", "--any-word", "--overwrite")[0] == 0
    assert out.read_bytes() == before
    assert cli(*command, "--operations", "replace", "--json", "--overwrite")[1].count('"without": 3') == 1  # no synonym is in the corpus


def test_templates(cli, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.text.wordnet.usual_places", list)
    monkeypatch.delenv("HEARKEN_WORDNET", raising=False)
    code, _, err = cli("data", "rephrase", str(table), "--out", str(tmp_path / "t.jsonl"), "--offline", "templates", "--num", "2")
    assert code == 0
    assert "Labels are taken as they are" in err
    assert [len(clip.captions) for clip in load(tmp_path / "t.jsonl").clips] == [2] * NUM


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{folder}/v.txt"], "ends neither with .json nor with .jsonl"),
        (["--out", "{folder}/v.json", "--offline", "magic"], "There is no offline method 'magic'"),
        (["--out", "{folder}/v.json", "--offline", "eda", "--operations", "fly"], "is no list of operations"),
        (["--out", "{folder}/v.json", "--offline", "eda", "--wordnet", "{folder}/none"], "There is no WordNet at"),
        (["--out", "{folder}/v.json", "--offline", "templates", "--wordnet", "{folder}/none"], "There is no WordNet at"),
        (["--out", "{folder}/v.json"], "No language model is named"),
        (["--out", "{folder}/v.json", "--endpoint", "http://x.example/v1", "--model", "m"], "is not encrypted"),
        (
            ["--out", "{folder}/v.json", "--endpoint", "https://x.example/v1", "--model", "m", "--policy", "mild"],
            "There is no policy 'mild'",
        ),
        (
            ["--out", "{folder}/v.json", "--endpoint", "https://x.example/v1", "--model", "m", "--prompt", "nice"],
            "There is no prompt 'nice'",
        ),
    ],
)
def test_errors(cli, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"HEARKEN_LLM_{name}", raising=False)
    if "--wordnet" not in arguments:
        monkeypatch.setenv("HEARKEN_WORDNET", str(write_jsonl(tmp_path / "w.jsonl")))
    code, out, err = cli("data", "rephrase", str(table), *(argument.format(folder=tmp_path) for argument in arguments))
    assert (code, out) == (1, "")
    assert message in err
    assert "Hint: " in err


def test_the_source_is_never_overwritten(cli, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"file": "a.wav", "caption": "A dog barks."}\n')
    code, _, err = cli(
        "data", "rephrase", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "mine.jsonl"), "--offline", "templates", "--overwrite"
    )
    assert code == 1
    assert "is what is to be rephrased" in err
