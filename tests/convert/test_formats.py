"""The table of formats: each row is met by its own files alone."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.formats import FORMATS, find_format  # noqa: E402
from hearken.errors import CheckpointError, InputError  # noqa: E402

SIGNS = {
    "laion": ["text_transform.sequential.0.weight", "audio_branch.bn0.weight"],
    "clap": ["audio_model.audio_encoder.norm.weight"],
    "msclap": ["caption_encoder.base.wte.weight"],
    "clapcap": ["gpt.wte.weight"],
    "wavcaps": ["audio_encoder.audio_enc.bn0.weight"],
    "dcase2025": ["audio_projection.weight", "text_embedding_model.x"],
    "dcase2023": ["project_audio.0.weight", "sentence_embedding_model.x"],
    "act_captioner": ["encoder.pos_embedding", "encoder_linear.weight", "word_emb.weight", "dec_fc.weight"],
    "act_encoder": ["pos_embedding", "cls_token", "blocks.layers.0.0.fn.qkv.weight"],
    "panns": ["bn0.weight", "fc_audioset.weight"],
    "passt": ["freq_new_pos_embed", "time_new_pos_embed"],
    "htsat": ["sed_model.tscam_conv.weight"],
    "efficientat": ["features.0.0.weight", "classifier.5.weight"],
    "vggish": ["features.0.weight", "embeddings.0.weight"],
    "yamnet": ["layer1.fused.conv.weight"],
    "dcase2022": ["audio_enc.gru.weight_ih_l0"],
}


def test_every_format_has_its_signs() -> None:
    assert [entry.name for entry in FORMATS] == list(SIGNS)


@pytest.mark.parametrize("name", SIGNS)
def test_one_format_fits(name: str) -> None:
    tensors = dict.fromkeys(SIGNS[name], torch.zeros(1))
    assert [entry.name for entry in FORMATS if entry.recognise(tensors)] == [name]
    assert find_format(tensors)[0].name == name


def test_names() -> None:
    panns = dict.fromkeys(SIGNS["panns"], torch.zeros(1))
    assert [(entry.name, asked) for entry, asked in [find_format(panns, "laion"), find_format(panns, "cnn14_dlmax")]] == [
        ("laion", None), ("panns", "cnn14_dlmax"),
    ]  # fmt: skip
    assert find_format({"x": torch.zeros(1)}, "passt_n")[0].name == "passt"
    with pytest.raises(InputError, match="no format 'resnet'") as caught:
        find_format(panns, "resnet")
    assert "laion, clap, msclap" in caught.value.hint


def test_what_fits_nothing_is_described() -> None:
    with pytest.raises(CheckpointError, match="they begin with a0, a1, a2, a3, a4") as caught:
        find_format({f"a{number}": torch.zeros(1) for number in range(9)})
    assert "PANNs .pth" in caught.value.hint
