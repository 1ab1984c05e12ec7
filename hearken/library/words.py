"""Words of file names, folders, tags and queries, as the full-text index sees them.

`DogBark_01loud.wav` yields `dogbark`, `dog`, `bark`, `01loud`, `01`, `loud`: whole runs of letters and digits, and their
parts at changes of case and between letters and digits. Stemming is left to the index (Porter).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable

from hearken.limits import MAX_QUERY_TOKENS

_RUN = re.compile(r"[^\W_]+")
_ASCII_PART = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OTHER_PART = re.compile(r"\d+|[^\W\d_]+")  # no table of upper-case letters beyond ASCII is at hand in `re`
STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its", "of", "on", "or",
    "some", "that", "the", "their", "then", "there", "this", "to", "up", "was", "were", "while", "with",
))  # fmt: skip
"""Words that say nothing about a sound; a query of nothing else is searched for as it stands."""


def clean(text: str) -> str:
    """Return `text` in Unicode form NFKC, without surrogates (undecodable bytes of a name), so that it can be stored as UTF-8."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))


def split_words(text: str) -> list[str]:
    """Return the words of `text` in lower case: every run of letters and digits, followed by its parts if it has several."""
    words: list[str] = []
    for run in _RUN.findall(clean(text)):
        parts = (_ASCII_PART if run.isascii() else _OTHER_PART).findall(run)
        words.append(run.lower())
        if len(parts) > 1:
            words.extend(part.lower() for part in parts)
    return words


def query_words(text: str) -> list[str]:
    """Return the distinct words of a query in order, at most `MAX_QUERY_TOKENS`, stop words left out where others remain."""
    words = list(dict.fromkeys(run.lower() for run in _RUN.findall(clean(text))))
    telling = [word for word in words if word not in STOP_WORDS]
    return (telling or words)[:MAX_QUERY_TOKENS]


def name_words(path: str) -> str:
    """Return the words of the file name of `path` without its suffix, separated by spaces."""
    return " ".join(split_words(os.path.splitext(os.path.basename(path))[0]))


def folder_words(path: str, root: str) -> str:
    """Return the words of the folders of `path` from the root's own name downwards; above the root, names say nothing."""
    folder = os.path.dirname(path)
    start = os.path.dirname(root if folder == root or folder.startswith(os.path.join(root, "")) else folder)
    return " ".join(split_words(folder[len(start) :]))


def tag_words(values: Iterable[str]) -> str:
    """Return the words of tag values, separated by spaces."""
    return " ".join(word for value in values for word in split_words(value))
