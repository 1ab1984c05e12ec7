"""The closed table of augmentations, and what a recipe's `augment` makes of it.

Three kinds of transforms share the list: those of a sound or a caption alone are applied in the order of the recipe; PairMix and
composed scenes are the loader's affair, which fetches the other sound; SpecAugment is installed in the network and draws there.
Nothing of it touches validation or a search: the first two are called for training pairs alone, the third acts in training mode.

Legend: `T` samples.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from hearken.audio.front_ends import PASST_MEL
from hearken.augment.chance import check_choice
from hearken.augment.echo import DrawnEcho, Reverb, add_echo
from hearken.augment.gain import DrawnGain, Gain, change_level
from hearken.augment.noise import DrawnNoise, Noise, add_noise
from hearken.augment.pairmix import PairMix
from hearken.augment.random_eda import RandomEda, edit
from hearken.augment.scenes import Scenes
from hearken.errors import InputError
from hearken.train.recipe import Named
from hearken.types import FloatArray

if TYPE_CHECKING:
    from hearken.models.tower import AudioTower

MASKS = ("panns", "htsat", "act", "wavcaps", "passt")
"""Names of `frontend.masks.MASK_RULES`, known here without torch."""


@dataclass(frozen=True)
class SpecAugmentation:
    """SpecAugment by a `rule` of MASKS. Raises InputError for another."""

    rule: str = "panns"

    def __post_init__(self) -> None:
        check_choice(self.rule, "rule", MASKS)


Step = Noise | Gain | Reverb | SpecAugmentation | PairMix | RandomEda | Scenes
DrawnWave = DrawnNoise | DrawnGain | DrawnEcho


@dataclass(frozen=True)
class AugmentEntry:
    """One augmentation: `make` takes the options; `summary` and `paper` are for lists. What is `single` may be in a recipe once."""

    make: Callable[..., Step]
    summary: str
    paper: str = ""
    single: bool = False


_KIM = "Kim et al. 2023"
AUGMENTATIONS: dict[str, AugmentEntry] = {
    "noise": AugmentEntry(Noise, "Gaussian noise at a drawn signal-to-noise ratio", _KIM),
    "gain": AugmentEntry(Gain, "another level", "Koutini et al. 2022, PaSST"),
    "reverb": AugmentEntry(Reverb, "a synthetic room", _KIM),
    "spec_augment": AugmentEntry(SpecAugmentation, "stripes of the spectrogram are blanked", "Park et al. 2019, SpecAugment", single=True),
    "pairmix": AugmentEntry(PairMix, "two pairs become one", _KIM, single=True),
    "eda": AugmentEntry(RandomEda, "words are replaced, inserted, swapped, deleted", "Wei and Zou 2019, EDA"),
    "scene": AugmentEntry(Scenes, "a composed scene takes a pair's place", single=True),
}
"""Name to augmentation."""


@dataclass(frozen=True)
class Augmentation:
    """The transforms of a recipe, in order. Small and plain, so that it can be handed to another process."""

    steps: tuple[tuple[str, Step], ...] = ()

    @property
    def pairmix(self) -> PairMix | None:
        """PairMix, if the recipe has it."""
        return next((step for _, step in self.steps if isinstance(step, PairMix)), None)

    @property
    def scenes(self) -> Scenes | None:
        """The composed scenes, if the recipe has any."""
        return next((step for _, step in self.steps if isinstance(step, Scenes)), None)

    @property
    def masks(self) -> str:
        """The rule of SpecAugment, "" without."""
        return next((step.rule for _, step in self.steps if isinstance(step, SpecAugmentation)), "")

    def draw_wave(self, generator: np.random.Generator) -> tuple[DrawnWave, ...]:
        """Return what is to happen to one sound: plain numbers, to be written down or applied."""
        drawn = [step.draw(generator) for _, step in self.steps if isinstance(step, Noise | Gain | Reverb)]
        return tuple(each for each in drawn if each is not None)

    def wave(self, samples: FloatArray, rate_hz: int, generator: np.random.Generator) -> FloatArray:
        """Return `samples` (T,) float32 at `rate_hz` after all transforms of sounds; as long as before, and not clipped."""
        return apply_wave(samples, rate_hz, self.draw_wave(generator))

    def text(self, caption: str, generator: np.random.Generator) -> str:
        """Return `caption` after all transforms of captions. Raises MissingDataError where one needs a WordNet that is not here."""
        for _, step in self.steps:
            if isinstance(step, RandomEda) and (drawn := step.draw(generator)):
                caption = edit(caption, drawn, step.eda())
        return caption

    def install(self, tower: AudioTower) -> None:
        """Put SpecAugment into `tower` where its authors have it; it draws from torch's global generator, in training mode alone.

        PaSST's stripes are blanked before the encoder, the others inside it, behind `bn0`. Raises InputError for a network that
        has no such place.
        """
        if not self.masks:
            return
        from hearken.frontend.masks import MASK_RULES, SpecAugment

        masks = SpecAugment(MASK_RULES[self.masks])
        if self.masks == "passt":
            if tower.front_end.front_end.name != PASST_MEL.name:
                raise InputError("The masks of PaSST are for its own front end.", "Take the rule panns.")
            tower.augment = masks
            return
        inside = [module for module in tower.encoder.modules() if hasattr(module, "augment")]
        if not inside:
            name = type(tower.encoder).__name__
            raise InputError(
                f"{name} has no normalised spectrogram for the masks of {self.masks}.", "PaSST and EfficientAT take the rule passt."
            )
        for module in inside:
            module.augment = masks  # type: ignore[assignment]

    def to_json(self) -> list[dict[str, Any]]:
        """Return all steps with all their options, as a recipe's `augment` has them."""
        return [{"name": name} | {key: _plain(value) for key, value in asdict(step).items()} for name, step in self.steps]


