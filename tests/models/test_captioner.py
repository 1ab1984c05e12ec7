"""A captioner: what its decoder reads of sounds, that it learns as a whole, saving and loading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.nn import functional  # noqa: E402

import hearken.models.captioner as captioner_module  # noqa: E402
from hearken.errors import CheckpointError, InputError, ModelError, ModelNotFoundError  # noqa: E402
from hearken.models.blend import Blend  # noqa: E402
from hearken.models.captioner import Captioner, load_vocabulary  # noqa: E402
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig  # noqa: E402
from hearken.models.decoder import CrossDecoder, PrefixDecoder  # noqa: E402
from hearken.models.weights import read, save  # noqa: E402
from hearken.text.vocabulary import PieceVocabulary, Vocabulary, WordVocabulary  # noqa: E402
from tests.golden.filling import fill, waves  # noqa: E402

RATE = 32_000
CAPTIONS = ["A dog barks.", "Rain falls on a tin roof", "A dog barks in the rain"]
WORDS = WordVocabulary.learn(CAPTIONS)


def config(kind: str = "prefix", audio: AudioConfig | None = None) -> CaptionerConfig:
    return CaptionerConfig(audio or AudioConfig("mn04", segment_s=0.64), DecoderConfig(kind, 16, 2, 2, 32, 0.1))


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    torch.manual_seed(0)
    captioner = Captioner(config(), WORDS).eval()
    fill(captioner.audio)  # livelier than random weights, which hear hardly any difference
    return captioner


@pytest.fixture(scope="module")
def sound() -> torch.Tensor:
    return torch.from_numpy(waves(3, 2, RATE))


def tokens(vocabulary: Vocabulary, caption: str) -> torch.Tensor:
    return torch.tensor([[vocabulary.start, *vocabulary.encode(caption)]])


def test_it_fits_on_one_screen() -> None:
    assert len(Path(str(captioner_module.__file__)).read_text(encoding="utf-8").splitlines()) <= 120


@torch.no_grad()
def test_the_decoder_reads_the_places_of_all_segments(captioner: Captioner, sound: torch.Tensor) -> None:
    heard = captioner.hear(sound, [RATE, RATE // 2])
    assert heard.values.shape == (2, 4, 384)  # two segments of 0.64 s, two frames of each
    assert heard.padding is not None
    assert heard.padding.tolist() == [[False] * 4, [False, False, True, True]]
    start = tokens(WORDS, CAPTIONS[0]).expand(2, -1)
    logits = captioner(start, heard)
    assert logits.shape == (2, 4, len(WORDS))
    alone = captioner.hear(sound[1:, : RATE // 2])
    torch.testing.assert_close(logits[1:], captioner(start[:1], alone), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(captioner.hear(sound).values, captioner.audio.tokens(sound).values)
    blended = captioner.hear(sound, None, Blend((0,), sound[1:], (RATE,), (0.5,))).values
    assert (blended - captioner.hear(sound).values)[0].abs().max() > 1e-4
    assert captioner.rate_hz == RATE


@pytest.mark.parametrize(("name", "kind"), [("mn04", "cross"), ("passt_tiny", "prefix"), ("act_tiny", "cross")])
def test_every_weight_learns(name: str, kind: str, sound: torch.Tensor) -> None:
    torch.manual_seed(0)
    captioner = Captioner(config(kind, AudioConfig(name)), WORDS).train()
    wave = sound.repeat(1, 10)
    read = torch.cat([tokens(WORDS, "a dog barks"), tokens(WORDS, "rain falls on")])
    logits = captioner(read, captioner.hear(wave[:, : 10 * captioner.rate_hz]))
    functional.cross_entropy(logits.flatten(0, 1), torch.zeros(8, dtype=torch.int64)).backward()
    without = {name.removeprefix("audio.encoder.").split(".")[0] for name, each in captioner.named_parameters() if each.grad is None}
    assert without <= {"classifier", "head", "head_dist"}  # tag heads that are of no use here


@pytest.mark.parametrize("vocabulary", [WORDS, PieceVocabulary.learn(CAPTIONS, size=300)], ids=["words", "pieces"])
@pytest.mark.parametrize("kind", ["prefix", "cross"])
def test_saved_and_loaded_it_is_the_same(kind: str, vocabulary: Vocabulary, tmp_path: Path, sound: torch.Tensor) -> None:
    torch.manual_seed(1)
    captioner = Captioner(config(kind), vocabulary).eval()
    captioner.save_pretrained(tmp_path / "model")
    again = Captioner.from_pretrained(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors", "vocabulary.json"]
    assert (again.config, again.training) == (captioner.config, False)
    assert again.config.audio.rule == "dcase2023"  # the table's defaults are written out
    assert again.vocabulary.to_json() == vocabulary.to_json()
    start = tokens(vocabulary, "a dog")
    with torch.no_grad():
        assert torch.equal(again(start, again.hear(sound[:1])), captioner(start, captioner.hear(sound[:1])))


def test_what_does_not_fit_is_refused(captioner: Captioner, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    captioner.save_pretrained(folder)
    saved = read(folder)
    words = (folder / "vocabulary.json").read_text(encoding="utf-8")
    state = {name: tensor for name, tensor in saved.state.items() if name != "decoder.order"}
    save(folder, {"kind": "captioner", **saved.config}, {**state, "decoder.extra": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"missing decoder\.order; unexpected decoder\.extra"):
        Captioner.from_pretrained(folder)
    captioner.save_pretrained(folder)
    (folder / "vocabulary.json").write_text(json.dumps(WordVocabulary.learn(["a"]).to_json()))
    with pytest.raises(CheckpointError, match=r"decoder\.words\.weight is \(\d+, 16\), not \(5, 16\)"):
        Captioner.from_pretrained(folder)
    for damaged in ("{", "[]", '{"kind": "songs"}'):
        (folder / "vocabulary.json").write_text(damaged)
        with pytest.raises(ModelError, match="vocabulary"):
            Captioner.from_pretrained(folder)
    (folder / "vocabulary.json").unlink()
    with pytest.raises(ModelError, match=r"vocabulary\.json"):
        load_vocabulary(folder / "vocabulary.json")
    (folder / "vocabulary.json").write_text(words)
    save(folder, {"kind": "captioner", **saved.config, "colour": 1}, saved.state)
    with pytest.raises(ModelError, match="colour"):
        Captioner.from_pretrained(folder)
    save(folder, {"kind": "dual", **saved.config}, saved.state)
    with pytest.raises(ModelError, match="of kind 'dual', not 'captioner'"):
        Captioner.from_pretrained(folder)
    with pytest.raises(ModelNotFoundError):
        Captioner.from_pretrained(tmp_path / "nothing" / "here" / "at all")


def test_parts_that_do_not_exist() -> None:
    with pytest.raises(InputError, match="no decoder 'rnn'"):
        Captioner(config("rnn"), WORDS)
    with pytest.raises(InputError, match="no audio encoder 'mn05'"):
        Captioner(config(audio=AudioConfig("mn05")), WORDS)


def test_parts_are_those_of_the_configuration(captioner: Captioner) -> None:
    assert isinstance(captioner.decoder, PrefixDecoder)
    assert captioner.decoder.heard_dim == captioner.audio.token_dim == 384
    assert captioner.decoder.num_words == len(WORDS)
    with torch.device("meta"):
        act = Captioner(CaptionerConfig(AudioConfig("act")), WORDS)
    assert isinstance(act.decoder, CrossDecoder)
    assert act.decoder.heard_dim == 527


def test_push_and_pull(captioner: Captioner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    from tests.models.hub_server import Hub

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    server, endpoint = Hub().start()
    try:
        captioner.push_to_hub("someone/words", endpoint=endpoint, token="hf_test")
        again = Captioner.from_pretrained("someone/words", endpoint=endpoint)
    finally:
        server.shutdown()
        server.server_close()
    assert again.vocabulary.to_json() == WORDS.to_json()
    assert torch.equal(again.decoder.words.weight, captioner.decoder.words.weight)
