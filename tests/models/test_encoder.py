"""The base class says what an encoder owes, and nothing more."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import PANNS_LOGMEL_32K  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models.audio_table import AUDIO_ENCODERS, build_audio  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402

SMALL = ("cnn6", "cnn10", "panns_mobilenetv1", "panns_mobilenetv2", "crnn_dcase2022", "mn04", "yamnet", "htsat")  # quick to build


def test_the_base_owes_both_answers() -> None:
    encoder = AudioEncoder()
    assert encoder.max_num_frames is None
    assert not encoder.needs_wave
    with pytest.raises(NotImplementedError):
        encoder(torch.zeros(1, 10, 64))
    with pytest.raises(NotImplementedError):
        encoder.tag_logits(torch.zeros(1, 4))


def test_what_the_check_refuses() -> None:
    encoder = AudioEncoder()
    encoder.front_end, encoder.min_num_frames = PANNS_LOGMEL_32K, 4
    encoder.check(torch.zeros(2, 4, 64))
    with pytest.raises(InputError, match="64 mel bands, not of shape \\(2, 64, 4\\)"):  # bands and frames the other way round
        encoder.check(torch.zeros(2, 64, 4))
    with pytest.raises(InputError, match="64 mel bands"):
        encoder.check(torch.zeros(2, 1, 4, 64))
    with pytest.raises(InputError, match="at least 4 spectrogram frames; there are 3") as caught:
        encoder.check(torch.zeros(2, 3, 64))
    assert caught.value.hint


@pytest.mark.parametrize("name", SMALL)
def test_short_and_turned_input_is_an_error_of_ours(name: str) -> None:
    encoder = build_audio(name)
    bands, least = encoder.front_end.num_mels, encoder.min_num_frames
    with torch.inference_mode():
        assert encoder(torch.zeros(1, least, bands)).isfinite().all()
        with pytest.raises(InputError, match="mel bands"):
            encoder(torch.zeros(1, bands, 200))
        with pytest.raises(InputError, match=f"at least {least}"):
            encoder(torch.zeros(1, least - 1, bands))


def test_the_shortest_input_of_each() -> None:
    with torch.device("meta"):
        least = {name: build_audio(name).min_num_frames for name in AUDIO_ENCODERS}
    found = {frames: sorted(name for name in least if least[name] == frames) for frames in set(least.values())}
    assert found[64] == ["cnn14_wavcaps"]
    assert found[33] == ["wavegram_logmel_cnn14"]
    assert found[16] == ["cnn10", "cnn10_tiny", "cnn6", "passt_l", "passt_n", "passt_s", "passt_s20", "passt_s30", "passt_tiny"]
    assert found[4] == ["act", "act_tiny", "crnn_dcase2022"]
    others = {
        "htsat",
        "htsat_laion_base",
        "htsat_laion_tiny",
        "htsat_mini",
        "htsat_msclap2023",
        "mn04",
        "mn10",
        "pocket",
        "vggish",
        "yamnet",
    }
    assert set(found[1]) == others
    assert {name for name in found[32] if not name.startswith("cnn14")} == {
        "panns_mobilenetv1",
        "panns_mobilenetv2",
        "resnet22",
        "resnet38",
    }
    assert sorted(found) == [1, 4, 16, 32, 33, 64]


def test_an_encoder_that_says_no_more_has_one_place() -> None:
    class Loudness(AudioEncoder):
        front_end, dim, segment_s = PANNS_LOGMEL_32K, 2, 1.0

        def forward(self, mel: torch.Tensor, wave: torch.Tensor | None = None) -> torch.Tensor:
            loud = mel.mean((1, 2)) if wave is None else wave.abs().amax(1)
            return torch.stack([loud, -loud], dim=1)

    encoder, mel = Loudness(), torch.arange(20.0).reshape(2, 5, 2)
    assert encoder.token_dim == 2
    assert encoder.tokens(mel).tolist() == [[[4.5, -4.5]], [[14.5, -14.5]]]
    encoder.needs_wave = True
    assert encoder.tokens(mel, torch.tensor([[0.5, -1.0], [0.25, 0.0]])).tolist() == [[[1.0, -1.0]], [[0.25, -0.25]]]