def build_augmentation(steps: tuple[Named, ...]) -> Augmentation:
    """Return the augmentation that a recipe's `augment` describes.

    Raises InputError, naming the nearest, for unknown names and options and for values that make no sense; MissingDataError where EDA
    needs a WordNet that is not here.
    """
    for name, entry in AUGMENTATIONS.items():
        if entry.single and sum(step.name == name for step in steps) > 1:
            raise InputError(f"A recipe can have {name} once.")
    built = Augmentation(tuple((step.name, _build(step.name, step.options)) for step in steps))
    for _, made in built.steps:
        if isinstance(made, RandomEda):
            made.eda()
    return built


def apply_wave(samples: FloatArray, rate_hz: int, drawn: tuple[DrawnWave, ...]) -> FloatArray:
    """Return `samples` (T,) float32 after what was drawn for them."""
    for each in drawn:
        if isinstance(each, DrawnNoise):
            samples = add_noise(samples, each)
        elif isinstance(each, DrawnGain):
            samples = change_level(samples, each)
        else:
            samples = add_echo(samples, rate_hz, each)
    return samples


def _build(name: str, options: Mapping[str, Any]) -> Step:
    if name not in AUGMENTATIONS:
        raise InputError(f"There is no augmentation {name!r}.", _nearest(name, tuple(AUGMENTATIONS)))
    make = AUGMENTATIONS[name].make
    known = tuple(option.name for option in fields(make))  # type: ignore[arg-type]
    for option in options:
        if option not in known:
            raise InputError(f"The augmentation {name} has no option {option!r}.", _nearest(option, known))
    try:
        return make(**{option: tuple(value) if isinstance(value, list) else value for option, value in options.items()})
    except InputError as error:
        raise InputError(f"The augmentation {name}: {error.message}", error.hint) from error


def _nearest(name: str, known: tuple[str, ...]) -> str:
    return f"Nearest: {', '.join(difflib.get_close_matches(str(name).lower(), known, n=4, cutoff=0.0))}."


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
