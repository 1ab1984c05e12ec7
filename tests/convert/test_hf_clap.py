"""`ClapModel` of transformers: a random one, saved by that library, converted, and asked the same questions."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from hearken.convert.convert import Converted, convert, convert_state  # noqa: E402
from hearken.convert.read import Checkpoint, read  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from tests.golden import filling  # noqa: E402

TEXT = {"vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 96}
SETTINGS = {
    "feature_size": 64,
    "sampling_rate": 48_000,
    "fft_window_size": 1024,
    "hop_length": 480,
    "frequency_min": 50,
    "frequency_max": 14_000,
}


@pytest.fixture(scope="module")
def clap(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.nn.Module, Path]:
    """A small text side beside HTSAT-tiny, with weights large enough to tell a wrong wiring."""
    folder = tmp_path_factory.mktemp("clap") / "model"
    audio = {"patch_embeds_hidden_size": 96, "depths": [2, 2, 6, 2], "num_attention_heads": [4, 8, 16, 32], "hidden_size": 768}
    config = transformers.ClapConfig(text_config=TEXT, audio_config=audio, projection_dim=32)
    model = transformers.ClapModel(config).eval()
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point() and tensor.ndim:
                spread = 1.5 / tensor[0].numel() ** 0.5 if tensor.ndim > 1 else 0.05
                tensor.copy_(torch.randn(tensor.shape, generator=draw) * spread + (tensor.ndim == 1 and name.endswith("weight")))
            if name.endswith("running_var"):
                tensor.fill_(400.0)
            if name.endswith("batch_norm.running_mean"):
                tensor.fill_(-40.0)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(SETTINGS))
    return model, folder


@pytest.fixture(scope="module")
def done(clap: tuple[torch.nn.Module, Path]) -> Converted:
    return convert_state(read(clap[1]))


def test_both_sides_equal_transformers(clap: tuple[torch.nn.Module, Path], tmp_path: Path) -> None:
    """The sound goes through that library's own spectrogram there, and through ours here."""
    theirs, folder = clap
    report = convert(folder, tmp_path / "out")
    assert (report.format, report.title) == ("clap", "ClapModel of transformers, htsat_laion_tiny and roberta")
    ours = DualEncoder.from_pretrained(tmp_path / "out")
    wave = filling.waves(5, 2, 480_000, 48_000)
    extractor = transformers.ClapFeatureExtractor(**SETTINGS, truncation="rand_trunc", padding="repeatpad")
    features = extractor(list(wave), sampling_rate=48_000, return_tensors="pt")
    ids = torch.tensor([[0, 17, 41, 99, 2], [0, 8, 2, 1, 1]])
    mask = (ids != 1).long()
    with torch.no_grad():
        audio = theirs.audio_projection(theirs.audio_model(**features).pooler_output)
        text = theirs.text_projection(theirs.text_model(input_ids=ids, attention_mask=mask).pooler_output)
        found_audio, found_text = ours.encode_audio(torch.from_numpy(wave)), ours.encode_tokens(ids, mask)
    for wanted, found in ((audio, found_audio), (text, found_text)):
        unit = torch.nn.functional.normalize(wanted, dim=-1)
        assert float((unit[0] - unit[1]).abs().max()) > 3e-3, "the two inputs must not look alike"
        np.testing.assert_allclose(found.numpy(), unit.numpy(), rtol=0, atol=1e-4)


def test_the_account(done: Converted) -> None:
    used = len(done.applied.used)
    assert used + sum(len(dropped.names) for dropped in done.applied.dropped) == len(done.checkpoint.tensors)
    assert {dropped.reason for dropped in done.applied.dropped} <= {
        "scores here have one scale, logit_scale_a; it never changes an order", "a row of counting numbers that transformers makes itself",
    }  # fmt: skip
    assert {name.rsplit(".", 1)[1] for name in done.made} == {"attn_mask", "weight", "bias"}
    assert [name for name in done.made if "attn_mask" not in name] == [
        f"audio.encoder.{head}.{part}" for head in ("tscam_conv", "head") for part in ("weight", "bias")
    ]
    assert "no tag head" in done.plan.notes[0]


@pytest.mark.parametrize("swap", [("query", "key"), ("key", "value")])
def test_a_wrong_order_of_q_k_v_would_be_seen(done: Converted, swap: tuple[str, str]) -> None:
    state = done.checkpoint.tensors
    key = "audio_model.audio_encoder.layers.0.blocks.0.attention.self.{}.weight"
    merged = done.state["audio.encoder.layers.0.blocks.0.attn.qkv.weight"]
    order = ["query", "key", "value"]
    assert torch.equal(merged, torch.cat([state[key.format(part)] for part in order]))
    first, second = (order.index(part) for part in swap)
    order[first], order[second] = order[second], order[first]
    assert not torch.equal(merged, torch.cat([state[key.format(part)] for part in order]))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", {"audio_config": {"enable_fusion": True}}, "This is a fusion model"),
        ("config.json", {"projection_hidden_act": "tanh"}, "projection_hidden_act is tanh, not relu"),
        ("config.json", {"audio_config": 7}, "'audio_config' is no mapping"),
        ("preprocessor_config.json", {"frequency_min": 0}, "frequency_min is 0, not 50"),
        ("preprocessor_config.json", None, r"preprocessor_config\.json is damaged"),
    ],
)
def test_settings_that_we_do_not_have_built_in(
    clap: tuple[torch.nn.Module, Path], tmp_path: Path, file: str, change: dict[str, object] | None, message: str
) -> None:
    folder = shutil.copytree(clap[1], tmp_path / "copy")
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | change) if change is not None else "{")
    with pytest.raises(CheckpointError, match=message):
        convert_state(read(folder))


@pytest.mark.parametrize(("given", "message"), [(SETTINGS | {"frequency_min": 0}, "frequency_min is 0, not 50"), (None, "is damaged")])
def test_the_settings_of_newer_transformers_count_too(
    clap: tuple[torch.nn.Module, Path], tmp_path: Path, given: dict[str, object] | None, message: str
) -> None:
    """They stand in processor_config.json, one level deeper."""
    folder = shutil.copytree(clap[1], tmp_path / "copy")
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"feature_extractor": SETTINGS}))
    assert convert_state(read(folder)).format == "clap"
    (folder / "processor_config.json").write_text(json.dumps({"feature_extractor": given} if given else {}))
    with pytest.raises(CheckpointError, match=message):
        convert_state(read(folder))


def test_the_weights_alone_are_not_enough(clap: tuple[torch.nn.Module, Path]) -> None:
    with pytest.raises(CheckpointError, match="needs its configuration as well"):
        convert_state(Checkpoint(Path("x"), read(clap[1]).tensors, ""))


def test_index_tables_may_be_left_out(clap: tuple[torch.nn.Module, Path], done: Converted) -> None:
    """The library saves them in some versions only; they follow from the sizes of the network."""
    found = read(clap[1])
    bare = {key: tensor for key, tensor in found.tensors.items() if not key.endswith("relative_position_index")}
    again = convert_state(dataclasses.replace(found, tensors=bare))
    tables = [key for key in done.state if key.endswith("relative_position_index")]
    assert len(tables) == 12
    assert set(tables) <= set(again.made)
    assert all(torch.equal(again.state[key], done.state[key]) for key in tables)
