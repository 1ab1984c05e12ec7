"""What corpora of Freesound's recordings have in common: their identifiers."""

from __future__ import annotations

from hearken.data.rows import Row


def freesound_id(row: Row, name: str) -> str:
    """Return the Freesound id under `name` of a row: digits. Raises DataError for anything else."""
    found = row.text(name)
    if not (found.isascii() and found.isdecimal()):
        row.fail(f"{name!r} should be a Freesound id, in digits.")
    return found
