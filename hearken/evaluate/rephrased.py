"""Caption ensembles: a query is the mean of its caption's vector and those of other ways to say it.

The means have unit length again. Text to audio that changes nothing: a query's scores are all multiplied by one number, and its ranking stays.
Audio to text it matters, for there the scores of different queries are compared: without it, a caption whose variations point in different
directions has a short mean and stands behind others, however near it is. So scores are cosines here as everywhere.

Legend: `Q` queries, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hearken.augment.eda import Eda, augment
from hearken.augment.random_eda import RandomEda
from hearken.data.clip import Variation
from hearken.data.load import load
from hearken.data.sets.clotho_gpt import read_variations_file
from hearken.errors import EvaluationError, MissingDataError, show
from hearken.evaluate.templates import PLACE, fill, templates_of
from hearken.evaluate.unit_text import EncodeText, unit, unit_texts

if TYPE_CHECKING:
    from hearken.evaluate.systems import Encoded

EDA = "eda"
_EDITS = 4  # as many as Clotho has other captions of a clip
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


def with_variations(encoded: Encoded, name: str, encode_text: EncodeText) -> Encoded:
    """Return `encoded` with the vectors of its queries averaged with those of their variations; its facts say of how many queries.

    `name` is `eda` (four edits of each query by EDA, seed 0), a text with `{}` (each query in that template, too), or a corpus with
    variations (`clotho-gpt`), or the .json of such that `hearken data rephrase` wrote. Raises EvaluationError where no query has a variation,
    MissingDataError where the corpus or EDA's WordNet is not here, DataError for a damaged file.
    """
    queries = encoded.task.queries
    variations = variations_of(queries, name)
    num = sum(bool(variations.get(query)) for query in queries)
    if not num:
        raise without_variation(name, len(queries))
    facts = encoded.facts | {"queries_rephrased": num, "variations_of_them": sum(len(variations.get(query, ())) for query in queries)}
    return replace(encoded, text=rephrased(queries, variations, encode_text).astype(np.float32), facts=facts)


def without_variation(name: str, num_queries: int) -> EvaluationError:
    """Return the error for variations `name` that are of other captions."""
    of_what = "the one query" if num_queries == 1 else f"any of the {num_queries} queries"
    return EvaluationError(f"{show(name)} has no variation of {of_what}.", "Variations belong to captions, word by word.")


def variations_of(queries: Sequence[str], name: str) -> Variations:
    """Return the variations of `queries` that `name` stands for, see `with_variations`; none for a query that it does not know."""
    if name == EDA:
        return by_eda(queries, _eda(), _EDITS)
    if PLACE in name:
        return by_templates(queries, templates_of([name]))
    path = Path(name)
    return from_corpus(queries, read_variations_file(path) if path.suffix == ".json" and path.is_file() else load(name).variations)


def _eda() -> Eda:
    """EDA with its WordNet. Raises MissingDataError where there is none; nothing here but the environment can name another place."""
    try:
        return RandomEda().eda()
    except MissingDataError as error:
        raise MissingDataError(
            error.message, "EDA takes synonyms from WordNet: install one, or name its folder in $HEARKEN_WORDNET."
        ) from error


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
