from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.tta.engine import Means, aggregate, batched, layer_means
from hearken.tta.strategy import Partition, Strategy, conventional, mid, multi

Function = Callable[[Fraction], Fraction]


def layer_of(function: Function) -> Callable[[Sequence[Fraction]], list[Fraction]]:
    return lambda values: [function(value) for value in values]


def naive(partitions: Sequence[Partition], functions: Sequence[Function], values: list[Fraction]) -> Fraction:
    """Equation 2 as it is printed."""
    for partition, function in zip(partitions, functions, strict=True):
        values = [sum((function(values[j]) for j in group), Fraction(0)) / len(group) for group in partition]
    (value,) = values
    return value


@st.composite
def partitions(draw: st.DrawFn) -> tuple[tuple[Partition, ...], int]:
    """Partitions of one to four layers with groups of any size, members and groups in any order."""
    tau = count = draw(st.integers(1, 12))
    made = []
    for _ in range(draw(st.integers(0, 3))):
        order = draw(st.permutations(range(count)))
        cuts = sorted(draw(st.sets(st.integers(1, count - 1)))) if count > 1 else []
        made.append(tuple(tuple(order[first:last]) for first, last in zip([0, *cuts], [*cuts, count], strict=True)))
        count = len(made[-1])
    return (*made, (tuple(draw(st.permutations(range(count)))),)), tau


@given(partitions(), st.integers(1, 15), st.data())
def test_random_strategies_equal_the_printed_equation(
    found: tuple[tuple[Partition, ...], int], max_batch: int, data: st.DataObject
) -> None:
    """In fractions, so exactly; the layers are not linear, so that every order of layer and mean gives another number."""
    parts, tau = found
    values = data.draw(st.lists(st.fractions(-5, 5, max_denominator=7), min_size=tau, max_size=tau))
    functions: list[Function] = [lambda value, add=number: value * value + add for number in range(len(parts))]
    output = aggregate(Strategy(parts, tau), iter(values), [layer_of(each) for each in functions], max_batch=max_batch)
    assert output == naive(parts, functions, values)


@given(st.integers(1, 30), st.integers(1, 9))
def test_multi_with_one_layer_is_conventional_bit_by_bit(tau: int, max_batch: int) -> None:
    """And both are the plain mean of the outputs, in floats: sums in the order of copies, divided once."""
    inputs = np.random.default_rng(tau).standard_normal((tau, 5)).astype(np.float32)
    layers = [lambda values: [np.tanh(value) for value in values], lambda values: [np.exp(value) for value in values]]
    outputs = [np.exp(np.tanh(each)) for each in inputs]
    plain = sum(outputs[1:], outputs[0]) / tau if tau > 1 else outputs[0]
    for strategy in (multi(tau, (1, tau)), conventional(tau)):
        np.testing.assert_array_equal(aggregate(strategy, inputs, layers, max_batch=max_batch), plain)
    whole = [lambda values: layers[1](layers[0](values))]
    np.testing.assert_array_equal(aggregate(multi(tau, (tau,)), inputs, whole, max_batch=max_batch), plain)


def test_one_input_goes_through_untouched() -> None:
    for strategy in (conventional(1), mid(1), multi(1, (1, 1))):
        assert aggregate(strategy, [0.1], [lambda values: [value * 3 for value in values], list]) == 0.1 * 3


def test_mid_averages_before_the_second_layer() -> None:
    squares = [lambda values: [value * value for value in values]] * 2
    assert aggregate(mid(2), [1, 3], squares) == 25  # (1 + 9) / 2, squared
    assert aggregate(conventional(2), [1, 3], squares) == 41  # (1 + 81) / 2


def test_a_layer_sees_bounded_batches_and_the_second_only_the_means() -> None:
    seen: list[tuple[int, int]] = []

    def layer(number: int) -> Callable[[Sequence[float]], list[float]]:
        def call(values: Sequence[float]) -> list[float]:
            seen.append((number, len(values)))
            return list(values)

        return call

    aggregate(multi(100, (5, 20)), map(float, range(100)), [layer(1), layer(2)], max_batch=8)
    assert max(count for _, count in seen) <= 8
    assert sum(count for number, count in seen if number == 1) == 100
    assert sum(count for number, count in seen if number == 2) == 20


def test_inputs_are_made_only_when_they_are_wanted() -> None:
    alive, most = 0, 0

    class Copy(float):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def copies() -> "object":
        nonlocal alive, most
        for number in range(40):
            alive += 1
            most = max(most, alive)
            yield Copy(number)

    first = [lambda values: [float(value) + 0.0 for value in values], list]
    assert aggregate(multi(40, (20, 2)), copies(), first, max_batch=4) == 19.5  # type: ignore[arg-type]
    assert most <= 12


def test_a_group_is_given_as_soon_as_it_is_complete() -> None:
    means = Means[float](((0, 3), (1,), (2, 4, 5)))
    assert [means.add(number, float(value)) for number, value in ((1, 7), (0, 1), (2, 3), (3, 2), (5, 6), (4, 0))] == [
        (1, 7.0), None, None, (0, 1.5), None, (2, 3.0),
    ]  # fmt: skip


def test_one_layer_alone_as_a_decoder_uses_it_at_each_step() -> None:
    means = list(layer_means(enumerate([1.0, 3.0, 5.0, 7.0]), list, ((0, 1), (2, 3)), max_batch=3))
    assert means == [(0, 2.0), (1, 6.0)]
    for step in range(3):
        assert list(layer_means(means, lambda values, add=step: [value + add for value in values], ((0, 1),), max_batch=2)) == [
            (0, 4.0 + step)
        ]


@pytest.mark.parametrize("count", [0, 3, 5])
@pytest.mark.parametrize("max_batch", [1, 2])
def test_another_number_of_inputs(count: int, max_batch: int) -> None:
    with pytest.raises(InputError, match=f"for 4 inputs; there are {'more' if count > 4 else count}"):
        aggregate(conventional(4), [1.0] * count, [list, list], max_batch=max_batch)


def test_another_number_of_layers_and_of_values() -> None:
    with pytest.raises(InputError, match="2 layers, not for 1"):
        aggregate(conventional(4), [1.0] * 4, [list])
    with pytest.raises(InputError, match="gave 1 values for 4"):
        aggregate(conventional(4), [1.0] * 4, [lambda values: [values[0]], list])
    with pytest.raises(InputError, match="at least one item"):
        list(batched([1], 0))
