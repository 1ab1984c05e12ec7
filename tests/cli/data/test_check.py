"""`hearken data check`: tables, JSON, exit codes, and what a test set shares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.check import check
from tests.data.site import save_silence, wav


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "data"))
    for number in range(4):
        (tmp_path / f"{number}.wav").write_bytes(wav(number))
    (tmp_path / "same.wav").write_bytes(wav(3))
    save_silence(tmp_path / "still.wav")
    rows = "".join(f"{name}.wav,Caption {name}.,0.25\n" for name in ("0", "1", "2", "3", "same", "still"))
    (tmp_path / "t.csv").write_text(f"file,caption,duration\n{rows}")
    return tmp_path / "t.csv"


def spoil(table: Path) -> None:
    with table.open("a") as file:
        file.write("page.wav,A page.,1\nabsent.wav,Nothing.,1\n1b.wav,Long.,9\n")
    (table.parent / "page.wav").write_bytes(b"<html></html>" * 99)
    (table.parent / "1b.wav").write_bytes(wav(77))


def test_a_clean_corpus(cli, table: Path) -> None:
    code, out, err = cli("data", "check", str(table), "--jobs", "2")
    assert code == 0
    line = out.splitlines()[1].split()
    assert line[:5] == ["all", "6", "6", "0", "6"]
    assert "1 silent" in out
    assert "formats: wav/pcm_s16le 8000 Hz: 6" in out
    assert "1 group of equal sounds" in out
    assert "equal: 3.wav, same.wav" in err
    assert "silent: still.wav" in err


def test_faults_are_told_and_the_code_is_3(cli, table: Path) -> None:
    spoil(table)
    code, out, err = cli("data", "check", str(table), "--jobs", "1")
    assert code == 3
    assert out.splitlines()[1].split()[:6] == ["all", "9", "9", "1", "7", "1"]
    assert "missing: absent.wav" in err
    assert "broken: " in err
    assert "page.wav is no sound" in err
    assert "other length: 1b.wav has 0.25 s, not 9.00 s" in err


def test_json(cli, table: Path) -> None:
    spoil(table)
    code, out, err = cli("data", "check", str(table), "--jobs", "1", "--json")
    report = json.loads(out)
    assert (code, err, report["clean"]) == (3, "", False)
    assert report["splits"][0]["counts"]["broken"] == 1
    assert "leaks" not in report


def test_a_ledger_of_ones_own_and_again(cli, table: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "l.jsonl"
    for _ in range(2):
        assert cli("data", "check", str(table), "--jobs", "1", "--ledger", str(ledger)).code == 0
        assert len(ledger.read_text().splitlines()) == 6
    assert cli("data", "check", str(table), "--jobs", "1", "--ledger", str(ledger), "--again").code == 0
    assert len(ledger.read_text().splitlines()) == 6


def test_no_decode(cli, table: Path, tmp_path: Path) -> None:
    spoil(table)
    code, out, err = cli("data", "check", str(table), "--no-decode")
    assert code == 3
    assert out.splitlines()[0].split() == ["split", "clips", "captions", "missing"]
    assert "absent.wav" in err
    assert "broken" not in err
    assert not (tmp_path / "data" / "checked").exists()


def test_what_a_test_set_shares(cli, table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.wav").write_bytes(wav(2))
    (other / "new.wav").write_bytes(wav(500))
    (other / "t.csv").write_text("file,caption\ncopy.wav,Another one.\nnew.wav,New.\n")
    (other / "far.csv").write_text("file,caption\nnew.wav,New.\n")
    code, out, err = cli("data", "check", str(table), "--no-decode", "--against", str(other / "t.csv"))
    assert code == 3
    assert "1 of 6 clips" in out
    assert "file: 2.wav = copy.wav" in err
    code, out, _ = cli("data", "check", str(table), "--no-decode", "--against", str(other / "far.csv"))
    assert code == 0
    assert str(other / "far.csv") in out.splitlines()[-1]
    code, out, _ = cli(
        "data", "check", str(table), "--no-decode", "--against", str(other / "t.csv"), "--against", str(other / "far.csv"), "--json"
    )
    assert [one["leaked_training_clips"] for one in json.loads(out)["leaks"]] == [1, 0]


def test_options_of_the_leak_search_are_passed_on(cli, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hearken.data.leakage import LeakReport

    calls = []

    def fake(training, held_out, **options):
        calls.append((training.reference, held_out.reference, options["fingerprints"], options["blacklist"], options["jobs"]))
        return LeakReport(training.reference, held_out.reference, (), checked=("origin", "audio"))

    monkeypatch.setattr("hearken.data.leakage.find_leaks", fake)
    (table.parent / "list.csv").write_text("origin\nfreesound:1\n")
    code, _, _ = cli(
        "data", "check", str(table), "--no-decode", "--against", str(table), "--fingerprints", "--jobs", "2",
        "--blacklist", str(table.parent / "list.csv"),
    )  # fmt: skip
    assert code == 0
    assert calls[0][:3] == (str(table), str(table), True)
    assert calls[0][3] is not None
    assert calls[0][4] == 2


@pytest.mark.parametrize("option", [["--fingerprints"], ["--blacklist", "dcase2025"]])
def test_what_needs_a_test_set_says_so(cli, table: Path, option: list[str]) -> None:
    code, out, err = cli("data", "check", str(table), *option)
    assert (code, out) == (2, "")
    assert option[0] in err
    assert "--against" in err


def test_a_wrong_test_set_or_list_is_told_before_anything_is_decoded(cli, table: Path, tmp_path: Path) -> None:
    for options, message in (
        (["--against", "clothho"], "There is no corpus"),
        (["--against", str(table), "--blacklist", "no"], "no blacklist"),
    ):
        code, out, err = cli("data", "check", str(table), "--jobs", "1", *options)
        assert (code, out) == (1, "")
        assert message in err
    assert not (tmp_path / "data" / "checked").exists()


def test_what_could_not_be_compared_by_sound_is_told(cli, table: Path) -> None:
    spoil(table)
    code, _, err = cli("data", "check", str(table), "--no-decode", "--jobs", "1", "--against", str(table), "--fingerprints")
    assert code == 3
    told = [line for line in err.splitlines() if "compared by sound" in line]
    assert told == [f"{table}: 6 clips compared by sound, 1 not here, 1 too short or plain, 1 unreadable."] * 2
    assert err.count("unreadable: ") == 2
    assert "page.wav" in err.partition("unreadable: ")[2]


def test_splits_of_one_corpus_lie_in_one_folder_and_what_its_publisher_did_is_told(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "elsewhere"))
    head = "file_name," + ",".join(f"caption_{number}" for number in range(1, 6))
    for split in ("development", "evaluation"):
        (tmp_path / f"clotho_captions_{split}.csv").write_text(f"{head}\n{split}.wav,{','.join(split[:5])}\n")
        (tmp_path / f"clotho_metadata_{split}.csv").write_text(f"file_name,sound_id\n{split}.wav,137692\n")
    code, out, err = cli("data", "check", "clotho-development", "--folder", str(tmp_path), "--no-decode", "--against", "clotho-evaluation")
    assert code == 3
    assert "1 by origin" in out
    assert "So Clotho v2.1 was published: Freesound 137692 is in development and in evaluation" in err
    assert "86163" not in err  # other faults of the splits are no matter here


def test_packs(cli, table: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    assert cli("data", "pack", str(table), "--out", str(pack), "--jobs", "1").code == 0
    code, out, _ = cli("data", "check", str(pack))
    assert (code, out) == (0, f"All is whole: {pack}\n")
    assert cli("data", "check", str(pack), "--against", str(table)).code == 1
    shard = next(pack.glob("*.tar"))
    shard.write_bytes(shard.read_bytes().replace(b"Caption", b"Kaption"))
    code, out, err = cli("data", "check", str(pack))
    assert (code, out) == (3, f"1 shard of {pack} damaged\n")
    assert shard.name in err
    assert "--verify" in err
    code, out, _ = cli("data", "check", str(pack), "--json")
    assert (code, json.loads(out)["clean"], len(json.loads(out)["damaged"])) == (3, False, 1)


def test_errors(cli, tmp_path: Path) -> None:
    code, out, err = cli("data", "check", "clothho")
    assert (code, out) == (1, "")
    assert "There is no corpus" in err


def test_the_same_as_the_function(cli, table: Path) -> None:
    from hearken.data.load import load

    report = json.loads(cli("data", "check", str(table), "--jobs", "1", "--json").out)
    assert report == json.loads(json.dumps(check(load(str(table))).to_json()))
