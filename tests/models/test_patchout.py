"""Patchout draws what the authors draw, in their order, and only what is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.errors import InputError  # noqa: E402
from hearken.models.patchout import ALL, Patchout, draw  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden" / "models"
CASES = [("passt_n", "n_d25", 62), ("passt_n", "n_short", 62), ("passt_n", "n_unstruct", 62), ("passt_s", "s_paper", 99)]


@pytest.mark.parametrize(("model", "case", "table"), CASES)
@pytest.mark.parametrize("injected", [True, False])
def test_draws_are_the_authors_(model: str, case: str, table: int, injected: bool) -> None:
    golden = np.load(GOLDEN / f"{model}.npz")
    _, times, bands, loose, seed, rows, columns = (int(number) for number in golden[f"patchout.{case}.conf"])
    if not injected:  # the authors draw from the global generator
        torch.manual_seed(seed)
    kept = draw(Patchout(times, bands, loose), rows, columns, table, torch.Generator().manual_seed(seed) if injected else None)
    offset = f"patchout.{case}.time_offset"
    assert kept.time_offset == (int(golden[offset]) if offset in golden else 0)
    for name, indices in (("time_keep", kept.columns), ("freq_keep", kept.rows), ("seq_keep", kept.patches)):
        if f"patchout.{case}.{name}" in golden:
            np.testing.assert_array_equal(indices, golden[f"patchout.{case}.{name}"])
        else:
            assert indices is None


def test_nothing_to_drop_is_nothing_drawn() -> None:
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    assert draw(Patchout(), 8, 62, 62, generator) == ALL
    assert torch.equal(generator.get_state(), before)


def test_a_grid_longer_than_the_table_draws_inside_it() -> None:
    kept = draw(Patchout(s_patchout_t=2), 8, 80, 62, torch.Generator().manual_seed(0))
    assert kept.columns is not None
    assert len(kept.columns) == 60
    assert int(kept.columns.max()) < 62
    assert kept.time_offset == 0


@pytest.mark.parametrize("patchout", [Patchout(s_patchout_t=10), Patchout(s_patchout_f=8), Patchout(5, 4, 20), Patchout(s_patchout_t=-1)])
def test_too_much_is_an_error(patchout: Patchout) -> None:
    with pytest.raises(InputError, match="Patchout cannot drop"):
        draw(patchout, 8, 10, 10)
