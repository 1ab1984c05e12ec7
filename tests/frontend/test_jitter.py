import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import PASST_MEL  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.frontend.jitter import Jitter, shifted  # noqa: E402


def test_the_draws_are_the_authors_with_the_same_seed() -> None:
    """fmin + randint(10), fmax + 1000 - randint(2000), in that order, from one generator."""
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        first = torch.randint(10, (1,), generator=generator).item()
        second = torch.randint(2000, (1,), generator=generator).item()
        assert Jitter().draw(torch.Generator().manual_seed(seed)) == (first, 1000 - second)


def test_without_a_generator_torchs_own_is_used() -> None:
    state = torch.get_rng_state()
    try:
        torch.manual_seed(11)
        drawn = Jitter().draw()
    finally:
        torch.set_rng_state(state)
    assert drawn == Jitter().draw(torch.Generator().manual_seed(11))


def test_the_edges_stay_between_nought_and_half_the_rate() -> None:
    generator = torch.Generator().manual_seed(0)
    moved = [shifted(PASST_MEL, Jitter().draw(generator)) for _ in range(2_000)]
    assert {front_end.fmin_hz for front_end in moved} == set(range(10))
    assert min(front_end.fmax_hz for front_end in moved) in range(14_001, 14_020)
    assert max(front_end.fmax_hz for front_end in moved) in range(15_980, 16_001)


def test_ranges_of_one_hertz_do_nothing() -> None:
    assert Jitter(1, 1).draw(torch.Generator()) == (0, 0)
    assert shifted(PASST_MEL, (0, 0)) == PASST_MEL
    with pytest.raises(InputError, match="at least 1 Hz"):
        Jitter(0, 2000)
