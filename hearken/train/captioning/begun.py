"""A captioner before it has words: its ears, and how it learns its vocabulary from the captions of the run.

The vocabulary is part of the run from its first step on: it is written into the run's folder before, and read there by every process and when
the run goes on, so that numbers of words never move.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from hearken.errors import ModelError, RunError, show
from hearken.files import write_whole
from hearken.models.captioner import Captioner
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig
from hearken.models.tower import AudioTower
from hearken.text.vocabulary import PieceVocabulary, Vocabulary, WordVocabulary, read_vocabulary
from hearken.train.recipe import DecoderPart


@dataclass(frozen=True)
class BegunCaptioner:
    """The `audio` side of a captioner with its weights, what it was built by, its `decoder` to be, and the `seed` of that one's weights."""

    audio: AudioTower
    config: AudioConfig
    decoder: DecoderPart
    seed: int

    def complete(
        self, captions: Callable[[], Iterable[str]], kept: Path, *, is_new: bool, is_first: bool, wait: Callable[[], None]
    ) -> Captioner:  # fmt: skip
        """Return the captioner, whose vocabulary is that of `captions`, in evaluation mode; what is random in it is a function of the seed.

        Raises RunError where the vocabulary cannot be written or read, ModelError for a damaged one.
        """
        if is_first and (is_new or not kept.is_file()):
            _keep(learn(self.decoder, captions()), kept)
        wait()
        vocabulary = _kept(kept)
        torch.manual_seed(self.seed)
        part = self.decoder
        decoder = DecoderConfig(part.kind, part.width, part.num_layers, part.num_heads, part.hidden, part.dropout)
        captioner = Captioner(CaptionerConfig(self.config, decoder), vocabulary)
        captioner.audio = self.audio
        return captioner.eval()


@dataclass(frozen=True)
class WholeCaptioner:
    """A captioner that was trained before, and has its words."""

    captioner: Captioner

    @property
    def audio(self) -> AudioTower:
        """Its audio side."""
        return self.captioner.audio

    def complete(
        self, captions: Callable[[], Iterable[str]], kept: Path, *, is_new: bool, is_first: bool, wait: Callable[[], None]
    ) -> Captioner:  # fmt: skip
        """Return the captioner; words that it does not know stay unknown."""
        del captions, kept, is_new, is_first, wait
        return self.captioner


def learn(part: DecoderPart, captions: Iterable[str]) -> Vocabulary:
    """Return the vocabulary that `part` asks for, learnt from `captions`; the same for the same captions."""
    if part.vocabulary == "pieces":
        return PieceVocabulary.learn(captions, size=part.num_pieces)
    return WordVocabulary.learn(captions, least=part.least_count)


def _keep(vocabulary: Vocabulary, path: Path) -> None:
    try:
        write_whole(path, (json.dumps(vocabulary.to_json(), ensure_ascii=False) + "\n").encode(), alone=True)
    except OSError as error:
        raise RunError(f"The vocabulary {show(path)} cannot be written: {error.strerror or error}.", "Check the space left.") from error


def _kept(path: Path) -> Vocabulary:
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"The vocabulary {show(path)} cannot be read: {error}.", "Begin another run with --run.") from error
    if not isinstance(mapping, dict):
        raise ModelError(f"The vocabulary {show(path)} is damaged.", "Begin another run with --run.")
    return read_vocabulary(mapping)
