"""PaSST is the authors': key lists, sizes, and every golden number; deliberate faults turn the same checks red."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.melspec import PASST_MEL, log_mel  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models import passt  # noqa: E402
from hearken.models.passt import PaSST, passt_l, passt_n, passt_s, passt_s20, passt_s30, passt_tiny  # noqa: E402
from hearken.models.patchout import ALL, Kept, Patchout  # noqa: E402
from tests.golden.filling import assert_close, fill, fill_zoo, grid, zoo_wave  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
KEYS = json.loads((GOLDEN / "models" / "keys.json").read_text())
BUILD: dict[str, Callable[..., PaSST]] = {"passt_s": passt_s, "passt_n": passt_n, "passt_l": passt_l, "passt_20s": passt_s20}
CASES = [
    ("passt_n", 400, 1100, 2), ("passt_n", 998, 1110, 1), ("passt_n", 1100, 1120, 1), ("passt_s", 400, 1300, 1),
    ("passt_s", 998, 1310, 1), ("passt_l", 998, 1210, 1), ("passt_20s", 400, 1400, 1), ("passt_20s", 2000, 1410, 1),
]  # fmt: skip
PATCHOUT = [("passt_n", "n_d25", 1160), ("passt_n", "n_short", 1170), ("passt_n", "n_unstruct", 1180), ("passt_s", "s_paper", 1360)]


@pytest.fixture(scope="module")
def model() -> Callable[[str], PaSST]:
    """Filled networks, each made once and kept while this file runs."""
    return cache(lambda name: fill(BUILD[name]()))


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


def golden(name: str) -> np.lib.npyio.NpzFile:
    return np.load(GOLDEN / "models" / f"{name}.npz")


def picture(seed: int, num_frames: int, count: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.stack([grid(seed + number, 128, num_frames, -0.4, 1.0) for number in range(count)])).transpose(1, 2)


@pytest.mark.parametrize(("name", "tensors"), [("passt_s", 159), ("passt_n", 159), ("passt_l", 99), ("passt_20s", 159)])
def test_keys_shapes_and_types_are_those_of_the_file(name: str, tensors: int) -> None:
    with torch.device("meta"):
        state = BUILD[name]().state_dict()
    ours = [(key, [list(value.shape), str(value.dtype).removeprefix("torch."), True]) for key, value in state.items()]
    assert ours == list(KEYS[name].items())
    assert len(state) == tensors


@pytest.mark.parametrize(
    ("build", "count", "segment_s", "frames"),
    [(passt_s, 86_153_758, 10, 1000), (passt_n, 86_122_270, 10, 1000), (passt_l, 50_714_398, 10, 1000), (passt_s20, 86_231_326, 20, 2000),
     (passt_s30, 86_308_126, 30, 3000)],
)  # fmt: skip
def test_sizes(build: Callable[[], PaSST], count: int, segment_s: float, frames: int) -> None:
    with torch.device("meta"):
        net = build()
    assert sum(parameter.numel() for parameter in net.parameters()) == count
    assert (net.dim, net.segment_s, net.front_end, net.needs_wave) == (768, segment_s, PASST_MEL, False)
    assert net.max_num_frames is not None
    assert net.max_num_frames >= frames == net.front_end.num_frames(int(segment_s * 32_000))


def test_eps_is_the_authors_() -> None:
    with torch.device("meta"):
        net = passt_n()
    norms = {name: module.eps for name, module in net.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    assert norms.pop("head.0") == 1e-5
    assert set(norms.values()) == {1e-6}
    assert len(norms) == 25


@pytest.mark.parametrize(("name", "num_frames", "seed", "count"), CASES)
def test_golden_numbers(model: Callable[[str], PaSST], name: str, num_frames: int, seed: int, count: int) -> None:
    data, net, mel = golden(name), model(name), picture(seed, num_frames, count)
    assert_close(data, f"t{num_frames}.patch", net.patch_embed(mel))
    x = net.tokens_in(mel)
    assert_close(data, f"t{num_frames}.tokens_in", x)
    listed = 0
    for number, block in enumerate(net.blocks):
        x = block(x)
        if f"t{num_frames}.block{number}.sample" in data:
            assert_close(data, f"t{num_frames}.block{number}", x)
            listed += 1
    assert listed == 4
    tokens = net.norm(x)
    embedding = net(mel)
    assert_close(data, f"t{num_frames}.cls", tokens[:, 0], 2e-5)
    assert_close(data, f"t{num_frames}.dist", tokens[:, 1], 2e-5)
    assert_close(data, f"t{num_frames}.features", embedding, 2e-5)
    assert_close(data, f"t{num_frames}.logits", net.tag_logits(embedding), 2e-5)


@pytest.mark.parametrize(("name", "case", "seed"), PATCHOUT)
def test_golden_patchout(model: Callable[[str], PaSST], name: str, case: str, seed: int) -> None:
    data, net = golden(name), model(name)
    num_frames, times, bands, loose, torch_seed, _, _ = (int(number) for number in data[f"patchout.{case}.conf"])
    indices = {
        ours: torch.from_numpy(data[key]) if (key := f"patchout.{case}.{theirs}") in data else None
        for ours, theirs in (("columns", "time_keep"), ("rows", "freq_keep"), ("patches", "seq_keep"))
    }
    offset = f"patchout.{case}.time_offset"
    kept = Kept(int(data[offset]) if offset in data else 0, **indices)
    mel = picture(seed, num_frames)
    assert_close(data, f"patchout.{case}.tokens_in", net.tokens_in(mel, kept))
    two = net.tokens(mel, kept=kept, num_tokens=2)
    assert_close(data, f"patchout.{case}.cls", two[:, 0], 2e-5)
    assert_close(data, f"patchout.{case}.dist", two[:, 1], 2e-5)
    net.patchout = Patchout(times, bands, loose)
    try:
        net.train()
        drawn = net(mel, generator=torch.Generator().manual_seed(torch_seed))
    finally:
        net.patchout = Patchout()
        net.eval()
    torch.testing.assert_close(drawn, two.mean(1), rtol=0, atol=1e-6)


def test_golden_of_the_whole_chain() -> None:
    with np.load(GOLDEN / "zoo" / "passt_s_swa_p16_128_ap476_out.npz") as data:
        expected = {name: data[name] for name in data}
    keys = json.loads((GOLDEN / "zoo" / "passt_s_swa_p16_128_ap476_keys.json").read_text())
    net = fill_zoo(passt_s())
    assert {key: list(value.shape) for key, value in net.state_dict().items()} == keys
    mel = log_mel(zoo_wave(320_000, 32_000, 1)[0], PASST_MEL)[:998]
    assert abs(float(mel.mean()) - float(expected["mel_mean"])) < 1e-5
    np.testing.assert_allclose(mel[100], expected["mel_row"], rtol=0, atol=1e-4)
    embedding = net(torch.from_numpy(mel)[None])
    np.testing.assert_allclose(embedding, expected["features"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(net.tag_logits(embedding), expected["logits"], rtol=0, atol=1e-4)


def test_two_tokens_equal_the_first_two_of_all(model: Callable[[str], PaSST]) -> None:
    net, mel = model("passt_n"), picture(1100, 400)
    everything = net.tokens(mel)
    assert everything.shape == (1, 2 + 8 * 25, 768)
    torch.testing.assert_close(net.tokens(mel, num_tokens=2), everything[:, :2], rtol=0, atol=1e-5)


def red(model: Callable[[str], PaSST]) -> None:
    """Fails with AssertionError when the network is not the authors'."""
    data, net = golden("passt_n"), model("passt_n")
    assert_close(data, "t400.features", net(picture(1100, 400, 2)))


