"""What holds for every loss, however it is made and whatever is in the batch."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.losses.base import Loss, Pairs  # noqa: E402
from hearken.losses.table import LOSSES, build_loss  # noqa: E402
from tests.losses.some_pairs import IDS, random_pairs  # noqa: E402

DIM = 6
MADE: dict[str, tuple[str, dict[str, object]]] = {
    **{name: (name, {"dim": DIM} if name == "clap_two_scale" else {}) for name in LOSSES},
    "nt_xent negative": ("nt_xent", {"same_clip": "negative"}),
    "nt_xent removed": ("nt_xent", {"same_clip": "removed"}),
    "nt_xent rows": ("nt_xent", {"average": "rows"}),
    "clap own": ("clap", {"temperature": 0.07}),
    "sigmoid positive": ("sigmoid", {"same_clip": "positive", "temperature": None}),
    "sigmoid removed": ("sigmoid", {"same_clip": "removed", "bias": None}),
    "n_pair ovo": ("n_pair", {"form": "ovo"}),
    "distillation both": ("distillation", {"pair_weight": 0.5, "squared_weight": True}),
}
DRAWS, NETWORKS, KNOWS_NO_PAIRS = {"triplet"}, {"clap_two_scale"}, {"wavcaps_nt_xent", "distillation"}


def each(without: frozenset[str] | set[str] = frozenset()) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in MADE if name not in without])


def made(name: str) -> Loss:
    torch.manual_seed(0)
    kind, options = MADE[name]
    return build_loss(kind, **options).eval()


def leaf(x: Tensor) -> Tensor:
    return x.detach().clone().requires_grad_()


def from_raw(audio: Tensor, text: Tensor, ids: Tensor) -> tuple[Pairs, list[Tensor]]:
    """Pairs of embeddings that are brought to unit length first, as a model does; and the leaves."""
    leaves = [leaf(audio), leaf(text), torch.tensor(0.02, requires_grad=True)]
    unit = [functional.normalize(x, dim=-1) for x in leaves[:2]]
    size = len(ids)
    return Pairs(unit[0], unit[1], ids, leaves[2], torch.linspace(-1, 1, size * size).reshape(1, size, size)), leaves


def check_finite(name: str, pairs: Pairs, leaves: list[Tensor]) -> None:
    loss = made(name)
    value = loss(pairs)
    assert value.shape == ()
    assert torch.isfinite(value), name
    assert value >= -1e-6
    value.backward()
    for x in (*leaves, *loss.parameters()):
        assert x.grad is None or torch.isfinite(x.grad).all(), name


@each(without=DRAWS)
def test_order_of_pairs_does_not_matter(name: str) -> None:
    pairs, order = random_pairs(dim=DIM), torch.tensor([5, 2, 7, 0, 1, 6, 3, 4])
    mixed = Pairs(pairs.audio[order], pairs.text[order], pairs.ids[order], pairs.temperature, pairs.teacher[:, order][:, :, order])
    torch.testing.assert_close(made(name)(mixed), made(name)(pairs))


@each(without=DRAWS | NETWORKS)
def test_sounds_and_texts_change_places(name: str) -> None:
    pairs = random_pairs(dim=DIM)
    mirrored = replace(pairs, audio=pairs.text, text=pairs.audio, teacher=pairs.teacher.transpose(1, 2))
    torch.testing.assert_close(made(name)(mirrored), made(name)(pairs))


@each()
def test_numbers_of_clips_are_names_only(name: str) -> None:
    pairs = random_pairs(dim=DIM)
    renamed = replace(random_pairs(dim=DIM), ids=2**40 - 7 * pairs.ids)
    assert torch.equal(made(name)(renamed), made(name)(pairs))


@each(without=KNOWS_NO_PAIRS | NETWORKS)
def test_right_order_is_better_than_wrong(name: str) -> None:
    unit = torch.eye(8, DIM + 2)
    right = Pairs(unit, unit, torch.arange(8), torch.tensor(0.1), torch.eye(8)[None])
    wrong = replace(right, text=unit.roll(1, 0))
    assert made(name)(right) < made(name)(wrong)


CASES: dict[str, tuple[Tensor, Tensor, Tensor]] = {
    "one pair": (torch.ones(1, DIM), -torch.ones(1, DIM), torch.tensor([0])),
    "one clip": (torch.randn(4, DIM), torch.randn(4, DIM), torch.zeros(4, dtype=torch.int64)),
    "equal rows": (torch.ones(4, DIM), torch.ones(4, DIM), torch.tensor([0, 0, 1, 2])),
    "opposite rows": (torch.ones(4, DIM), -torch.ones(4, DIM), torch.tensor([0, 0, 1, 2])),
    "rows of length zero": (torch.zeros(3, DIM), torch.eye(3, DIM), torch.arange(3)),
    "all of length zero": (torch.zeros(3, DIM), torch.zeros(3, DIM), torch.tensor([0, 1, 1])),
    "perfect": (torch.eye(4, DIM), torch.eye(4, DIM), torch.arange(4)),
    "wrong throughout": (torch.eye(4, DIM), torch.eye(4, DIM).roll(1, 0), torch.arange(4)),
}


@each()
@pytest.mark.parametrize("case", CASES)
def test_odd_batches_have_finite_losses_and_gradients(name: str, case: str) -> None:
    check_finite(name, *from_raw(*CASES[case]))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(ids=st.lists(st.integers(0, 3), min_size=1, max_size=7), seed=st.integers(0, 1000))
def test_any_batch_has_finite_losses_and_gradients(ids: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    audio, text = torch.randn(2, len(ids), DIM, generator=generator)
    for name in MADE:
        check_finite(name, *from_raw(audio, text, torch.tensor(ids)))


@each()
def test_gradients_are_those_of_the_value(name: str) -> None:
    """Against differences, in float64: also that of the temperature and of the loss's own numbers."""
    pairs, loss = random_pairs(dim=DIM, temperature=0.3), made(name).double()

    def value(audio: Tensor, text: Tensor, temperature: Tensor, *own: Tensor) -> Tensor:
        torch.manual_seed(0)
        given = Pairs(audio, text, pairs.ids, temperature.abs(), pairs.teacher.double())
        return torch.func.functional_call(loss, dict(zip(names, own, strict=True)), (given,))

    names = [key for key, x in loss.named_parameters() if x.ndim == 0]
    own = [leaf(x) for key, x in loss.named_parameters() if key in names]
    torch.autograd.gradcheck(value, [leaf(x.double()) for x in (pairs.audio, pairs.text, pairs.temperature)] + own, fast_mode=True)


@each()
def test_same_with_and_without_autocast(name: str) -> None:
    expected = made(name)(random_pairs(dim=DIM))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(made(name)(random_pairs(dim=DIM)), expected)


@each()
def test_descent_lowers_it(name: str) -> None:
    """Five small steps on the embeddings."""
    pairs, loss = random_pairs(dim=DIM), made(name)
    raw = [nn.Parameter(x.detach().clone()) for x in (pairs.audio, pairs.text)]
    optimizer, values = torch.optim.SGD(raw, lr=0.003), []
    for _ in range(5):
        unit = [functional.normalize(x, dim=1) for x in raw]
        value = loss(replace(pairs, audio=unit[0], text=unit[1], generator=torch.Generator().manual_seed(0)))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]


def test_variants_really_differ() -> None:
    values = {name: round(made(name)(random_pairs(IDS, dim=DIM)).item(), 5) for name in MADE}
    alike = {frozenset(other for other in values if values[other] == value) for value in values.values()}
    assert {group for group in alike if len(group) > 1} == {
        frozenset({"nt_xent negative", "clap"}), frozenset({"nt_xent removed", "n_pair"}),
    }  # fmt: skip
