"""Reads the arrays of an .npz that anybody may have written."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, show

_DAMAGE = (
    ValueError, KeyError, EOFError, TypeError, AttributeError, NotImplementedError, OverflowError, zipfile.BadZipFile, zlib.error,
    SyntaxError, tokenize.TokenError, RecursionError, MemoryError,
)  # fmt: skip
"""What numpy raises of an archive that is none, of a header that is no Python, and of a shape larger than memory."""


def read_arrays(path: Path, names: tuple[str, ...], hint: str) -> dict[str, NDArray[Any]]:
    """Return those arrays of the .npz at `path` that are called one of `names`; no object is ever built from it.

    Raises EvaluationError, with `hint`, for a file that cannot be read or is no .npz of plain arrays.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:  # numpy leaves a file open that it opens and cannot read
            return {name: stored[name] for name in names if name in stored}
    except OSError as error:
        raise EvaluationError(f"{show(path)} cannot be read: {show(error.strerror or str(error))}.", hint) from error
    except _DAMAGE as error:
        raise EvaluationError(f"{show(path)} is no .npz of plain arrays: {show(str(error))}.", hint) from error