class TestFaults:
    def test_none(self, model: Callable[[str], PaSST]) -> None:
        red(model)

    def test_tokens_in_order_of_time(self, model: Callable[[str], PaSST]) -> None:
        """The order of patches changes no class token, so only the sequence itself shows it."""
        net, mel = model("passt_n"), picture(1100, 400, 2)
        x = net.tokens_in(mel)
        wrong = torch.cat((x[:, :2], x[:, 2:].unflatten(1, (8, 25)).transpose(1, 2).flatten(1, 2)), 1)
        assert_close(golden("passt_n"), "t400.tokens_in", x)
        with pytest.raises(AssertionError):
            assert_close(golden("passt_n"), "t400.tokens_in", wrong)

    def test_positions_after_patchout(self, model: Callable[[str], PaSST], monkeypatch: pytest.MonkeyPatch) -> None:
        data, net, mel = golden("passt_n"), model("passt_n"), picture(1160, 998)
        times, bands = (torch.from_numpy(data[f"patchout.n_d25.{name}"]) for name in ("time_keep", "freq_keep"))
        patches = net.patch_embed(mel)[:, :, :, times][:, :, bands]
        monkeypatch.setattr(net.patch_embed, "forward", lambda _: patches)
        monkeypatch.setitem(net._parameters, "freq_new_pos_embed", torch.nn.Parameter(net.freq_new_pos_embed[:, :, : len(bands)]))
        with pytest.raises(AssertionError):
            assert_close(data, "patchout.n_d25.cls", net.tokens(mel, num_tokens=2)[:, 0])

    def test_the_class_token_alone(self, model: Callable[[str], PaSST]) -> None:
        net, mel = model("passt_n"), picture(1100, 400, 2)
        with pytest.raises(AssertionError):
            assert_close(golden("passt_n"), "t400.features", net.tokens(mel, num_tokens=1)[:, 0])

    def test_a_random_offset_in_evaluation(self, model: Callable[[str], PaSST], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(passt, "ALL", Kept(time_offset=3))
        with pytest.raises(AssertionError):
            red(model)

    def test_gelu_by_tanh(self, model: Callable[[str], PaSST], monkeypatch: pytest.MonkeyPatch) -> None:
        gelu = torch.nn.functional.gelu
        monkeypatch.setattr(torch.nn.functional, "gelu", lambda x: gelu(x, approximate="tanh"))
        with pytest.raises(AssertionError):
            red(model)


def small() -> PaSST:
    """One block: enough for behaviour that does not depend on depth."""
    return fill(PaSST(16, 62, depth=1))


def test_the_small_form_differs_in_size_alone() -> None:
    """2 047 198 by hand: 4 blocks of 12 d^2 + 13 d, patches 257 d, positions (2 + 2 + 8 + 62) d, two norms, two heads, for d = 192."""
    d = 192
    blocks, patches, positions, norms, heads = 4 * (12 * d * d + 13 * d), 257 * d, (2 + 2 + 8 + 62) * d, 4 * d, 2 * 527 * (d + 1)
    net = fill(passt_tiny())
    assert sum(parameter.numel() for parameter in net.parameters()) == blocks + patches + positions + norms + heads
    with torch.device("meta"):
        assert list(net.state_dict()) == [
            key for key in passt_n().state_dict() if not key.startswith(tuple(f"blocks.{n}." for n in range(4, 12)))
        ]
    mel = picture(1100, 400)
    assert net(mel).shape == (1, d)
    torch.testing.assert_close(net.tokens(mel, num_tokens=2), net.tokens(mel)[:, :2], rtol=0, atol=1e-5)
    assert [block.attn.heads for block in net.blocks] == [3] * 4


def test_too_short_input_is_a_clear_error() -> None:
    net = small()
    assert net(torch.zeros(1, 16, 128)).shape == (1, 768)
    with pytest.raises(InputError, match="at least 16"):
        net(torch.zeros(1, 15, 128))


def test_evaluation_is_deterministic_and_training_is_not() -> None:
    net, mel = small(), picture(1100, 400)
    assert torch.equal(net(mel), net(mel))
    net.train()
    draws = [net(mel, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1, 0)]
    assert torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], draws[1])


