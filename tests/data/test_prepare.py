"""A corpus made ready, end to end: on an invented one whose publisher's site has every illness there is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data import prepare as module
from hearken.data.archive import OWN_FOLDER
from hearken.data.card import Card, File, Split
from hearken.data.load import load
from hearken.data.prepare import prepare
from hearken.data.report import FileState, Prepared
from hearken.errors import DataError
from tests.data.site import EXTRA, SOUNDS, TEST, TRAIN, Site, card, know, site, table, wav  # noqa: F401
from tests.processes import python

pytestmark = pytest.mark.usefixtures("card")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "captions" / "clotho_v2.1"


def go(reference: str = "tiny", **options: object) -> Prepared:
    return prepare(reference, **{"sleep": lambda seconds: None} | options)  # type: ignore[arg-type]


def statuses(report: Prepared) -> dict[str, str]:
    return {file.path: file.status for file in report.files}


def state(report: Prepared, path: str) -> FileState:
    return next(file for file in report.files if file.path == path)


def counts(report: Prepared) -> dict[str, tuple[int | None, int | None, int]]:
    return {split.name: (split.clips, split.found, len(split.missing)) for split in report.splits}


def test_all_that_can_be_done_is_done_and_the_rest_is_told(tmp_path: Path) -> None:
    report = go()
    home = tmp_path / "data" / "tiny"
    assert report.folder == home
    assert counts(report) == {"train": (6, 6, 0), "test": (3, 3, 0), "extra": (2, 0, 2)}
    assert not report.is_complete
    assert {path: status for path, status in statuses(report).items() if status != "fetched"} == {"extra": "by hand"}
    extra = state(report, "extra")
    assert extra.message == "0 of 2 clips of extra are here; there is no public address."
    assert extra.hint == f"Ask the author for the clips. Its place is {home}/extra."
    assert {name: (home / name).read_bytes() for name in SOUNDS} == SOUNDS
    assert state(report, "train.7z").num_unpacked == 6
    assert state(report, "tables.tar.gz").num_unpacked == 1
    kept = json.loads((home / "prepared.json").read_text())
    assert kept["splits"][2]["missing"] == [f"extra/{name}" for name in EXTRA]
    assert [clip.id for clip in load("tiny-test").clips] == [f"test/{name}" for name in TEST]


def test_a_second_run_is_quick_and_the_same(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    go()
    kept = (tmp_path / "data" / "tiny" / "prepared.json").read_bytes()
    site.seen.clear()
    monkeypatch.setattr(module, "unpack", None)
    report = go()
    assert site.seen == []
    assert set(statuses(report).values()) == {"here", "unpacked", "by hand"}
    assert json.loads((tmp_path / "data" / "tiny" / "prepared.json").read_text())["splits"] == json.loads(kept)["splits"]
    again = (tmp_path / "data" / "tiny" / "prepared.json").read_bytes()
    go()
    assert (tmp_path / "data" / "tiny" / "prepared.json").read_bytes() == again


def test_sound_got_by_hand_completes_it(tmp_path: Path) -> None:
    go()
    folder = tmp_path / "data" / "tiny" / "extra"
    folder.mkdir()
    (folder / "far 0.wav").write_bytes(b"")
    assert state(go(), "extra").message.startswith("1 of 2 clips")
    (folder / "far 1.flac").write_bytes(b"")
    report = go()
    assert report.is_complete
    assert statuses(report)["extra"] == "not needed"


ILLS = {
    "x/train.csv": [(500, {}), (429, {"Retry-After": "3"}), 20],
    "x/test.csv": [(503, {}), "page"],
    "x/train.7z": [3_000, "stall", 2_000],
    "x/test.z01": [(408, {}), (504, {})],
    "x/tables.tar.gz": [0, 0, 0, 0, 50],
}


def test_an_ill_site_is_got_the_better_of(site: Site) -> None:  # noqa: F811
    site.ills = {path: list(ills) for path, ills in ILLS.items()}
    waits: list[float] = []
    report = go(timeout_s=0.3, sleep=waits.append)
    assert state(report, "test.csv").status == "failed"  # a page instead of a file is not asked for twice
    assert "web page instead" in state(report, "test.csv").message
    assert 3.0 in waits
    assert counts(report)["train"] == (6, 6, 0)
    assert counts(report)["test"] == (None, None, 0)
    assert report.splits[1].problem.endswith("test.csv is not there.")
    again = go(timeout_s=0.3)
    assert counts(again)["test"] == (3, 3, 0)
    assert [path for path, _ in site.seen].count("x/train.csv") == 4


def test_wrong_files_are_refused_and_the_rest_comes(site: Site, tmp_path: Path) -> None:  # noqa: F811
    good = site.files["x/train.7z"]
    site.files["x/train.7z"] = bytes(reversed(good))
    del site.files["x/test.z02"]
    report = go()
    assert "its MD5 is" in state(report, "train.7z").message
    assert "404" in state(report, "test.z02").message
    assert counts(report) == {"train": (6, 0, 6), "test": (3, 0, 3), "extra": (2, 0, 2)}
    assert not (tmp_path / "data" / "tiny" / "train.7z").exists()
    site.files["x/train.7z"] = good
    assert counts(go())["train"] == (6, 6, 0)


def test_an_archive_that_is_evil_or_broken_is_told_of(site: Site, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    from tests.data.archives import tar_bytes

    site.files["x/evil.tar"] = tar_bytes({"../../evil.csv": b"1"})
    files = [file for file in card.files if not file.path.startswith("tables")]
    evil = File("evil.tar", (f"{site.address}/x/evil.tar",), unpack_to=".", splits=("extra",))
    know(replace(card, files=(*files, evil)), monkeypatch)
    report = go()
    assert state(report, "evil.tar").status == "failed"
    assert "leads out of the folder" in state(report, "evil.tar").message
    assert report.splits[2].problem.endswith("extra.csv is not there.")
    assert counts(report)["train"] == (6, 6, 0)


def test_text_only_and_splits(site: Site) -> None:  # noqa: F811
    report = go(text_only=True)
    assert report.is_complete
    assert counts(report) == {"train": (6, None, 0), "test": (3, None, 0), "extra": (2, None, 0)}
    assert statuses(report)["train.7z"] == "left out"
    assert {path for path, _ in site.seen} == {"x/train.csv", "x/test.csv", "x/tables.tar.gz"}
    site.seen.clear()
    report = go("tiny-test")
    assert set(statuses(report)) == {"test.csv", "test.zip", "test.z01", "test.z02"}
    assert report.is_complete
    assert list(counts(go(splits=("train", "test"), text_only=True))) == ["train", "test"]
    with pytest.raises(DataError, match=r"tiny has no split 'valid'"):
        go(splits=("valid",))
    with pytest.raises(DataError, match="There is no corpus"):
        go("tinny")
    with pytest.raises(DataError, match="tiny-test is one split, and another was asked for: train"):
        go("tiny-test", splits=("train",))  # nothing to do is not "all is here"


def test_a_split_that_goes_by_its_name(tmp_path: Path) -> None:
    report = prepare("clotho", splits=("test",), mirror=str(tmp_path), text_only=True)
    assert [split.name for split in report.splits] == ["test"]
    assert {file.path for file in report.files} == {"clotho_metadata_test.csv", "clotho_audio_test.7z"}


def test_archives_are_removed_when_asked_for_and_not_fetched_again(tmp_path: Path, site: Site) -> None:  # noqa: F811
    report = go(remove_archives=True)
    home = tmp_path / "data" / "tiny"
    assert not any((home / name).exists() for name in ("train.7z", "test.zip", "test.z01", "test.z02", "tables.tar.gz"))
    assert statuses(report)["train.7z"] == "unpacked"
    site.seen.clear()
    assert counts(go(remove_archives=True)) == counts(report)
    assert site.seen == []
    (home / "train" / TRAIN[0]).unlink()
    assert counts(go())["train"] == (6, 6, 0)
    assert [path for path, _ in site.seen] == ["x/train.7z"]


def test_sound_that_somebody_unpacked_is_not_fetched(tmp_path: Path, site: Site) -> None:  # noqa: F811
    home = tmp_path / "data" / "tiny"
    for name, content in SOUNDS.items():
        place = home / "wavs" / name.replace(":", "_")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    report = go()
    assert {path for path, _ in site.seen} == {"x/train.csv", "x/test.csv", "x/tables.tar.gz"}
    assert statuses(report)["train.7z"] == statuses(report)["test.z01"] == "not needed"
    assert counts(report)["train"] == (6, 6, 0)


def test_another_folder_and_a_mirror_on_disk(tmp_path: Path, site: Site) -> None:  # noqa: F811
    mirror = tmp_path / "m" / "tiny"
    for path, content in site.files.items():
        place = mirror / path.removeprefix("x/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (mirror / "extra").mkdir()
    for name in EXTRA:
        (mirror / "extra" / name).write_bytes(wav(7))
    site.files.clear()
    report = go(folder=tmp_path / "here", mirror=str(tmp_path / "m"))
    assert report.is_complete
    assert (tmp_path / "here" / "prepared.json").is_file()
    assert not (tmp_path / "data").exists()
    assert len(load("tiny", folder=tmp_path / "here").clips) == 11


def test_counts_other_than_the_cards_are_told(card: Card, monkeypatch: pytest.MonkeyPatch, site: Site) -> None:  # noqa: F811
    know(replace(card, splits=(Split("train", 7, 6), *card.splits[1:])), monkeypatch)
    report = go("tiny-train")
    assert report.splits[0].differs
    assert not report.is_complete


def test_two_sounds_for_one_clip_are_told(tmp_path: Path) -> None:
    home = tmp_path / "data" / "tiny"
    for place in ("a", "b"):
        (home / place).mkdir(parents=True)
        (home / place / "far 0.wav").write_bytes(b"")
    report = go("tiny-extra")
    assert "'extra/far 0.wav' could be" in report.notes[0]
    assert not report.is_complete


def test_a_full_disk_is_told_before_anything_comes(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:  # noqa: F811
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100}))
    report = go("tiny-train")
    assert "bytes are to come, and the disk of" in state(report, "train.csv").message
    assert "--folder" in state(report, "train.csv").hint
    assert site.seen == []


def test_what_came_before_counts_when_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Site) -> None:  # noqa: F811
    home = tmp_path / "data" / "tiny"
    file = next(file for file in module.definition("tiny").card.files if file.path == "train.7z")
    assert file.size_bytes
    know(replace(module.definition("tiny").card, files=(file,)), monkeypatch)
    home.mkdir(parents=True)
    (home / "train.7z.part").write_bytes(b"x" * (file.size_bytes - 10))
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    assert "bytes are to come" not in state(go("tiny-train"), "train.7z").message


def test_the_leavings_of_a_download_that_was_killed_at_its_end_go(tmp_path: Path) -> None:
    go()
    home = tmp_path / "data" / "tiny"
    for ending in (".part.json", ".lock"):
        (home / f"train.csv{ending}").write_text("{}")
    go()
    assert not list(home.glob("train.csv.*"))


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    import filelock

    home = tmp_path / "data" / "tiny"
    (home / OWN_FOLDER).mkdir(parents=True)
    with filelock.FileLock(home / OWN_FOLDER / "lock"), pytest.raises(DataError, match="Another process is preparing"):
        go()


KILLED = """
from pathlib import Path
from types import SimpleNamespace
import pytest
from tests.data import site as place
from hearken.data.prepare import prepare
card = place.publish(SimpleNamespace(files={}, address=sys.argv[1]), Path(sys.argv[2]))
place.know(card, pytest.MonkeyPatch())
prepare("tiny", folder=Path(sys.argv[3]))
"""


@pytest.mark.parametrize("marker", ["train.7z.part", "train.7z", ".hearken/unpacking", "test.z01"])
def test_kill_9_in_the_middle_and_again(tmp_path: Path, site: Site, marker: str) -> None:  # noqa: F811
    home = tmp_path / "home"
    site.delay_s = 0.05
    child = subprocess.Popen(python(KILLED, site.address, tmp_path / "publisher", home))
    deadline_s = time.monotonic() + 240
    while not (home / marker).exists() and child.poll() is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (home / "prepared.json").exists()
    site.delay_s = 0.0
    assert counts(go(folder=home)) == {"train": (6, 6, 0), "test": (3, 3, 0), "extra": (2, 0, 2)}
    assert {name: (home / name).read_bytes() for name in SOUNDS} == SOUNDS
    leftovers = [path.name for path in home.rglob("*") if path.suffix in (".part", ".lock") or path.name.endswith(".part.json")]
    assert leftovers == []
    assert list((home / OWN_FOLDER / "unpacking").iterdir()) == []


def test_ctrl_c_leaves_what_came(tmp_path: Path, site: Site) -> None:  # noqa: F811
    home = tmp_path / "home"
    site.delay_s = 0.05
    child = subprocess.Popen(python(KILLED, site.address, tmp_path / "publisher", home), stderr=subprocess.PIPE)
    deadline_s = time.monotonic() + 240
    while not (home / "train.7z.part").exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)
    child.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in child.communicate()[1]
    assert (home / "train.csv").is_file()
    assert counts(go(folder=home))["train"] == (6, 6, 0)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real caption files are not here")
def test_the_real_captions_of_clotho_by_a_local_mirror(tmp_path: Path) -> None:
    mirror = tmp_path / "m" / "clotho"
    mirror.mkdir(parents=True)
    for split in ("development", "validation", "evaluation"):
        shutil.copy(SHARED / f"clotho_captions_{split}.csv", mirror)
    report = prepare("clotho", mirror=str(tmp_path / "m"), text_only=True)
    assert [(split.clips, split.captions) for split in report.splits[:3]] == [(3839, 19195), (1045, 5225), (1045, 5225)]
    assert {path: status for path, status in statuses(report).items() if "captions" in path and status != "fetched"} == {}


def test_progress_is_told_by_name(card: Card) -> None:  # noqa: F811
    import contextlib
    from collections.abc import Callable, Iterator

    told: list[tuple[str, int, int | None]] = []

    @contextlib.contextmanager
    def bars(title: str) -> Iterator[Callable[[int, int | None], None]]:
        yield lambda done, total: told.append((title, done, total))

    go(bars=bars)
    size = sum(len(content) for name, content in SOUNDS.items() if name.startswith("train/"))
    assert ("unpack train.7z", size, size) in told
    assert [file.size_bytes for file in card.files if file.path == "train.csv"] == [
        done for title, done, total in told if title == "train.csv" and done == total
    ]
    assert table(TRAIN)
