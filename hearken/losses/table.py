"""Every loss by name: `build_loss("ranking", margin=0.2)`. The table is closed: a recipe can name a loss, never code."""

from __future__ import annotations

import difflib
import inspect
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hearken.errors import InputError
from hearken.losses.base import Loss
from hearken.losses.clap import Clap
from hearken.losses.clap_two_scale import ClapTwoScale
from hearken.losses.contrastive import Contrastive
from hearken.losses.distillation import Distillation
from hearken.losses.glap_softmax import GlapSoftmax
from hearken.losses.hardest_triplet import HardestTriplet
from hearken.losses.info_nce import InfoNce
from hearken.losses.n_pair import NPair
from hearken.losses.nt_xent import NtXent
from hearken.losses.ranking import Ranking
from hearken.losses.sigmoid import Sigmoid
from hearken.losses.soft_target import SoftTarget
from hearken.losses.triplet import SampledTriplet
from hearken.losses.wavcaps_nt_xent import WavCapsNtXent
from hearken.losses.weighted_triplet import WeightedTriplet


@dataclass(frozen=True)
class LossEntry:
    """A loss of the table: its class, what it does in one line, and the paper it is from."""

    kind: type[Loss]
    summary: str
    paper: str

    @property
    def options(self) -> dict[str, Any]:
        """The options by name, with their defaults."""
        parameters = inspect.signature(self.kind).parameters.values()
        return {given.name: given.default for given in parameters if given.kind is given.POSITIONAL_OR_KEYWORD}


LOSSES: dict[str, LossEntry] = {
    "nt_xent": LossEntry(NtXent, "symmetric cross-entropy over the batch", "Primus et al. 2023; Chen et al. 2020"),
    "info_nce": LossEntry(
        InfoNce, "the sum of both directions, without negatives of the same clip", "van den Oord et al. 2018; DCASE 2023"
    ),
    "clap": LossEntry(Clap, "symmetric cross-entropy with a learnt scale", "Elizalde et al. 2022; Wu et al. 2023"),
    "clap_two_scale": LossEntry(ClapTwoScale, "the same between embeddings and their images, with two scales", "LAION-CLAP's code"),
    "soft_target": LossEntry(SoftTarget, "cross-entropy against soft targets, with a regulariser", "Mei et al. 2023 (WavCaps)"),
    "wavcaps_nt_xent": LossEntry(WavCapsNtXent, "the mean over the whole matrix, as published; not for use", "WavCaps' code"),
    "glap_softmax": LossEntry(GlapSoftmax, "cross-entropy in which each clip counts once", "Dinkel et al. 2025 (GLAP)"),
    "sigmoid": LossEntry(Sigmoid, "each sound with each text is a question of its own", "Zhai et al. 2023; Dinkel et al. 2025"),
    "distillation": LossEntry(Distillation, "an ensemble's similarities as targets", "Primus et al. 2024 (salsa)"),
    "n_pair": LossEntry(NPair, "one match against all other clips", "Sohn 2016"),
    "contrastive": LossEntry(Contrastive, "distances of pairs, with a margin for those that do not match", "Hadsell et al. 2006"),
    "triplet": LossEntry(SampledTriplet, "one impostor each, drawn at random", "Xie et al. 2022 (DCASE 2022)"),
    "hardest_triplet": LossEntry(HardestTriplet, "the hardest negative of the batch", "Faghri et al. 2018; Mei et al. 2022"),
    "weighted_triplet": LossEntry(WeightedTriplet, "the hardest negative, weighed by polynomials", "Wei et al. 2020; Mei et al. 2022"),
    "ranking": LossEntry(Ranking, "a margin over all negatives, both ways", "Karpathy and Fei-Fei 2015; Mei et al. 2022"),
}


def build_loss(name: str, **options: Any) -> Loss:  # noqa: ANN401
    """Return the loss `name` of LOSSES made with `options`.

    Raises InputError for a name or an option that does not exist, naming the nearest, and for a value that does not fit.
    """
    if name not in LOSSES:
        raise InputError(f"There is no loss {name!r}.", _nearest(name, list(LOSSES)))
    kind, known = LOSSES[name].kind, LOSSES[name].options
    hints = get_type_hints(kind.__init__) if known else {}
    for option, value in options.items():
        if option not in known:
            raise InputError(f"The loss {name} has no option {option!r}.", _nearest(option, list(known)) if known else "It has none.")
        if not _fits(value, hints[option]):
            raise InputError(f"The loss {name}'s option {option} cannot be {value!r}.", f"It takes {_words(hints[option])}.")
    return kind(**options)


def _nearest(name: str, known: list[str]) -> str:
    return f"Nearest: {', '.join(difflib.get_close_matches(name, known, cutoff=0.0))}."


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _words(hint: Any) -> str:  # noqa: ANN401
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_words(part) for part in get_args(hint))
    if get_origin(hint) is Literal:
        return ", ".join(repr(choice) for choice in get_args(hint))
    return {float: "a number", int: "a whole number", bool: "true or false", types.NoneType: "null"}[hint]
