"""Sound that lies inside a table or a data set, not beside it: kept once as a file, named by its content."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.data.home import data_home
from hearken.files import write_whole

_FOLDER = "embedded"


def keep_sound(content: bytes, name: str) -> str:
    """Write `content` below `data_home()/embedded`, unless it is there, and return its absolute path with `/`.

    The file is called by the SHA-256 of its content and has the suffix of `name`, if that is one of a sound. Raises OSError.
    """
    digest = hashlib.sha256(content).hexdigest()
    suffix = PurePath(name).suffix.lower()
    path = (data_home() / _FOLDER / digest[:2] / (digest + (suffix if suffix in AUDIO_SUFFIXES else ".audio"))).absolute()
    if not path.is_file() or path.stat().st_size != len(content):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return path.as_posix()
