"""The shortest sound: what is computed is enough in training, and one frame less is not."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hearken.errors import InputError
from hearken.models.audio_table import build_tower
from hearken.models.config import AudioConfig
from hearken.train.feed.shortest import OWN_LENGTH, least_samples


def embedded(name: str, rule: str, num_samples: int, options: dict[str, Any]) -> torch.Tensor:
    tower = build_tower(AudioConfig(name, options, rule))
    tower.encoder.train()
    return tower(torch.zeros(2, num_samples))


@pytest.mark.parametrize(
    ("name", "rule", "options", "num_frames", "hop"),
    [
        ("crnn_dcase2022", "whole", {}, 4, 882),
        ("cnn10_tiny", "whole", {}, 16, 320),
        ("cnn10_tiny", "whole", {"front_end": "dcase2023_logmel_44k"}, 16, 882),
        ("passt_tiny", "whole", {"patchout": [0, 0]}, 16, 320),
        ("passt_tiny", "d25_windows", {"patchout": [2, 3]}, 16 + 3 * 16, 320),
        ("passt_tiny", "hear21passt", {"patchout": [0, 0]}, 16, 320),
    ],
)
def test_a_sound_of_one_window(name: str, rule: str, options: dict[str, Any], num_frames: int, hop: int) -> None:
    least = least_samples(build_tower(AudioConfig(name, options, rule)))
    assert (num_frames - 2) * hop < least <= num_frames * hop + 2
    assert torch.isfinite(embedded(name, rule, least, options)).all()
    with pytest.raises(InputError):
        embedded(name, rule, least - hop, options)


@pytest.mark.parametrize(("name", "rule"), [("passt_tiny", "dcase2023"), ("cnn10_tiny", "d25"), ("pocket", "frames")])
def test_what_is_filled_up_may_be_any_length(name: str, rule: str) -> None:
    assert rule not in OWN_LENGTH
    assert least_samples(build_tower(AudioConfig(name, {}, rule))) == 1
    assert torch.isfinite(embedded(name, rule, 1, {})).all()
