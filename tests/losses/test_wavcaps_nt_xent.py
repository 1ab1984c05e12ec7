"""WavCaps' NTXent as published, by hand, and why it teaches nothing."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from dataclasses import replace  # noqa: E402

from hearken.losses.wavcaps_nt_xent import WavCapsNtXent  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402
from tests.losses.test_nt_xent import SCORES  # noqa: E402


def test_by_hand() -> None:
    expected = 2 * (math.log(2) + 2 * math.log(4)) + math.log(4 / 3) + 2 * math.log(8)
    assert WavCapsNtXent()(pairs_of(SCORES)).item() == pytest.approx(expected / 9)


def test_it_does_not_know_which_text_is_whose_and_is_least_where_all_are_equal() -> None:
    pairs = random_pairs()
    mixed = replace(pairs, text=pairs.text[torch.tensor([3, 1, 0, 2, 7, 6, 5, 4])])
    torch.testing.assert_close(WavCapsNtXent()(mixed), WavCapsNtXent()(pairs))
    assert WavCapsNtXent()(replace(pairs, text=pairs.text[:1].expand(8, -1), audio=pairs.audio[:1].expand(8, -1))).item() == pytest.approx(
        math.log(8)
    )
    assert WavCapsNtXent()(pairs).item() > math.log(8)
