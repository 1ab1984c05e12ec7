"""The base class says what an encoder owes, and nothing more."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.models.encoder import AudioEncoder  # noqa: E402


def test_the_base_owes_both_answers() -> None:
    encoder = AudioEncoder()
    assert encoder.max_num_frames is None
    assert not encoder.needs_wave
    with pytest.raises(NotImplementedError):
        encoder(torch.zeros(1, 10, 64))
    with pytest.raises(NotImplementedError):
        encoder.tag_logits(torch.zeros(1, 4))
