"""From what was understood to what is sought: one call of the text encoder, and a `Query`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hearken.errors import InputError
from hearken.search.scope import Query
from hearken.search.wording import Understood
from hearken.types import FloatArray


def ask(
    wanted: Understood, unwanted: Understood | None, encode: Callable[[Sequence[str]], FloatArray], *, names: bool, captions: bool
) -> Query:
    """Return the query for what is `wanted`, less what that text itself or a second one does not want.

    Words of names are looked up as they were typed (but for typing errors), those of machine-made captions as captions say
    them; `names` and `captions` tell whether they are at all. Raises InputError where the model returns no finite vector.
    """
    against = " or ".join(text for text in (unwanted.text if unwanted else None, wanted.not_text) if text)
    parts = wanted.parts if len(wanted.parts) > 1 else ()
    vectors = [checked(vector) for vector in encode([wanted.text, *parts, *([against] if against else [])])]
    not_words = f"{against} {unwanted.words}" if unwanted else against
    return Query(
        vectors[0],
        vectors[-1] if against else None,
        wanted.words if names else "",
        not_words=not_words,
        caption_words=wanted.text if captions else "",
        parts=np.stack(vectors[1 : 1 + len(parts)]) if parts else None,
    )


def checked(vector: FloatArray) -> FloatArray:
    """Return the query vector (D,) if it is finite. Raises InputError."""
    if not np.isfinite(vector).all():
        raise InputError("The model returned a vector that is not finite.", "Its files may be damaged: see `hearken doctor`.")
    return vector
