"""Rename, merge, drop, and the account: nothing is lost, nothing is left over, nothing is told in more than ten names."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.rules import Drop, Dropped, Merge, Rename, apply, check_fit  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402

QKV = Merge((r"(\d)\.q", r"(\d)\.k", r"(\d)\.v"), r"\1.qkv")
RULES = (QKV, Drop(r"old\..+", "of no use"), Drop("step", "counts"), Rename(r"net\.(.+)", r"\1"))


def tensors(*names: str) -> dict[str, torch.Tensor]:
    return {name: torch.full((2, 3), float(number)) for number, name in enumerate(names)}


def test_every_name_is_accounted_for() -> None:
    found = apply(RULES, tensors("1.k", "net.a", "1.v", "old.x", "1.q", "old.y", "step"), "X")
    assert found.tensors.keys() == {"a", "1.qkv"}
    assert found.tensors["1.qkv"][:, 0].tolist() == [4, 4, 0, 0, 2, 2]
    assert found.used == ("1.k", "net.a", "1.v", "1.q")
    assert found.dropped == (Dropped("of no use", ("old.x", "old.y")), Dropped("counts", ("step",)))


def test_the_first_rule_that_fits_decides() -> None:
    assert apply((Drop(r"a\.b", "x"), Rename("(.+)", r"\1")), tensors("a.b", "a.c"), "X").used == ("a.c",)


def test_a_pattern_is_a_whole_name() -> None:
    with pytest.raises(CheckpointError, match="1 unexpected: net_a"):
        apply(RULES, tensors("net_a"), "X")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["what"], "The weights are not those of X. 1 unexpected: what."),
        ([f"u{number}" for number in range(12)], "12 unexpected: u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 2 more."),
        (["1.q", "1.v"], r"1 missing: 1.qkv \(2 of 3 parts\)"),
        (["net.a", "what"], "1 unexpected: what"),
        (["\x1b[31m"], r"1 unexpected: \\x1b\[31m"),
    ],
)
def test_names_that_do_not_fit(names: list[str], message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        apply(RULES, tensors(*names), "X")
    assert "--as" in caught.value.hint


def test_two_names_cannot_become_one() -> None:
    with pytest.raises(CheckpointError, match=r"b \(also another becomes x\)"):
        apply((Rename("a|b", "x"),), tensors("a", "b"), "X")


def test_a_fit_is_exact() -> None:
    wanted = tensors("a", "b")
    check_fit({"b": wanted["b"].half(), "a": wanted["a"]}, wanted, "X")
    with pytest.raises(CheckpointError) as caught:
        check_fit({"a": torch.zeros(3, 2), "b": torch.zeros(2, 3, dtype=torch.int64), "c": wanted["a"]}, {**wanted, "d": wanted["a"]}, "X")
    assert caught.value.message == (
        "The weights are not those of X. 1 missing: d; 1 unexpected: c; "
        "2 of another shape: a is (3, 2) real, not (2, 3) real, b is (2, 3) whole, not (2, 3) real."
    )
