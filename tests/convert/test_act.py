"""ACT's files, made here in small: a captioner as its trainer writes it, and an encoder alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert import act  # noqa: E402
from hearken.convert.convert import convert, convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError, InputError  # noqa: E402
from hearken.models.act import Act  # noqa: E402
from hearken.models.build import load_audio  # noqa: E402
from hearken.models.captioner import Captioner  # noqa: E402
from hearken.models.config import AudioConfig, DecoderConfig  # noqa: E402
from hearken.models.decoder import CrossDecoder, Heard  # noqa: E402
from tests.convert.making import save  # noqa: E402
from tests.golden import filling  # noqa: E402

WORDS = ["<sos>", "a", "dog", "barks", "<eos>", "loudly"]
SIZE = {"depth": 2, "dim": 64, "heads": 1}
DECODER = DecoderConfig(width=16, num_layers=3, num_heads=8, hidden=24)


def encoder() -> Act:
    made = filling.fill(Act(**SIZE), lambda key: f"encoder.{key}")
    assert isinstance(made, Act)
    return made


def decoder() -> CrossDecoder:
    made = filling.fill(CrossDecoder(DECODER, len(WORDS), 527))
    assert isinstance(made, CrossDecoder)
    return made


def captioner_state() -> dict[str, torch.Tensor]:
    """The names of the public file; its table of positions is longer than ours."""
    wide = torch.zeros(2000, 1, 16)
    place = torch.arange(2000.0)[:, None]
    rates = 10_000.0 ** (-torch.arange(0, 16, 2) / 16)
    wide[:, 0, 0::2], wide[:, 0, 1::2] = torch.sin(place * rates), torch.cos(place * rates)
    return {f"encoder.{key}": tensor for key, tensor in encoder().state_dict().items()} | {"pos_encoder.pe": wide} | decoder().state_dict()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "words.txt").write_text("\n".join(WORDS))
    return save(tmp_path / "ACTm.pth", {"model": captioner_state(), "optimizer": {"state": {}}, "beam_size": 3, "epoch": 27})


def test_a_captioner_hears_and_writes(file: Path, tmp_path: Path) -> None:
    report = convert(file, tmp_path / "out", vocabulary=tmp_path / "words.txt")
    assert (report.kind, report.format, report.beside) == ("captioner", "act_captioner", ("optimizer", "beam_size", "epoch"))
    assert (report.num_used, report.num_tensors) == (len(captioner_state()) - 1, len(captioner_state()))
    assert [dropped.names for dropped in report.dropped] == [("pos_encoder.pe",)]
    assert report.vocabulary == str(tmp_path / "words.txt")
    assert len(report.notes) == 1
    assert "8, as in the authors' settings.yaml" in report.notes[0]
    loaded = Captioner.from_pretrained(tmp_path / "out")
    assert loaded.vocabulary.decode([1, 2, 3, 4, 5]) == "a dog barks"
    assert loaded.config.decoder == DECODER
    assert (loaded.config.audio.name, loaded.config.audio.options) == ("act", SIZE)
    tokens, wave = torch.tensor([[0, 1, 2]]), torch.from_numpy(filling.waves(5, 1, 64_000))
    with torch.no_grad():
        heard = loaded.hear(wave)
        mel = loaded.audio.front_end(wave)
        # A last segment is filled up with silence, so that the captioner hears ten seconds; the authors do the same to shorter clips
        assert heard.values.shape == (1, 126, 527)
        torch.testing.assert_close(loaded.audio.encoder.tokens(mel), encoder().tokens(mel), rtol=0, atol=1e-6)
        torch.testing.assert_close(loaded(tokens, heard), decoder()(tokens, Heard(heard.values)), rtol=0, atol=1e-6)


def test_captions_stand_for_the_words(file: Path, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("file_name,caption\nx,A dog barks.\ny,A dog barks loudly\n")
    report = convert(file, tmp_path / "out", vocabulary=tmp_path / "train.csv")
    assert list(Captioner.from_pretrained(tmp_path / "out").vocabulary.to_json()["words"]) == WORDS
    assert "as they first come in" in report.notes[-1]


def test_without_its_words_it_is_not_converted(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its words are in another file"):
        convert(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "few.txt").write_text("<sos> <eos>")
    with pytest.raises(InputError, match="has 2 words, the captioner 6"):
        convert(file, tmp_path / "out", vocabulary=tmp_path / "few.txt")


def test_the_public_size_is_read_from_shapes() -> None:
    keys = json.loads((filling.HERE / "models" / "keys.json").read_text())["act"]
    state = {key: torch.zeros(()).expand(shape) for key, (shape, _, _) in keys.items() if key != "pos_encoder.pe"}
    state |= {key: torch.zeros((), dtype=torch.int64) for key in state if key.endswith("num_batches_tracked")}
    done = convert_state(Checkpoint(Path("x"), state, ""))
    assert (done.config.audio.name, done.config.audio.options, done.config.decoder) == ("act", {}, DecoderConfig())
    assert done.plan.num_words == 20
    assert len(done.state) == len(keys) - 1


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_encoder_alone(tmp_path: Path, wrapped: bool) -> None:
    state = encoder().state_dict()
    report = convert(save(tmp_path / "audioset_deit.pth", {"model": state} if wrapped else state), tmp_path / "out")
    assert (report.kind, report.format, report.num_used, report.vocabulary) == ("audio_encoder", "act_encoder", len(state), "")
    loaded = load_audio(tmp_path / "out")
    assert loaded.token_dim == 527
    assert all(torch.equal(loaded.state_dict()[key], tensor) for key, tensor in state.items())
    with pytest.raises(InputError, match="is no captioner"):
        convert(tmp_path / "audioset_deit.pth", tmp_path / "out2", vocabulary=tmp_path / "words.txt")


def test_as_asked() -> None:
    for state, name in ((captioner_state(), "act_captioner"), (encoder().state_dict(), "act_encoder")):
        for asked in ("act", name):
            assert convert_state(Checkpoint(Path("x"), dict(state), ""), asked).format == name
    with pytest.raises(CheckpointError, match="not the names and shapes of an audio captioning transformer"):
        convert_state(Checkpoint(Path("x"), dict(encoder().state_dict()), ""), "act_captioner")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("missing", r"1 missing: audio\.encoder\.mlp_head\.1\.bias"),
        ("unexpected", r"1 unexpected: proj\.weight"),
        ("layer", r"missing: .*transformer_decoder\.layers\.1\.self_attn.*unexpected: .*layers\.7\."),
        ("positions", "another table of positions"),
        ("flat", "not the names and shapes"),
        ("width", "12 wide"),
    ],
)
def test_mutations(fault: str, said: str) -> None:
    state = dict(captioner_state())
    if fault == "missing":
        del state["encoder.mlp_head.1.bias"]
    elif fault == "unexpected":
        state["proj.weight"] = torch.zeros(1)
    elif fault == "layer":
        state = {
            key.replace("layers.1.self_attn", "layers.7.self_attn") if "transformer_decoder" in key else key: state[key] for key in state
        }
        state = {key: tensor for key, tensor in state.items() if "decoder.layers.1." not in key}
    elif fault == "positions":
        state["pos_encoder.pe"] = torch.zeros(2000, 1, 16)
    elif fault == "flat":
        state["word_emb.weight"] = torch.zeros(6)
    else:
        state["word_emb.weight"] = torch.zeros(6, 12)
    with pytest.raises(CheckpointError, match=said):
        convert_state(Checkpoint(Path("x"), state, ""))


def test_the_table_holds_both() -> None:
    assert [entry.name for entry in act.FORMATS] == ["act_captioner", "act_encoder"]
    assert AudioConfig("act").name in act.NAMES
