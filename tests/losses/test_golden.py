"""All 38 golden cases, values and gradients, against the authors' own code (`tests/golden/SOURCE.md`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.losses.base import Pairs  # noqa: E402
from hearken.losses.clap_two_scale import two_scale  # noqa: E402
from hearken.losses.table import LOSSES, build_loss  # noqa: E402
from hearken.losses.triplet import hinges  # noqa: E402

FILE = Path(__file__).parents[1] / "golden" / "models" / "losses.npz"
VALUE, GRADIENT = 2e-6, 2e-6  # relative; a gradient's to its largest number. Met: 2e-7, 4e-7


@cache
def stored() -> dict[str, Tensor]:
    with np.load(FILE) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@dataclass(frozen=True)
class Case:
    """How a golden case is made: the `loss` with `options`, on unit or `raw` embeddings, with equal ids or all unique.

    `temperature` is (kind, number the authors' parameter has); `learnt` names the loss's own parameters in the file's order.
    """

    loss: str
    options: dict = field(default_factory=dict)
    ids: str = "uniq"
    raw: bool = False
    temperature: tuple[str, float] = ("fixed", 0.07)
    learnt: tuple[str, ...] = ()


def abs_tau(value: float) -> tuple[str, float]:
    return ("abs", value)


LOG_SCALE = ("exp", math.log(1 / 0.07))
CASES: dict[str, Case] = {
    **{
        f"dcase2023_task6b.tau{tau}.{ids}": Case("nt_xent", {"same_clip": "positive", "average": "cells"}, ids, temperature=abs_tau(tau))
        for tau, ids in ((0.02, "dup"), (0.02, "uniq"), (0.05, "dup"), (0.05, "uniq"), (-0.03, "dup"))
    },
    "salsa.stage1": Case("distillation", {"pair_weight": 1.0, "teacher_weight": 0.0}, "dup", raw=True, temperature=abs_tau(0.05)),
    "salsa.distill": Case("distillation", {}, raw=True, temperature=abs_tau(0.05)),
    "salsa.both_quirk": Case(
        "distillation", {"pair_weight": 0.5, "squared_weight": True}, "dup", raw=True, temperature=abs_tau(0.05)
    ),
    "salsa.distill_tau0.02": Case("distillation", {}, raw=True, temperature=abs_tau(0.02)),
    **{
        f"wavcaps.{name}.{ids}": Case("soft_target", {"regularize": name == "reg"}, ids, temperature=abs_tau(0.07))
        for name in ("reg", "noreg") for ids in ("dup", "uniq")
    },
    "wavcaps.ntxent_as_published": Case("wavcaps_nt_xent", raw=True),
    **{
        f"atr.{theirs}.{ids}": Case(ours, options, ids, raw=True)
        for theirs, ours, options in (
            ("BiDirectionalRankingLoss", "ranking", {"margin": 0.2}),
            ("TripletLoss", "hardest_triplet", {"margin": 0.2}),
            ("NTXent", "nt_xent", {"same_clip": "negative"}),
            ("WeightTriplet", "weighted_triplet", {"margin": 0.2}),
        )
        for ids in ("dup", "uniq")
    },
    **{
        f"dcase2022.triplet.seed{seed}.margin{margin}": Case("triplet", {"margin": margin}, "dup")
        for seed in (0, 7) for margin in (1.0, 0.3)
    },
    **{
        f"dcase2023.infonce.{name}.{ids}": Case("info_nce", {}, ids, raw=raw)
        for name, raw in (("dot_product", False), ("cosine_similarity", True)) for ids in ("dup", "uniq")
    },
    "glap.sigmoid.t0.1.b-10.0.reg1": Case("sigmoid", learnt=("temperature", "bias")),
    "glap.sigmoid.t0.07.b-10.0.reg0": Case("sigmoid", {"temperature": 0.07, "regularize": False}, learnt=("temperature", "bias")),
    "glap.sigmoid.t0.1.bNone.reg0": Case("sigmoid", {"bias": None, "regularize": False}, learnt=("temperature",)),
    "glap.softmax": Case("glap_softmax", {"clip_weights": False}, "dup", temperature=LOG_SCALE),
    "glap.softmax.filenames": Case("glap_softmax", {"regularize": False}, "dup", temperature=LOG_SCALE),
    "laion.cliploss": Case("clap", {"temperature": 0.07}, learnt=("logit_scale",)),
    "laion.cliploss_mlp": Case("clap_two_scale"),
    "msclap.symmetric": Case("clap", raw=True, temperature=LOG_SCALE),
}  # fmt: skip


def teacher(ids: Tensor) -> Tensor:
    """The cosines (N, B, B) of the stored teachers, which know one embedding of each clip, and one of each caption."""
    audio, text = (functional.normalize(stored()[f"in.teacher_{side}"], dim=-1) for side in ("audio", "text"))
    return torch.einsum("and,tnd->nat", audio[ids], text)


def run(name: str, case: Case) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the value and the gradients by the file's names."""
    given = stored()
    ends = "_raw" if case.raw else ""
    audio, text = (given[f"in.{side}{ends}"].clone().requires_grad_() for side in ("audio", "text"))
    inside = [functional.normalize(x, dim=1) for x in (audio, text)] if case.raw else [audio, text]
    kind, number = case.temperature
    parameter = torch.tensor(number, requires_grad=True)
    temperature = {"fixed": parameter, "abs": parameter.abs(), "exp": torch.exp(-parameter)}[kind]
    ids = given["in.ids"] if case.ids == "dup" else torch.arange(len(audio))
    wanted = {"d_audio": audio, "d_text": text}
    pairs = Pairs(inside[0], inside[1], ids, temperature, teacher(ids))
    if name.startswith("dcase2022"):
        impostors = (given[f"{name}.impostor_{side}"] for side in ("audio", "text"))
        value = hinges(pairs.cosines, *impostors, case.options["margin"])
    elif name == "laion.cliploss_mlp":
        scales = [torch.tensor(start, requires_grad=True) for start in (LOG_SCALE[1], 2.0)]
        value = two_scale(scales[0].exp() * audio @ given["in.text_mlp"].T, scales[1].exp() * given["in.audio_mlp"] @ text.T)
        wanted |= {f"d_param{number}": scale for number, scale in enumerate(scales)}
    else:
        loss = build_loss(case.loss, **case.options)
        value = loss(pairs)
        own = dict(loss.named_parameters())
        learnt = [own[key] for key in case.learnt] or ([parameter] if kind != "fixed" else [])
        wanted |= {f"d_param{number}": given for number, given in enumerate(learnt)}
    gradients = torch.autograd.grad(value, list(wanted.values()))
    return value.detach(), dict(zip(wanted, gradients, strict=True))


def gap(found: Tensor, expected: Tensor) -> float:
    return float((found.reshape(-1) - expected.reshape(-1)).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    value, gradients = run(name, CASES[name])
    assert gap(value, stored()[f"{name}.loss"]) < VALUE
    expected = {key.removeprefix(f"{name}."): array for key, array in stored().items() if key.startswith(f"{name}.d_")}
    assert gradients.keys() == expected.keys()
    assert {key: distance for key in expected if (distance := gap(gradients[key], expected[key])) > GRADIENT} == {}


def test_all_cases_are_there() -> None:
    assert {key.removesuffix(".loss") for key in stored() if key.endswith(".loss")} == CASES.keys()
    assert len(CASES) == 38


def test_every_loss_but_those_by_hand_has_a_case() -> None:
    assert LOSSES.keys() - {case.loss for case in CASES.values()} == {"contrastive", "n_pair"}


def wrong_ones() -> Iterator[tuple[str, Case]]:
    """Each case made a little wrongly."""
    change: dict[str, Callable[[Case], Case]] = {
        "nt_xent": lambda case: (
            replace(case, options={"same_clip": "removed" if case.ids == "dup" else "negative"})
            if case.ids == "dup" and not case.raw
            else replace(case, temperature=("fixed" if case.raw else "abs", 0.0701))
        ),
        "distillation": lambda case: replace(case, options={"pair_weight": 0.5, "teacher_weight": 1.0, "squared_weight": False}),
        "soft_target": lambda case: replace(case, options={"regularize": not case.options["regularize"]}),
        "wavcaps_nt_xent": lambda case: replace(case, loss="clap"),
        "ranking": lambda case: replace(case, options={"margin": 0.21}),
        "hardest_triplet": lambda case: replace(case, options={"margin": 0.21}),
        "weighted_triplet": lambda case: replace(case, loss="hardest_triplet"),
        "triplet": lambda case: replace(case, options={"margin": 0.31}),
        "info_nce": lambda case: replace(case, loss="nt_xent", options={"same_clip": "removed"}),
        "sigmoid": lambda case: replace(case, options={**case.options, "same_clip": "positive"}, ids="dup"),
        "glap_softmax": lambda case: replace(case, options={**case.options, "clip_weights": "clip_weights" in case.options}),
        "clap": lambda case: replace(case, raw=False, options={"temperature": 0.0701}, learnt=("logit_scale",)),
        "clap_two_scale": lambda case: replace(case, loss="clap"),
    }
    for name, case in CASES.items():
        yield name, change[case.loss](case)


@pytest.mark.parametrize(("name", "case"), list(wrong_ones()), ids=lambda given: given if isinstance(given, str) else "")
def test_case_can_fail(name: str, case: Case) -> None:
    value, _ = run(name if case.loss != "clap" else "", case)
    assert gap(value, stored()[f"{name}.loss"]) > 100 * VALUE
