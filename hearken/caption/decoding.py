"""How a caption is chosen among all that a captioner could say: plain data, for every kind of captioner."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hearken.errors import InputError


@dataclass(frozen=True)
class Decoding:
    """A beam search of size `beam` (1: greedy) for captions of at most `max_tokens` tokens, by mean log-probability of a token.

    `length_power` divides the sum of log-probabilities by length to that power: 1 as ACT does, 0 prefers short captions. `no_repeat`: no run of so
    many tokens comes twice in a caption (0: may). Raises InputError for values that make no sense.
    """

    beam: int = 3
    max_tokens: int = 30
    length_power: float = 1.0
    no_repeat: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.beam <= 100 and 1 <= self.max_tokens <= 99 and 0.0 <= self.length_power <= 10.0 and self.no_repeat >= 0):
            raise InputError(
                f"Captions cannot be decoded by {self}.", "beam 1 to 100, max_tokens 1 to 99, length_power 0 to 10, no_repeat 0 or more."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
