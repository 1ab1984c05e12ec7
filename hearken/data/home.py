"""Where corpora live on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def data_home() -> Path:
    """Return the folder of all corpora: `$HEARKEN_DATA`, or else the user-data folder `hearken-data` of the platform."""
    from platformdirs import user_data_path

    if named := os.environ.get("HEARKEN_DATA"):
        return Path(os.path.expanduser(named))  # unlike Path's own, it leaves an unknown `~name` as it is
    return user_data_path("hearken-data", appauthor=False)
