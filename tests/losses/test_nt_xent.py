"""NT-Xent by hand, for each way to see two captions of one clip."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.nt_xent import NtXent  # noqa: E402
from hearken.losses.table import build_loss  # noqa: E402
from tests.losses.some_pairs import pairs_of, random_pairs  # noqa: E402

SCORES = [[math.log(2), 0, 0], [0, math.log(2), 0], [0, 0, math.log(6)]]
"""Its softmaxes, along rows as along columns: 1/2 1/4 1/4, 1/4 1/2 1/4, 1/8 1/8 3/4."""


@pytest.mark.parametrize(
    ("same_clip", "average", "expected"),
    [
        ("negative", "cells", (2 * math.log(2) + math.log(4 / 3)) / 3),
        ("positive", "cells", (2 * math.log(2) + 2 * math.log(4) + math.log(4 / 3)) / 5),
        ("positive", "rows", (math.log(2) + math.log(4) + math.log(4 / 3)) / 3),
        ("removed", "cells", (2 * math.log(3 / 2) + math.log(4 / 3)) / 3),
    ],
)
def test_two_captions_of_a_clip_by_hand(same_clip: str, average: str, expected: float) -> None:
    assert NtXent(same_clip, average)(pairs_of(SCORES, [7, 7, 8])).item() == pytest.approx(expected, rel=1e-12)
    alone = (2 * math.log(2) + math.log(4 / 3)) / 3
    assert NtXent(same_clip, average)(pairs_of(SCORES, [7, 9, 8])).item() == pytest.approx(alone, rel=1e-12)


def test_temperature_divides() -> None:
    half = [[x / 2 for x in row] for row in SCORES]
    assert NtXent()(pairs_of(half, temperature=0.5)).item() == pytest.approx((2 * math.log(2) + math.log(4 / 3)) / 3)


def test_default_is_the_authors_code() -> None:
    pairs = random_pairs()
    assert NtXent()(pairs) == NtXent("positive", "cells")(pairs) != NtXent("negative")(pairs)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_relations(temperature: float) -> None:
    pairs = random_pairs(temperature=temperature)
    equal = {
        "positive rows": (NtXent("positive", "rows"), build_loss("soft_target", regularize=False)),
        "removed, twice": (lambda given: 2 * NtXent("removed")(given), build_loss("info_nce")),
        "removed": (NtXent("removed"), build_loss("n_pair")),
        "negative": (NtXent("negative"), build_loss("clap")),
        "positive cells": (NtXent(), build_loss("distillation", pair_weight=1, teacher_weight=0)),
    }
    for name, (one, other) in equal.items():
        torch.testing.assert_close(one(pairs), other(pairs), rtol=1e-6, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")
