"""`hearken caption`: what is printed, kept and gone on with, and the exit codes."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.sounds import synthesise
from hearken.audio.synth import save_wav
from hearken.caption.decoding import Decoding
from hearken.caption.files import SILENCE
from hearken.caption.heard import MadeCaption
from hearken.runtime.catalog import find_model, model_info
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Failure, Span
from tests.caption.tiny import write_captioner


class FakeEmbedder:
    """Yields results backwards; names with `bad` fail, and after `stop` of them Ctrl-C comes."""

    asked: list[str] = []
    stop = 99

    def __init__(self, model: Path) -> None:
        self.model = model

    def embed_files(self, paths: Iterable[str], *, jobs: int) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
        for count, path in enumerate(reversed(list(paths))):
            if count == self.stop:
                raise KeyboardInterrupt
            self.asked.append(os.path.basename(path))
            yield path, Failure(path, "decode", "AudioFormatError", "No sound.", "Convert it.") if "bad" in path else self.result(path)

    def result(self, path: str) -> EmbeddedFile:
        windows = np.float32([[1.0, 0.0], [-1.0, 0.0]])
        spans = (Span(0.0, 10.0), Span(10.0, 20.0))
        return EmbeddedFile(AudioInfo("wav", "pcm", 8_000, 1, None), 20.0, frozenset(), Embedded(windows[0], windows, spans))


class FakeCaptioner:
    """Says 'A dog.' or, of what has another sign, 'Rain.'; remembers how it was asked."""

    name, digest, model_digest, decoding = "fake", "0123456789abcdef" * 4, "m" * 64, Decoding(beam=3)
    asked: list[Decoding | None] = []

    def warm(self) -> None:
        """Be ready."""

    def captions(self, heard: list[np.ndarray], decoding: Decoding | None = None) -> list[MadeCaption]:
        self.asked.append(decoding)
        return [MadeCaption("A dog." if places[0, 0] > 0 else "Rain.", -0.25) for places in heard]


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two sounds in it, as working folder, and fakes instead of a model and a captioner."""
    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", FakeEmbedder)
    monkeypatch.setattr("hearken.caption.catalog.open_captioner", lambda name: FakeCaptioner())
    monkeypatch.setattr("hearken.caption.catalog.model_of", lambda captioner: Path("/model"))
    monkeypatch.setattr(FakeEmbedder, "asked", [])
    monkeypatch.setattr(FakeEmbedder, "stop", 99)
    monkeypatch.setattr(FakeCaptioner, "asked", [])
    folder = tmp_path.resolve() / "sounds"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"x")
    monkeypatch.chdir(folder)
    return folder


def test_a_table_in_the_order_of_the_input(cli, sounds) -> None:
    code, out, err = cli("caption", "b.wav", ".")
    assert (code, err) == (0, "Machine-made captions: they are often wrong. Made by fake.\n")
    assert [line.split() for line in out.splitlines()] == [
        ["file", "caption", "score"], ["b.wav", "A", "dog.", "-0.25"], ["a.wav", "A", "dog.", "-0.25"],
    ]  # fmt: skip


def test_stretches_below_their_file(cli, sounds) -> None:
    code, out, _ = cli("caption", "a.wav", "--every", "0:10")
    assert code == 0
    assert [line.split() for line in out.splitlines()[2:]] == [["0:00.0-0:10.0", "A", "dog.", "-0.25"], ["0:10.0-0:20.0", "Rain.", "-0.25"]]


def test_captions_that_are_mostly_wrong_are_marked(cli, sounds, monkeypatch) -> None:
    monkeypatch.setattr(FakeCaptioner, "unsure_below", -0.2, raising=False)
    assert cli("caption", "a.wav").out.split()[-2:] == ["-0.25", "unsure"]
    assert json.loads(cli("caption", "a.wav", "--json").out)["unsure_below"] == -0.2
    monkeypatch.setattr(FakeCaptioner, "unsure_below", -0.25, raising=False)
    assert "unsure" not in cli("caption", "a.wav").out


def test_silence_is_never_unsure(cli, sounds, monkeypatch) -> None:
    monkeypatch.setattr(FakeCaptioner, "unsure_below", 0.7, raising=False)
    monkeypatch.setattr(FakeCaptioner, "captions", lambda self, heard, decoding: [SILENCE])
    assert "unsure" not in cli("caption", "a.wav").out


