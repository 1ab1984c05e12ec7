"""What code trains: versions, and the commit where it runs from a checkout."""

from __future__ import annotations

import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hearken import __version__

_GIT_S = 10


def code_facts() -> dict[str, Any]:
    """Return the time (UTC), versions and machine that a run starts with. `commit` is "" where the code is no checkout of its own."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hearken": __version__,
        "commit": commit(Path(__file__).resolve().parents[2]),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "num_threads": torch.get_num_threads(),
    }


def commit(package: Path) -> str:
    """Return the git commit of the checkout whose top holds `package`, with "+changes" where files of the package differ from it.

    "" without git, outside a checkout, or in somebody else's (an environment within their repository).
    """
    top = _git(package, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != package.parent:
        return ""
    name = _git(package, "rev-parse", "HEAD")
    changed = name and _git(package, "status", "--porcelain", "--", ".")
    return f"{name}+changes" if changed else name


def _git(folder: Path, *words: str) -> str:
    """What git answers, or "" where there is no answer."""
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        done = subprocess.run([program, "-C", str(folder), *words], capture_output=True, text=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
