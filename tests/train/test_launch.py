"""Processes and devices."""

from __future__ import annotations

import pytest

from hearken.errors import InputError
from hearken.train.launch import make_fabric


def test_one_process_on_the_cpu() -> None:
    fabric = make_fabric(accelerator="cpu")
    assert (fabric.world_size, fabric.global_rank, fabric.device.type) == (1, 0, "cpu")
    assert fabric.is_global_zero


@pytest.mark.parametrize("options", [{"devices": 0}, {"nodes": 0}, {"accelerator": "abacus"}])
def test_impossible_wishes_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no training on"):
        make_fabric(**options)  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match="cannot start"):
        make_fabric(accelerator="cuda")