@pytest.mark.skipif(os.name == "nt", reason="such names")
def test_names_that_look_alike_are_two_files(cli, sounds, tmp_path, monkeypatch) -> None:
    for name in ("n\nx.wav", "n\\nx.wav", b"\xff.wav"):
        shutil.copy("a.wav", name)
    monkeypatch.setattr(FakeCaptioner, "captions", lambda self, heard, decoding: [MadeCaption(f"{len(FakeEmbedder.asked)}.", 0.0)])
    told = json.loads(cli("caption", ".", "--json").out)["captions"]
    assert (len({each["path"] for each in told}), len({each["caption"] for each in told})) == (5, 5)
    FakeEmbedder.asked.clear()
    for _ in range(2):
        kept = json.loads(cli("caption", ".", "--json", "--out", str(tmp_path / "x.csv")).out)["captions"]
        assert (kept, len(FakeEmbedder.asked)) == (told, 5)


def test_json_and_some_that_failed(cli, sounds) -> None:
    (sounds / "bad.wav").write_bytes(b"x")
    code, out, err = cli("caption", ".", "--every", "10", "--json")
    assert (code, err) == (3, "")
    row = {"caption": "A dog.", "score": -0.25, "duration_s": 20.0}
    spans = [
        {"start_s": 0.0, "end_s": 10.0, "caption": "A dog.", "score": -0.25},
        {"start_s": 10.0, "end_s": 20.0, "caption": "Rain.", "score": -0.25},
    ]
    assert json.loads(out) == {
        "captioner": "fake", "digest": FakeCaptioner.digest, "machine_made": True, "unsure_below": None, "out": None,
        "captions": [{"path": str(sounds / name), **row, "spans": spans} for name in ("a.wav", "b.wav")],
        "failed": [{"path": str(sounds / "bad.wav"), "error": "AudioFormatError", "message": "No sound."}],
    }  # fmt: skip
    code, _, err = cli("caption", ".")
    assert (code, err.splitlines()[1]) == (3, f"failed: {sounds / 'bad.wav'}: No sound.")


def test_nothing_to_caption(cli, sounds, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    assert cli("caption", str(tmp_path / "empty"))[::2] == (
        1, f"Error: There is no sound in {tmp_path / 'empty'}.\nHint: Sounds are known by their suffix, such as .wav or .flac.\n",
    )  # fmt: skip
    assert "gone" in cli("caption", "gone.wav").err
    (sounds / "bad.wav").write_bytes(b"x")
    assert cli("caption", "bad.wav")[::2] == (1, "Error: None of 1 file could be used. No sound.\nHint: Convert it.\n")
    assert cli("caption", "bad.wav", "--out", str(tmp_path / "x.csv")).code == 1
    assert not (tmp_path / "x.csv").exists()


def test_beam(cli, sounds) -> None:
    assert cli("caption", "a.wav", "--beam", "5").code == 0
    assert cli("caption", "a.wav").code == 0
    assert FakeCaptioner.asked == [Decoding(beam=5), Decoding(beam=3)]
    assert cli("caption", "a.wav", "--beam", "0").code == 2


def test_a_captioner_that_searches_no_words_has_no_beam(cli, sounds, monkeypatch) -> None:
    monkeypatch.setattr(FakeCaptioner, "decoding", None)
    assert cli("caption", "a.wav").code == 0
    assert "--beam changes nothing" in cli("caption", "a.wav", "--beam", "2").err


def test_short_stretches_are_refused_before_anything_is_heard(cli, sounds) -> None:
    code, _, err = cli("caption", "a.wav", "--every", "1")
    assert (code, FakeEmbedder.asked) == (1, [])
    assert err.startswith("Error: Stretches of 1 s are too short")


def test_kept_in_the_order_of_the_input(cli, sounds, tmp_path) -> None:
    out = tmp_path / "x.csv"
    assert cli("caption", ".", "--out", str(out))[:2] == (0, f"2 captions in {out}\n")
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["caption"], row["machine_made_by"]) for row in rows] == [
        (str(sounds / name), "A dog.", "fake 0123456789ab beam 3") for name in ("a.wav", "b.wav")
    ]


def test_interrupted_and_gone_on_with(cli, sounds, tmp_path, monkeypatch) -> None:
    for form in ("csv", "jsonl", "json"):
        out = tmp_path / f"x.{form}"
        monkeypatch.setattr(FakeEmbedder, "stop", 1)
        FakeEmbedder.asked.clear()
        told = f"Interrupted. 1 of 2 captions is kept in {out}; run the same command again to go on.\n"
        assert cli("caption", ".", "--out", str(out)) == (130, "", told)
        assert FakeEmbedder.asked == ["b.wav"]
        monkeypatch.setattr(FakeEmbedder, "stop", 99)
        assert cli("caption", ".", "--out", str(out))[:2] == (0, f"1 new caption; {out} has 2\n")
        assert FakeEmbedder.asked == ["b.wav", "a.wav"]
        text = out.read_text()
        assert text.index("a.wav") < text.index("b.wav")
        assert cli("caption", ".", "--out", str(out)).code == 0
        assert FakeEmbedder.asked == ["b.wav", "a.wav"]
        assert out.read_text() == text


