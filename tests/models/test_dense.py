"""The oneDNN product is the ordinary linear layer: values, gradients, and where it steps aside."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.models import dense  # noqa: E402


def operands(rows: int = 96, bias: bool = True) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    draw = torch.Generator().manual_seed(0)
    x, weight, offset = (torch.randn(shape, generator=draw) for shape in ((2, rows // 2, 24), (40, 24), (40,)))
    return x, weight, offset if bias else None


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes that went through oneDNN, on a processor where MKL is slow."""
    monkeypatch.setattr(dense, "_mkl_is_fast", lambda: False)
    seen: list[tuple[int, ...]] = []
    original = dense._product
    monkeypatch.setattr(dense, "_product", lambda x, *rest: (seen.append(tuple(x.shape)), original(x, *rest))[1])
    return seen


needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")


@needs_onednn
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_are_those_of_torch(bias: bool, products: list[tuple[int, ...]]) -> None:
    tensors = [tensor.requires_grad_() for tensor in operands(bias=bias) if tensor is not None]
    ours, theirs = dense.linear(*tensors), functional.linear(*tensors)
    assert products == [(2, 48, 24)]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    above = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1))
    for own, expected in zip(torch.autograd.grad(ours, tensors, above), torch.autograd.grad(theirs, tensors, above), strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-5, atol=1e-4)


@needs_onednn
def test_only_asked_gradients_are_computed(products: list[tuple[int, ...]]) -> None:
    x, weight, bias = operands()
    dense.linear(x, weight.requires_grad_(), bias).sum().backward()
    assert products == [(2, 48, 24), (40, 96)]
    assert x.grad is None


@needs_onednn
def test_a_slice_of_a_matrix_and_a_transposed_input_are_fine(products: list[tuple[int, ...]]) -> None:
    x, weight, bias = operands()
    x = x.transpose(0, 1)
    torch.testing.assert_close(dense.linear(x, weight[8:], bias[8:]), functional.linear(x, weight[8:], bias[8:]), rtol=0, atol=1e-5)
    assert len(products) == 1


@pytest.mark.parametrize(
    ("maker", "has_mkl", "onednn"), [("GenuineIntel", True, False), ("GenuineIntel", False, True), ("AuthenticAMD", True, True)]
)
@needs_onednn
def test_the_library_that_is_faster_multiplies(maker: str, has_mkl: bool, onednn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: has_mkl)
    monkeypatch.setattr(dense.Path, "read_text", lambda *_, **__: f"processor : 0\nvendor_id : {maker}\n")
    dense._mkl_is_fast.cache_clear()
    assert dense._suits_onednn(*operands()[:2]) == onednn
    monkeypatch.setattr(dense.Path, "read_text", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError))
    monkeypatch.setattr(dense.platform, "processor", lambda: f"Family 6 Model 167, {maker}")
    dense._mkl_is_fast.cache_clear()
    assert dense._suits_onednn(*operands()[:2]) == onednn
    monkeypatch.undo()
    dense._mkl_is_fast.cache_clear()


def test_it_steps_aside(products: list[tuple[int, ...]]) -> None:
    x, weight, bias = operands(rows=62)
    torch.testing.assert_close(dense.linear(x, weight, bias), functional.linear(x, weight, bias), rtol=0, atol=0)
    x, weight, bias = operands()
    assert dense.linear(x.double(), weight.double(), bias.double()).dtype == torch.float64
    assert dense.linear(x.to("meta"), weight.to("meta"), bias.to("meta")).shape == (2, 48, 40)
    with torch.autocast("cpu", torch.bfloat16):
        assert dense.linear(x, weight, bias).dtype == torch.bfloat16
    torch._C._set_mkldnn_enabled(False)
    try:
        dense.linear(x, weight, bias)
    finally:
        torch._C._set_mkldnn_enabled(True)
    with pytest.warns(DeprecationWarning, match="torch.jit.trace"):
        torch.jit.trace(dense.Linear(24, 40), x, check_trace=False)
    assert products == []


