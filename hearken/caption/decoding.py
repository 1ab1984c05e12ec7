"""How a caption is chosen among all that a captioner could say: plain data, for every kind of captioner."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from hearken.errors import InputError

Search = Literal["beam", "best_first"]
SEARCHES: tuple[Search, ...] = get_args(Search)
"""The searches by name; `caption/search.py` runs them."""


@dataclass(frozen=True)
class Decoding:
    """A search of size `beam` (1: greedy) for captions of at most `max_tokens` tokens, by mean log-probability of a token.

    `length_power` divides the sum of log-probabilities by length to that power: 1 as ACT does, 0 prefers short captions. `no_repeat`: no run of so
    many tokens comes twice in a caption (0: may). `search`: "beam" (`caption/beam.py`), or "best_first", which is ACT's own (`caption/best_first.py`).
    Raises InputError for values that make no sense.
    """

    beam: int = 3
    max_tokens: int = 30
    length_power: float = 1.0
    no_repeat: int = 0
    search: Search = "beam"

    def __post_init__(self) -> None:
        if not (1 <= self.beam <= 100 and 1 <= self.max_tokens <= 99 and 0.0 <= self.length_power <= 10.0 and self.no_repeat >= 0):
            raise InputError(
                f"Captions cannot be decoded by {self}.", "beam 1 to 100, max_tokens 1 to 99, length_power 0 to 10, no_repeat 0 or more."
            )
        if self.search not in SEARCHES:
            raise InputError(f"There is no search {self.search!r} for captions.", f"One of {', '.join(SEARCHES)}.")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
