"""What happens to a caption before it is tokenised: one named policy per published system.

The papers differ here in small ways that move scores: Primus et al. (2023) drop all punctuation, WavCaps turns some of it
into blanks, LAION-CLAP and MS-CLAP leave the text alone. A policy is data, so it travels in `config.json` with the model.
"""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from hearken.errors import InputError

Cut = Literal["keep_end", "slice"]
"""How a text of too many tokens is cut: `keep_end` shortens the words and keeps the end token, `slice` cuts off whatever
comes last, the end token too, as the code of Primus et al. (2023) does."""
_TIDIED = re.compile(r'\s([,.!?;:"](?:\s|$))')  # a space that was forgotten before punctuation


@dataclass(frozen=True)
class TextPolicy:
    """Rules for one text: `lower` its letters, `remove` characters, turn the characters of `blank` into spaces, add `suffix`.

    `max_tokens` counts the tokenizer's marks as well. With `blank`, a space before punctuation goes first and a double
    space becomes one, each in a single pass, as in WavCaps. Raises InputError for values that make no sense.
    """

    name: str = "plain"
    lower: bool = False
    remove: str = ""
    blank: str = ""
    suffix: str = ""
    max_tokens: int = 64
    cut: Cut = "keep_end"

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise InputError(f"max_tokens must be at least 1, not {self.max_tokens}.")
        if self.cut not in get_args(Cut):
            raise InputError(f"A text policy cuts by one of {', '.join(get_args(Cut))}, not {self.cut!r}.")

    def __call__(self, text: str) -> str:
        """Return `text` as this policy wants it; a lone surrogate, which no tokenizer takes, becomes "?"."""
        text = text.encode(errors="replace").decode()
        if self.lower:
            text = text.lower()
        text = text.translate(str.maketrans("", "", self.remove))
        if self.blank:
            text = _TIDIED.sub(r"\1", text).replace("  ", " ")
            text = text.translate(str.maketrans(self.blank, " " * len(self.blank))).replace("  ", " ")
        return text + self.suffix

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a mapping of plain values, for `config.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> TextPolicy:
        """Return the policy that `to_json` wrote. Raises InputError for keys that do not exist."""
        unknown = sorted(set(mapping) - {field.name for field in fields(cls)})
        if unknown:
            raise InputError(f"A text policy has no {', '.join(unknown)}.")
        return cls(**mapping)


TEXT_POLICIES: dict[str, TextPolicy] = {
    policy.name: policy
    for policy in (
        TextPolicy("plain"),
        # Primus et al. 2023 section 2.5 and its successors: no capitals, no punctuation, 32 tokens
        TextPolicy("dcase", lower=True, remove=string.punctuation, max_tokens=32),
        TextPolicy("dcase2023", lower=True, remove=string.punctuation, max_tokens=32, cut="slice"),
        TextPolicy("words", lower=True, remove=string.punctuation, max_tokens=512),
        TextPolicy("wavcaps", lower=True, blank='(,.!?;:|*")', max_tokens=30),
        TextPolicy("laion", max_tokens=77),
        TextPolicy("msclap2022", max_tokens=100),
        TextPolicy("msclap2023", suffix=" <|endoftext|>", max_tokens=77),
        TextPolicy("sentence", max_tokens=256),
    )
}
"""The closed table of policies."""


def text_policy(name: str) -> TextPolicy:
    """Return the policy called `name`. Raises InputError, naming the nearest, for an unknown one."""
    if name not in TEXT_POLICIES:
        near = difflib.get_close_matches(name, TEXT_POLICIES, cutoff=0.0)
        raise InputError(f"There is no text policy {name!r}.", f"Nearest: {', '.join(near)}.")
    return TEXT_POLICIES[name]
