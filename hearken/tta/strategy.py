"""What is averaged where: the strategies of multi-level test-time augmentation as data.

Kim et al. (2023), section 3. A model is H layers one after the other, and tau copies of an input go in. The outputs of layer h are
averaged in groups: P_h is a partition of the numbers of what went into that layer, and one group becomes one output (equation 2):

    o_{h,i} = 1 / |P_h[i]| sum_{j in P_h[i]} f_h(o_{h-1,j}),    |P_H| = 1

so that one prediction comes out. Conventional TTA averages the outputs of the last layer alone, Mid-TTA those of one layer before it,
Multi-TTA some here and some there. Where all groups of a layer have one size, tau is the product of these sizes. (The paper prints the
product of the |P_h|, the numbers of groups; its own strategies, such as tau = 100 from groups of 5 and of 20, follow the sizes.)

In text a strategy of a model of two layers, an encoder and what is behind it, is ``100:5x20`` (5 encoder outputs become one, and 20 such
means go on and are averaged at the output), ``conventional:25``, ``mid:25``, ``multi:100`` (the sizes of the paper), or ``none``.

Numbers count from 0 here. tau = 1 is the sound as it is: with one input there is nothing to average, so nothing is augmented either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import prod

from hearken.errors import InputError

Partition = tuple[tuple[int, ...], ...]
NUM_LAYERS = 2
KIM = {10: (2, 5), 25: (5, 5), 50: (5, 10), 100: (5, 20)}
"""The strategies of Kim et al. (2023), section 4.3: tau to the sizes of groups at the encoder and at the output."""
_EXAMPLES = "Such as 100:5x20, conventional:25, mid:25, multi:100 or none."


@dataclass(frozen=True)
class Strategy:
    """The partitions P_1 ... P_H, for `tau` inputs.

    Raises InputError where one is no partition of what the layer before gives, or |P_H| is not 1.
    """

    partitions: tuple[Partition, ...]
    tau: int

    def __post_init__(self) -> None:
        if self.tau < 1 or not self.partitions:
            raise InputError(f"A strategy has at least one input and one layer, not {self.tau} and {len(self.partitions)}.", _EXAMPLES)
        num_inputs = self.tau
        for number, partition in enumerate(self.partitions, start=1):
            if not all(partition) or sorted(chain.from_iterable(partition)) != list(range(num_inputs)):
                raise InputError(f"The groups of layer {number} must hold each of its {num_inputs} inputs once, and none may be empty.")
            num_inputs = len(partition)
        if num_inputs != 1:
            raise InputError(f"One output must be left of a strategy, not {num_inputs}.", "Put all that is left into one last group.")

    @classmethod
    def of_sizes(cls, sizes: tuple[int, ...]) -> Strategy:
        """Return the strategy whose layer h averages `sizes[h]` neighbours each; tau is their product.

        Raises InputError for a size below 1.
        """
        if not sizes or min(sizes) < 1:
            raise InputError(f"Groups have at least one member each, not {sizes}.", _EXAMPLES)
        tau = count = prod(sizes)
        partitions = []
        for size in sizes:
            count //= size
            partitions.append(tuple(tuple(range(group * size, (group + 1) * size)) for group in range(count)))
        return cls(tuple(partitions), tau)

    @property
    def num_layers(self) -> int:
        """How many layers it is for, H."""
        return len(self.partitions)

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """The size of the groups of each layer; None where a layer's groups differ in size."""
        found = [{len(group) for group in partition} for partition in self.partitions]
        return tuple(min(sizes) for sizes in found) if all(len(sizes) == 1 for sizes in found) else None

    def __str__(self) -> str:
        """Return the text that `strategy` reads, where there is one."""
        sizes = self.sizes
        if sizes is None:
            return f"{self.tau}:unequal"
        if self.tau == 1:
            return "none"
        if sizes[-1] == self.tau:
            return f"conventional:{self.tau}"
        if sizes == (self.tau, 1):
            return f"mid:{self.tau}"
        return f"{self.tau}:{'x'.join(map(str, sizes))}"


def conventional(tau: int, num_layers: int = NUM_LAYERS) -> Strategy:
    """Return the strategy that averages `tau` outputs of the last layer. Raises InputError for numbers below 1."""
    return mid(tau, num_layers, num_layers)


def mid(tau: int, layer: int = 1, num_layers: int = NUM_LAYERS) -> Strategy:
    """Return the strategy that averages all `tau` outputs of `layer`, counted from 1. Raises InputError for a layer that is not there."""
    if not 1 <= layer <= num_layers:
        raise InputError(f"There are {num_layers} layers, and so none of number {layer}.")
    return Strategy.of_sizes(tuple(tau if number == layer else 1 for number in range(1, num_layers + 1)))


def multi(tau: int, sizes: tuple[int, ...]) -> Strategy:
    """Return the strategy with groups of `sizes`, one for each layer. Raises InputError unless they multiply to `tau`."""
    made = Strategy.of_sizes(sizes)
    if made.tau != tau:
        raise InputError(f"Groups of {' x '.join(map(str, sizes))} are for {made.tau} inputs, not for {tau}.", _EXAMPLES)
    return made


def strategy(text: str) -> Strategy:
    """Return the strategy of two layers that `text` names.

    Raises InputError for any other text, and for sizes that do not multiply to tau.
    """
    name, _, rest = text.strip().lower().partition(":")
    if name == "none" and not rest:
        return conventional(1)
    if name in ("conventional", "mid"):
        return conventional(_number(rest, text)) if name == "conventional" else mid(_number(rest, text))
    if name == "multi":
        tau = _number(rest, text)
        if tau not in KIM:
            raise InputError(
                f"The paper has no strategy of {tau} inputs.", f"It has {', '.join(map(str, KIM))}; others are told by sizes: 30:5x6."
            )
        return multi(tau, KIM[tau])
    sizes = tuple(_number(part, text) for part in rest.split("x"))
    if len(sizes) != NUM_LAYERS:
        raise InputError(f"{text!r} must say two sizes of groups: at the layer, and at the output.", _EXAMPLES)
    return multi(_number(name, text), sizes)


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 7):
        raise InputError(f"{whole!r} is no strategy of test-time augmentation.", _EXAMPLES)
    return int(text)
