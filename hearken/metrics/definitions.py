"""What mAP@10 and R@k mean, by name: the definitions that papers and public code use, which differ where a query has several answers.

Text to audio, with one clip for each caption, all of them agree. Audio to text, with five captions for each clip, they do not: R@1 asks for any
of the five or for their share, and AP is divided by five or by what can be reached.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import numpy as np

from hearken.errors import InputError, show
from hearken.metrics.confidence import Statistic
from hearken.metrics.ranks import Ranks
from hearken.metrics.retrieval import (
    Divisor,
    RecallKind,
    Values,
    average_precision,
    average_precision_at,
    first_rank,
    precision_at,
    recall_at,
    reciprocal_rank,
)

_METRIC = re.compile(r"(mAP|R|P|MRR)@([1-9][0-9]{0,6})")
_LOOSE = re.compile(r"(mAP|R|recall|P|MRR)@?([1-9][0-9]{0,6})", re.IGNORECASE | re.ASCII)
_WHOLE = ("mAP", "MRR", "medR", "meanR")


@dataclass(frozen=True)
class Definition:
    """How figures are computed: `recall` and `divisor` as in `metrics/retrieval.py`.

    `merged`: equal captions are one query, which all their clips answer; else every caption of a clip is a query of its own, which that clip
    answers. `single`: a query has one answer and no more. `papers` are papers and public code that compute it so.
    """

    name: str
    recall: RecallKind
    divisor: Divisor
    merged: bool
    summary: str
    papers: tuple[str, ...]
    single: bool = False


DEFINITIONS: dict[str, Definition] = {
    each.name: each
    for each in (
        Definition(
            "dcase", "any", "relevant", merged=False, single=True,
            summary="Text to audio, one clip for each caption: AP@10 is 1 / rank up to rank 10, R@k whether the clip is among the first k.",
            papers=(
                "DCASE task 6b 2022 and 2023, task 8 2024 (Xie et al. 2022; xieh97/dcase2022-audio-retrieval, eval_script.py)",
                "Primus et al. 2023 (OptimusPrimus/dcase2023_task6b), Primus et al. 2024 (OptimusPrimus/salsa)",
            ),
        ),
        Definition(
            "any-of-n", "any", "relevant", merged=False,
            summary="R@k asks for any of a clip's captions, AP@10 for all of them: its sum is divided by their number.",
            papers=(
                "Mei et al. 2022 (XinhaoMei/audio-text_retrieval, tools/utils.py)",
                "WavText5K (Deshmukh et al. 2022)",
                "PairMix and Multi-TTA (Kim et al. 2023)",
                "WavCaps (Mei et al. 2023)",
                "LAION-CLAP (Wu et al. 2023): R@k only, its audio-to-text mAP@10 is wrong",
            ),
        ),
        Definition(
            "fraction", "fraction", "relevant", merged=False,
            summary="R@k is the share of a clip's captions among the first k, 0.2 at most for R@1 of five; AP@10 as any-of-n.",
            papers=("DCASE 2023 baseline (xieh97/dcase2023-audio-retrieval, postprocessing/xmodal_retrieval.py)",),
        ),
        Definition(
            "dcase2025", "any", "relevant", merged=False,
            summary="Text to audio with several clips for a caption, as people judged: AP@k is divided by all of them, even if more than k.",
            papers=("DCASE task 6 2025 (CPJKU/dcase2025_task6_baseline, d25_t6/retrieval_module.py)",),
        ),
        Definition(
            "merged", "any", "reachable", merged=True,
            summary="Equal captions are one query that all their clips answer; AP@k is divided by what k places can hold.",
            papers=("Hearken: validation while training, and corpora whose captions repeat",),
        ),
    )
}  # fmt: skip


def definition(name: str) -> Definition:
    """Return the definition of this name. Raises InputError for another, with the nearest."""
    if name not in DEFINITIONS:
        near = difflib.get_close_matches(name, DEFINITIONS, n=1, cutoff=0.4)
        known = ", ".join(DEFINITIONS)
        hint = f"Did you mean {near[0]}? There are {known}." if near else f"There are {known}."
        raise InputError(f"There is no definition {show(name)!r} of the metrics.", hint)
    return DEFINITIONS[name]


def values_of(ranks: Ranks, metric: str, by: Definition) -> Values:
    """Return the values (Q,) whose mean (or `statistic_of`) the figure is: `mAP@k`, `R@k`, `P@k`, `MRR@k`, `mAP`, `MRR`, `medR` or `meanR`.

    Raises InputError for another metric, for queries with several answers where the definition has one, and for what lists
    do not tell.
    """
    several = int(np.count_nonzero(ranks.num_relevant > 1))
    if by.single and several:
        raise InputError(
            f"{several} {'query has' if several == 1 else 'queries have'} more than one answer, which the definition {by.name} does not know.",
            "Use any-of-n.",
        )
    if metric in _WHOLE:
        return {"mAP": average_precision, "MRR": reciprocal_rank}.get(metric, first_rank)(ranks)
    kind, k = _parts(metric)
    if kind == "mAP":
        return average_precision_at(ranks, k, by.divisor)
    if kind == "R":
        return recall_at(ranks, k, by.recall)
    return precision_at(ranks, k) if kind == "P" else reciprocal_rank(ranks, k)


def statistic_of(metric: str) -> Statistic:
    """Return what a figure is of its values: "median_rank" for medR, else "mean". Raises InputError for a metric that does not exist."""
    if metric not in _WHOLE:
        _parts(metric)
    return "median_rank" if metric == "medR" else "mean"


def _parts(metric: str) -> tuple[str, int]:
    parts = _METRIC.fullmatch(metric)
    if parts is None:
        near = _meant(metric)
        hint = f"Did you mean {near}? " if near else ""
        raise InputError(
            f"There is no metric {show(metric)!r}.", f"{hint}There are mAP@10, R@1, P@5, MRR@10 (with any number), mAP, MRR, medR, meanR."
        )
    return parts[1], int(parts[2])


def _meant(metric: str) -> str:
    """The metric that `metric` is when capitals and `@` do not count; "" for none."""
    parts = _LOOSE.fullmatch(metric.strip())
    if parts is None:
        return next((name for name in _WHOLE if name.lower() == metric.strip().lower()), "")
    kind = {"map": "mAP", "recall": "R"}.get(parts[1].lower(), parts[1].upper())
    return f"{kind}@{parts[2]}"
