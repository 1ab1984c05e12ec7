"""The sampled triplet loss: its numbers and its draws."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")


from hearken.losses.triplet import SampledTriplet, draw_impostors, hinges  # noqa: E402
from tests.losses.some_pairs import IDS, pairs_of, random_pairs  # noqa: E402

COSINES = [[0.5, 0.35, 0.1], [0.45, 0.6, 0.65], [0.2, 0.0, 0.9]]


def test_by_hand() -> None:
    """Too near by 0.15: sound 1 to text 0; by 0.05: text 0 to sound 1."""
    value = hinges(pairs_of(COSINES).cosines, torch.tensor([1, 2, 0]), torch.tensor([2, 0, 1]), 0.2)
    assert value.item() == pytest.approx((0.15 + 0.05) / 3)


def test_pairs_without_impostors_add_nothing() -> None:
    value = hinges(pairs_of(COSINES).cosines, torch.tensor([1, -1, -1]), torch.tensor([-1, 0, -1]), 0.2)
    assert value.item() == pytest.approx((0.15 + 0.05) / 3)


@pytest.mark.parametrize("ids", [(0,), (3, 3, 3)])
def test_batch_of_one_clip_ends_and_is_zero(ids: tuple[int, ...]) -> None:
    """The authors' draw goes on for ever here."""
    pairs = random_pairs(ids)
    value = SampledTriplet()(pairs)
    value.backward()
    assert value.item() == 0
    assert not pairs.audio.grad.any()


def test_two_pairs_serve_each_other_twice() -> None:
    sounds, texts = draw_impostors(torch.tensor([0, 1]))
    assert sounds.tolist() == texts.tolist() == [1, 0]


def test_mixed_batch_with_a_lonely_other() -> None:
    """Pair 3 is the only other clip of the first three."""
    sounds, texts = draw_impostors(torch.tensor([5, 5, 5, 6]))
    assert sounds[:3].tolist() == texts[:3].tolist() == [3, 3, 3]
    assert {sounds[3].item(), texts[3].item()} < {0, 1, 2}


def test_draws_are_even_and_keep_the_rules() -> None:
    ids, count = torch.tensor(IDS), torch.zeros(2, len(IDS), len(IDS))
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(len(ids))
    for _ in range(2000):
        sounds, texts = draw_impostors(ids, generator)
        assert not (sounds == texts).any()
        count[0, rows, sounds] += 1
        count[1, rows, texts] += 1
    others = ids[:, None] != ids[None, :]
    expected = others / others.sum(1, keepdim=True)
    assert (count / 2000 - expected).abs().max() < 0.05
    assert not count[:, ~others].any()


def test_draws_come_from_the_generator_or_from_torch() -> None:
    ids = torch.arange(50)

    def draw(seed: int | None) -> list[list[int]]:
        return [x.tolist() for x in draw_impostors(ids, None if seed is None else torch.Generator().manual_seed(seed))]

    assert draw(1) == draw(1) != draw(2)
    torch.manual_seed(3)
    first = draw(None)
    torch.manual_seed(3)
    assert first == draw(None) != draw(None)


def test_loss_is_that_of_its_draws() -> None:
    pairs = random_pairs(seed=4)
    impostors = draw_impostors(pairs.ids, torch.Generator().manual_seed(4))
    assert SampledTriplet(0.7)(pairs) == hinges(pairs.cosines, *impostors, 0.7)
