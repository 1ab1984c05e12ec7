"""The metrics of captions by name, and what they need: the table is `metrics/captioning/table.py`, Java and a text model are found here.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hearken.errors import EvaluationError, HearkenError, QueryError, show
from hearken.evaluate.nearest import did_you_mean
from hearken.metrics.captioning.score import CaptionScore, Tokens
from hearken.metrics.captioning.sentences import SentenceEncoder
from hearken.metrics.captioning.table import CAPTION_METRICS, Java, score_captions
from hearken.metrics.captioning.tokens import ptb

BLEU = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4")
"""The metrics whose counts of clips are summed before they are divided, and here drawn again."""
USUAL = (*BLEU, "ROUGE-L", "CIDEr-D", "METEOR-style", "METEOR", "SPICE", "SPIDEr", "sentence similarity")
"""What is computed unless something else is asked for."""
SLOW = ("java", "sentences")
"""What a metric may need that takes its time, or is not everywhere: its scores are taken from an earlier evaluation of the same captions."""
_TEXT_MODEL = "pocket"


def quick() -> tuple[str, ...]:
    """Return those of the usual metrics that take little time and are everywhere: they are kept whatever is asked for."""
    return tuple(name for name in USUAL if CAPTION_METRICS[name].needs not in SLOW)


def silent_step(_: str) -> None:
    """Tell nobody what comes next."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores by metric, or a sentence that says why one cannot be had; and `by` what they were computed, where the metric's name does not say all."""

    scores: dict[str, CaptionScore | str]
    by: dict[str, str] = field(default_factory=dict)


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics called `names`, whatever the capitals, each once; the usual ones for none.

    Raises EvaluationError, with the nearest name, for one that does not exist.
    """
    known = {name.casefold(): name for name in CAPTION_METRICS}
    for name in names:
        if name.casefold() not in known:
            hint = f"{did_you_mean(name, CAPTION_METRICS)}One of {', '.join(CAPTION_METRICS)}."
            raise EvaluationError(f"There is no metric {show(name)!r} of captions.", hint)
    return tuple(dict.fromkeys(known[name.casefold()] for name in names)) or USUAL


def main_metric(names: Sequence[str]) -> str:
    """Return the metric by which clips are called good or bad: CIDEr-D where it is among `names`, else the first."""
    return "CIDEr-D" if "CIDEr-D" in names else names[0]


def moved(names: Sequence[str]) -> list[str]:
    """Return those of `names` whose figure is neither a mean over clips nor BLEU: their intervals are those of the mean, moved to the figure."""
    return [name for name in names if name in CAPTION_METRICS and CAPTION_METRICS[name].statistic == "corpus" and name not in BLEU]


def of_clips(name: str) -> str:
    """Return what to call the mean over clips of a metric: by its name, unless the figure of this name is another one."""
    return f"{name} by clip" if moved([name]) or name in BLEU else name


def score(
    names: Sequence[str], candidates: Sequence[str], references: Sequence[Sequence[str]], *, on_step: Callable[[str], None] = silent_step
) -> Scored:
    """Return the scores of `candidates` (N); what cannot be had here has a sentence in its place. `on_step` is told what comes next.

    Raises InputError as `score_captions` does.
    """
    if not names:
        return Scored({})
    needs = {CAPTION_METRICS[name].needs for name in names}
    java = None
    if "java" in needs:
        from hearken.metrics.captioning.java import JavaMetrics

        java = _TellingJava(JavaMetrics(), on_step)
    encoder, who = _sentence_encoder(on_step) if "sentences" in needs else (None, "")
    if own := [name for name in names if CAPTION_METRICS[name].needs not in SLOW]:
        on_step(", ".join(own))
    found = dict(score_captions(names, candidates, references, sentence_encoder=encoder, java=java))
    by = {name: one.name for name, one in found.items() if isinstance(one, CaptionScore) and one.name != name}
    return Scored(found, by | {name: who for name in names if who and CAPTION_METRICS[name].needs == "sentences"})


@dataclass(frozen=True)
class _TellingJava:
    """Runs the programs, and tells which one before."""

    java: Java
    on_step: Callable[[str], None]

    def why_not(self, name: str) -> str:
        """Return why it cannot be had."""
        return self.java.why_not(name)

    def score(
        self, name: str, candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb
    ) -> CaptionScore | str:
        """Return the score, or why there is none."""
        self.on_step(name.upper())
        return self.java.score(name, candidates, references, tokens=tokens)


def _sentence_encoder(on_step: Callable[[str], None]) -> tuple[SentenceEncoder | None, str]:
    """The text side of the built-in model, and what to call it; None where it is damaged, and the metric is told to be not available."""
    from hearken.runtime.catalog import find_model
    from hearken.runtime.model import Model

    try:
        model = Model(find_model(_TEXT_MODEL))
    except HearkenError:
        return None, ""

    def encode(texts: Sequence[str]) -> NDArray[np.floating]:
        on_step("sentence similarity")
        return with_empty(model.encode_text, texts)

    return encode, f"cosines of the text side of {model.name} (digest {model.digest[:12]}); another text model gives other figures"


def with_empty(encode: Callable[[Sequence[str]], NDArray[np.floating]], texts: Sequence[str]) -> NDArray[np.floating]:
    """Return the vectors (M, D + 1) of `texts`; a text without a word points where no other does, so that its cosine with them is 0."""
    rows = []
    for text in texts:
        try:
            rows.append(encode([text])[0])
        except QueryError:
            rows.append(None)
    size = next((len(row) for row in rows if row is not None), 0)
    made = np.zeros((len(rows), size + 1))
    for vector, row in zip(made, rows, strict=True):
        if row is None:
            vector[-1] = 1.0
        else:
            vector[:-1] = row
    return made
