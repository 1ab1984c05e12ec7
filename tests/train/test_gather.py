"""Two processes that share a batch get the gradients of one process with all of it."""

from __future__ import annotations

import pytest
import torch
from torch import distributed, nn

from hearken.errors import RunError
from hearken.train import gather as gather_module
from hearken.train.gather import any_of, average_buffers, average_gradients, broadcast, first_value, gather, num_processes
from tests.train.ranks import together

CPU = torch.device("cpu")
INPUTS = torch.arange(24.0).reshape(4, 6).sin()


def network() -> nn.Linear:
    torch.manual_seed(5)
    module = nn.Linear(6, 3)
    module.temperature = nn.Parameter(torch.tensor(0.5))  # part of the loss alone, as in a dual encoder
    return module


def loss_of(rows: torch.Tensor, temperature: torch.Tensor) -> torch.Tensor:
    """Every row against every other: it has no meaning without the other process' rows."""
    return (rows @ rows.T / temperature).softmax(-1).diagonal().log().mean()


def gradients(rank: int, num: int) -> list[list[float]]:
    module = network()
    size = len(INPUTS) // num
    loss = loss_of(gather(module(INPUTS[rank * size : (rank + 1) * size])), module.temperature)
    loss.backward()
    average_gradients(module.parameters())
    return [weight.grad.flatten().tolist() for weight in module.parameters()]


def small_talk(rank: int) -> list[object]:
    module = nn.BatchNorm1d(2)
    with torch.no_grad():
        module.running_mean.fill_(float(rank))
        module.weight.fill_(float(rank + 1))
    average_buffers(module)
    broadcast(module)
    return [
        num_processes(), any_of(rank == 1, CPU), any_of(False, CPU), first_value(0.1 + rank, CPU),
        module.running_mean.tolist(), module.weight.tolist(), gather(torch.tensor([rank])).tolist(),
    ]  # fmt: skip


def both_of_them(rank: int, num: int) -> tuple[list[list[float]], list[object]]:
    return gradients(rank, num), small_talk(rank)


@pytest.fixture(scope="module")
def both() -> list[tuple[list[list[float]], list[object]]]:
    """What each of two processes gets of `both_of_them`: to start them takes longer than that."""
    return together("tests.train.test_gather:both_of_them", 2)


def test_alone_everything_is_as_it_is() -> None:
    rows = INPUTS.clone()
    assert gather(rows) is rows
    assert num_processes() == 1
    assert any_of(True, CPU)
    assert not any_of(False, CPU)
    assert first_value(0.1, CPU) == 0.1


def test_two_processes_have_the_gradients_of_one(both: list[tuple[list[list[float]], list[object]]]) -> None:
    alone = gradients(0, 1)
    for each, _ in both:
        for one, two in zip(alone, each, strict=True):
            torch.testing.assert_close(torch.tensor(two), torch.tensor(one), rtol=1e-5, atol=1e-6)
    own_rows_alone = network()
    loss_of(own_rows_alone(INPUTS[:2]), own_rows_alone.temperature).backward()
    assert not torch.allclose(own_rows_alone.weight.grad.flatten(), torch.tensor(alone[0]), rtol=1e-2), (
        "the rows of others would not matter"
    )


def test_fault_T9_a_process_that_has_gone_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RuntimeError("Connection closed by peer [127.0.0.1]:17283")

    monkeypatch.setattr(gather_module, "num_processes", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", gone)
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    for ask in (lambda: any_of(False, CPU), lambda: average_gradients([weight])):
        with pytest.raises(RunError, match="Another process of this training has ended"):
            ask()


def test_processes_agree(both: list[tuple[list[list[float]], list[object]]]) -> None:
    for _, each in both:
        assert each == [2, True, False, 0.1, [0.5, 0.5], [1.0, 1.0], [0, 1]]
