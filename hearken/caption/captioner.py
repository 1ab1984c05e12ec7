"""A small decoder, run with ONNX Runtime, that writes captions from the vectors of a dual encoder.

One thread, no randomness, one clip at a time: the same vectors give the same caption, whatever else is captioned with them.

Legend: `S` places, `D` embedding size, `R` rows of the search, `W` tokens, `V` vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hearken.caption.decoding import Decoding
from hearken.caption.folder import CaptionerFolder, read_folder
from hearken.caption.heard import MadeCaption
from hearken.caption.search import search_lists, spoken
from hearken.errors import InputError, ModelError, show
from hearken.runtime.network import reason, refusals, start
from hearken.text.vocabulary import Vocabulary, read_vocabulary
from hearken.types import FloatArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_AGAIN = "Install Hearken, or make the captioner, again."
_INPUTS, _OUTPUT = {"heard", "padding", "tokens"}, "log_probabilities"


class VectorCaptioner(Protocol):
    """Writes captions from vectors; implemented by `OnnxCaptioner` and `patterns.PatternCaptioner`."""

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    @property
    def digest(self) -> str:
        """Identity of all that decides what it writes."""
        ...

    @property
    def model_digest(self) -> str:
        """Identity of the dual encoder whose vectors it reads."""
        ...

    def warm(self) -> None:
        """Load and check it now rather than at the first sound. Raises ModelError."""
        ...

    def captions(self, heard: Sequence[FloatArray], decoding: Decoding | None = None) -> list[MadeCaption]:
        """Return a caption for each of `heard`, places (S, D) as `heard_of` makes them."""
        ...


class OnnxCaptioner:
    """The captioner in `folder`, of design ``decoder``; its files are read, checked and started when first needed.

    `name`, `digest` (identity, hex), `model_digest` (of the dual encoder whose vectors it reads), `decoding` (what it was tuned for),
    `unsure_below` (captions with a lower score are mostly wrong; None where nobody measured that).
    Raises ModelError or FormatVersionError for a folder that cannot be used.
    """

    def __init__(self, folder: Path | CaptionerFolder) -> None:
        self._folder = folder if isinstance(folder, CaptionerFolder) else read_folder(Path(folder))
        self.name, self.digest, self.model_digest = self._folder.name, self._folder.digest, self._folder.model_digest
        self.unsure_below = self._folder.unsure_below
        self.decoding = self._folder.decoding

    def captions(self, heard: Sequence[FloatArray], decoding: Decoding | None = None) -> list[MadeCaption]:
        """Return a caption for each of `heard`, places (S, D) as `heard_of` makes them; the score is the mean log-probability of a token.

        Raises InputError for places of another size, ModelError where the captioner is damaged.
        """
        return [self.candidates(places, decoding)[0] for places in heard]

    def warm(self) -> None:
        """Load and check it now rather than at the first sound. Raises ModelError."""
        self._session, self._vocabulary  # noqa: B018 - cached properties

    def candidates(self, places: FloatArray, decoding: Decoding | None = None) -> list[MadeCaption]:
        """Return all captions that the search finished for one sound (S, D), best first; errors as for `captions`."""
        if places.ndim != 2 or places.shape[1] != self._folder.dim or not 1 <= len(places) <= self._folder.max_places:
            message = f"The captioner {show(self.name)} cannot read vectors of shape {places.shape}."
            raise InputError(message, f"It reads 1 to {self._folder.max_places} vectors of size {self._folder.dim}.")
        vocabulary = self._vocabulary

        def step(tokens: NDArray[np.int64], _: NDArray[np.int64]) -> NDArray[Any]:
            shape = (len(tokens), *places.shape)
            inputs = {"heard": np.broadcast_to(places.astype(np.float32, copy=False), shape), "padding": np.zeros(shape[:2], np.bool_)}
            return self._run({**inputs, "tokens": tokens})

        said, decoding = spoken(step, vocabulary), decoding or self.decoding
        found = search_lists(said, 1, start=vocabulary.start, end=vocabulary.end, decoding=decoding)[0]
        return [MadeCaption(sentence(vocabulary.decode(written.tokens)), float(written.score)) for written in found]

    def _run(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the network's answer (R, V). Raises ModelError for a network that fails on `inputs`."""
        try:
            return np.asarray(self._session.run([_OUTPUT], inputs)[0])
        except refusals() as error:
            where = show(self._folder.path / "decoder.onnx")
            raise ModelError(f"The network {where} cannot be run: {reason(error)}", _AGAIN) from error

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        data = self._folder.read("vocabulary.json")
        try:
            mapping = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"The vocabulary in {show(self._folder.path)} cannot be read: {error}.") from error
        return read_vocabulary(mapping)

    @cached_property
    def _session(self) -> InferenceSession:
        where = show(self._folder.path / "decoder.onnx")
        session = start(self._folder.read("decoder.onnx"), where)
        if {each.name for each in session.get_inputs()} != _INPUTS or _OUTPUT not in {each.name for each in session.get_outputs()}:
            raise ModelError(f"The network {where} is no captioner's: it lacks {', '.join(sorted(_INPUTS))} or {_OUTPUT}.")
        return session


def sentence(text: str) -> str:
    """Return a caption as people write one, on one line: a capital first, a stop last; "" stays as it is."""
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
