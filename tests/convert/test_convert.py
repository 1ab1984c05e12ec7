"""The whole way: file in, model folder out, account beside it; and every way in which a file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.convert import ACCOUNT, convert, convert_state  # noqa: E402
from hearken.convert.obtain import Origin  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError, InputError, ModelError  # noqa: E402
from hearken.models.build import build_audio, load_audio  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from tests.convert.making import BERT, audio_state, linear, numbered, save, text_state  # noqa: E402


@pytest.fixture(scope="module")
def mn04() -> dict[str, torch.Tensor]:
    return {key: tensor.clone() for key, tensor in build_audio("mn04").state_dict().items()}


@pytest.fixture(scope="module")
def dual_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DCASE 2023 file with Cnn10 and a small BERT."""
    state = audio_state("cnn10", "audio_embedding_model.model.", filters="panns") | text_state(
        BERT | {"vocab_size": 30_522}, "sentence_embedding_model."
    )
    state |= linear("project_audio.0", 512, 16) | linear("project_sentence.0", 64, 16) | {"tau": torch.empty(1, device="meta")}
    whole = {key: tensor.clone() for key, tensor in numbered(state).items()}
    whole["tau"] = torch.tensor([0.02])
    return save(tmp_path_factory.mktemp("files") / "x.ckpt", {"state_dict": whole, "epoch": 16})


def test_an_encoder(mn04: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = save(tmp_path / "mn04_as.pt", mn04)
    origin = Origin("mn04", "https://x", "MIT", "0" * 64)
    report = convert(path, tmp_path / "out", origin=origin)
    assert (report.format, report.kind, report.num_tensors, report.num_used, report.num_parameters) == (
        "efficientat", "audio_encoder", 312, 312, 983_599,
    )  # fmt: skip
    account = json.loads((tmp_path / "out" / ACCOUNT).read_text())
    assert account == json.loads(json.dumps(report.to_json()))
    assert account["origin"] == {"name": "mn04", "url": "https://x", "licence": "MIT", "sha256": "0" * 64}
    loaded = load_audio(tmp_path / "out").state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in mn04.items())


def test_half_precision_becomes_single(mn04: dict[str, torch.Tensor]) -> None:
    half = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in mn04.items()}
    state = convert_state(Checkpoint(Path("x"), half, "")).state
    assert {tensor.dtype for tensor in state.values()} == {torch.float32, torch.int64}


def test_a_dual_encoder_hears_and_reads(dual_file: Path, tmp_path: Path) -> None:
    from hearken.convert.tokenizers import bundled_bert

    tokenizer = bundled_bert()
    assert tokenizer
    report = convert(dual_file, tmp_path / "out", tokenizer=tokenizer)
    assert (report.kind, report.beside, report.tokenizer) == ("dual", ("epoch",), str(tokenizer))
    assert report.num_used + len(report.compared) == report.num_tensors
    model = DualEncoder.from_pretrained(tmp_path / "out")
    assert float(model.temperature.detach()) == pytest.approx(0.02)
    with torch.no_grad():
        assert model.encode_audio(torch.zeros(1, 32_000)).shape == (1, 16)


def test_without_a_tokenizer_the_user_is_told(dual_file: Path, tmp_path: Path) -> None:
    report = convert(dual_file, tmp_path / "out")
    assert report.tokenizer == ""
    assert "--tokenizer FILE" in report.notes[-1]
    with pytest.raises(ModelError, match="no tokenizer"):
        DualEncoder.from_pretrained(tmp_path / "out").encode_text(["a dog"])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", r"EfficientAT mn04\. 1 missing: classifier\.2\.bias\."),
        ("extra", r"1 unexpected: classifier\.9\.bias\."),
        ("shape", r"1 of another shape: classifier\.2\.bias is \(7,\) real, not \(512,\) real\."),
        ("kind", r"classifier\.2\.bias is \(512,\) whole, not \(512,\) real\."),
        ("many", r"20 missing: .* and 10 more"),
    ],
)
def test_mutations(mn04: dict[str, torch.Tensor], tmp_path: Path, fault: str, message: str) -> None:
    state, key = dict(mn04), "classifier.2.bias"
    if fault == "missing":
        del state[key]
    elif fault == "many":
        for name in list(state)[40:60]:
            del state[name]
    else:
        state["classifier.9.bias" if fault == "extra" else key] = {
            "extra": torch.zeros(1), "shape": torch.zeros(7), "kind": torch.zeros(512, dtype=torch.int64),
        }[fault]  # fmt: skip
    path = save(tmp_path / "x.pt", state)
    with pytest.raises(CheckpointError, match=message):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_leaves_nothing(mn04: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = save(tmp_path / "x.pt", mn04)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match=r"x\.pt is damaged, cut off"):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_model_is_not_overwritten(mn04: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = save(tmp_path / "x.pt", mn04)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds another model"):
        convert(path, tmp_path / "out")
    convert(path, tmp_path / "mine")
    convert(path, tmp_path / "mine")


def test_an_unknown_format(mn04: dict[str, torch.Tensor]) -> None:
    with pytest.raises(InputError, match="There is no format 'x'"):
        convert_state(Checkpoint(Path("x"), mn04, ""), "x")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(mn04: dict[str, torch.Tensor], tmp_path: Path, bad: float) -> None:
    path = save(tmp_path / "x.pt", mn04 | {"classifier.2.bias": torch.full((512,), bad)})
    with pytest.raises(CheckpointError, match=r"mn04 hold what is no number: classifier\.2\.bias\."):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_file_under_the_same_name_is_noticed(mn04: dict[str, torch.Tensor], tmp_path: Path) -> None:
    """Where nobody published a digest, the one recorded the first time is what there is to go by."""
    path = save(tmp_path / "x.pt", mn04)
    first, other = (Origin("cnn6", "https://x", "", digest * 64) for digest in "ab")
    assert convert(path, tmp_path / "out", origin=first).notes == ()
    assert convert(path, tmp_path / "out", origin=first).notes == ()
    assert (
        "another file than the one converted here before, whose SHA-256 was aaaa" in convert(path, tmp_path / "out", origin=other).notes[0]
    )
    assert convert(path, tmp_path / "out", origin=Origin("cnn10", "", "", "c" * 64)).notes == ()


def test_the_account_comes_with_the_model_or_not_at_all(
    mn04: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "x.pt", mn04)

    def full(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hearken.models.weights.save_file", full)
    with pytest.raises(ModelError, match="No space left"):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
