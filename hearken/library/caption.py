"""Captions beside sounds: `rain.txt` or `rain.json` (keys `caption` or `captions`) describes `rain.wav`."""

from __future__ import annotations

import json

from hearken.audio.source import open_regular
from hearken.errors import AudioReadError
from hearken.limits import MAX_CAPTION_BYTES

CAPTION_SUFFIXES = (".txt", ".json")
"""In order of preference."""


def read_caption(path: str) -> str:
    """Return the caption in the file `path`, or "" where there is none to be had: a caption is welcome, never needed.

    At most `MAX_CAPTION_BYTES` are read, of regular files only; bytes that are not UTF-8 are replaced.
    """
    if not path:
        return ""
    text = _read(path).decode("utf-8-sig", "replace")
    return _from_json(text) if path.lower().endswith(".json") else text.strip()


def _read(path: str) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_CAPTION_BYTES) or b""
    except (OSError, AudioReadError):
        return b""


def _from_json(text: str) -> str:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = (data.get("caption") or data.get("captions")) if isinstance(data, dict) else None
    captions = found if isinstance(found, list) else [found]
    return " ".join(caption.strip() for caption in captions if isinstance(caption, str))
