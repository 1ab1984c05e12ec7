"""A test set of a captioner's recipe: its captions, evaluated as `hearken evaluate RUN --captions` does it, and kept in the same place.

It is the captioners' half of `tests_of_runs.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from hearken.errors import EvaluationError
from hearken.evaluate.captioning.evaluate import CaptionWish, DoneCaptions, Planned, carry_out, open_all, plan
from hearken.evaluate.captioning.scores import USUAL
from hearken.evaluate.captioning.store import StoredCaptions, load
from hearken.evaluate.captioning.writers import WriterWish, decoding_for
from hearken.metrics.captioning.table import CAPTION_METRICS
from hearken.types import Progress

DEFINITION = "captions"
"""What stands for the definition of the metrics: of captions there is one alone."""
_BY_JAVA = ("METEOR", "SPICE")


def metrics_of(asked: Iterable[str]) -> tuple[str, ...]:
    """Return the metrics that are computed: the usual ones, and of those `asked` the ones that there are."""
    return tuple(dict.fromkeys((*USUAL, *(name for name in asked if name in CAPTION_METRICS))))


def wish_of(metrics: tuple[str, ...], tta: str = "", *, accelerator: str = "auto", jobs: int = 1) -> CaptionWish:
    """Return how a test is made: a run hears as much of a sound as its recipe says, and searches as captioners do by themselves."""
    return CaptionWish(metrics=metrics, writing=WriterWish(tta=tta, accelerator=accelerator, jobs=jobs))


def kept(run: Path, corpus: str, wish: CaptionWish, marks: Mapping[str, str]) -> StoredCaptions | None:
    """Return the evaluation of the captions of `corpus` that the run keeps, where it is of these `marks` and made as wished, and has each figure
    of the wish or says why not; None where there is none."""
    stored = _stored(run, corpus, wish, marks)
    if stored is None or not set(wish.metrics) <= stored.evaluation.figures.keys() | stored.evaluation.not_available.keys():
        return None
    return stored


def reasons(not_available: Mapping[str, str]) -> dict[str, str]:
    """Return why metrics are not available, a reason that two have in common once."""
    return {name: "It needs SPICE." if name == "SPIDEr" and "SPICE" in not_available else why for name, why in not_available.items()}


def can_have_more(missing: Iterable[str]) -> bool:
    """Say whether what one of the metrics that are `missing` in an evaluation needs is here now."""
    from hearken.metrics.captioning.java import JavaMetrics

    java = JavaMetrics()
    return any(not java.why_not(name.lower()) for name in set(missing) & set(_BY_JAVA))


def made(run: Path, corpus: str, wish: CaptionWish, marks: Mapping[str, str], on_progress: Progress) -> DoneCaptions:
    """Evaluate the captions of `corpus` by the run, keep it there, and return it. Captions that it keeps already are not written anew.

    Raises what opening the corpus and the captioner raises.
    """
    stored = _stored(run, corpus, wish, marks)
    if stored is not None:
        again = Planned(str(stored.folder), "stored", stored.evaluation.system, (), stored.folder)
        return carry_out(again, None, replace(wish, metrics=tuple(dict.fromkeys((*wish.metrics, *stored.evaluation.metrics)))))
    (planned,) = plan([str(run)], [corpus], wish)
    return carry_out(planned, open_all([planned])[planned.references], wish, on_progress=on_progress)


def _stored(run: Path, corpus: str, wish: CaptionWish, marks: Mapping[str, str]) -> StoredCaptions | None:
    """The evaluation in the place of this one, where its captions are those that would be written now."""
    from hearken.caption.decoding import Decoding

    try:
        (planned,) = plan([str(run)], [corpus], wish)
        stored = load(planned.place) if planned.place else None
    except EvaluationError:  # not there, or damaged: it is made again
        return None
    if stored is None:
        return None
    facts = stored.evaluation.facts
    wanted = {**marks, "corpus": corpus, "tta": wish.writing.tta, "decoding": decoding_for(Decoding(), wish.writing).to_json()}
    return stored if all(facts.get(name) == value for name, value in wanted.items()) else None
