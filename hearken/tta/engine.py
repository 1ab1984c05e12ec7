"""Multi-level averaging over a chain of layers: equation 2 of Kim et al. (2023), for layers and values of any kind.

A value is anything that can be added and divided by a whole number: an array, a tensor, a number. A layer is a function of a batch of
values that gives as many. Values flow one batch at a time, and what is averaged is kept as sums, so memory is that of a batch and of the
groups that are not complete, however many copies there are. Sums are in the order in which values come, whatever the size of a batch.

A captioner has two such layers: its encoder, and its decoder, whose probabilities of the next word are averaged at every step:
`layer_means` for the first, once, and then for the second with the same means at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from hearken.errors import InputError
from hearken.tta.strategy import Partition, Strategy


class Value(Protocol):
    """What can be averaged."""

    def __add__(self, other: Any, /) -> Any: ...  # noqa: ANN401 - of its own kind
    def __truediv__(self, other: Any, /) -> Any: ...  # noqa: ANN401 - a whole number


T = TypeVar("T", bound=Value)
Item = TypeVar("Item")
Layer = Callable[[Sequence[Any]], Sequence[Any]]


class Means(Generic[T]):
    """The means of the groups of one `partition`, each as soon as its last member is there."""

    def __init__(self, partition: Partition) -> None:
        self._group = {member: number for number, members in enumerate(partition) for member in members}
        self._sizes = [len(members) for members in partition]
        self._left = list(self._sizes)
        self._sums: dict[int, T] = {}

    def add(self, number: int, value: T) -> tuple[int, T] | None:
        """Take the value of member `number`; return the number of its group and the mean when it was the last one, else None."""
        group = self._group[number]
        total: T = self._sums.pop(group) + value if group in self._sums else value
        self._left[group] -= 1
        if self._left[group]:
            self._sums[group] = total
            return None
        size = self._sizes[group]
        return group, total if size == 1 else total / size


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield `items` in lists of `size`, the last one maybe shorter. Raises InputError for a size below 1."""
    if size < 1:
        raise InputError(f"A batch has at least one item, not {size}.")
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def layer_means(inputs: Iterable[tuple[int, Any]], layer: Layer, partition: Partition, *, max_batch: int) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each output of one layer: the mean over a group of `partition` of what `layer` makes of numbered `inputs`.

    `layer` gets at most `max_batch` values at a time. Outputs come when they are complete, which need not be in order.
    Raises InputError where `layer` gives another number of values than it was given.
    """
    means = Means[Any](partition)
    for batch in batched(inputs, max_batch):
        outputs = layer([value for _, value in batch])
        if len(outputs) != len(batch):
            raise InputError(f"A layer gave {len(outputs)} values for {len(batch)}.")
        for (number, _), output in zip(batch, outputs, strict=True):
            if found := means.add(number, output):
                yield found


def aggregate(strategy: Strategy, inputs: Iterable[Any], layers: Sequence[Layer], *, max_batch: int = 32) -> Any:  # noqa: ANN401
    """Return the one output of `layers` for the copies `inputs`, averaged by `strategy`.

    Inputs are asked for a batch at a time, so they may be made on the way. Raises InputError for another number of layers than the
    strategy is for, or of inputs than its tau.
    """
    if len(layers) != strategy.num_layers:
        raise InputError(f"The strategy is for {strategy.num_layers} layers, not for {len(layers)}.")
    flow: Iterable[tuple[int, Any]] = enumerate(_exactly(strategy.tau, inputs))
    for layer, partition in zip(layers, strategy.partitions, strict=True):
        flow = layer_means(flow, layer, partition, max_batch=max_batch)
    ((_, output),) = flow
    return output


def _exactly(count: int, inputs: Iterable[Item]) -> Iterator[Item]:
    seen = 0
    for value in inputs:
        seen += 1
        if seen > count:
            break
        yield value
    if seen != count:
        raise InputError(f"The strategy is for {count} inputs; there are {'more' if seen > count else seen}.")
