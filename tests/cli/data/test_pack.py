"""`hearken data pack`: what is told, what is left behind, and what contradicts itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.synth import save_wav
from hearken.data.shards.layout import read_index


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Five clips of two splits, one of them broken."""
    lines = ["file,caption,split"]
    for number in range(5):
        save_wav(tmp_path / f"{number}.wav", np.random.default_rng(number).standard_normal(32_000 + number))
        lines.append(f"{number}.wav,Sound number {number}.,{'train' if number < 3 else 'test'}")
    (tmp_path / "1.wav").write_text("no sound")
    (tmp_path / "sounds.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "sounds.csv"


def test_people_are_told_what_failed(cli, table: Path, tmp_path: Path) -> None:
    code, out, err = cli("data", "pack", str(table), "--out", str(tmp_path / "out"), "--jobs", "1", "--max-duration", "0:01", "--seed", "3")
    assert (code, err) == (3, "")
    rows = {line[:8].strip(): line[8:].strip() for line in out.splitlines()}
    assert rows["packed"] == "4 of 5 clips, 0:04.0 of sound"
    assert rows["failed"] == "1 clip"
    assert "1.wav is no sound that can be read" in rows[""]
    assert rows[""].count("1.wav") == 1
    assert rows["note"] == "3 clips longer than --max-duration"
    assert rows["shards"].startswith("1 shard, ")
    assert rows["written"] == str(tmp_path / "out")
    index = read_index(tmp_path / "out")
    assert (index.name, index.source.seed, index.recipe.rate_hz, index.recipe.cut.max_duration_s) == ("sounds", 3, 32_000, 1.0)


def test_json_splits_and_a_second_run(cli, table: Path, tmp_path: Path) -> None:
    command = ("data", "pack", str(table), "--out", str(tmp_path / "out"), "--jobs", "1", "--split", "test", "--json", "--in-order")
    code, out, err = cli(*command)
    told = json.loads(out)
    assert (code, err, told["packed"], told["failed"], told["num_kept"]) == (0, "", 2, 0, 0)
    assert told["recipe"] == {"rate_hz": 32_000, "codec": "flac", "cut": {"max_duration_s": None, "keep": "start", "seed": 0}}
    code, again, _ = cli(*command, "--verify")
    assert (code, json.loads(again)) == (0, told | {"num_kept": 1})
    code, _, err = cli(*command[:-2])
    assert (code, "belongs to a pack of something else" in err) == (1, True)


def test_a_front_end_brings_its_rate(cli, table: Path, tmp_path: Path) -> None:
    command = ("data", "pack", str(table), "--out", str(tmp_path / "out"), "--jobs", "1", "--front-end", "panns_logmel_16k", "--json")
    code, out, _ = cli(*command)
    recipe = json.loads(out)["recipe"]
    assert (code, recipe["codec"], recipe["rate_hz"], recipe["front_end"]["name"]) == (3, "mel", 16_000, "panns_logmel_16k")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--codec", "mp3"], "There is no codec 'mp3' for shards."),
        (["--codec", "mel"], "A front end and the codec mel go together."),
        (["--front-end", "passt_mel", "--rate", "16000"], "The front end passt_mel works at 32000 Hz, not 16000 Hz."),
        (["--front-end", "no_mel"], "There is no front end 'no_mel'."),
        (["--codec", "opus", "--bitrate", "1000"], "Opus takes from 6000 to 256000 bits a second, not 1000000."),
        (["--keep", "best"], "There is no way 'best' to keep a part of a clip."),
        (["--split", "dev"], "has no split 'dev'."),
    ],
)
def test_contradictions(cli, table: Path, tmp_path: Path, options: list[str], message: str) -> None:
    code, out, err = cli("data", "pack", str(table), "--out", str(tmp_path / "out"), *options)
    assert (code, out) == (1, "")
    assert message in err.splitlines()[0]
    assert not (tmp_path / "out").exists()


def test_sounds_that_are_not_here(cli, table: Path, tmp_path: Path) -> None:
    for path in tmp_path.glob("*.wav"):
        path.unlink()
    code, _, err = cli("data", "pack", str(table), "--out", str(tmp_path / "out"))
    assert code == 1
    assert "None of the sounds of" in err
    assert "Paths in a table are relative to the table's folder" in err
