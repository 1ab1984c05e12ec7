import math

import pytest

torch = pytest.importorskip("torch")

from hearken.augment.echo import Reverb  # noqa: E402
from hearken.augment.gain import Gain  # noqa: E402
from hearken.augment.noise import Noise  # noqa: E402
from hearken.augment.pairmix import PairMix  # noqa: E402
from hearken.augment.random_eda import RandomEda  # noqa: E402
from hearken.augment.scenes import Scenes  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.frontend.masks import MASK_RULES, PANNS_MASKS, PASST_MASKS  # noqa: E402
from hearken.models.audio_table import build_tower  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from hearken.train.augmentation import Augmentation, SpecAugmentation  # noqa: E402
from hearken.tta.half import for_model, half, half_masks, kim, mask_fill  # noqa: E402

SPEC = Augmentation((("spec_augment", SpecAugmentation("panns")),))


def tower(name: str) -> AudioTower:
    torch.manual_seed(0)
    return build_tower(AudioConfig(name, segment_s=0.5)).eval()


def test_half_of_everything() -> None:
    trained = Augmentation((
        ("noise", Noise(0.5, (5.0, 40.0))), ("pairmix", PairMix()), ("gain", Gain(0.3, (-7.0, 7.0))), ("reverb", Reverb(0.4, (0.2, 1.0), (-15.0, 0.0))),
        ("spec_augment", SpecAugmentation("passt")), ("eda", RandomEda(operations=("swap",))), ("scene", Scenes("x.jsonl")),
    ))  # fmt: skip
    halved = half(trained)
    assert [name for name, _ in halved.waves.steps] == ["noise", "gain", "reverb"]
    noise, gain, reverb = (step for _, step in halved.waves.steps)
    assert noise == Noise(0.25, (5.0, 40.0))
    assert gain == Gain(0.15, (-7.0, 7.0))
    assert isinstance(reverb, Reverb)
    assert (reverb.probability, reverb.rt60_s) == (0.2, (0.2, 1.0))
    assert reverb.wet_db == pytest.approx((-15 - 20 * math.log10(2), -20 * math.log10(2)))
    assert halved.masks == half_masks(PASST_MASKS)


def test_the_echo_has_half_the_amplitude() -> None:
    ((_, reverb),) = half(Augmentation((("reverb", Reverb(wet_db=(0.0, 0.0))),))).waves.steps
    assert isinstance(reverb, Reverb)
    assert 10 ** (reverb.wet_db[0] / 20) == pytest.approx(0.5)
    ((_, quiet),) = half(Augmentation((("reverb", Reverb(wet_db=(-119.0, -118.0))),))).waves.steps
    assert isinstance(quiet, Reverb)
    assert quiet.wet_db == (-120.0, -120.0)


def test_stripes_are_half_as_wide_and_as_many() -> None:
    panns, passt = half_masks(PANNS_MASKS), half_masks(PASST_MASKS)
    assert (panns.time_width, panns.freq_width, panns.num_time, panns.num_freq) == (32, 4, 2, 2)
    assert (passt.time_width, passt.freq_width, passt.num_time, passt.num_freq) == (96, 24, 1, 1)
    assert (passt.fill, passt.draw) == (PASST_MASKS.fill, PASST_MASKS.draw)


@pytest.mark.parametrize("trained", [None, Augmentation(), Augmentation((("pairmix", PairMix()),))])
def test_without_any_of_its_own_a_model_gets_those_of_the_paper(trained: Augmentation | None) -> None:
    found = for_model(tower("cnn10_tiny"), trained)
    assert found == half(kim(tower("cnn10_tiny")))
    assert [name for name, _ in found.waves.steps] == ["noise", "reverb"]
    assert found.masks == half_masks(PANNS_MASKS)
    assert not found.is_empty


def test_the_masks_of_the_paper_are_those_of_the_network() -> None:
    assert kim(tower("passt_tiny")).masks == "passt"
    assert kim(tower("pocket")).masks == "passt"
    assert kim(tower("cnn10_tiny")).masks == "panns"
    assert kim(tower("crnn_dcase2022")).masks == ""


def test_its_own_alone_where_it_has_some() -> None:
    found = for_model(tower("cnn10_tiny"), SPEC)
    assert (found.waves.steps, found.masks) == ((), half_masks(PANNS_MASKS))


def test_masks_without_a_place() -> None:
    with pytest.raises(InputError, match="no normalised spectrogram"):
        for_model(tower("pocket"), SPEC)
    with pytest.raises(InputError, match="for its own front end"):
        for_model(tower("cnn10_tiny"), Augmentation((("spec_augment", SpecAugmentation("passt")),)))


def test_the_fill_is_what_the_norm_maps_to_nought() -> None:
    made = tower("cnn10_tiny")
    norm = made.encoder.bn0
    generator = torch.Generator().manual_seed(0)
    for values in (norm.running_mean, norm.weight.data, norm.bias.data):
        values.normal_(generator=generator)
    norm.running_var.uniform_(0.5, 30.0, generator=generator)
    fill = mask_fill(made, MASK_RULES["panns"])
    assert fill.shape == (64,)
    normalised = made.encoder.normalised(fill.expand(1, 32, 64))
    torch.testing.assert_close(normalised, torch.zeros_like(normalised), rtol=0, atol=1e-5)
    norm.weight.data[3] = 0.0  # a band that says nothing has no such place
    assert torch.isfinite(mask_fill(made, MASK_RULES["panns"])).all()


def test_passts_fill_is_that_of_its_authors() -> None:
    assert float(mask_fill(tower("passt_tiny"), half_masks(PASST_MASKS))) == pytest.approx(0.9)


def test_the_record() -> None:
    written = for_model(tower("cnn10_tiny"), None).to_json()
    assert written["masks"] == {"time_width": 32, "num_time": 2, "freq_width": 4, "num_freq": 2}
    assert [step["name"] for step in written["waves"]] == ["noise", "reverb"]
    assert half(Augmentation()).to_json() == {"waves": [], "masks": None}
