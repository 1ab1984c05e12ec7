"""EDA as a random transform: one of its operations for some of the captions.

Kim et al. (2023), Table 3, train with EDA (Wei and Zou 2019) on captions and say neither how often nor how strongly. Here half of the
captions are changed, as half of the sounds are in that paper, by one operation, all equally likely, at EDA's strength for texts
of this length, alpha = 0.1. `any_sense` is what EDA itself does for synonyms; the default is more careful (`eda.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from hearken.augment.chance import check_choice, check_choices, check_probability, check_text, falls, seed_of
from hearken.augment.eda import OPERATIONS, Eda, Operation, augment
from hearken.errors import MissingDataError
from hearken.text.wordnet import WordNet, load_wordnet

_WITH_SYNONYMS = frozenset(("replace", "insert"))


@dataclass(frozen=True)
class DrawnEdit:
    """A change of one caption: the `operation` to be tried first, and the `seed` of what it draws."""

    operation: Operation
    seed: int


@dataclass(frozen=True)
class RandomEda:
    """A change for a caption with `probability`; `alpha` and `any_sense` as in `Eda`.

    `wordnet` is where WordNet is, "" where it usually is or as $HEARKEN_WORDNET says; swap and delete alone need none.
    Raises InputError for other values.
    """

    probability: float = 0.5
    alpha: float = 0.1
    operations: tuple[Operation, ...] = OPERATIONS
    any_sense: bool = False
    wordnet: str = ""

    def __post_init__(self) -> None:
        check_probability(self.probability)
        check_probability(self.alpha, "alpha")
        check_text(self.wordnet, "wordnet")
        check_choice(self.any_sense, "any_sense", (False, True))
        check_choices(self.operations, "operations", OPERATIONS)
        Eda(WordNet({}), self.alpha, self.operations)

    def eda(self) -> Eda:
        """Return the operations with their WordNet, which is read once in a process.

        Raises MissingDataError where there is none and synonyms are wanted, DataError for a damaged one.
        """
        wanted = not _WITH_SYNONYMS.isdisjoint(self.operations)
        return Eda(_wordnet(self.wordnet) if wanted else WordNet({}), self.alpha, self.operations, any_sense=self.any_sense)

    def draw(self, generator: np.random.Generator) -> DrawnEdit | None:
        """Return the change of one caption; None where the coin says that it stays."""
        drawn = DrawnEdit(self.operations[int(generator.integers(len(self.operations)))], seed_of(generator))
        return drawn if falls(self.probability, generator) else None


def edit(caption: str, drawn: DrawnEdit, eda: Eda) -> str:
    """Return `caption` changed by the drawn operation, or by the next that can; unchanged where none finds anything to do."""
    first = eda.operations.index(drawn.operation)
    turned = replace(eda, operations=(*eda.operations[first:], *eda.operations[:first]))
    return next(iter(augment(caption, 1, turned, np.random.default_rng(drawn.seed))), caption)


@cache
def _wordnet(path: str) -> WordNet:
    try:
        return load_wordnet(Path(path) if path else None)
    except MissingDataError as error:
        way_out = "Name one by the option wordnet or $HEARKEN_WORDNET, or let eda swap and delete alone: operations: [swap, delete]."
        raise MissingDataError(error.message, way_out) from error
