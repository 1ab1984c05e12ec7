"""`hearken train finetune`: what it hands over, what it prints and how it ends; and once from sounds to a search, with nothing replaced."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from hearken.audio.sounds import synthesise
from hearken.audio.synth import RATE_HZ, save_wav
from hearken.errors import DataError, ModelError
from hearken.export.check import Parity
from hearken.train import finetune as training
from hearken.train.finetune import Tuned, Wish
from hearken.train.runs import export
from hearken.train.runs.report import Outcome, Validated
from hearken.zoo.publish import Published
from tests.cli.conftest import Result
from tests.train.feed.sounding import write_table

NAMES = ("mAP@10", "R@1", "R@5", "R@10")
BEFORE = {f"{way}_{name}": 0.25 for way in ("t2a", "a2t") for name in NAMES}
AFTER = dict.fromkeys(BEFORE, 0.5) | {"t2a_R@1": 0.125}


class Fake:
    """Stands for `finetune` and `export_run`: remembers how they were called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Wish, Path, dict[str, Any]]] = []
        self.exports: list[dict[str, Any]] = []
        self.tuned = Tuned(Path("r/my run"), BEFORE, AFTER, 0.5, "whole recordings", 320, 80, Outcome(Path("r"), AFTER, 3, 40, 0, True))
        self.error: Exception | None = None
        self.signals: tuple[int, ...] = ()

    def finetune(self, wish: Wish, folder: Path, *, watchers: Any, tell: Callable[[str], None], **options: Any) -> Tuned | Outcome:
        self.calls.append((wish, folder, options))
        if self.error:
            raise self.error
        tell("looking")
        watchers.on_validated(Validated(1, 2, AFTER, True))
        for number in self.signals:
            watchers.stop()
            os.kill(os.getpid(), number)
        return Outcome(folder, {}, 0, 3, 0, finished=False) if watchers.stop() else self.tuned

    def export_run(self, run: Path, *, tell: Callable[[str], None], **options: Any) -> Published:
        self.exports.append({"run": run, **options})
        return Published("my-run", run / "model", "0123456789abcdef" * 4, 97_000_000, Parity(1e-7, 1e-7, 4, 5))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    made = Fake()
    monkeypatch.setattr(training, "finetune", made.finetune)
    monkeypatch.setattr(export, "export_run", made.export_run)
    monkeypatch.chdir(tmp_path)
    return made


def test_options_arrive(cli: Callable[..., Result], fake: Fake) -> None:
    assert cli("train", "finetune", "--data", "my.csv").code == 0
    more = ("--from", "runs/a", "--run", "r", "--validation", "v.csv", "--epochs", "3", "--seed", "7", "--resume", "--jobs", "1", "--int8")
    assert cli("train", "finetune", "--data", "my.csv", *more).code == 0
    (first, folder, options), (second, other, others) = fake.calls
    assert (first, folder) == (Wish("my.csv"), Path("runs/finetune"))
    assert (options["resume"], options["jobs"] >= 1) == (False, True)
    assert (second, other) == (Wish("my.csv", "runs/a", "v.csv", 3, 7), Path("r"))
    assert (others["resume"], others["jobs"]) == (True, 1)
    assert fake.exports == [{"run": Path("r/my run"), "int8": False}, {"run": Path("r/my run"), "int8": True}]


def test_the_report(cli: Callable[..., Result], fake: Fake) -> None:
    code, out, err = cli("train", "finetune", "--data", "my.csv")
    assert code == 0
    assert err.startswith("looking ...\n")
    table = " ".join(out.split())
    assert "mAP@10 R@1 R@10 a text finds its sounds 25.0 -> 50.0 % 25.0 -> 12.5 % 25.0 -> 50.0 % a sound finds its texts 25.0" in table
    assert "80 clips, whole recordings held out of your clips; learnt from 320 pairs" in table
    assert "50% of the way from the old weights to the new ones" in table
    assert "hearken index DIR --library NEW --model 'r/my run'" in table
    assert "97.0 MB" in table


def test_nothing_better_is_said(cli: Callable[..., Result], fake: Fake) -> None:
    fake.tuned = replace(fake.tuned, share=0.0, after=BEFORE, how="")
    out = " ".join(cli("train", "finetune", "--data", "my.csv", "--no-export").out.split())
    assert "Nothing was better than the model that it began with, which was kept." in out
    assert "use it hearken export 'r/my run'" in out
    assert "measured on 80 clips; learnt from 320 pairs" in out
    assert fake.exports == []