def test_what_was_made_in_another_way_is_not_mixed_in(cli, sounds, tmp_path) -> None:
    out = tmp_path / "x.csv"
    assert cli("caption", "a.wav", "--out", str(out)).code == 0
    for other in (("--beam", "2"), ("--every", "10")):
        assert "not by fake 0123456789ab" in cli("caption", ".", "--out", str(out), *other).err
    (tmp_path / "mine.csv").write_text("a,b\n")
    assert "holds something else" in cli("caption", ".", "--out", str(tmp_path / "mine.csv")).err
    assert (tmp_path / "mine.csv").read_text() == "a,b\n"


def test_with_a_real_model_and_a_tiny_captioner(cli, tmp_path) -> None:
    pocket = model_info(find_model("pocket"))
    folder = write_captioner(tmp_path / "tiny", dim=pocket.dim, model_digest=pocket.digest)
    (tmp_path / "sounds").mkdir()
    save_wav(tmp_path / "sounds" / "siren.wav", synthesise("siren"))
    (tmp_path / "sounds" / "text.wav").write_text("no sound")
    code, out, _ = cli("caption", str(tmp_path / "sounds"), "--model", str(folder), "--jobs", "1", "--json")
    made = json.loads(out)
    assert (code, made["captioner"], len(made["captions"]), len(made["failed"])) == (3, "tiny", 1, 1)
    assert made["captions"][0]["caption"] in ("A dog barks.", "Rain falls.")
    assert -10.0 < made["captions"][0]["score"] < 0.0


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_fault_ctrl_c_leaves_what_was_done(tmp_path) -> None:
    pocket = model_info(find_model("pocket"))
    folder = write_captioner(tmp_path / "tiny", dim=pocket.dim, model_digest=pocket.digest)
    sounds, out = tmp_path / "sounds", tmp_path / "x.csv"
    sounds.mkdir()
    save_wav(sounds / "000.wav", synthesise("siren"))
    for number in range(1, 400):
        shutil.copy(sounds / "000.wav", sounds / f"{number:03}.wav")
    command = [sys.executable, "-m", "hearken", "caption", str(sounds), "--model", str(folder), "--jobs", "1", "--out", str(out)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while started.poll() is None and not (out.exists() and len(out.read_text().splitlines()) > 3):
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    rows = out.read_text().splitlines()
    told = f"Interrupted. {len(rows) - 1} of 400 captions are kept in {out}; run the same command again to go on.\n"
    assert (started.returncode, err) == (130, told)
    assert 3 < len(rows) < 400
    assert [os.path.basename(row.split(",")[0]) for row in rows[1:4]] == ["000.wav", "001.wav", "002.wav"]


def test_stretches_are_not_for_captioners_as_they_are_trained(cli, sounds, monkeypatch) -> None:
    (sounds / "run1").mkdir()
    (sounds / "run1" / "run.json").touch()
    monkeypatch.setattr("hearken.evaluate.captioning.writers.is_trained", lambda name: name == "run1")
    code, _, err = cli("caption", "a.wav", "--model", "run1", "--every", "10")
    assert (code, err.splitlines()[1]) == (1, "Hint: Leave out --every.")


def test_interrupted_and_kept_nowhere(cli, sounds, monkeypatch) -> None:
    monkeypatch.setattr(FakeEmbedder, "stop", 1)
    code, out, err = cli("caption", ".")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (130, ["file", "b.wav"])
    assert err.splitlines()[1] == "Interrupted. 1 caption of 2 got ready; --out FILE keeps captions as they get ready."
    nothing = "Interrupted. Nothing was kept; --out FILE keeps captions as they get ready.\n"
    assert cli("caption", ".", "--json") == (130, "", nothing)
    monkeypatch.setattr(FakeEmbedder, "stop", 0)
    assert cli("caption", ".") == (130, "", nothing)


def test_what_is_new_is_told(cli, sounds, tmp_path) -> None:
    out = str(tmp_path / "x.csv")
    assert cli("caption", "a.wav", "--out", out).out == f"1 caption in {out}\n"
    assert cli("caption", "a.wav", "--out", out).out == f"1 caption in {out} (it was there)\n"
    assert cli("caption", ".", "--out", out).out == f"1 new caption; {out} has 2\n"
    assert cli("caption", ".", "--out", out).out == f"2 captions in {out} (all were there)\n"


def test_a_slip_in_a_path(cli, sounds) -> None:
    for name in ("nowhere", "a.wav/b"):
        assert cli("caption", name) == (1, "", f"Error: There is no file or folder {name}.\nHint: Check the path.\n")
