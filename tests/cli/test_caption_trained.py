"""`hearken caption --model RUN`: a captioner with random weights hears sounds, and writes something of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from hearken.audio.sounds import synthesise  # noqa: E402
from hearken.audio.synth import save_wav  # noqa: E402
from hearken.caption.decoding import Decoding  # noqa: E402
from hearken.caption.files import CaptionedFile  # noqa: E402
from hearken.cli.caption_trained import MAX_HEARD_S, TrainedCaptioner  # noqa: E402
from hearken.models.captioner import Captioner  # noqa: E402
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig  # noqa: E402
from hearken.text.vocabulary import WordVocabulary  # noqa: E402
from hearken.types import Failure  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "mine"
    torch.manual_seed(0)
    config = CaptionerConfig(AudioConfig("mn04", segment_s=0.64), DecoderConfig("prefix", 16, 1, 2, 32, 0.1))
    Captioner(config, WordVocabulary.learn(["A dog barks.", "Rain falls."])).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("sounds").resolve()
    save_wav(folder / "a.wav", synthesise("siren")[:32_000])
    (folder / "b.wav").write_text("no sound")
    return [str(folder / "a.wav"), str(folder / "b.wav")]


def test_captions_and_failures(weights: Path, sounds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    captioner = TrainedCaptioner(str(weights))
    assert (captioner.name, len(captioner.digest), MAX_HEARD_S) == ("mine", 64, 30.0)
    made, failed = captioner.caption_files(sounds, jobs=1, decoding=Decoding(beam=1, max_tokens=3))
    assert isinstance(made, CaptionedFile)
    assert (made.path, made.duration_s) == (sounds[0], 1.0)
    assert made.made.score < 0.0
    assert isinstance(failed, Failure)
    assert (failed.path, failed.error) == (sounds[1], "AudioFormatError")
    monkeypatch.setattr("hearken.cli.caption_trained.MAX_HEARD_S", 0.25)
    shorter = next(TrainedCaptioner(str(weights)).caption_files(sounds[:1], jobs=1))
    assert isinstance(shorter, CaptionedFile)
    assert shorter.duration_s == 0.25


def test_by_the_command(cli, weights: Path, sounds: list[str]) -> None:
    code, out, _ = cli("caption", *sounds, "--model", str(weights), "--beam", "1", "--jobs", "1", "--json")
    made = json.loads(out)
    assert (code, made["captioner"], [row["path"] for row in made["captions"]]) == (3, "mine", sounds[:1])
    assert [row["error"] for row in made["failed"]] == ["AudioFormatError"]
