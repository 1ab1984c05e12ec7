"""Every loss of captioners by name: `build_caption_loss("label_smoothing", smoothing=0.1)`.

They take scores of tokens, not pairs of embeddings, and so stand in a closed table of their own beside that of `losses/table.py`.
"""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from typing import Any

from hearken.errors import InputError
from hearken.losses.label_smoothing import CrossEntropy, LabelSmoothing


@dataclass(frozen=True)
class CaptionLossEntry:
    """A loss of the table: its class, what it does in one line, and the paper it is from."""

    kind: type[LabelSmoothing]
    summary: str
    paper: str

    @property
    def options(self) -> dict[str, Any]:
        """The options by name, with their defaults."""
        return {given.name: given.default for given in inspect.signature(self.kind).parameters.values()}


CAPTION_LOSSES: dict[str, CaptionLossEntry] = {
    "cross_entropy": CaptionLossEntry(CrossEntropy, "cross-entropy of the next token", "Vinyals et al. 2015"),
    "label_smoothing": CaptionLossEntry(
        LabelSmoothing, "the same with a share of every label spread over the vocabulary", "Szegedy et al. 2016; Mei et al. 2021 (ACT)"
    ),
}
"""Name to loss of captions."""


def build_caption_loss(name: str, **options: Any) -> LabelSmoothing:  # noqa: ANN401 - a recipe's
    """Return the loss `name` of CAPTION_LOSSES made with `options`.

    Raises InputError for a name or an option that does not exist, naming the nearest, and for a value that does not fit.
    """
    if name not in CAPTION_LOSSES:
        raise InputError(f"There is no loss of captions {name!r}.", _nearest(name, list(CAPTION_LOSSES)))
    entry = CAPTION_LOSSES[name]
    for option, value in options.items():
        if option not in entry.options:
            raise InputError(f"The loss {name} has no option {option!r}.", _nearest(option, list(entry.options)))
        if not _fits(option, value):
            raise InputError(f"The loss {name}'s option {option} cannot be {value!r}.", f"By default it is {entry.options[option]!r}.")
    return entry.kind(**options)


def _fits(option: str, value: object) -> bool:
    if option == "smoothing":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if option == "ignore":
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    return isinstance(value, str)


def _nearest(name: str, known: list[str]) -> str:
    return f"Nearest: {', '.join(difflib.get_close_matches(name, known, cutoff=0.0))}."
