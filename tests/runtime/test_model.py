"""The shipped model is a function: same input, same bits; finite on anything; and it hears what one says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearken.audio.sounds import synthesise
from hearken.errors import AudioEmptyError, AudioError, DigestError, InputError, ModelError, QueryError
from hearken.limits import WORKER_MEMORY_MB
from hearken.runtime import model as model_module
from hearken.runtime.catalog import find_model, read_config
from hearken.runtime.model import Model, embed_worker, load_model

RATE_HZ = 32_000


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("pocket")


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE_HZ))).astype(np.float32)


def test_embeddings_are_unit_length_float32(model: Model) -> None:
    audio, text = model.encode_audio([noise(1), noise(3)], sample_rate=RATE_HZ), model.encode_text(["a dog barks", "rain", "wind"])
    assert (audio.shape, text.shape, audio.dtype, text.dtype) == ((2, 384), (3, 384), np.float32, np.float32)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([audio, text]), axis=1), 1, atol=1e-5)


def test_repeats_are_equal_bit_for_bit(model: Model) -> None:
    sound = noise(12.3)
    again = load_model("pocket")
    assert model.encode_audio([sound], RATE_HZ).tobytes() == again.encode_audio([sound], RATE_HZ).tobytes()
    assert model.encode_text(["glass breaks"]).tobytes() == again.encode_text(["glass breaks"]).tobytes()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_batch_size_changes_nothing(model: Model, size: int) -> None:
    sounds, texts = [noise(0.5 + i, seed=i) for i in range(8)], [f"sound number {'x' * i}" for i in range(8)]
    audio = np.concatenate([model.encode_audio(sounds[i : i + size], RATE_HZ) for i in range(0, 8, size)])
    text = np.concatenate([model.encode_text(texts[i : i + size]) for i in range(0, 8, size)])
    np.testing.assert_allclose(audio, model.encode_audio(sounds, RATE_HZ), atol=1e-5)
    np.testing.assert_allclose(text, model.encode_text(texts), atol=1e-5)


def test_block_sizes_of_a_stream_change_nothing(model: Model) -> None:
    sound = noise(25)
    whole = model.embed([sound])
    cut = model.embed(np.split(sound, [1, 5_000, 327_680, 400_000]))
    assert whole.windows.tobytes() == cut.windows.tobytes()
    assert whole.clip.tobytes() == cut.clip.tobytes()
    assert whole.spans == cut.spans


def test_windows_are_half_overlapping_and_reach_the_end(model: Model) -> None:
    embedded = model.embed([noise(12)])
    spans = [(round(span.start_s, 2), round(span.end_s, 2)) for span in embedded.spans]
    assert spans[:3] == [(0, 1.28), (0.64, 1.92), (1.28, 2.56)]
    assert spans[17] == (10.88, 12)
    assert spans[18:] == [(0, 5.12), (2.56, 7.68), (5.12, 10.24), (7.04, 12)]
    assert embedded.windows.shape == (22, 384)


def test_a_short_sound_has_one_window_equal_to_its_clip_vector(model: Model) -> None:
    embedded = model.embed([noise(1.2)])
    np.testing.assert_allclose(embedded.windows, embedded.clip[None], atol=1e-5)


def test_a_sound_shorter_than_a_context_has_one_equal_to_its_clip_vector(model: Model) -> None:
    embedded = model.embed([noise(3)])
    assert len(embedded.windows) == 4 + 1
    np.testing.assert_allclose(embedded.windows[-1], embedded.clip, atol=1e-5)
    assert np.abs(embedded.windows[0] - embedded.clip).max() > 1e-3


@pytest.mark.parametrize("num_samples", [1, 2, 319, 320, 321, 10_239, 10_240, 10_241])
def test_fault_A2_tiny_sounds_have_valid_embeddings(model: Model, num_samples: int) -> None:
    embedded = model.embed([np.full(num_samples, 0.1, np.float32)])
    assert np.isfinite(embedded.clip).all()
    assert embedded.spans[-1].end_s == num_samples / RATE_HZ


def test_fault_A2_no_samples(model: Model) -> None:
    with pytest.raises(AudioEmptyError):
        model.embed([])


_TIME = np.arange(2 * RATE_HZ) / RATE_HZ
_ODD = {
    "silence": np.zeros(2 * RATE_HZ),
    "dc": np.full(2 * RATE_HZ, 0.5),
    "square": np.sign(np.sin(2 * np.pi * 440 * _TIME)),
    "clipped": np.clip(5 * np.sin(2 * np.pi * 100 * _TIME), -1, 1),
    "impulse": np.eye(1, 2 * RATE_HZ, RATE_HZ)[0],
}


@pytest.mark.parametrize("name", sorted(_ODD))
def test_fault_A12_odd_signals_give_finite_unit_vectors(model: Model, name: str) -> None:
    vector = model.encode_audio([_ODD[name].astype(np.float32)], RATE_HZ)[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_fault_A12_silence_is_not_the_best_match_of_everything(model: Model) -> None:
    sounds = [synthesise(name).astype(np.float32) for name in ("dog_bark", "siren", "rain", "ticking_clock", "church_bell")]
    audio = model.encode_audio([np.zeros(2 * RATE_HZ, np.float32), *sounds], RATE_HZ)
    texts = model.encode_text(["a dog is barking", "a siren is wailing", "rain is falling", "a clock is ticking", "a bell rings"])
    assert (np.argmax(texts @ audio.T, axis=1) != 0).all()


def test_array_without_rate_is_refused(model: Model) -> None:
    with pytest.raises(InputError, match="how fast"):
        model.encode_audio([noise(1)])


@pytest.mark.parametrize("single", ["dog.wav", Path("dog.wav"), np.zeros(8, np.float32)])
def test_a_single_sound_instead_of_a_list_is_refused(model: Model, single: object) -> None:
    with pytest.raises(InputError, match="takes a list"):
        model.encode_audio(single, RATE_HZ)  # type: ignore[arg-type]


def test_a_single_text_instead_of_a_list_is_refused(model: Model) -> None:
    with pytest.raises(InputError, match="takes a list"):
        model.encode_text("a dog barks")


@pytest.mark.parametrize("text", ["", "  ", "\n", "\0", "\u200b"])
def test_text_without_a_word_is_refused(model: Model, text: str) -> None:
    with pytest.raises(QueryError, match="no word"):
        model.encode_text([text])


def test_lone_surrogate_does_no_harm(model: Model) -> None:
    assert np.isfinite(model.encode_text(["rain \ud800"])).all()


def test_a_file_gives_what_its_samples_give(model: Model, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(7), RATE_HZ, subtype="FLOAT")
    np.testing.assert_allclose(model.encode_audio([tmp_path / "a.wav"]), model.encode_audio([noise(7)], RATE_HZ), atol=1e-5)


def test_long_text_is_cut_not_refused(model: Model) -> None:
    assert np.isfinite(model.encode_text(["rain " * 500])).all()


def test_empty_lists_give_empty_arrays(model: Model) -> None:
    assert model.encode_audio([]).shape == model.encode_text([]).shape == (0, 384)


def test_missing_file_is_named(model: Model, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav"):
        model.encode_audio([tmp_path / "nothing.wav"])


def test_incomplete_configuration_is_a_named_error(tmp_path: Path) -> None:
    config = {**read_config(find_model("pocket")), "front_end": {}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="misnames"):
        load_model(tmp_path)


def changed(folder: Path, **keys: object) -> Model:
    """A copy of the pocket model in `folder` with some keys of its configuration replaced."""
    shutil.copytree(find_model("pocket"), folder)
    (folder / "config.json").write_text(json.dumps(read_config(folder) | keys))
    return load_model(folder)


def test_a_text_policy_is_applied_before_the_words_are_cut(model: Model, tmp_path: Path) -> None:
    policed = changed(tmp_path / "m", text_policy={"name": "x", "remove": "?!", "suffix": " runs", "max_tokens": 6})
    assert policed.digest != model.digest
    found = policed.encode_text(["a dog?!", "a dog runs and runs and runs"])
    np.testing.assert_array_equal(found, model.encode_text(["a dog runs", "a dog runs and"]))


def test_a_sliced_text_loses_its_end_mark(tmp_path: Path) -> None:
    pieces = [
        changed(tmp_path / cut, text_policy={"max_tokens": 4, "cut": cut})._pieces("rain on a tin roof")[0].tolist()
        for cut in ("keep_end", "slice")
    ]
    assert [len(ids) for ids in pieces] == [4, 4]
    assert pieces[0][:3] == pieces[1][:3]
    assert pieces[0][3] != pieces[1][3]


@pytest.mark.parametrize("text", ["", "?!", " ", "\u200b"])
def test_a_suffix_makes_no_query_of_nothing(text: str, tmp_path: Path) -> None:
    policed = changed(tmp_path / "m", text_policy={"remove": "?!", "suffix": " the end", "max_tokens": 8})
    with pytest.raises(QueryError, match="no word"):
        policed.encode_text([text])


@pytest.mark.parametrize("policy", [{"max_tokens": 0}, {"cut": "off"}, {"volume": 11}])
def test_a_senseless_text_policy_is_a_named_error(policy: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="misnames"):
        changed(tmp_path / "m", text_policy=policy)


def graph_of_sums(folder: Path, *, beside: bool) -> None:
    """Replace `audio_frames.onnx` by a graph of mel and wave: 1 frame, every feature the sum of wave; its constants perhaps beside it."""
    onnx = pytest.importorskip("onnx")
    width = read_config(folder)["num_features"]
    ports = {"mel": ["B", "L", 128], "wave": ["B", "T"], "frames": ["B", "K", width]}
    mel, wave, frames = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in ports.items())
    ones = onnx.numpy_helper.from_array(np.ones((1, 1, width), np.float32), "ones")
    axes = onnx.numpy_helper.from_array(np.array([1]), "axes")
    nodes = [
        onnx.helper.make_node("ReduceSum", ["wave", "axes"], ["sum"], keepdims=1),
        onnx.helper.make_node("Mul", ["sum", "ones"], ["frames"]),
    ]
    graph = onnx.helper.make_graph(nodes, "sums", [mel, wave], [frames], [ones, axes])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "audio_frames.onnx"
    onnx.save_model(model, path, save_as_external_data=beside, location=f"{path.name}.data", size_threshold=100)
    config = read_config(folder) | {"inputs": ["mel", "wave"]}
    names = [*config["files"], *([f"{path.name}.data"] if beside else [])]
    config["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("beside", [False, True])
def test_an_encoder_can_have_the_wave_and_weights_beside_its_graph(beside: bool, tmp_path: Path) -> None:
    changed(tmp_path / "m")
    graph_of_sums(tmp_path / "m", beside=beside)
    model = load_model(tmp_path / "m")
    features = model._chunk_features(np.full(1_000, 0.5, np.float32))
    np.testing.assert_allclose(features, np.full((1, features.shape[1]), 500.0))
    assert model.embed([noise(3)]).clip.shape == (384,)


@pytest.mark.parametrize("name", ["audio_frames.onnx", "audio_frames.onnx.data"])
def test_damaged_weights_beside_a_graph_are_found(name: str, tmp_path: Path) -> None:
    changed(tmp_path / "m")
    graph_of_sums(tmp_path / "m", beside=True)
    with (tmp_path / "m" / name).open("r+b") as file:
        file.write(b"\xff")
    with pytest.raises(DigestError, match=name):
        load_model(tmp_path / "m").warm_audio()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_weights_beside_a_graph_need_a_path_that_is_text(tmp_path: Path) -> None:
    changed(tmp_path / "m")
    graph_of_sums(tmp_path / "m", beside=True)
    folder = (tmp_path / "m").rename(tmp_path / os.fsdecode(b"m\xe9"))
    with pytest.raises(ModelError, match=r"name .* is no text"):
        load_model(folder).warm_audio()


def test_large_models_get_more_memory(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    assert embed_worker(model.folder, model.digest)._limits["memory_mb"] == WORKER_MEMORY_MB
    monkeypatch.setattr(model_module, "files_bytes", lambda folder, config, prefix: 350_000_000)
    assert embed_worker(model.folder, model.digest)._limits["memory_mb"] == WORKER_MEMORY_MB + 700


def test_a_graph_that_this_onnx_runtime_cannot_run_is_a_named_error(tmp_path: Path) -> None:
    changed(tmp_path / "m")
    (tmp_path / "m" / "audio_head.onnx").write_bytes(b"\x08\x07nonsense")
    config = read_config(tmp_path / "m")
    config["files"]["audio_head.onnx"] = hashlib.sha256(b"\x08\x07nonsense").hexdigest()
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"ONNX Runtime [\d.]+ cannot run .*audio_head\.onnx"):
        load_model(tmp_path / "m").warm_audio()
