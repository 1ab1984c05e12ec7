"""The transformer behind a file's text side, told from shapes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.plan import TEXT  # noqa: E402
from hearken.convert.rules import apply  # noqa: E402
from hearken.convert.texts import text_architecture, text_rules  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.models.text_table import TEXT_ENCODERS  # noqa: E402
from tests.convert.making import BERT, GPT2, ROBERTA, text_state  # noqa: E402


@pytest.mark.parametrize("name", ["bert-tiny", "bert-small", "bert-base", "bert-large", "roberta-base", "roberta-large", "gpt2"])
def test_published_ones_are_known_by_name(name: str) -> None:
    state = text_state(TEXT_ENCODERS[name].architecture, "t.")
    assert text_architecture(state, "t.") == (name, dict(TEXT_ENCODERS[name].architecture))


@pytest.mark.parametrize("architecture", [BERT, ROBERTA, GPT2])
def test_others_are_described_whole(architecture: dict[str, object]) -> None:
    name, found = text_architecture(text_state(architecture, "t.", pooler="n_embd" not in architecture), "t.", hidden_dropout_prob=0.2)
    assert name == architecture["model_type"]
    assert found.items() >= {**architecture, "hidden_dropout_prob": 0.2}.items()
    again = text_state(found, "t.")
    assert {key: tensor.shape for key, tensor in again.items()} == {
        key: tensor.shape for key, tensor in text_state(architecture, "t.").items()
    }


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(CheckpointError, match="text encoder is of a kind that is not known"):
        text_architecture({"t.shared.weight": torch.zeros(2, 2)}, "t.")


def test_pooler_and_counters() -> None:
    names = ["embeddings.position_ids", "embeddings.LayerNorm.weight", "pooler.dense.weight", "h.0.attn.bias", "h.0.attn.masked_bias"]
    tensors = {f"t.{name}": torch.zeros(1) for name in names}
    without = apply(text_rules(r"t\.", pooler=False), tensors, "X")
    assert list(without.tensors) == [f"{TEXT}embeddings.LayerNorm.weight"]
    assert [len(dropped.names) for dropped in without.dropped] == [1, 1, 2]
    assert f"{TEXT}pooler.dense.weight" in apply(text_rules(r"t\.", pooler=True), tensors, "X").tensors
