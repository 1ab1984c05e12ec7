"""The Lightning files of the DCASE systems 2023, 2024 and 2025: names as their modules have them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.convert import convert_state  # noqa: E402
from hearken.convert.read import Checkpoint, unwrap  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from tests.convert.making import ROBERTA, audio_state, linear, numbered, text_state, values  # noqa: E402

SALSA = {"timing_tau": (1,), "audio_token": (1, 1, 768), "posencode.w": (1,), "posencode.pe": (1, 192, 768)}


def public(year: int, audio: str = "passt_n", dim: int = 768, **options: object) -> dict[str, torch.Tensor]:
    """2023 nests the encoder in one wrapper, 2024 and 2025 in two."""
    state = audio_state(audio, "audio_embedding_model.model." + "model." * (year > 2023), **options)
    text = "text_embedding_model." if year == 2025 else "sentence_embedding_model."
    state |= text_state(ROBERTA, text)
    names = ("audio_projection", "text_projection") if year == 2025 else ("project_audio.0", "project_sentence.0")
    state |= linear(names[0], dim, 1024) | linear(names[1], 64, 1024) | {"tau": torch.empty(1, device="meta")}
    if year == 2024:
        state |= {name: torch.empty(shape, device="meta") for name, shape in SALSA.items()}
    return numbered(state)


@pytest.mark.parametrize(
    ("year", "policy", "rule", "kind"),
    [(2023, "dcase2023", "dcase2023", "abs"), (2024, "dcase", "dcase2023", "fixed"), (2025, "dcase", "d25", "fixed")],
)
def test_every_number_finds_its_place(year: int, policy: str, rule: str, kind: str) -> None:
    state = public(year)
    done = convert_state(Checkpoint(Path("x"), state, ""))
    config = done.config
    assert (config.audio.name, config.audio.rule, config.audio.segment_s, config.text.policy.name) == ("passt_n", rule, 10.0, policy)
    assert (config.text.pooling, config.projection, config.dim, config.temperature.kind) == ("first", "linear", 1024, kind)
    assert config.text.architecture["hidden_dropout_prob"] == 0.2
    text, projection = ("text_embedding_model", "audio_projection") if year == 2025 else ("sentence_embedding_model", "project_audio.0")
    pairs = {
        "tau": "tau", "audio.encoder.cls_token": "audio_embedding_model.model." + "model." * (year > 2023) + "cls_token",
        "audio_projection.weight": f"{projection}.weight", "text.transformer.embeddings.LayerNorm.bias": f"{text}.embeddings.LayerNorm.bias",
    }  # fmt: skip
    assert values(done.state, pairs) == values(state, pairs.values())
    assert done.state["tau"].shape == ()
    dropped = {name for entry in done.applied.dropped for name in entry.names}
    assert dropped == (set(SALSA) if year == 2024 else set())
    assert all(len(entry.reason) > 20 for entry in done.applied.dropped)


def test_cnn10_of_2023() -> None:
    done = convert_state(Checkpoint(Path("x"), public(2023, "cnn10", 512, filters="panns"), ""))
    assert (done.config.audio.name, done.plan.title) == ("cnn10", "DCASE 2023 system, cnn10 and roberta")
    assert len([name for name in done.applied.tensors if name.startswith("filters.")]) == 3


def test_torch_compile_leaves_its_mark_and_it_is_taken_off() -> None:
    state = {key.replace("model.model.", "model.model._orig_mod."): tensor for key, tensor in public(2025).items()}
    done = convert_state(unwrap(Path("x"), {"state_dict": state, "pytorch-lightning_version": "2"}))
    assert done.checkpoint.wrapper.endswith("_orig_mod.*")


def test_a_transformer_over_segments_is_not_left_out_in_silence() -> None:
    state = public(2024) | {"audio_sequence.0.linear1.weight": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"1 unexpected: audio_sequence\.0\.linear1\.weight"):
        convert_state(Checkpoint(Path("x"), state, ""))


def test_another_audio_side_is_refused() -> None:
    state = {key: tensor for key, tensor in public(2025).items() if "time_new_pos" not in key}
    with pytest.raises(CheckpointError, match="neither PaSST nor of PANNs"):
        convert_state(Checkpoint(Path("x"), state, ""))


def experiment(**settings: object) -> Checkpoint:
    return Checkpoint(Path("x"), public(2023, "cnn10", 512, filters="panns"), "", settings=settings)


def test_settings_of_the_experiment_are_heeded() -> None:
    """The paper compares segments of 2 to 15 s; tokens can be averaged instead of the first one read."""
    sentence = {"use_eos_token_as_embedding": False, "max_sentence_tokens": 20}
    config = convert_state(experiment(audio_features={"segment_length": 15, "aggregate": "mean"}, sentence_features=sentence)).config
    assert (config.audio.segment_s, config.text.pooling, config.text.policy.max_tokens) == (15.0, "mean", 20)
    assert config.text.policy.cut == "slice"
    told = convert_state(experiment(audio_features={"segment_length": 15})).plan.notes
    assert told == ("From its hyper_parameters: segments of 15 s, first pooling of at most 32 tokens.",)
    config = convert_state(experiment(audio_features=None, sentence_features={"use_first_token": True})).config
    assert (config.audio.segment_s, config.text.pooling, config.text.policy.max_tokens) == (30.0, "first", 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"audio_features": {"aggregate": "none"}}, "aggregate is 'none', not 'mean'"),
        ({"audio_features": {"segment_length": 10, "hop_length": 5}}, "hop_length is 5, not 10"),
        ({"audio_features": {"model_config": {"return_sequence": True}}}, "return_sequence is True"),
        ({"normalize": False}, "normalize is False"),
        ({"sentence_features": {"remove_punctuation": False}}, "remove_punctuation is False"),
        ({"audio_features": {"segment_length": "long"}}, "lengths are no numbers"),
    ],
)
def test_another_kind_of_experiment_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        convert_state(experiment(**settings))
