"""The closed table of corpora that Hearken knows by name."""

from __future__ import annotations

import difflib
from importlib import import_module

from hearken.data.card import Definition
from hearken.errors import DataError, show

CORPORA = {
    "clotho": "clotho:CLOTHO",
    "clotho-gpt": "clotho_gpt:CLOTHO_GPT",
    "clotho-graded": "clotho_graded:CLOTHO_GRADED",
    "dcase-retrieval": "dcase_retrieval:DCASE_RETRIEVAL",
    "dcase2025": "dcase2025:DCASE2025",
    "audiocaps": "audiocaps:AUDIOCAPS",
    "audiocaps-v2": "audiocaps:AUDIOCAPS_V2",
    "audiocaps-fixed": "audiocaps:AUDIOCAPS_FIXED",
    "audiocaps-act": "audiocaps:AUDIOCAPS_ACT",
    "wavcaps": "wavcaps:WAVCAPS",
    "macs": "macs:MACS",
    "sounddescs": "sounddescs:SOUNDDESCS",
    "wavtext5k": "wavtext5k:WAVTEXT5K",
    "fsd50k": "fsd50k:FSD50K",
    "esc50": "esc50:ESC50",
}
"""Name -> module of `hearken.data.sets` and the definition in it; imported when it is asked for."""


def definition(name: str) -> Definition:
    """Return what is known of the corpus `name`. Raises DataError, which names the nearest, if nothing is."""
    if name not in CORPORA:
        raise unknown(name)
    module, attribute = CORPORA[name].split(":")
    found = getattr(import_module(f"hearken.data.sets.{module}"), attribute)
    if not isinstance(found, Definition):
        raise TypeError(f"{CORPORA[name]} is no Definition")
    return found


def unknown(reference: str, *, or_path: bool = False) -> DataError:
    """Return the error for a reference that names no corpus; its hint has the nearest names, and that a path may be given too."""
    near = difflib.get_close_matches(reference, CORPORA, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return DataError(
        f"There is no corpus {show(reference)!r}.", f"{hint}`hearken data list` shows all{'; a path works as well' if or_path else ''}."
    )


def parse_reference(reference: str) -> tuple[str, tuple[str, ...]]:
    """Split `NAME` or `NAME-SPLIT` into the corpus and the splits that are meant (for `NAME` all but those that go by name).

    `audiocaps-v2-test` is split `test` of `audiocaps-v2`. Raises DataError for an unknown name or split.
    """
    names = sorted((name for name in CORPORA if reference == name or reference.startswith(f"{name}-")), key=len, reverse=True)
    for name in names:
        split = reference[len(name) + 1 :]
        known = definition(name).card.splits
        if not split:
            return name, tuple(part.name for part in known if not part.by_name)
        if any(split == part.name for part in known):
            return name, (split,)
    if not names:
        raise unknown(reference)
    splits = ", ".join(part.name for part in definition(names[0]).card.splits)
    raise DataError(f"{names[0]} has no split {show(reference[len(names[0]) + 1 :])!r}.", f"Its splits are: {splits}.")
