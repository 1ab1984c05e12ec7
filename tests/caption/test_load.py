"""`hearken.load_captioner`: files and arrays in, sentences out, with the model that comes with Hearken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hearken
from hearken import errors
from hearken.audio.sounds import synthesise
from hearken.audio.synth import save_wav
from hearken.caption.load import SoundCaptioner, error_of, load_captioner
from hearken.errors import AudioError, AudioFormatError, AudioReadError, InputError, ModelNotFoundError
from hearken.runtime.catalog import find_model, model_info
from hearken.types import Failure
from tests.caption.tiny import write_captioner

POCKET = model_info(find_model("pocket"))


@pytest.fixture(scope="module")
def captioner(tmp_path_factory: pytest.TempPathFactory) -> SoundCaptioner:
    folder = write_captioner(tmp_path_factory.mktemp("captioner") / "tiny", dim=POCKET.dim, model_digest=POCKET.digest)
    return load_captioner(folder)


def test_files_and_arrays_in_one_list(captioner: SoundCaptioner, tmp_path: Path) -> None:
    assert hearken.load_captioner is load_captioner
    wave = synthesise("siren")
    save_wav(tmp_path / "siren.wav", wave)
    silent = np.zeros(16_000, np.float32)
    made = captioner.captions([str(tmp_path / "siren.wav"), silent, wave, tmp_path / "siren.wav"], sample_rate=32_000)
    assert made[1].text == "Silence."
    assert made[0] == made[3]
    assert made[0].text == made[2].text  # a file has 16 bits
    assert made[0].text in ("A dog barks.", "Rain falls.")
    assert captioner.caption([wave], 32_000) == [made[2].text]
    assert captioner.caption([]) == []


def test_what_cannot_be_heard(captioner: SoundCaptioner, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioFormatError):
        captioner.caption([tmp_path / "text.wav"])
    with pytest.raises(AudioReadError):
        captioner.caption([tmp_path / "gone.wav"])
    with pytest.raises(InputError, match="does not say how fast"):
        captioner.caption([np.zeros(10, np.float32)])
    with pytest.raises(InputError, match="takes a list"):
        captioner.caption("a.wav")  # type: ignore[arg-type]


def test_a_captioner_without_its_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="listens with is not here"):
        load_captioner(write_captioner(tmp_path / "tiny"))


def test_ledger_lines_become_errors() -> None:
    assert type(error_of(Failure("/a", "decode", "AudioFormatError", "m", "h"))) is AudioFormatError
    for name in ("NoSuch", "show", "os"):
        error = error_of(Failure("/a", "decode", name, "m", "h"))
        assert (type(error), error.message, error.hint) == (AudioError, "m", "h")
    assert hasattr(errors, "show")
