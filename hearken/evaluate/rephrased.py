"""Caption ensembles: a query is the mean of its caption's vector and those of other ways to say it.

The means have unit length again. Text to audio that changes nothing: a query's scores are all multiplied by one number, and its ranking stays.
Audio to text it matters, for there the scores of different queries are compared: without it, a caption whose variations point in different
directions has a short mean and stands behind others, however near it is. So scores are cosines here as everywhere.

Legend: `Q` queries, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hearken.augment.eda import Eda, augment
from hearken.data.clip import Variation
from hearken.errors import EvaluationError
from hearken.evaluate.templates import fill
from hearken.evaluate.unit_text import EncodeText, unit, unit_texts

Variations = Mapping[str, Sequence[str]]
"""Other ways to say a query, by the query."""


def rephrased(
    queries: Sequence[str], variations: Variations, encode_text: EncodeText, *, own_weight: float | None = None
) -> NDArray[np.float64]:
    """Return the vectors of `queries` (Q, D), unit length: of each, the mean of its own unit vector and those of its variations.

    A query without a variation is its own vector. `own_weight`, from 0 to 1, is the weight of the query's own vector, and its variations share the
    rest; by default all count alike. Variations equal to the query or to each other count once. Raises EvaluationError for a weight outside, and
    where vectors cancel out.
    """
    if own_weight is not None and not 0.0 <= own_weight <= 1.0:
        raise EvaluationError(f"The weight of the query's own words is from 0 to 1, not {own_weight:g}.")
    said = [list(dict.fromkeys((query, *(text.strip() for text in variations.get(query, ()) if text.strip())))) for query in queries]
    vectors = unit_texts([text for texts in said for text in texts], encode_text)
    starts = np.cumsum([0, *(len(texts) for texts in said)])
    weights = np.concatenate([_weights(len(texts), own_weight) for texts in said])
    return unit(np.add.reduceat(vectors * weights[:, None], starts[:-1], axis=0), queries)


def from_corpus(queries: Sequence[str], variations: Iterable[Variation]) -> dict[str, tuple[str, ...]]:
    """Return the variations of `queries` in those of a corpus; captions are the same where they are without blanks at their ends.

    A caption that several clips have gets the variations of all of them.
    """
    found: dict[str, dict[str, None]] = {}
    for each in variations:
        found.setdefault(each.caption.strip(), {}).update(dict.fromkeys(each.texts))
    return {query: tuple(found[query.strip()]) for query in queries if query.strip() in found}


def by_eda(queries: Sequence[str], eda: Eda, num: int, *, seed: int = 0) -> dict[str, tuple[str, ...]]:
    """Return up to `num` variations of each of `queries` by EDA; a function of the query and `seed` alone, whatever the others are."""
    return {
        query: augment(query, num, eda, np.random.default_rng([seed, *query.encode("utf-8", "surrogatepass")]))
        for query in dict.fromkeys(queries)
    }


def by_templates(queries: Sequence[str], templates: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return each of `queries` in every template, a text with `{}`; a full stop at the query's end is left out within the template."""
    return {query: tuple(fill(template, query.strip().removesuffix(".")) for template in templates) for query in dict.fromkeys(queries)}


def _weights(num: int, own_weight: float | None) -> NDArray[np.float64]:
    if own_weight is None or num == 1:
        return np.full(num, 1.0 / num)
    return np.array([own_weight, *([(1.0 - own_weight) / (num - 1)] * (num - 1))])