def test_every_parameter_but_the_unused_head_learns() -> None:
    net = small().train()
    with torch.enable_grad():
        net.tag_logits(net(picture(1100, 400, 2), kept=ALL)).sum().backward()
    assert {name for name, parameter in net.named_parameters() if parameter.grad is None} == {"head_dist.weight", "head_dist.bias"}


def test_bfloat16_autocast_is_near(model: Callable[[str], PaSST]) -> None:
    net, mel = model("passt_n"), picture(1100, 400)
    exact = net(mel)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel)
    assert torch.nn.functional.cosine_similarity(exact, rough.float()).item() > 0.999
    assert not torch.equal(exact, rough.float())


def test_it_compiles() -> None:
    net, mel = small(), picture(1100, 200)
    torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=True)(mel), net(mel), rtol=0, atol=1e-5)


@torch.no_grad()
def test_places_are_class_distillation_and_patches() -> None:
    net, mel = small(), picture(1100, 400)
    places = net.tokens(mel)
    assert places.shape == (1, 2 + 8 * 25, net.token_dim)
    torch.testing.assert_close(places[:, :2].mean(1), net(mel), rtol=0, atol=1e-5)
    net.patchout = Patchout(s_patchout_t=15, s_patchout_f=2)
    net.train()
    drawn = [net.tokens(mel, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert drawn[0].shape == (1, 2 + 6 * 10, 768)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    torch.testing.assert_close(drawn[0][:, :2].mean(1), net(mel, generator=torch.Generator().manual_seed(1)), rtol=0, atol=1e-5)
