from typing import Any

import pytest

from hearken.errors import InputError
from hearken.tta.strategy import KIM, Strategy, conventional, mid, multi, strategy


def test_the_partitions_by_hand() -> None:
    assert multi(6, (2, 3)).partitions == (((0, 1), (2, 3), (4, 5)), ((0, 1, 2),))
    assert conventional(3).partitions == (((0,), (1,), (2,)), ((0, 1, 2),))
    assert mid(3).partitions == (((0, 1, 2),), ((0,),))
    assert mid(2, 2, 3).partitions == (((0,), (1,)), ((0, 1),), ((0,),))
    assert conventional(4, 1) == multi(4, (4,)) == mid(4, 1, 1)


def test_the_strategies_of_the_paper() -> None:
    """Kim et al. (2023), section 4.3: (tau, |P_hE[i]|, |P_H[j]|)."""
    assert {(tau, *multi(tau, sizes).sizes) for tau, sizes in KIM.items()} == {(10, 2, 5), (25, 5, 5), (50, 5, 10), (100, 5, 20)}
    for tau, sizes in KIM.items():
        found = strategy(f"multi:{tau}")
        assert (found.tau, found.sizes, found.num_layers) == (tau, sizes, 2)
        assert len(found.partitions[0]) == sizes[1]
        assert len(found.partitions[1]) == 1


@pytest.mark.parametrize("text", ["100:5x20", "conventional:25", "mid:25", "none", "6:2x3"])
def test_text_and_back(text: str) -> None:
    assert str(strategy(text)) == text
    assert strategy(f" {text.upper()} ") == strategy(text)


def test_other_names_of_the_same() -> None:
    assert strategy("100:5x20") == strategy("multi:100")
    assert strategy("25:1x25") == strategy("conventional:25") == conventional(25)
    assert strategy("25:25x1") == strategy("mid:25") == mid(25)
    assert strategy("none") == strategy("conventional:1") == strategy("1:1x1") == mid(1)


@pytest.mark.parametrize(
    "text", ["", "100", "100:", "100:5", "100:5x20x1", "multi", "mid:", "mid:x", "conventional:-1", "²:1x2", "none:1", "1_0:2x5", "mean:4", "5x20"]
)  # fmt: skip
def test_no_strategy(text: str) -> None:
    with pytest.raises(InputError):
        strategy(text)


def test_sizes_that_do_not_multiply() -> None:
    with pytest.raises(InputError, match="Groups of 5 x 20 are for 100 inputs, not for 99"):
        strategy("99:5x20")
    with pytest.raises(InputError, match="no strategy of 30 inputs"):
        strategy("multi:30")
    with pytest.raises(InputError, match="at least one member"):
        strategy("conventional:0")
    with pytest.raises(InputError, match="none of number 3"):
        mid(4, 3)


@pytest.mark.parametrize(
    ("partitions", "tau"),
    [
        ((((0, 1), (1,)), ((0, 1),)), 2),
        ((((0,),), ((0,),)), 2),
        ((((0, 2), (1,)), ((0, 1),)), 2),
        ((((0, 1), ()), ((0, 1),)), 2),
        ((((0,), (1,)), ((0,), (1,))), 2),
        ((((0,), (1,)), ((0,),)), 2),
        ((), 1),
        ((((),),), 0),
    ],
)
def test_what_is_no_partition(partitions: Any, tau: int) -> None:
    with pytest.raises(InputError):
        Strategy(partitions, tau)


def test_groups_of_different_sizes() -> None:
    uneven = Strategy((((0, 2, 3), (1,)), ((1, 0),)), 4)
    assert uneven.sizes is None
    assert str(uneven) == "4:unequal"
