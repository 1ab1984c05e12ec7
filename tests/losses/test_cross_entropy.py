"""The symmetric cross-entropy by hand, and against torch's own where they coincide."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.losses.cross_entropy import multi_positive  # noqa: E402


def test_two_orthogonal_pairs_by_hand() -> None:
    pairs = torch.eye(2)
    loss = multi_positive(pairs, pairs, torch.eye(2, dtype=torch.bool), temperature=1.0)
    assert loss.item() == pytest.approx(-math.log(math.e / (math.e + 1)))


def test_equals_clip_loss_with_single_positives() -> None:
    torch.manual_seed(0)
    audio, text = (functional.normalize(torch.randn(6, 4), dim=1) for _ in range(2))
    scores, diagonal = audio @ text.T / 0.07, torch.arange(6)
    expected = (functional.cross_entropy(scores, diagonal) + functional.cross_entropy(scores.T, diagonal)) / 2
    torch.testing.assert_close(multi_positive(audio, text, torch.eye(6, dtype=torch.bool), 0.07), expected)


def test_shared_caption_by_hand() -> None:
    """Two clips, one text: from audio there is no choice (0); from text both are positive, each with probability 1/2 (ln 2)."""
    audio, text = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    loss = multi_positive(audio, text, torch.tensor([[True], [True]]), temperature=0.1)
    assert loss.item() == pytest.approx(math.log(2) / 2)


def test_order_of_items_does_not_matter() -> None:
    torch.manual_seed(1)
    audio, text = (functional.normalize(torch.randn(5, 3), dim=1) for _ in range(2))
    positives = torch.eye(5, dtype=torch.bool)
    order = torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(multi_positive(audio, text, positives, 0.05), multi_positive(audio[order], text, positives[order], 0.05))


@pytest.mark.parametrize("positives", [[[True, False], [False, False]], [[True, False], [True, False]]])
def test_item_without_positive_is_refused(positives: list[list[bool]]) -> None:
    with pytest.raises(InputError, match="at least one positive"):
        multi_positive(torch.eye(2), torch.eye(2), torch.tensor(positives), 0.05)
