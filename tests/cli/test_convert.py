"""`hearken convert`: what is told, where it goes, and what happens without the extra."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.cli.convert import facts
from hearken.errors import MissingExtraError, extra_hint
from hearken.zoo.install import need_extra


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch = pytest.importorskip("torch")
    from hearken.models.build import build_audio

    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "models"))
    torch.save({"model": build_audio("mn04").state_dict(), "epoch": 3}, tmp_path / "mine.pt")
    return tmp_path / "mine.pt"


def test_a_file_is_accounted_for(cli, weights: Path, tmp_path: Path) -> None:
    code, out, err = cli("convert", str(weights))
    assert (code, err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert rows["recognised"].startswith("EfficientAT mn04 (efficientat; {'model': ...})")
    assert rows["used"].startswith("312 of 312 tensors")
    assert rows["beside"].startswith("epoch: not used")
    assert len(rows["SHA-256"].strip()) == 64
    folder = tmp_path / "models" / "weights" / "mine"
    assert rows["written"].startswith(f"{folder} (983 599 parameters)")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "conversion.json", "model.safetensors"]


def test_json_and_out(cli, weights: Path, tmp_path: Path) -> None:
    code, out, _ = cli("convert", str(weights), "--out", str(tmp_path / "here"), "--as", "mn04", "--json")
    report = json.loads(out)
    assert (code, report["folder"], report["format"], report["num_used"]) == (0, str(tmp_path / "here"), "efficientat", 312)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["no_such"], "There is no file, checkpoint or hub id 'no_such'.", "`hearken models` lists them all."),
        (["{weights}", "--as", "mp3"], "There is no format 'mp3'.", "Formats: laion"),
        (["{weights}", "--as", "cnn10"], "The weights are not those of", "--as"),
        (["wavcaps"], "has a page but no plain address", "HTSAT-BERT-PT.pt"),
    ],
)
def test_errors(cli, weights: Path, arguments: list[str], message: str, hint: str) -> None:
    code, out, err = cli("convert", *(argument.format(weights=weights) for argument in arguments))
    assert (code, out) == (1, "")
    assert message in err.splitlines()[0]
    assert hint in err


def test_without_the_extra(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.zoo.install.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs torch"):
        need_extra()
    code, _, err = cli("convert", "cnn14")
    assert code == 1
    assert "torch" in err
    assert extra_hint("train") in err


def test_facts_tell_dropped_compared_and_made() -> None:
    pytest.importorskip("torch")
    from hearken.convert.convert import Report
    from hearken.convert.obtain import Origin
    from hearken.convert.rules import Dropped

    names = tuple("abcde")
    report = Report(
        "x.pt",
        "/out",
        "laion",
        "LAION",
        "dual",
        "bare",
        20,
        10,
        5_000,
        names,
        (Dropped("of no use", names),),
        ("m",),
        (),
        "hub",
        ("mind",),
        Origin(),
    )
    rows = dict(facts(report))
    assert rows["compared"] == ["a, b, c and 2 more: our front end makes the same"]
    assert rows["dropped"] == ["a, b, c and 2 more: of no use"]
    assert (rows["not in it"], rows["tokenizer"], rows["note"]) == (["m: made here"], ["hub"], ["mind"])
    assert rows["next"] == ["hearken export /out"]
    assert not {"beside", "licence", "SHA-256"} & set(rows)


def test_what_was_fetched_can_be_removed_and_foreign_names_are_escaped() -> None:
    pytest.importorskip("torch")
    from hearken.convert.convert import Report
    from hearken.convert.obtain import Origin

    report = Report(
        "/d/x.pt", "/out", "panns", "PANNs", "audio_encoder", "bare", 1, 1, 1, (), (), (), ("a\x1b[31m", "b", "c", "d"), "", (),
        Origin("cnn6", "https://x", "CC-BY-4.0", "f" * 64),
    )  # fmt: skip
    rows = dict(facts(report))
    assert rows["fetched"] == ["/d/x.pt (no longer needed)"]
    assert rows["beside"] == ["a\\x1b[31m, b, c and 1 more: not used"]
