"""LAION-CLAP's files: through a real file to the authors' own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.convert import tokenizers  # noqa: E402
from hearken.convert.convert import convert, convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.text_table import TEXT_ENCODERS  # noqa: E402
from tests.convert.making import audio_state, golden_laion, linear, numbered, save, text_state, values  # noqa: E402
from tests.golden import filling  # noqa: E402


def small(size: str, dim: int) -> dict[str, torch.Tensor]:
    """The public names, as GitHub's `CLAP` has them; RoBERTa-base with the row of counters that older versions saved."""
    one = torch.empty((), device="meta")
    state = {"logit_scale_a": one, "logit_scale_t": one, **audio_state(f"htsat_laion_{size}", "audio_branch.", filters="panns")}
    state |= {"text_branch.embeddings.position_ids": torch.empty(1, 514, dtype=torch.int64, device="meta")}
    state |= text_state(TEXT_ENCODERS["roberta-base"].architecture, "text_branch.", pooler=True)
    for side, width in (("text", 768), ("audio", dim)):
        state |= linear(f"{side}_transform.sequential.0", 512, 512) | linear(f"{side}_transform.sequential.3", 512, 512)
        state |= linear(f"{side}_projection.0", width, 512) | linear(f"{side}_projection.2", 512, 512)
    return state


@pytest.mark.parametrize(("size", "dim"), [("tiny", 768), ("base", 1024)])
def test_names_are_the_public_ones(size: str, dim: int) -> None:
    import json

    public = json.loads((filling.HERE / "zoo" / f"laion_clap_HTSAT-{size}_roberta_keys.json").read_text())
    ours = {key: list(tensor.shape) for key, tensor in small(size, dim).items() if not key.endswith("position_ids")}
    assert ours == public


@pytest.mark.parametrize(("size", "dim"), [("tiny", 768), ("base", 1024)])
def test_every_number_finds_its_place(size: str, dim: int) -> None:
    public = numbered(small(size, dim))
    done = convert_state(Checkpoint(Path("x"), public, ""))
    assert (done.format, done.config.audio.name, done.config.text.name, done.made) == ("laion", f"htsat_laion_{size}", "roberta-base", ())
    assert {dropped.reason: len(dropped.names) for dropped in done.applied.dropped} == {
        "served a second loss in training; embeddings do not pass through it": 8,
        "scores here have one scale, logit_scale_a; it never changes an order": 1,
        "a row of counting numbers that transformers makes itself": 1,
    }
    pairs = {
        "logit_scale": "logit_scale_a", "audio.encoder.norm.bias": "audio_branch.norm.bias", "text_projection.2.bias": "text_projection.2.bias",
        "text.transformer.pooler.dense.weight": "text_branch.pooler.dense.weight", "audio_projection.0.weight": "audio_projection.0.weight",
    }  # fmt: skip
    assert values(done.state, pairs) == values(public, pairs.values())


def test_a_filled_file_gives_the_authors_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "from_hub", lambda hub_id: None)
    public = {f"module.{key}": tensor for key, tensor in golden_laion("tiny").items()}
    path = save(tmp_path / "630k.pt", {"epoch": 45, "name": "x", "state_dict": public})
    report = convert(path, tmp_path / "out")
    path.unlink()
    assert (report.num_tensors, report.num_used + len(report.compared) + sum(len(d.names) for d in report.dropped)) == (417, 417)
    assert report.beside == ("epoch", "name")
    assert "FacebookAI/roberta-base could not be reached" in report.notes[0]
    golden = np.load(filling.HERE / "zoo" / "laion_clap_HTSAT-tiny_roberta_out.npz")
    model = DualEncoder.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        audio = model.encode_audio(torch.from_numpy(filling.zoo_wave(480_000, 48_000, 1)))
        text = model.encode_tokens(torch.from_numpy(golden["input_ids"]), torch.from_numpy(golden["attention_mask"]))
    for name, found in (("audio_embed", audio), ("text_embed", text)):
        wanted = golden[name] / np.linalg.norm(golden[name], axis=-1, keepdims=True)
        np.testing.assert_allclose(found.numpy(), wanted, rtol=0, atol=1e-4)
    assert float(model.temperature.detach()) == pytest.approx(0.07)


def test_fusion_is_refused_in_a_sentence() -> None:
    public = small("tiny", 768) | {"audio_branch.patch_embed.mel_conv2d.weight": torch.zeros(96, 1, 4, 12)}
    with pytest.raises(CheckpointError, match="This is a fusion model") as caught:
        convert_state(Checkpoint(Path("x"), public, ""))
    assert "laion-630k-audioset" in caught.value.hint


def test_another_audio_side_is_refused() -> None:
    public = {key: tensor for key, tensor in small("tiny", 768).items() if "patch_embed" not in key}
    with pytest.raises(CheckpointError, match="is not HTSAT"):
        convert_state(Checkpoint(Path("x"), public, ""))


@pytest.mark.parametrize("fault", ["missing", "extra", "shape"])
def test_mutations(fault: str) -> None:
    public = numbered(small("tiny", 768))
    key = "text_branch.encoder.layer.3.output.dense.weight"
    if fault == "missing":
        del public[key]
    public |= {"extra": {"audio_branch2.x": torch.zeros(1)}, "shape": {key: torch.zeros(768, 3071)}, "missing": {}}[fault]
    with pytest.raises(
        CheckpointError, match={"missing": "1 missing: text.tr", "extra": "1 unexpected: audio_branch2.x", "shape": "3071"}[fault]
    ):
        convert_state(Checkpoint(Path("x"), public, ""))
