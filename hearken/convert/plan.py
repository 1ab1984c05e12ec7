"""What a format module answers: which model of ours a file becomes, and by which rules.

A format module only looks at names and shapes; `convert.py` does the rest, the same way for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hearken.audio.front_ends import FrontEnd
from hearken.convert.filters import FILTERS, looks_like
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename, Rule
from hearken.errors import CheckpointError
from hearken.models.audio_table import AUDIO_ENCODERS, build_audio
from hearken.models.config import AudioConfig, CaptionerConfig, DualConfig

ENCODER = "audio.encoder."
"""Where the audio encoder is in a dual encoder's state."""
TEXT = "text.transformer."
COUNTERS = Drop(r"(?:.*\.)?embeddings\.(?:position_ids|token_type_ids)", "a row of counting numbers that transformers makes itself")


@dataclass(frozen=True)
class Plan:
    """How a checkpoint becomes ours.

    `title` is for people. `config` is the model to build. `rules` bring names of the file to those of our state, and of
    front-end filters to `filters.*`. `own` are patterns of our names that the file lacks because our network computes
    them, `zeros` of those that it lacks and that no embedding passes through. `tokenizer` is the entry of TEXT_ENCODERS whose tokenizer fits, "" for none. `notes` are told to the user.
    `num_words` is the size of a captioner's vocabulary, whose words are in another file.
    """

    title: str
    config: AudioConfig | DualConfig | CaptionerConfig
    rules: Sequence[Rule]
    own: tuple[str, ...] = ()
    zeros: tuple[str, ...] = ()
    tokenizer: str = ""
    notes: tuple[str, ...] = ()
    num_words: int = 0


@dataclass(frozen=True)
class Format:
    """One kind of public file: how it is recognised by its names, and how its plan is made.

    `plan` gets the checkpoint and the architecture that the user named with --as, None for "find out".
    """

    name: str
    title: str
    recognise: Callable[[Mapping[str, Tensor]], bool]
    plan: Callable[[Checkpoint, str | None], Plan]
    architectures: tuple[str, ...] = field(default=())


def filter_rules(prefix: str = "") -> tuple[Rule, ...]:
    """Return the rules for the frozen front end of torchlibrosa below `prefix`, a regular expression."""
    return (Rename(prefix + r"(spectrogram_extractor\.stft\.conv_(?:real|imag)\.weight|logmel_extractor\.melW)", rf"{FILTERS}\1"),)


def nearest(state: Mapping[str, Tensor], names: Iterable[str], file_name: str = "") -> str:
    """Return which of our audio encoders `names` has most nearly the names and shapes of `state`, filters apart.

    Where several fit alike, the one whose front end makes the file's filters; then the one whose name is in `file_name`;
    then the first.
    """
    present = {name: tuple(tensor.shape) for name, tensor in state.items() if not name.startswith(FILTERS)}
    filters = {name: tensor for name, tensor in state.items() if name.startswith(FILTERS)}
    distances: dict[str, int] = {}
    front_ends: dict[str, FrontEnd] = {}
    for name in names:
        with torch.device("meta"):
            encoder = build_audio(name)
        own = {key: tuple(tensor.shape) for key, tensor in encoder.state_dict().items()}
        distances[name], front_ends[name] = len(own.items() ^ present.items()), encoder.front_end
    alike = [name for name, distance in distances.items() if distance == min(distances.values())]
    if len(alike) > 1 and filters:
        alike = [name for name in alike if looks_like(filters, front_ends[name])] or alike
    return next((name for name in alike if _HINTS.get(name, "\0") in file_name.lower()), alike[0])


_HINTS = {"cnn14_dlmax": "decisionlevelmax"}


def known_name(name: str, names: Sequence[str]) -> str:
    """Return `name` if it is among `names`. Raises CheckpointError, listing them, if it is not."""
    if name not in names:
        raise CheckpointError(f"A file of this kind cannot be the architecture {name!r}.", f"One of {', '.join(names)}.")
    return name


def in_table(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of `names` that this version can build."""
    return tuple(name for name in names if name in AUDIO_ENCODERS)