def test_an_export_that_fails_loses_nothing(cli: Callable[..., Result], fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ModelError("It does not fit.", "Try another.")

    monkeypatch.setattr(export, "export_run", fail)
    code, out, err = cli("train", "finetune", "--data", "my.csv")
    assert code == 1
    assert "a text finds its sounds 25.0 -> 50.0 %" in " ".join(out.split())
    assert "hearken export 'r/my run'" in " ".join(out.split())
    assert "Error: It does not fit." in err


def test_json(cli: Callable[..., Result], fake: Fake) -> None:
    code, out, err = cli("train", "finetune", "--data", "my.csv", "--json")
    assert (code, err) == (0, "")
    value = json.loads(out)
    assert (value["better"], value["share"], value["before"], value["after"]) == (True, 0.5, BEFORE, AFTER)
    assert (value["run"], value["model"], value["pairs"], value["held_out"]) == ("r/my run", "r/my run/model", 320, 80)
    assert json.loads(cli("train", "finetune", "--data", "my.csv", "--json", "--no-export").out)["model"] is None


def test_without_sounds_it_says_how(cli: Callable[..., Result], fake: Fake) -> None:
    result = cli("train", "finetune")
    assert result.code == 2
    assert "--data" in result.err
    assert cli("train", "finetune", "--resume").code == 2  # nothing to go on with
    Path("runs/finetune").mkdir(parents=True)
    Path("runs/finetune/run.json").write_text("{}")
    assert cli("train", "finetune", "--resume").code == 0
    assert fake.calls[-1][0].data == ""


def test_errors_are_sentences(cli: Callable[..., Result], fake: Fake) -> None:
    fake.error = DataError("Too few.", "Bring more.")
    assert cli("train", "finetune", "--data", "my.csv")[:2] == (1, "")
    assert cli("train", "finetune", "--data", "my.csv").err.endswith("Error: Too few.\nHint: Bring more.\n")


@pytest.mark.parametrize(("signals", "code"), [((signal.SIGINT,), 130), ((signal.SIGTERM,), 143)])
def test_a_signal_keeps_what_was_done(cli: Callable[..., Result], fake: Fake, signals: tuple[int, ...], code: int) -> None:
    fake.signals = signals
    result = cli("train", "finetune", "--data", "my.csv", "--run", "my run")
    assert (result.code, fake.exports) == (code, [])
    assert "Interrupted. All 3 steps are kept: `hearken train finetune --run 'my run' --resume` goes on." in result.err


CODES = {
    name: f"KX{number:02d}"
    for number, name in enumerate(("siren", "thunder", "dog_bark", "rain", "crickets", "church_bell", "footsteps", "helicopter"))
}


def test_from_sounds_to_a_search(cli: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of one's own for sounds that pocket knows by other words; nothing but the package is needed, and no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    generator = np.random.default_rng(0)
    rows, folder = [], tmp_path / "sounds"
    folder.mkdir()
    for number in range(48):
        name = list(CODES)[number % len(CODES)]
        sound = synthesise(name)[: round(1.5 * RATE_HZ)] * generator.uniform(0.3, 1.0)
        save_wav(folder / f"{number:02d}.wav", sound + 0.003 * generator.standard_normal(len(sound)))
        rows.append({"file": f"sounds/{number:02d}.wav", "caption": CODES[name]})
    table = write_table(tmp_path / "mine.jsonl", rows)
    run = tmp_path / "run"
    done = cli("train", "finetune", "--data", str(table), "--from", "pocket", "--run", str(run), "--epochs", "10", "--json")
    assert done.code == 0, done.err
    value = json.loads(done.out)
    assert value["better"], value
    assert value["after"]["t2a_mAP@10"] > value["before"]["t2a_mAP@10"]
    library = ("--library", str(tmp_path / "library"))
    assert cli("index", str(folder), *library, "--model", str(run), "--jobs", "1").code == 0
    right = 0
    for name, code in CODES.items():
        hits = json.loads(cli("search", code, *library, "--json", "-k", "3", "--no-fold").out)["hits"]
        right += sum(int(Path(hit["path"]).stem) % len(CODES) == list(CODES).index(name) for hit in hits)
    assert right >= 0.75 * 3 * len(CODES)
