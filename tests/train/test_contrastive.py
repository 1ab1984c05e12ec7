"""What is of dual encoders alone; that they learn is the affair of `test_step.py` and `test_loop.py`."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from hearken.train.contrastive import CONTRASTIVE, BegunDual
from tests.train.small import batch, learner, model


def test_a_dual_encoder_needs_no_captions_to_be_complete(tmp_path: Path) -> None:
    dual = model()
    begun = BegunDual(dual)

    def captions() -> list[str]:
        raise AssertionError

    assert begun.audio is dual.audio
    assert begun.complete(captions, tmp_path / "x", is_new=True, is_first=True, wait=lambda: None) is dual
    assert not list(tmp_path.iterdir())


def test_the_temperature_is_told_and_bounded() -> None:
    dual = model()
    assert CONTRASTIVE.temperature(dual) == pytest.approx(0.05)
    with torch.no_grad():
        dual.logit_scale.fill_(9.0)
    CONTRASTIVE.bound(dual)
    assert float(dual.logit_scale.detach()) == pytest.approx(math.log(100.0))


def test_vectors_are_compared_in_float32() -> None:
    made = learner(model(), precision="bf16")
    audio, text = CONTRASTIVE.encode(made, batch(2), 0, 0)
    assert audio.dtype == text.dtype == torch.float32
    assert CONTRASTIVE.compare(made, batch(2), (audio, text), 0).ndim == 0
