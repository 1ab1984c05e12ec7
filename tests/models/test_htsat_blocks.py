"""The permutations, masks and distances of the Swin blocks, against plain statements of what they mean."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.models.htsat_blocks import Block, Downsample, Stage, relative_positions, shift_mask, window_order  # noqa: E402


def rolled_windows(square: torch.Tensor, window: int, shift: int) -> torch.Tensor:
    """(S, S) to (W, P), written as loops."""
    side = len(square)
    found = []
    for top in range(0, side, window):
        for left in range(0, side, window):
            places = [((top + i + shift) % side, (left + j + shift) % side) for i in range(window) for j in range(window)]
            found.append([int(square[place]) for place in places])
    return torch.tensor(found)


@pytest.mark.parametrize(("side", "window", "shift"), [(16, 8, 0), (16, 8, 4), (24, 8, 4), (8, 8, 0)])
def test_window_order_is_roll_and_partition(side: int, window: int, shift: int) -> None:
    square = torch.arange(side * side).reshape(side, side)
    assert torch.equal(window_order(side, window, shift), rolled_windows(square, window, shift).flatten())


def test_the_mask_keeps_apart_what_the_roll_brought_together() -> None:
    side, window, shift = 16, 8, 4
    mask = shift_mask(side, window, shift)
    order = window_order(side, window, shift).reshape(-1, window * window)
    rows, columns = order // side, order % side
    near = ((rows[:, :, None] - rows[:, None]).abs() < window) & ((columns[:, :, None] - columns[:, None]).abs() < window)
    assert torch.equal(mask == 0, near)
    assert set(mask.unique().tolist()) == {-100.0, 0.0}
    assert (mask[0] == 0).all()
    assert (mask[-1] == 0).sum() == 4 * 16 * 16


def test_relative_positions_count_distances() -> None:
    index = relative_positions(8)
    assert index.shape == (64, 64)
    assert index[0, 0] == index[63, 63] == 7 * 15 + 7
    assert (index[0, 63], index[63, 0], index[9, 0]) == (0, 224, 8 * 15 + 8)


def test_downsample_reads_columns_within_each_quad() -> None:
    module = Downsample(1)
    module.norm = torch.nn.Identity()
    module.reduction = torch.nn.Identity()
    quads = module(torch.arange(16.0).reshape(1, 16, 1))
    assert quads.tolist() == [[[0, 4, 1, 5], [2, 6, 3, 7], [8, 12, 9, 13], [10, 14, 11, 15]]]


def test_only_large_squares_shift() -> None:
    stage = Stage(16, 2, 16, [0.0, 0.0, 0.0], last=True)
    assert [block.attn_mask is not None for block in stage.blocks] == [False, True, False]
    assert Block(16, 2, 8, shifted=True, drop_path=0.0).attn_mask is None


def test_a_token_sees_its_window_only() -> None:
    torch.manual_seed(0)
    block = Block(16, 2, 16, shifted=True, drop_path=0.0).eval()
    x = torch.randn(2, 256, 16)
    changed = x.clone()
    changed[:, 0, 0] += 9.0  # the corner: after the roll it shares a window with the other three corners, but is masked from them
    with torch.no_grad():
        seen = (block(x) - block(changed)).abs().amax((0, 2)).reshape(16, 16) > 1e-6
    assert seen[:4, :4].all()
    assert seen.sum() == 16


def test_stochastic_depth_acts_in_training_only_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    block = Block(16, 2, 8, shifted=False, drop_path=0.5)
    x = torch.ones(4000, 1, 1)
    assert torch.equal(block.eval()._dropped(x), x)
    dropped = block.train()._dropped(x)
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert abs(dropped.mean().item() - 1) < 0.1
