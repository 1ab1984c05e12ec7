"""How varied captions are: words, lengths, how many differ, and how much of the words that people used they use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hearken.metrics.captioning.score import Tokens, clips_of
from hearken.metrics.captioning.tokens import ptb


@dataclass(frozen=True)
class Diversity:
    """`vocabulary`: different words of the candidates; `mean_words`: words of a candidate; `distinct_share`: different candidates of all;

    `covered_share`: words of the references (different ones) that a candidate uses; `reference_vocabulary` and `reference_mean_words` are those of
    all references.
    """

    vocabulary: int
    mean_words: float
    distinct_share: float
    covered_share: float
    reference_vocabulary: int
    reference_mean_words: float


def diversity(candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb) -> Diversity:
    """Return how varied N candidates are beside their references. Raises InputError as `check_captions` does."""
    clips = clips_of(candidates, references, tokens)
    used = {word for clip in clips for word in clip.candidate}
    known = {word for clip in clips for reference in clip.references for word in reference}
    lengths = [len(reference) for clip in clips for reference in clip.references]
    return Diversity(
        vocabulary=len(used),
        mean_words=sum(len(clip.candidate) for clip in clips) / len(clips),
        distinct_share=len({clip.candidate for clip in clips}) / len(clips),
        covered_share=len(used & known) / len(known) if known else 0.0,
        reference_vocabulary=len(known),
        reference_mean_words=sum(lengths) / len(lengths),
    )
