"""What a file's tags say about its sound, decoded whatever their encoding, and cut to a reasonable length."""

from __future__ import annotations

from collections.abc import Mapping

from hearken.limits import MAX_TAG_CHARS

TAGS = ("title", "artist", "comment", "genre", "album", "date", "description")
"""The tags that are kept; a Broadcast Wave file's ``bext`` description arrives as the comment."""

_OTHER_NAMES = {"date_released": "date", "year": "date", "synopsis": "description", "subject": "description"}


def clean_tags(*raw: Mapping[str, str]) -> dict[str, str]:
    """Return the known tags of several tables, the first that has one winning, as printable text.

    Values hold surrogate escapes for bytes that are not UTF-8; those texts are read as Windows-1252, as old taggers wrote.
    """
    found: dict[str, str] = {}
    for table in raw:
        for key, value in table.items():
            name = _OTHER_NAMES.get(key.lower(), key.lower())
            if name in TAGS and name not in found and (text := clean_text(value)):
                found[name] = text
    return found


def clean_text(value: str) -> str:
    """Return `value` as printable text on one line, at most MAX_TAG_CHARS long."""
    value = value[: 4 * MAX_TAG_CHARS]
    try:
        value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    printable = "".join(char if char.isprintable() else " " for char in value)
    return " ".join(printable.split())[:MAX_TAG_CHARS].rstrip()
