"""The worker's one task, run in this process: a file in, a reply out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearken.errors import AudioFormatError, ModelError
from hearken.runtime.embed_worker import check_same, embed_file
from hearken.runtime.model import load_model
from hearken.runtime.reply import read_reply


def test_a_file_becomes_facts_and_vectors(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", 0.1 * np.random.default_rng(0).standard_normal((44_100 * 12, 2)), 44_100)
    reported: list[float] = []
    file = read_reply(embed_file(load_model(), str(tmp_path / "a.flac"), reported.append), dim=384)
    assert (file.info.container, file.info.rate_hz, file.info.num_channels, round(file.duration_s, 3)) == ("flac", 44_100, 2, 12.0)
    assert file.vectors.windows.shape == (18 + 4, 384)  # moments and contexts
    assert reported == pytest.approx([10.24, 12.0], abs=1e-3)


def test_the_error_of_a_bad_file_is_the_decoders(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("<html></html>")
    with pytest.raises(AudioFormatError, match="HTML"):
        embed_file(load_model(), str(tmp_path / "a.mp3"), lambda seconds: None)


def test_another_model_in_the_same_folder_is_refused() -> None:
    model = load_model()
    check_same(model, model.digest)
    with pytest.raises(ModelError, match="Another model was put into"):
        check_same(model, "0" * 64)
