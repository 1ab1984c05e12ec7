import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.scenes.compose import LEDGER, MANIFEST, SETTINGS, SOURCES, compose
from hearken.data.scenes.plan import Settings
from hearken.errors import DataError
from tests.data.scenes.small_sounds import write_corpus

SETTINGS_HERE = Settings(seed=5, max_duration_s=12.0)


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for folder in ("audio", "truth") for path in sorted((out / folder).iterdir())}


def test_scenes_are_the_same_however_many_processes_and_after_an_interruption(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    told: list[tuple[int, int | None]] = []
    report = compose(corpus, tmp_path / "one", SETTINGS_HERE, 4, jobs=1, on_scene=lambda *numbers: told.append(numbers))
    assert (report.num_scenes, report.num_new, report.bad) == (4, 4, ())
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    compose(corpus, tmp_path / "two", SETTINGS_HERE, 4, jobs=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "one")) == 8

    (tmp_path / "two" / "truth" / "scene-000001.json").unlink()  # as if cut off between sound and truth
    (tmp_path / "two" / "truth" / "scene-000003.json").unlink()
    (tmp_path / "two" / "audio" / "scene-000003.flac").unlink()
    (tmp_path / "two" / "audio" / "scene-000002.flac").unlink()  # taken away later
    assert compose(corpus, tmp_path / "two", SETTINGS_HERE, 4).num_new == 3
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


def test_more_scenes_leave_the_first_as_they_are(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)
    before = files(tmp_path / "out")
    report = compose(corpus, tmp_path / "out", SETTINGS_HERE, 2, labels=("dcase", "audacity", "raven"))
    assert (report.num_scenes, report.num_new) == (2, 1)
    assert before.items() <= files(tmp_path / "out").items()
    assert sorted(path.name for path in (tmp_path / "out" / "labels").iterdir()) == [
        "events.tsv", "scene-000000.selections.txt", "scene-000000.txt", "scene-000001.selections.txt", "scene-000001.txt",
    ]  # fmt: skip


def test_the_manifest_is_a_corpus(tmp_path: Path) -> None:
    compose(write_corpus(tmp_path / "in"), tmp_path / "out", SETTINGS_HERE, 2, kind="wav")
    scenes = load(tmp_path / "out" / MANIFEST)
    assert [clip.audio for clip in scenes.clips] == ["audio/scene-000000.wav", "audio/scene-000001.wav"]
    assert all(len(clip.captions) == 3 and clip.duration_s and clip.tags and clip.origins and clip.licence for clip in scenes.clips)
    assert (scenes.folder / scenes.clips[0].audio).is_file()


def test_licences_are_kept_and_chosen(tmp_path: Path) -> None:
    report = compose(write_corpus(tmp_path / "in"), tmp_path / "out", SETTINGS_HERE, 3, licences=("CC0*",))
    assert report.licences == ("CC0 1.0",)
    assert report.num_other_licence == 2
    assert report.to_json()["num_scenes"] == 3


def test_what_fails_goes_to_the_ledger_and_the_work_goes_on(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    (tmp_path / "in" / "bell.wav").write_bytes(b"RIFF and nothing")
    report = compose(corpus, tmp_path / "out", SETTINGS_HERE, 2)
    assert (report.num_scenes, len(report.bad)) == (2, 1)
    (line,) = (tmp_path / "out" / LEDGER).read_text().splitlines()
    assert json.loads(line)["id"] == "bell"


def test_a_folder_of_other_scenes_is_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)
    before = (tmp_path / "out" / SETTINGS).read_bytes(), (tmp_path / "out" / SOURCES).read_bytes()
    with pytest.raises(DataError, match="made otherwise, with other settings"):
        compose(corpus, tmp_path / "out", replace(SETTINGS_HERE, seed=6), 1)
    with pytest.raises(DataError, match="made otherwise, with other sources"):
        compose(replace(corpus, clips=corpus.clips[:-1]), tmp_path / "out", SETTINGS_HERE, 1)
    with pytest.raises(DataError, match="made otherwise, with other format"):
        compose(corpus, tmp_path / "out", SETTINGS_HERE, 1, kind="wav")
    assert before == ((tmp_path / "out" / SETTINGS).read_bytes(), (tmp_path / "out" / SOURCES).read_bytes())
    for content in (b"{", None):  # nobody knows then what the scenes are made of
        (tmp_path / "out" / SETTINGS).write_bytes(content) if content else (tmp_path / "out" / SETTINGS).unlink()
        with pytest.raises(DataError, match="made otherwise, with other version, settings, format, sources, phrases"):
            compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)


def test_a_truth_that_was_changed_is_named(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)
    (tmp_path / "out" / "truth" / "scene-000000.json").write_text("{")
    with pytest.raises(DataError, match=r"scene-000000\.json was changed"):
        compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)


def test_no_event_is_told_with_reasons(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No recording of small can be an event") as caught:
        compose(write_corpus(tmp_path / "in", names=("dog",)), tmp_path / "out", SETTINGS_HERE, 1, licences=("MIT",))
    assert caught.value.hint == "1 recording: another licence"


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        (Settings(min_duration_s=20.0, max_duration_s=10.0), {}, "shortest"), (Settings(min_duration_s=1.0), {}, "at least 2 s"),
        (Settings(max_duration_s=301.0), {}, "at most 300 s"), (Settings(max_events=0), {}, "from 1"), (Settings(), {"num": 0}, "from 1"), (Settings(), {"kind": "mp3"}, "flac, wav, opus"),
        (Settings(), {"labels": ("praat",)}, "audacity, raven, dcase"),
    ],
)  # fmt: skip
def test_senseless_settings(tmp_path: Path, settings: Settings, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        compose(write_corpus(tmp_path / "in", names=("dog",)), tmp_path / "out", settings, **({"num": 1} | options))


def test_only_one_run_at_a_time_and_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    import filelock

    corpus = write_corpus(tmp_path / "in", names=("dog",))
    (tmp_path / "out").mkdir()
    with filelock.FileLock(tmp_path / "out" / ".lock"), pytest.raises(DataError, match="Another process is composing"):
        compose(corpus, tmp_path / "out", SETTINGS_HERE, 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        compose(corpus, tmp_path / "file" / "out", SETTINGS_HERE, 1)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_run_goes_on_and_yields_what_a_whole_one_does(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    rows = "".join(f'{clip.audio},"{clip.captions[0]}",{clip.tags[0]}\n' for clip in corpus.clips)
    (tmp_path / "in" / "corpus.csv").write_text("file,caption,label\n" + rows)
    out = tmp_path / "killed"
    command = [sys.executable, *f"-m hearken data compose {tmp_path / 'in' / 'corpus.csv'} --out {out} --num 9 --jobs 1".split()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 240
        while not (out / "truth").is_dir() or len(list((out / "truth").glob("*.json"))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    made = len(list((out / "truth").glob("*.json")))
    assert 2 <= made < 9
    report = compose(load(tmp_path / "in" / "corpus.csv"), out, Settings(), 9, jobs=2)
    assert (report.num_scenes, report.num_new) == (9, 9 - made)
    compose(load(tmp_path / "in" / "corpus.csv"), tmp_path / "whole", Settings(), 9, jobs=2)
    assert files(out) == files(tmp_path / "whole")
