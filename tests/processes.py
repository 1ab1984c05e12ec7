"""Python code in processes of its own: under limits, as another user, to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def python(code: str, *arguments: object) -> list[str]:
    """Return the command that runs `code` with this repository at hand; `sys` is imported already."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *map(str, arguments)]


def run_python(code: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own, perhaps through the command `before`."""
    place = "/" if os.name == "posix" else None  # a folder that every user may be in
    return subprocess.run([*before, *python(code, *arguments)], capture_output=True, text=True, timeout=120, cwd=place)
