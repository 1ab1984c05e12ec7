"""HTSAT is the authors': key lists, sizes, golden numbers of four copies; deliberate faults turn the same checks red."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.audio.melspec import PANNS_LOGMEL_32K, log_mel  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models import htsat_blocks  # noqa: E402
from hearken.models.audio_table import build_audio  # noqa: E402
from hearken.models.htsat import HTSAT, HtsatOutput, fold  # noqa: E402
from tests.golden.filling import assert_close, fill, fill_zoo, waves, zoo_wave  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
KEYS = json.loads((GOLDEN / "models" / "keys.json").read_text())
SOUNDS = {"s10": (1500, 2, 320_000), "s3": (1510, 1, 96_000), "s15_crops": (1520, 1, 480_000), "infer": (1560, 1, 60_000)}
FRONT_END_KEYS = ("spectrogram_extractor.", "logmel_extractor.", "audio_feats_extractor.")


@pytest.fixture(scope="module")
def net() -> HTSAT:
    model = fill(HTSAT())
    assert isinstance(model, HTSAT)
    return model


@pytest.fixture(scope="module")
def mel() -> Callable[[str], torch.Tensor]:
    return cache(lambda case: torch.from_numpy(np.stack([log_mel(sound, PANNS_LOGMEL_32K) for sound in waves(*SOUNDS[case])])))


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


def golden(name: str) -> np.lib.npyio.NpzFile:
    return np.load(GOLDEN / "models" / f"{name}.npz")


@pytest.mark.parametrize("name", ["htsat_retrocirce", "htsat_wavcaps"])
def test_keys_shapes_and_types_are_those_of_the_file(net: HTSAT, name: str) -> None:
    public = {key: [shape, kind] for key, (shape, kind, _) in KEYS[name].items()}
    ours = {key: [list(value.shape), str(value.dtype).removeprefix("torch.")] for key, value in net.state_dict().items()}
    assert {key: fact for key, fact in public.items() if not key.startswith(FRONT_END_KEYS)} == ours
    assert (len(public), len(ours)) == (200, 197)


@pytest.mark.parametrize(
    ("name", "encoder", "count"),
    [("htsat_audioset", "htsat", 197), ("laion_clap_HTSAT-tiny_roberta", "htsat_laion_tiny", 197), ("laion_clap_HTSAT-base_roberta", "htsat_laion_base", 284)],
)  # fmt: skip
def test_keys_of_the_other_copies(name: str, encoder: str, count: int) -> None:
    keys = json.loads((GOLDEN / "zoo" / f"{name}_keys.json").read_text())
    prefix = "audio_branch." if "clap" in name else ""
    public = {key.removeprefix(prefix): shape for key, shape in keys.items() if key.startswith(prefix)}
    ours = {key: list(value.shape) for key, value in build_audio(encoder).state_dict().items()}
    assert {key: shape for key, shape in public.items() if not key.startswith(FRONT_END_KEYS)} == ours
    assert len(ours) == count


@pytest.mark.parametrize(
    ("encoder", "count", "dim", "segment_s", "front_end"),
    [("htsat", 31_325_143, 768, 10, "panns_logmel_32k"), ("htsat_laion_tiny", 31_325_143, 768, 10, "laion_htsat_logmel_48k"),
     ("htsat_laion_base", None, 1024, 10, "laion_htsat_logmel_48k"), ("htsat_msclap2023", 31_325_143, 768, 7, "msclap2023_logmel_44k")],
)  # fmt: skip
def test_sizes(encoder: str, count: int | None, dim: int, segment_s: float, front_end: str) -> None:
    model = build_audio(encoder)
    frozen = 2 * 513 * 1024 + 513 * 64  # the front end's filters are parameters in the file
    total = sum(parameter.numel() for parameter in model.parameters()) + frozen
    keys = json.loads((GOLDEN / "zoo" / "laion_clap_HTSAT-base_roberta_keys.json").read_text())
    made = ("running_mean", "running_var", "num_batches_tracked", "relative_position_index", "attn_mask")
    listed = sum(int(np.prod(shape)) for key, shape in keys.items() if key.startswith("audio_branch.") and not key.endswith(made))
    assert total == (count or listed)
    assert (model.dim, model.segment_s, model.front_end) == (dim, segment_s, FRONT_ENDS[front_end])
    assert model.max_num_frames == 1024 >= model.front_end.num_frames(int(segment_s * model.front_end.rate_hz))


@pytest.mark.parametrize("name", ["htsat_retrocirce", "htsat_wavcaps"])
@pytest.mark.parametrize("case", ["s10", "s3"])
def test_golden_numbers(net: HTSAT, mel: Callable[[str], torch.Tensor], name: str, case: str) -> None:
    data = golden(name)
    x = net.normalised(mel(case))
    assert_close(data, f"{case}.bn0", x.transpose(1, 3) if tuple(data[f"{case}.bn0.shape"])[1] == 64 else x)
    image = fold(x)
    assert_close(data, f"{case}.image", image, 5e-4)
    tokens = net.patch_embed(image)
    assert_close(data, f"{case}.patch", tokens)
    for number, stage in enumerate(net.layers):
        tokens = stage(tokens)
        assert_close(data, f"{case}.layer{number}", tokens)
    assert_close(data, f"{case}.norm", net.norm(tokens))
    assert_close(data, f"{case}.latent", net(mel(case)), 2e-5)
    check(data, case, net.outputs(mel(case)))


def check(data: np.lib.npyio.NpzFile, case: str, output: HtsatOutput) -> None:
    assert_close(data, f"{case}.clipwise", output.clipwise, 2e-5)
    assert_close(data, f"{case}.framewise", output.framewise, 2e-5)
    if output.embedding is not None:
        assert_close(data, f"{case}.latent", output.embedding, 2e-5)
    if f"{case}.fine_grained.shape" in data:
        assert_close(data, f"{case}.fine_grained", output.fine_grained, 2e-5)


def test_golden_crops_of_longer_sound(net: HTSAT, mel: Callable[[str], torch.Tensor]) -> None:
    output = net.outputs(mel("s15_crops"))
    check(golden("htsat_retrocirce"), "s15_crops", output)
    assert output.embedding is None
    assert output.fine_grained is None


def test_golden_infer_mode(net: HTSAT, mel: Callable[[str], torch.Tensor]) -> None:
    check(golden("htsat_retrocirce"), "infer", net.outputs(mel("infer"), infer_mode=True))


@pytest.mark.parametrize(
    ("name", "encoder", "seconds"),
    [("htsat_audioset", "htsat", 32_000), ("laion_clap_HTSAT-tiny_roberta", "htsat_laion_tiny", 48_000),
     ("laion_clap_HTSAT-base_roberta", "htsat_laion_base", 48_000)],
)  # fmt: skip
def test_golden_of_the_other_copies(name: str, encoder: str, seconds: int) -> None:
    data = np.load(GOLDEN / "zoo" / f"{name}_out.npz")
    laion = "clap" in name
    model = fill_zoo(build_audio(encoder), lambda key: f"audio_branch.{key}" if laion else key)
    sound = torch.from_numpy(log_mel(zoo_wave(10 * seconds, seconds, 1)[0], model.front_end))[None]
    output = model.outputs(sound)
    np.testing.assert_allclose(output.embedding, data["audio_embedding" if laion else "latent_output"], rtol=0, atol=1e-4)
    if not laion:
        np.testing.assert_allclose(output.clipwise, data["clipwise_output"], rtol=0, atol=1e-4)


class TestFaults:
    """What the golden sets' authors broke on purpose moves the embedding of `s3` by 1.6e-3 to 1.2e-2."""

    @pytest.fixture
    def red(self, net: HTSAT, mel: Callable[[str], torch.Tensor]) -> Callable[[], None]:
        return lambda: assert_close(golden("htsat_retrocirce"), "s3.latent", net(mel("s3")))

    @pytest.fixture
    def interpolate(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        original = torch.nn.functional.interpolate
        return lambda **changed: monkeypatch.setattr(
            torch.nn.functional, "interpolate", lambda x, size, **facts: original(x, size, **(facts | changed))
        )

    def test_none(self, red: Callable[[], None]) -> None:
        red()

    def test_mask_dropped(self, net: HTSAT, red: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
        for stage in net.layers:
            for block in stage.blocks:
                monkeypatch.setitem(block._buffers, "attn_mask", None)
        with pytest.raises(AssertionError):
            red()

    def test_shift_dropped(self, net: HTSAT, red: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
        for stage in net.layers:
            for block in stage.blocks:
                if block.attn_mask is not None:
                    order = htsat_blocks.window_order(int(len(block.order) ** 0.5), 8, 0)
                    for name, value in (("order", order), ("inverse", order.argsort()), ("attn_mask", None)):
                        monkeypatch.setitem(block._buffers, name, value)
        with pytest.raises(AssertionError):
            red()

    def test_relative_bias_dropped(self, net: HTSAT, red: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
        for module in net.modules():
            if isinstance(module, htsat_blocks.WindowAttention):
                zeros = torch.nn.Parameter(torch.zeros_like(module.relative_position_bias_table))
                monkeypatch.setitem(module._parameters, "relative_position_bias_table", zeros)
        with pytest.raises(AssertionError):
            red()

    def test_bilinear_for_bicubic(self, red: Callable[[], None], interpolate: Callable[..., None]) -> None:
        interpolate(mode="bilinear")
        with pytest.raises(AssertionError):
            red()

    def test_corners_not_aligned(self, red: Callable[[], None], interpolate: Callable[..., None]) -> None:
        interpolate(align_corners=False)
        with pytest.raises(AssertionError):
            red()


def test_longer_input_has_no_embedding(net: HTSAT) -> None:
    with pytest.raises(InputError, match="at most 1024"):
        net(torch.zeros(1, 1025, 64))
    with pytest.raises(InputError, match="64 mel bands"):
        net(torch.zeros(1, 100, 128))


def test_eps_is_the_authors_(net: HTSAT) -> None:
    assert {module.eps for module in net.modules() if isinstance(module, torch.nn.LayerNorm)} == {1e-5}


def test_training_drops_paths_and_augments() -> None:
    model = fill(HTSAT()).train()
    paths = [block.drop_path for stage in model.layers for block in stage.blocks]
    assert paths == pytest.approx([0.1 * number / 11 for number in range(12)])
    model.augment = lambda x: x * 0
    silent = model.normalised(torch.ones(2, 20, 64))
    assert not silent.any()
    assert model.eval().normalised(torch.ones(2, 20, 64)).any()


def test_every_parameter_but_the_tags_learns() -> None:
    model = fill(HTSAT())
    with torch.enable_grad():
        model(torch.zeros(1, 64, 64)).sum().backward()
    without = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert without == {"tscam_conv.weight", "tscam_conv.bias", "head.weight", "head.bias"}


def test_bfloat16_autocast_is_near(net: HTSAT, mel: Callable[[str], torch.Tensor]) -> None:
    exact = net(mel("s3"))
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel("s3"))
    assert torch.nn.functional.cosine_similarity(exact, rough.float()).item() > 0.999


def test_it_compiles(net: HTSAT, mel: Callable[[str], torch.Tensor]) -> None:
    torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=True)(mel("s3")), net(mel("s3")), rtol=0, atol=1e-5)


def test_places_in_order_of_time(net: HTSAT, mel: Callable[[str], torch.Tensor]) -> None:
    places = net.tokens(mel("s3"))
    assert places.shape == (1, 64, net.token_dim)
    torch.testing.assert_close(places.mean(1), net(mel("s3")), rtol=0, atol=1e-5)
    fine_grained = net.outputs(mel("s3")).fine_grained
    assert fine_grained is not None
    torch.testing.assert_close(places.unflatten(1, (32, 2)).mean(2), fine_grained[:, ::32], rtol=0, atol=1e-5)
