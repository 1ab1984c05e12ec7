"""The exported folder: complete, known by its digest, cut as the configuration says, and equal to the network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx  # noqa: E402

from hearken.audio.length import LengthPolicy  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.export import check, folder  # noqa: E402
from hearken.export.folder import Card, quantize_folder, segment_policy, write_folder  # noqa: E402
from hearken.export.reference import Reference  # noqa: E402
from hearken.models.build import AUDIO_ENCODERS  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from hearken.runtime.catalog import model_info, read_checked, read_config  # noqa: E402
from hearken.runtime.model import Model  # noqa: E402
from tests.export.tiny_dual import tiny_dual  # noqa: E402

CARD = Card("mine", "a test", "CC0")
LARGE = {"act", "passt_s20", "passt_s30", "passt_s", "passt_n", "passt_l", "cnn14", "cnn14_16k", "cnn14_dlmax", "cnn14_msclap2022", "cnn14_wavcaps", "cnn14_htsat",
         "resnet22", "resnet38", "wavegram_logmel_cnn14", "vggish", "panns_mobilenetv1", "htsat_laion_base", "htsat_laion_tiny", "htsat_msclap2023", "mn10"}  # fmt: skip


@pytest.fixture(scope="module")
def dual() -> DualEncoder:
    return tiny_dual()


@pytest.fixture(scope="module")
def exported(dual: DualEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exported") / "mine"
    write_folder(dual, place, CARD)
    return place


def test_the_folder_is_a_model(exported: Path) -> None:
    info = model_info(exported)
    assert (info.name, info.dim, info.licence, info.summary) == ("mine", 12, "CC0", "a test")
    config = read_config(exported)
    assert {path.name for path in exported.iterdir()} == {"config.json", *config["files"]}
    assert all(read_checked(exported, name, config) for name in config["files"])
    assert (config["length_policy"]["frame_num_samples"], config["max_query_tokens"]) == (32_000, 16)
    assert config["text_policy"]["remove"] == "!?."
    assert "inputs" not in config


def test_it_equals_the_network(dual: DualEncoder, exported: Path) -> None:
    model = Model(exported)
    parity = check.compare(Reference(dual, model.policy), model, rate_hz=model.rate_hz, segment_s=model.policy.frame_s)
    assert parity.ok, parity
    sounds = check.probe_sounds(model.rate_hz, 1.0)
    spread = np.abs(np.diff(model.encode_audio(sounds, model.rate_hz), axis=0)).max()
    assert spread > 100 * check.MAX_DELTA, "sounds that all look alike would prove nothing"


def test_it_equals_what_users_of_torch_call(dual: DualEncoder, exported: Path) -> None:
    model, sounds = Model(exported), check.probe_sounds(32_000, 1.0)
    np.testing.assert_allclose(model.encode_audio(sounds, 32_000), dual.encode_arrays(sounds, 32_000), atol=check.MAX_DELTA)
    with torch.no_grad():
        np.testing.assert_allclose(model.encode_text(["A dog barks!"]), dual.encode_text(["a dog barks"]).numpy(), atol=check.MAX_DELTA)


def test_another_weight_is_seen(dual: DualEncoder, exported: Path) -> None:
    other = tiny_dual()
    with torch.no_grad():
        next(other.audio.encoder.parameters()).mul_(1.5)
    model = Model(exported)
    parity = check.compare(Reference(other, model.policy), model, rate_hz=model.rate_hz, segment_s=1.0)
    assert not parity.ok


def test_windows_are_segments(exported: Path) -> None:
    embedded = Model(exported).embed([check.probe_sounds(32_000, 1.0)[-1]])
    assert [(span.start_s, round(span.end_s, 3)) for span in embedded.spans] == [(0, 1), (1, 2), (2, 2.3)]


def test_by_frames_windows_overlap_and_pieces_have_any_length(tmp_path: Path) -> None:
    dual = tiny_dual(audio="pocket", segment_s=10.24)
    policy = write_folder(dual, tmp_path / "m", CARD)
    assert policy == LengthPolicy(32_000, 10_240, 327_680, 4, 2, context_num_frames=16, context_hop_num_frames=8)
    assert "head_inputs" not in read_config(tmp_path / "m")
    model = Model(tmp_path / "m")
    assert model.policy == policy
    parity = check.compare(Reference(dual, policy), model, rate_hz=model.rate_hz, segment_s=policy.chunk_s, texts=["a dog"])
    assert parity.ok, parity
    spans = model.embed([check.probe_sounds(32_000, policy.chunk_s)[-1]]).spans
    found = [(round(span.start_s, 2), round(span.end_s, 2)) for span in spans]
    assert found[:2] == [(0, 1.28), (0.64, 1.92)]
    first_context = found.index((0, 5.12))
    assert found[first_context + 1] == (2.56, 7.68)
    assert segment_policy(dual, 5.0).chunk_num_samples == 15 * 10_240
    assert segment_policy(dual, 0.1).chunk_num_samples == 10_240


def test_a_model_that_hears_slopes_is_exported_as_one(tmp_path: Path) -> None:
    plain = tiny_dual(audio="pocket", segment_s=1.28)
    audio = AudioConfig("pocket", {"hears_slope": True}, segment_s=1.28)
    torch.manual_seed(0)
    dual = DualEncoder(replace(plain.config, audio=audio, projection="turned_tags+linear"), text=plain.text).eval()
    dual.audio.encoder.load_state_dict(plain.audio.encoder.state_dict())
    policy = write_folder(dual, tmp_path / "m", CARD)
    config = read_config(tmp_path / "m")
    assert (config["head_inputs"], config["num_features"]) == (["pooled", "slope"], 384)
    model = Model(tmp_path / "m")
    parity = check.compare(Reference(dual, policy), model, rate_hz=model.rate_hz, segment_s=policy.chunk_s, texts=["a dog"])
    assert parity.ok, parity
    sound = check.probe_sounds(32_000, 4.0)[-1]
    away = [Model(tmp_path / "m").encode_audio([part], 32_000) for part in (sound, sound[::-1].copy())]
    assert np.abs(away[0] - away[1]).max() > 1e-3
    first = model.embed([sound]).windows[0]
    np.testing.assert_allclose(first, dual.encode_arrays([sound[: 4 * 10_240]], 32_000)[0], atol=check.MAX_DELTA)


def test_the_length_of_a_segment_can_be_chosen(dual: DualEncoder) -> None:
    assert segment_policy(dual).frame_s == 1.0
    assert segment_policy(dual, 0.5).frame_num_samples == 16_000


def test_a_segment_that_the_encoder_cannot_take_is_refused() -> None:
    dual = tiny_dual(audio="htsat", segment_s=10.0)
    assert segment_policy(dual).frame_s == 10.0
    with pytest.raises(InputError, match=r"at most 10\.2 s at once, not 11 s"):
        segment_policy(dual, 11.0)


def test_a_segment_that_is_too_short_for_the_encoder_is_refused() -> None:
    dual = tiny_dual()
    dual.audio.encoder.min_num_frames = 32
    assert segment_policy(dual, 0.35).frame_s == 0.35
    with pytest.raises(InputError, match=r"at least 0\.32 s at once, not 0\.2 s") as caught:
        segment_policy(dual, 0.2)
    assert "longer --segment-s" in caught.value.hint


def test_without_a_tokenizer_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tokenizer"):
        write_folder(tiny_dual(tokenizer=False), tmp_path / "m", CARD)
    assert not (tmp_path / "m").exists()


def test_the_padding_is_that_of_the_training() -> None:
    assert segment_policy(tiny_dual()).padding == "zeros"
    dual = tiny_dual()
    dual.audio = AudioTower(dual.audio.encoder, segment_s=1.0, padding="repeatpad")
    assert segment_policy(dual).padding == "repeatpad"


def test_quantised_graphs_are_new_files_with_new_digests(dual: DualEncoder, tmp_path: Path) -> None:
    write_folder(dual, tmp_path / "m", CARD)
    before = read_config(tmp_path / "m")
    assert quantize_folder(tmp_path / "m") == ["text.onnx"]  # the audio side is all convolutions
    after = read_config(tmp_path / "m")
    assert after["summary"] == "a test; text.onnx in 8 bits, audio_frames.onnx and audio_head.onnx in 16"
    assert {name for name in after["files"] if after["files"][name] != before["files"][name]} == set(after["files"]) - {"tokenizer.json"}
    model = Model(tmp_path / "m")
    with torch.no_grad():
        cosine = float((model.encode_text(["a dog barks"])[0] * dual.encode_text(["a dog barks"])[0].numpy()).sum())
    assert 0.9 < cosine < 0.999999
    sounds = check.probe_sounds(32_000, 1.0)
    heard = (model.encode_audio(sounds, 32_000) * dual.encode_arrays(sounds, 32_000)).sum(1)
    assert heard.min() > 0.9999, heard


def test_sixteen_bits_are_left_where_they_would_not_do(dual: DualEncoder, tmp_path: Path) -> None:
    write_folder(dual, tmp_path / "m", CARD)
    (tmp_path / "m" / "audio_head.onnx.data").write_bytes(b"")  # what lies beside a graph is mapped, not read
    graph = onnx.load(tmp_path / "m" / "audio_frames.onnx")
    large = next(tensor for tensor in graph.graph.initializer if np.prod(tensor.dims) > 2_000)
    large.CopyFrom(onnx.numpy_helper.from_array(np.full(tuple(large.dims), 1e6, np.float32), large.name))
    onnx.save(graph, tmp_path / "m" / "audio_frames.onnx")
    before = (tmp_path / "m" / "audio_frames.onnx").read_bytes()
    assert quantize_folder(tmp_path / "m") == ["text.onnx"]
    assert read_config(tmp_path / "m")["summary"] == "a test; text.onnx in 8 bits"
    assert (tmp_path / "m" / "audio_frames.onnx").read_bytes() == before


@pytest.mark.parametrize("name", sorted(set(AUDIO_ENCODERS) - LARGE))
def test_every_small_encoder_of_the_table_can_be_exported(name: str, tmp_path: Path) -> None:
    """The large ones take minutes: `benchmarks/check_duals.py` has them."""
    dual = tiny_dual(audio=name, segment_s=1.0)
    policy = write_folder(dual, tmp_path / name, CARD)
    model = Model(tmp_path / name)
    parity = check.compare(Reference(dual, policy), model, rate_hz=model.rate_hz, segment_s=1.0, texts=["a dog"])
    assert parity.ok, parity


def test_the_config_is_plain_json(exported: Path) -> None:
    assert json.loads((exported / "config.json").read_text(encoding="utf-8"))["format"] == folder.FORMAT
