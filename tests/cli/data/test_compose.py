"""`hearken data compose`: what it makes, says, and answers to wrong options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.cli.main import run
from tests.data.scenes.small_sounds import write_corpus


@pytest.fixture
def table(tmp_path: Path) -> Path:
    corpus = write_corpus(tmp_path / "in")
    rows = "".join(f'{clip.audio},"{clip.captions[0]}",{clip.tags[0]},train,{clip.licence}\n' for clip in corpus.clips)
    path = tmp_path / "in" / "corpus.csv"
    path.write_text("file,caption,label,split,licence\n" + rows)
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        run(["data", "compose", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(leaving.value.code or 0), captured.out, captured.err


def test_scenes_and_what_is_said(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, table, "--out", tmp_path / "out", "--num", 2, "--max-duration", "0:12", "--jobs", 1, "--labels", "dcase")
    assert (code, err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith(" "))
    assert rows["scenes"].startswith("2 (2 new), 0:2")
    assert rows["manifest"].strip() == str(tmp_path / "out" / "scenes.jsonl")
    assert rows["made"].startswith("of   5 events, 2 backgrounds")
    assert (tmp_path / "out" / "labels" / "events.tsv").is_file()
    assert len(list((tmp_path / "out" / "audio").glob("*.flac"))) == 2


def test_json_and_options(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--num", 1, "--format", "wav", "--licence", "CC0*", "--split", "train", "--seed", 4, "--rate", 16_000, "--captions", 2)
    code, out, _ = call(capsys, table, "--out", tmp_path / "out", *options, "--max-events", 1, "--jobs", 1, "--json")
    report = json.loads(out)
    assert (code, report["num_scenes"], report["licences"], report["num_other_licence"]) == (0, 1, ["CC0 1.0"], 2)
    scene = json.loads((tmp_path / "out" / "scenes.jsonl").read_text())
    assert (scene["rate_hz"], scene["seed"], scene["file"]) == (16_000, 4, "audio/scene-000000.wav")
    assert len([event for event in scene["events"] if not event["background"]]) == 1


def test_bad_sounds_are_told_and_cost_the_exit_code(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (table.parent / "door.wav").write_bytes(b"RIFF and nothing")
    code, out, _ = call(capsys, table, "--out", tmp_path / "out", "--num", 1, "--jobs", 1)
    assert code == 3
    assert "door.wav" in out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--num", "0"], 2, "--num"), (["--format", "mp3"], 2, "--format"), (["--min-duration", "x"], 2, "no length"),
        (["--min-duration", "20", "--max-duration", "10"], 1, "shortest"), (["--licence", "MIT"], 1, "can be an event"),
        (["--split", "none"], 1, "has no split"),
    ],
)  # fmt: skip
def test_errors(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, message: str) -> None:
    found, out, err = call(capsys, table, "--out", tmp_path / "out", *options)
    assert (found, out) == (code, "")
    assert message in err
