"""The table of losses: what it names, and what it refuses."""

from __future__ import annotations

import re
import sys

import pytest

torch = pytest.importorskip("torch")

from hearken.errors import InputError  # noqa: E402
from hearken.losses.base import Loss  # noqa: E402
from hearken.losses.table import LOSSES, build_loss  # noqa: E402


def test_every_entry_builds_says_what_it_is_and_where_it_is_from() -> None:
    assert len(LOSSES) == 15
    for name, entry in LOSSES.items():
        loss = build_loss(name, **entry.options)
        assert isinstance(loss, Loss)
        assert type(loss) is entry.kind
        assert entry.summary
        assert entry.paper
    assert len({entry.kind for entry in LOSSES.values()}) == len(LOSSES)


def test_each_docstring_has_the_equation_the_source_and_the_relations() -> None:
    for name, entry in LOSSES.items():
        text = sys.modules[entry.kind.__module__].__doc__
        assert {part: part in text for part in ("::\n", "Relations: ")} == {"::\n": True, "Relations: ": True}, name
        assert re.search(r"Public\s+code:|No public code|Code that does so", text), name


def test_options_arrive() -> None:
    assert build_loss("ranking", margin=1).margin == 1
    assert build_loss("nt_xent", same_clip="removed").same_clip == "removed"
    assert build_loss("sigmoid", bias=None).bias is None
    assert LOSSES["nt_xent"].options == {"same_clip": "positive", "average": "cells"}
    assert LOSSES["info_nce"].options == {}


def refusal(name: str, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        build_loss(name, **options)
    return caught.value


def test_unknown_names_hint_at_the_nearest() -> None:
    assert refusal("ntxent").message == "There is no loss 'ntxent'."
    assert refusal("ntxent").hint.startswith("Nearest: nt_xent")
    assert refusal("ranking", magin=0.1).message == "The loss ranking has no option 'magin'."
    assert refusal("ranking", magin=0.1).hint == "Nearest: margin."
    assert refusal("info_nce", margin=0.1).hint == "It has none."


@pytest.mark.parametrize(
    ("name", "options", "hint"),
    [
        ("nt_xent", {"same_clip": "maybe"}, "It takes 'negative', 'positive', 'removed'."),
        ("nt_xent", {"same_clip": ["positive"]}, "It takes 'negative', 'positive', 'removed'."),
        ("ranking", {"margin": "0.2"}, "It takes a number."),
        ("ranking", {"margin": True}, "It takes a number."),
        ("ranking", {"margin": None}, "It takes a number."),
        ("sigmoid", {"bias": "no"}, "It takes a number or null."),
        ("sigmoid", {"regularize": 1}, "It takes true or false."),
        ("clap_two_scale", {"dim": 2.5}, "It takes a whole number."),
    ],
)
def test_values_that_do_not_fit(name: str, options: dict[str, object], hint: str) -> None:
    assert refusal(name, **options).hint == hint


@pytest.mark.parametrize("name", [name for name, entry in LOSSES.items() if "margin" in entry.options])
def test_margins_below_zero(name: str) -> None:
    assert "margin must be" in refusal(name, margin=-0.1).message
