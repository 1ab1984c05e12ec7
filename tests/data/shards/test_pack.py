"""Packing: everything accounted for, the same bytes whatever happens on the way."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

from hearken.data.clip import Corpus
from hearken.data.shards import pack as module
from hearken.data.shards.check import check_shards
from hearken.data.shards.layout import INDEX
from hearken.data.shards.pack import FAILED, PackReport, pack
from hearken.data.shards.recipe import Cut, Recipe
from hearken.data.shards.writer import PACKING
from hearken.errors import MissingDataError, ShardError
from tests.data.shards.packs import BROKEN, files_of, plan_of, sounds_of

KILLER = Path(__file__).resolve().parents[3] / "benchmarks" / "kill_loader.py"


def test_every_clip_is_packed_or_failed(report: PackReport, corpus: Corpus) -> None:
    told = report.to_json()
    assert (told["packed"], told["failed"], told["num_clips"], told["num_shards"], told["num_kept"]) == (11, 1, 12, 4, 0)
    assert sorted(path.name for path in report.folder.iterdir()) == [
        FAILED, INDEX, *(f"test-corpus-{number:06d}.tar" for number in range(4)),
    ]  # fmt: skip
    (line,) = [json.loads(line) for line in (report.folder / FAILED).read_text().splitlines()]
    assert (line["key"], line["id"], line["error"]) == (f"{BROKEN:08d}", f"clip {BROKEN}", "AudioFormatError")
    assert told["failures"] == [line]
    assert told["duration_s"] == pytest.approx(sum((2_400 + 400 * number) / 32_000 for number in range(12) if number != BROKEN), abs=1e-3)
    assert told["bytes"] == sum(path.stat().st_size for path in report.folder.glob("*.tar"))
    assert told["flags"] == {}
    assert json.loads(json.dumps(told)) == told


def test_any_tar_reads_the_shards(report: PackReport) -> None:
    keys = []
    for number in range(4):
        with tarfile.open(report.folder / f"test-corpus-{number:06d}.tar", "r:") as archive:
            names = archive.getnames()
            told = [json.load(archive.extractfile(name)) for name in names[::2]]  # type: ignore[arg-type]
        assert names == [f"{each['key']}.{suffix}" for each in told for suffix in ("json", "flac")]
        keys += [int(each["key"]) for each in told]
    assert sorted([*keys, BROKEN]) == list(range(12))
    assert keys != sorted(keys)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
def test_webdataset_reads_the_shards(report: PackReport) -> None:
    webdataset = pytest.importorskip("webdataset")
    urls = str(report.folder / "test-corpus-{000000..000003}.tar")
    samples = list(webdataset.WebDataset(urls, shardshuffle=False))
    gc.collect()
    assert len(samples) == 11
    assert {"__key__", "json", "flac"} <= samples[0].keys()


def test_jobs_change_nothing(report: PackReport, corpus: Corpus, tmp_path: Path) -> None:
    pack(plan_of(corpus), sounds_of(corpus), tmp_path, jobs=3)
    assert files_of(tmp_path) == files_of(report.folder)


@pytest.mark.parametrize(
    "recipe", [Recipe(8_000, "opus"), Recipe(codec="mel", front_end="passt_mel", cut=Cut(0.15, "random"))], ids=["opus", "mel"]
)
def test_other_codecs(corpus: Corpus, tmp_path: Path, recipe: Recipe) -> None:
    first = pack(plan_of(corpus, recipe), sounds_of(corpus), tmp_path / "a")
    pack(plan_of(corpus, recipe), sounds_of(corpus), tmp_path / "b", jobs=2)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert first.index.num_samples == 11
    assert first.flags == ({"cut": 4} if recipe.codec == "mel" else {})  # clips 8 to 11 are longer


def test_a_finished_pack_stays_as_it_is(packed: Path, corpus: Corpus) -> None:
    before = {path: path.stat().st_mtime_ns for path in packed.glob("*.tar")}
    counts: list[tuple[int, int | None]] = []
    report = pack(plan_of(corpus), sounds_of(corpus), packed, verify=True, on_progress=lambda done, total: counts.append((done, total)))
    assert (report.num_kept, counts) == (4, [(12, 12)])
    assert {path: path.stat().st_mtime_ns for path in packed.glob("*.tar")} == before
    assert not (packed / PACKING).exists()


def test_lost_and_damaged_shards_are_made_anew(report: PackReport, packed: Path, corpus: Corpus) -> None:
    (packed / "test-corpus-000000.tar").unlink()
    content = bytearray((packed / "test-corpus-000002.tar").read_bytes())
    content[900] ^= 1
    (packed / "test-corpus-000002.tar").write_bytes(content)
    assert pack(plan_of(corpus), sounds_of(corpus), packed).num_kept == 3
    assert len(check_shards(packed)) == 1
    assert pack(plan_of(corpus), sounds_of(corpus), packed, verify=True).num_kept == 3
    assert files_of(packed) == files_of(report.folder)


def test_a_run_that_was_broken_off_goes_on(report: PackReport, corpus: Corpus, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(plan_of(corpus), sounds_of(corpus), tmp_path, jobs=2, on_progress=stop)
    there = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.tar")}
    assert sorted(there) == ["test-corpus-000000.tar", "test-corpus-000001.tar"]
    assert not (tmp_path / INDEX).exists()
    counts: list[int] = []
    assert pack(plan_of(corpus), sounds_of(corpus), tmp_path, on_progress=lambda done, total: counts.append(done)).num_kept == 2
    assert counts == [6, 7, 8, 9, 10, 11, 12]
    assert files_of(tmp_path) == files_of(report.folder)
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in there} == there


def test_a_shard_that_was_moved_but_not_noted_is_made_again(report: PackReport, packed: Path, corpus: Corpus) -> None:
    (packed / INDEX).unlink()
    (packed / FAILED).unlink()
    (packed / "test-corpus-000001.tar").write_bytes(b"of an unknown run")
    assert pack(plan_of(corpus), sounds_of(corpus), packed).num_kept == 0
    assert files_of(packed) == files_of(report.folder)


def test_failed_clips_can_be_tried_again(packed: Path, corpus: Corpus) -> None:
    mended = sounds_of(corpus) | {f"clip {BROKEN}": corpus.folder / "0.wav"}
    assert pack(plan_of(corpus), mended, packed).num_kept == 4
    report = pack(plan_of(corpus), mended, packed, retry_failed=True)
    assert (report.num_kept, report.index.num_samples, report.index.failed) == (3, 12, ())
    assert not (packed / FAILED).exists()
    assert check_shards(packed) == []


def test_sounds_that_are_not_here_are_in_the_ledger(corpus: Corpus, tmp_path: Path) -> None:
    some = {name: path for name, path in sounds_of(corpus).items() if name in ("clip 1", "clip 2")}
    report = pack(plan_of(corpus), some, tmp_path)
    assert (report.index.num_samples, len(report.index.failed)) == (2, 10)
    assert {failed.error for failed in report.index.failed} == {"MissingDataError"}
    assert check_shards(tmp_path) == []  # shards without a sample too


def test_nothing_to_pack_is_an_error_and_leaves_nothing(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="None of the sounds of test-corpus is here"):
        pack(plan_of(corpus), {}, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    with pytest.raises(ShardError, match="Not one of the clips could be packed"):
        pack(plan_of(corpus), {f"clip {BROKEN}": corpus.folder / f"{BROKEN}.wav"}, tmp_path / "b")
    assert not (tmp_path / "b" / PACKING).exists()
    assert not (tmp_path / "b" / INDEX).exists()


def test_another_pack_in_the_folder_is_left_alone(packed: Path, corpus: Corpus) -> None:
    before = files_of(packed)
    others = {
        "recipe": plan_of(corpus, Recipe(8_000, "opus")),
        "corpus": plan_of(replace(corpus, clips=corpus.clips[:6])),
        "name": replace(plan_of(corpus), name="other"),
    }
    for what, plan in others.items():
        with pytest.raises(ShardError, match=f"belongs to a pack of something else: another {what}"):
            pack(plan, sounds_of(corpus), packed)
    assert files_of(packed) == before


def test_an_unfinished_pack_of_something_else_is_left_alone_too(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / PACKING).mkdir()
    (tmp_path / PACKING / "plan.json").write_text("{}")
    with pytest.raises(ShardError, match=r"plan\.json belongs to a pack of something else"):
        pack(plan_of(corpus), sounds_of(corpus), tmp_path)
    (tmp_path / PACKING / "plan.json").write_text("{")
    with pytest.raises(ShardError, match=r"plan\.json is damaged"):
        pack(plan_of(corpus), sounds_of(corpus), tmp_path)


def test_two_runs_do_not_meet(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / PACKING).mkdir()
    with filelock.FileLock(tmp_path / PACKING / "lock"), pytest.raises(ShardError, match="Another process is packing into"):
        pack(plan_of(corpus), sounds_of(corpus), tmp_path)
    pack(plan_of(corpus), sounds_of(corpus), tmp_path)


def test_a_folder_that_cannot_be_written(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShardError, match="file cannot be written: Not a directory"):
        pack(plan_of(corpus), sounds_of(corpus), tmp_path / "file")
    monkeypatch.setattr(module, "write_whole", lambda *args, **options: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ShardError, match="No space left on device") as failure:
        pack(plan_of(corpus), sounds_of(corpus), tmp_path / "full")
    assert "Finished shards stay" in failure.value.hint


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_a_killed_run_goes_on(report: PackReport, corpus: Corpus, tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from hearken.data.shards.pack import pack\n"
        "from tests.data.shards.packs import corpus_in, plan_of, sounds_of\n"
        "corpus = corpus_in(Path(sys.argv[1]))\n"
        "def slow(done, total): print(done, flush=True); time.sleep(600 if done == 5 else 0)\n"
        "pack(plan_of(corpus), sounds_of(corpus), Path(sys.argv[2]), on_progress=slow)\n"
    )
    command = [sys.executable, "-c", program, str(corpus.folder), str(tmp_path / "out")]
    environment = os.environ | {"PYTHONPATH": str(KILLER.parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    with process:
        assert process.stdout is not None
        while process.stdout.readline().strip() not in ("5", ""):
            pass
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "out" / PACKING).is_dir()
    assert pack(plan_of(corpus), sounds_of(corpus), tmp_path / "out").num_kept == 1
    assert files_of(tmp_path / "out") == files_of(report.folder)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_kills_at_random_moments() -> None:
    done = subprocess.run(
        [sys.executable, str(KILLER), "--count", "2", "--clips", "24", "--seed", "1"], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("every result is that of an uninterrupted run") == 2