def test_the_layer_has_torch_s_parameters() -> None:
    layer = dense.Linear(24, 40)
    assert isinstance(layer, torch.nn.Linear)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer(torch.zeros(3, 24)).shape == (3, 40)


def test_transforms_and_other_kinds_of_tensors_go_the_ordinary_way(products: list[tuple[int, ...]]) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    x, weight, bias = operands()
    batched = torch.func.vmap(lambda row: dense.linear(row, weight, bias))(x.repeat(1, 2, 1))
    torch.testing.assert_close(batched, functional.linear(x.repeat(1, 2, 1), weight, bias), rtol=0, atol=1e-5)
    slope = torch.func.grad(lambda matrix: dense.linear(x, matrix, bias).sum())(weight)
    torch.testing.assert_close(slope, x.flatten(0, 1).sum(0).expand(40, -1), rtol=1e-5, atol=1e-4)
    with FakeTensorMode():
        assert dense.Linear(24, 40)(torch.randn(96, 24)).shape == (96, 40)
    assert products == []


def test_wrong_and_empty_sizes_end_as_in_torch(products: list[tuple[int, ...]]) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        dense.linear(torch.zeros(96, 23), torch.zeros(40, 24))
    assert dense.linear(torch.zeros(96, 0), torch.zeros(4, 0)).shape == (96, 4)
    assert dense.linear(torch.zeros(0, 24), torch.zeros(40, 24)).shape == (0, 40)
    assert products == []


@needs_onednn
def test_a_second_derivative_is_refused_and_finite_differences_agree(products: list[tuple[int, ...]]) -> None:
    x, weight, bias = (tensor.requires_grad_() for tensor in operands())
    (slope,) = torch.autograd.grad(dense.linear(x, weight, bias).square().sum(), weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
    step = torch.zeros_like(weight)
    step[3, 5] = 0.05
    with torch.no_grad():
        above, below = (dense.linear(x, weight + side * step, bias).double().square().sum() for side in (1, -1))
    assert products
    assert float(above - below) / 0.1 == pytest.approx(float(slope.detach()[3, 5]), rel=1e-2)


@pytest.mark.parametrize(("inputs", "outputs"), [(24, 40), (16, 48), (48, 16)])
@pytest.mark.parametrize("bias", [True, False])
def test_bfloat16_gradients_are_autocast_s(inputs: int, outputs: int, bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(0)
    shapes = ((2, 48, inputs), (outputs, inputs), (outputs,))[: 3 if bias else 2]
    tensors = [torch.randn(shape, generator=draw).requires_grad_() for shape in shapes]
    above = torch.randn(2, 48, outputs, generator=draw).bfloat16()
    seen = []
    original = dense._weight_gradient
    monkeypatch.setattr(dense, "_MIN_ROWS_BF16", 96)
    monkeypatch.setattr(dense, "_weight_gradient", lambda grad, x: (seen.append(1), original(grad, x))[1])
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = dense.linear(*tensors), functional.linear(*tensors)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    for own, expected in zip(torch.autograd.grad(ours, tensors, above), torch.autograd.grad(theirs, tensors, above), strict=True):
        assert own.dtype == torch.float32
        assert own.is_contiguous()
        assert (own - expected).norm() < 5e-3 * expected.norm()
    assert seen == [1]


def test_bfloat16_steps_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, _ = operands(bias=False)
    weight.requires_grad_()
    assert not dense._suits_bf16(x, weight)  # no autocast
    with torch.autocast("cpu", torch.bfloat16):
        assert not dense._suits_bf16(x, weight)  # few rows
        monkeypatch.setattr(dense, "_MIN_ROWS_BF16", 96)
        assert dense._suits_bf16(x, weight)
        assert not dense._suits_bf16(x, weight.detach())
        with torch.no_grad():
            assert not dense._suits_bf16(x, weight)
    with torch.autocast("cpu", torch.float16):
        assert not dense._suits_bf16(x, weight)
