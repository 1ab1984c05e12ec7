"""The table of augmentations: names and options, the order, replay, and that nothing of it acts outside training."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.augment.echo import DrawnEcho  # noqa: E402
from hearken.augment.gain import DrawnGain  # noqa: E402
from hearken.augment.noise import DrawnNoise  # noqa: E402
from hearken.augment.pairmix import PairMix  # noqa: E402
from hearken.augment.scenes import Scenes  # noqa: E402
from hearken.errors import InputError, MissingDataError  # noqa: E402
from hearken.frontend.masks import MASK_RULES  # noqa: E402
from hearken.models.audio_table import build_audio  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from hearken.train.augmentation import AUGMENTATIONS, MASKS, apply_wave, build_augmentation  # noqa: E402
from hearken.train.recipe import Named  # noqa: E402
from tests.text.wordnets import write_jsonl  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RATE_HZ = 32_000
WAVES = (
    Named("noise", {"probability": 0.7, "snr_db": [10, 10]}),
    Named("gain", {"probability": 1.0, "gain_db": [-6.0, -6.0]}),
    Named("reverb", {"probability": 0.8, "rt60_s": [0.3, 0.3]}),
)
KIM = (
    Named("noise"),
    Named("reverb"),
    Named("spec_augment", {"rule": "panns"}),
    Named("pairmix", {"share": 0.25, "alpha": 0.1}),
    Named("eda", {"operations": ["swap", "delete"], "probability": 1.0}),
)


def sound(num_samples: int = 4000) -> np.ndarray:
    return (0.2 * np.random.default_rng(8).standard_normal(num_samples)).astype(np.float32)


def test_the_table() -> None:
    assert set(AUGMENTATIONS) == {"noise", "gain", "reverb", "spec_augment", "pairmix", "eda", "scene"}
    assert set(MASKS) == set(MASK_RULES)
    assert all(entry.summary for entry in AUGMENTATIONS.values())


def test_what_a_recipe_asks_for() -> None:
    built = build_augmentation(KIM)
    assert built.pairmix == PairMix()
    assert built.masks == "panns"
    assert built.scenes is None
    scenes = build_augmentation((Named("scene", {"corpus": "scenes.jsonl", "probability": 0.1}),))
    assert scenes.scenes == Scenes("scenes.jsonl", 0.1)


def test_nothing_asked_for_is_nothing_done() -> None:
    built = build_augmentation(())
    samples = sound()
    assert built.wave(samples, RATE_HZ, np.random.default_rng(0)) is samples
    assert built.text("A dog barks.", np.random.default_rng(0)) == "A dog barks."
    assert (built.pairmix, built.scenes, built.masks, built.to_json()) == (None, None, "", [])


def test_all_in_the_order_of_the_recipe() -> None:
    always = tuple(Named(step.name, step.options | {"probability": 1.0}) for step in WAVES)
    drawn = build_augmentation(always).draw_wave(np.random.default_rng(1))
    assert [type(each) for each in drawn] == [DrawnNoise, DrawnGain, DrawnEcho]
    backwards = build_augmentation(always[::-1]).draw_wave(np.random.default_rng(1))
    assert [type(each) for each in backwards] == [DrawnEcho, DrawnGain, DrawnNoise]
    doubled = build_augmentation((WAVES[1], WAVES[1])).wave(sound(), RATE_HZ, np.random.default_rng(0))
    np.testing.assert_allclose(doubled, sound() * 10 ** (-12 / 20), rtol=1e-5)


@pytest.mark.parametrize("num_samples", [0, 1, 4000])
def test_length_and_type_stay(num_samples: int) -> None:
    built = build_augmentation(WAVES)
    for seed in range(5):
        changed = built.wave(sound(num_samples), RATE_HZ, np.random.default_rng(seed))
        assert changed.shape == (num_samples,)
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()
    assert not built.wave(np.zeros(num_samples, np.float32), RATE_HZ, np.random.default_rng(1)).any()


def test_the_same_seed_gives_the_same_bytes_also_from_json_and_another_process() -> None:
    built = build_augmentation(WAVES)
    once, twice = (built.wave(sound(), RATE_HZ, np.random.default_rng([7, 1, 3])) for _ in range(2))
    assert once.tobytes() == twice.tobytes()
    assert once.tobytes() != built.wave(sound(), RATE_HZ, np.random.default_rng([7, 1, 4])).tobytes()
    kinds = {"DrawnNoise": DrawnNoise, "DrawnGain": DrawnGain, "DrawnEcho": DrawnEcho}
    written = json.dumps([(type(each).__name__, asdict(each)) for each in built.draw_wave(np.random.default_rng([7, 1, 3]))])
    read = tuple(kinds[kind](**values) for kind, values in json.loads(written))
    assert apply_wave(sound(), RATE_HZ, read).tobytes() == once.tobytes()
    assert pickle.loads(pickle.dumps(built)) == built


def test_json_and_back() -> None:
    for steps in (
        KIM,
        WAVES,
        (Named("scene", {"corpus": "x.jsonl"}),),
        (Named("pairmix", {"design": "concat", "fixed": 0.5, "joint": " and "}),),
    ):
        built = build_augmentation(steps)
        written = json.loads(json.dumps(built.to_json()))
        again = build_augmentation(tuple(Named(step.pop("name"), step) for step in written))
        assert again == built
    assert build_augmentation((Named("noise"),)).to_json() == [{"name": "noise", "probability": 0.5, "snr_db": [5.0, 40.0]}]


def test_texts() -> None:
    built = build_augmentation(KIM)
    one, two = (built.text("A dog barks while rain falls.", np.random.default_rng(5)) for _ in range(2))
    assert one == two != "A dog barks while rain falls."
    never = build_augmentation((Named("eda", {"operations": ["swap"], "probability": 0.0}),))
    assert never.text("A dog barks.", np.random.default_rng(0)) == "A dog barks."


def test_eda_with_and_without_a_wordnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_WORDNET", str(tmp_path / "none"))
    with pytest.raises(MissingDataError, match="There is no WordNet"):
        build_augmentation((Named("eda"),))
    here = {"wordnet": str(write_jsonl(tmp_path / "words.jsonl")), "operations": ["replace"], "probability": 1.0}
    assert build_augmentation((Named("eda", here),)).text("A dog barks.", np.random.default_rng(0)) in ("A hound barks.", "A dog yaps.")


@pytest.mark.parametrize(
    ("step", "message", "hint"),
    [
        (Named("nose"), "There is no augmentation 'nose'", "Nearest: noise"),
        (Named("pair_mix"), "There is no augmentation 'pair_mix'", "Nearest: pairmix"),
        (Named("noise", {"snr": [1, 2]}), "noise has no option 'snr'", "Nearest: snr_db"),
        (Named("pairmix", {"K": 0.25}), "pairmix has no option 'K'", "Nearest:"),
        (Named("noise", {"snr_db": 10}), "noise: snr_db must be two numbers", ""),
        (Named("pairmix", {"design": "mixup"}), "pairmix: There is no design 'mixup'", "waveform"),
        (Named("spec_augment", {"rule": "pann"}), "spec_augment: There is no rule 'pann'", "panns"),
        (
            Named("eda", {"operations": "swap"}),
            "eda: operations must be a list of some of these: replace, insert, swap, delete; not 'swap'",
            "",
        ),
        (Named("scene"), "scene: Scenes need a corpus", "compose"),
    ],
)
def test_what_is_no_augmentation(step: Named, message: str, hint: str) -> None:
    with pytest.raises(InputError) as raised:
        build_augmentation((step,))
    assert message in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize("name", ["pairmix", "spec_augment"])
def test_what_can_be_there_once(name: str) -> None:
    with pytest.raises(InputError, match=f"can have {name} once"):
        build_augmentation((Named(name), Named("gain"), Named(name)))


def tower_of(name: str, **options: object) -> AudioTower:
    torch.manual_seed(0)
    return AudioTower(build_audio(name, **options), segment_s=2.0)


@pytest.mark.parametrize(("name", "rule"), [("cnn6", "panns"), ("mn04", "passt")])
def test_spec_augment_acts_in_training_alone(name: str, rule: str) -> None:
    masked, plain = tower_of(name), tower_of(name)
    build_augmentation((Named("spec_augment", {"rule": rule}),)).install(masked)
    assert masked.state_dict().keys() == plain.state_dict().keys()
    wave = torch.from_numpy(np.stack([sound(RATE_HZ), sound(RATE_HZ)]))
    state = torch.random.get_rng_state()
    with torch.no_grad():
        assert torch.equal(masked.eval()(wave), plain.eval()(wave))
    assert torch.equal(torch.random.get_rng_state(), state)  # nothing was drawn
    seen: list[torch.Tensor] = []
    for tower in (masked, plain):
        place = tower.encoder.conv_block1 if name == "cnn6" else tower.encoder
        place.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().squeeze()))
    with torch.no_grad():
        for tower in (masked, plain):
            torch.manual_seed(1)
            tower.train()(wave)
    changed = seen[0] != seen[1]
    fill = MASK_RULES[rule].fill
    assert 0.01 < changed.float().mean() < 0.95
    assert torch.allclose(seen[0][changed], torch.tensor(fill))
    lines = changed.all(2), changed.all(1)  # whole frames and whole bands
    assert torch.equal(changed, lines[0][:, :, None] | lines[1][:, None, :])
    assert not torch.equal(changed[0], changed[1])


def test_every_place_of_two_encoders_side_by_side() -> None:
    tower = AudioTower(build_audio("cnn14_htsat"))
    build_augmentation((Named("spec_augment"),)).install(tower)
    assert tower.encoder.wide.augment is tower.encoder.narrow.augment is not None
    assert tower.augment is None


def test_networks_without_a_place_for_the_masks() -> None:
    with pytest.raises(InputError, match="Dcase2022Crnn has no normalised spectrogram"):
        build_augmentation((Named("spec_augment"),)).install(AudioTower(build_audio("crnn_dcase2022"), rule="whole"))
    with pytest.raises(InputError, match="for its own front end"):
        build_augmentation((Named("spec_augment", {"rule": "passt"}),)).install(tower_of("cnn6"))
    tower = tower_of("mn04")
    build_augmentation((Named("noise"),)).install(tower)
    assert tower.augment is None


def test_a_loader_needs_no_torch_for_it(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('torch is blocked')\n")
    code = "import hearken.train.augmentation as a; from hearken.train.recipe import Named; print(a.build_augmentation((Named('gain'),)).to_json())"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "gain_db" in done.stdout
