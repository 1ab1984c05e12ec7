"""Every clip decoded: good, missing, broken and remarkable ones are counted, and nothing stops the check for good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.audio.worker import Worker
from hearken.data import check as module
from hearken.data.check import Broken, Checked, CheckedSplit, check
from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.prepare import prepare
from hearken.errors import DataError
from tests.data.site import SOUNDS, TRAIN, card, save_silence, site, wav  # noqa: F401
from tests.processes import python


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """Eight clips: three good, of which two are the same sound, and one each of missing, broken, empty, cut and silent."""
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "data"))
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in {
        "good.wav": wav(1),
        "same.wav": wav(1),
        "other.wav": wav(2, 0.5),
        "page.wav": b"<html>not found</html>" * 50,
        "empty.wav": b"",
        "cut.wav": wav(3)[:2_000],
    }.items():
        (folder / name).write_bytes(content)
    save_silence(folder / "silent.wav")
    names = ("good", "same", "other", "absent", "page", "empty", "cut", "silent")
    clips = [
        Clip(f"{name}.wav", "a" if number < 4 else "b", f"{name}.wav", ("x", "y"), duration_s=0.25) for number, name in enumerate(names)
    ]
    return Corpus(str(tmp_path / "mine" / "t.csv"), folder, tuple(clips))


def split(report: Checked, name: str) -> CheckedSplit:
    return next(one for one in report.splits if one.name == name)


@pytest.mark.parametrize("jobs", [1, 3])
def test_each_clip_is_accounted_for(corpus: Corpus, jobs: int) -> None:
    told = []
    report = check(corpus, jobs=jobs, on_progress=lambda *counts: told.append(counts))
    first, second = report.splits
    assert (first.clips, first.captions, first.decoded, first.missing, first.broken) == (4, 8, 3, ("absent.wav",), ())
    assert [(one.audio, one.told_s, one.found_s) for one in first.lengths] == [("other.wav", 0.25, 0.5)]
    assert first.sound_s == pytest.approx(1.0)
    assert [(one.audio, one.error) for one in second.broken] == [("page.wav", "AudioFormatError"), ("empty.wav", "AudioEmptyError")]
    assert second.flagged == {"silent": ("silent.wav",), "truncated": ("cut.wav",)}
    assert (second.decoded, second.missing, second.card_clips) == (2, (), None)
    assert report.duplicates == (("good.wav", "same.wav"),)
    assert report.num_formats == {"wav/pcm_s16le 8000 Hz": 5}
    assert not report.is_clean
    assert told == [(number, 7) for number in range(1, 8)]


def test_a_second_check_reads_nothing(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    first = check(corpus)
    monkeypatch.setattr(Worker, "request", None)
    assert check(corpus) == first
    with pytest.raises(TypeError):
        check(corpus, again=True)


def test_a_changed_file_is_heard_again(corpus: Corpus) -> None:
    check(corpus)
    (corpus.folder / "page.wav").write_bytes(wav(9))
    report = check(corpus)
    assert [one.audio for one in split(report, "b").broken] == ["empty.wav"]


def test_without_decoding_only_files_are_counted(corpus: Corpus, tmp_path: Path) -> None:
    report = check(corpus, decode=False)
    assert (report.splits[0].missing, report.splits[0].decoded, report.ledger) == (("absent.wav",), 0, None)
    assert not (tmp_path / "data").exists()


def test_a_clean_corpus_is_clean_in_spite_of_flags(corpus: Corpus) -> None:
    clips = tuple(clip for clip in corpus.clips if clip.id in ("good.wav", "cut.wav", "silent.wav", "other.wav"))
    assert check(replace(corpus, clips=clips)).is_clean


def test_a_process_that_dies_costs_one_file_and_is_tried_again(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deadly.py").write_text(
        "import os, sys\nfrom hearken.audio.worker import serve\nfrom hearken.data.check_worker import handle\n"
        "def deadly(message, report):\n"
        "    if 'other' in message['path']: os.abort()\n"
        "    return handle(message, report)\n"
        "serve(deadly)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    healthy = module.worker
    monkeypatch.setattr(module, "worker", lambda: Worker("deadly"))
    report = check(corpus)
    assert [(one.audio, one.error) for one in split(report, "a").broken] == [("other.wav", "WorkerDiedError")]
    assert split(report, "a").decoded == 2
    monkeypatch.setattr(module, "worker", healthy)
    assert split(check(corpus), "a").decoded == 3


def test_an_answer_that_makes_no_sense_is_a_death(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "request", lambda self, message: ({"duration_s": "long"}, []))
    report = check(corpus)
    assert {one.error for one in report.splits[0].broken} == {"WorkerDiedError"}


def test_a_file_that_goes_away_meanwhile(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"good.wav": corpus.folder / "good.wav", "absent.wav": corpus.folder / "absent.wav"}
    monkeypatch.setattr(module, "locate", lambda corpus: files)
    report = check(replace(corpus, clips=corpus.clips[:4]))
    assert report.splits[0].broken == (
        Broken("absent.wav", "AudioReadError", f"{corpus.folder}/absent.wav cannot be read: No such file or directory."),
    )


@pytest.mark.usefixtures("card")
def test_a_known_corpus_is_counted_against_its_card(tmp_path: Path) -> None:
    prepare("tiny", splits=("train", "test"), sleep=lambda seconds: None)
    report = check(load("tiny-train"))
    assert report.is_clean
    assert (report.splits[0].card_clips, report.splits[0].card_captions, report.splits[0].decoded) == (6, 6, 6)
    assert report.ledger == tmp_path / "data" / "tiny" / "checked.jsonl"
    lines = [json.loads(line) for line in report.ledger.read_text().splitlines()]
    assert [line["path"] for line in lines] == [f"train/{name}" for name in TRAIN]
    less = load("tiny-train")
    report = check(replace(less, clips=less.clips[1:]))
    assert report.splits[0].differs
    assert not report.is_clean
    assert len(SOUNDS) == 9


def test_json_counts_all_and_lists_some(corpus: Corpus) -> None:
    value = check(corpus).to_json(1)
    second = value["splits"][1]
    assert second["counts"] == {"missing": 0, "broken": 2, "lengths": 1, "flagged": {"silent": 1, "truncated": 1}}
    assert [one["audio"] for one in second["broken"]] == ["page.wav"]
    assert (value["num_duplicates"], value["clean"]) == (1, False)
    assert json.loads(json.dumps(value)) == json.loads(json.dumps(value))


def test_a_ledger_that_cannot_be_kept_is_an_error(corpus: Corpus) -> None:
    with pytest.raises(DataError, match="cannot be kept"):
        check(corpus, ledger=corpus.folder / "good.wav" / "ledger.jsonl")


def test_breaking_off_ends_the_processes(corpus: Corpus) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(corpus, jobs=2, on_progress=stop)
    report = check(corpus)
    assert sum(one.decoded for one in report.splits) == 5


KILLED = """
import os, time
from pathlib import Path
from hearken.data.check import check
from hearken.data.clip import Clip, Corpus
folder = Path(sys.argv[1])
clips = tuple(Clip(path.name, "all", path.name) for path in sorted(folder.glob("*.wav")))
report = check(Corpus("x.csv", folder, clips), jobs=2, ledger=folder / "l.jsonl", on_progress=lambda done, total: time.sleep(600 if done == 30 else 0))
"""


def test_kill_9_in_the_middle_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / f"{number:02d}.wav").write_bytes(wav(number))
    ledger = tmp_path / "l.jsonl"
    child = subprocess.Popen(python(KILLED, tmp_path))
    deadline_s = time.monotonic() + 240
    while not ledger.exists() or ledger.read_bytes().count(b"\n") < 15:
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    kept = ledger.read_bytes()
    num_kept = kept.count(b"\n")
    assert 15 <= num_kept < 60
    ledger.write_bytes(kept + b'{"path": "half a li')
    asked = []
    original = Worker.request

    def count(self: Worker, message: dict[str, object], **options: object) -> object:
        asked.append(message["path"])
        return original(self, message, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "request", count)
    clips = tuple(Clip(f"{number:02d}.wav", "all", f"{number:02d}.wav") for number in range(60))
    report = check(Corpus("x.csv", tmp_path, clips), ledger=ledger)
    assert report.splits[0].decoded == 60
    assert len(asked) == 60 - num_kept
    assert ledger.read_bytes().startswith(kept)
