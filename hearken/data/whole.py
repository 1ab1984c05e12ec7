"""Small files of our own beside a corpus: written whole or not at all, read only if they are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hearken.files import write_whole


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write `value` to `path` as JSON, the same bytes for the same value, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(value, ensure_ascii=True, allow_nan=False, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in `path`; an empty one where there is none, or something else: then it is as if it were not there."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
