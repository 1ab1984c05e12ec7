"""Vectors of texts, each text encoded once, and their means.

Legend: `T` texts, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError

FloatTable = NDArray[np.floating]
EncodeText = Callable[[list[str]], FloatTable]
"""Texts (T) to vectors (T, D), of whatever length: `hearken.load_model(...).encode_text`, or the `encode_text` of a run."""
_TEXTS_AT_ONCE = 64


def unit_texts(texts: Sequence[str], encode_text: EncodeText) -> NDArray[np.float64]:
    """Return the vectors (T, D) of `texts`, unit length; a text that comes again is encoded once.

    Raises EvaluationError where the encoder returns another number of vectors, or one that is zero or not finite.
    """
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    distinct = list(places)
    parts = [np.asarray(encode_text(distinct[start : start + _TEXTS_AT_ONCE])) for start in range(0, len(distinct), _TEXTS_AT_ONCE)]
    if not parts:
        raise EvaluationError("There is no text to encode.")
    if any(part.ndim != 2 for part in parts) or sum(map(len, parts)) != len(distinct):
        raise EvaluationError(f"The text encoder made no vector for each of {len(distinct)} texts.")
    vectors = unit(np.concatenate(parts), distinct)
    return np.asarray(vectors[[places[text] for text in texts]], np.float64)


def unit(vectors: FloatTable, names: Sequence[str]) -> NDArray[np.float64]:
    """Return `vectors` (T, D) with unit length. Raises EvaluationError, with the text's name, for one that is zero or not finite."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0.0))
    if len(bad):
        raise EvaluationError(f"The vector of {names[bad[0]]!r} has no direction: it is zero, or not finite.")
    return np.asarray(wide / lengths, np.float64)
