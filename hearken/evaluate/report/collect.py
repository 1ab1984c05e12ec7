"""What there is to report on: runs with their curves and evaluations, found in the folders that somebody names.

A folder is a run (it has a `run.json`), an evaluation of retrieval or of captions (it has an `evaluation.json`, which says what of), a
zero-shot classification (it has a `zero_shot.json`), or is looked through for any of them. Nothing here needs torch: a run's records are read as the JSON that they are. What is broken or half
written is told and left out; a report of the rest is better than none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import BadZipFile

from hearken.errors import EvaluationError, HearkenError, show
from hearken.evaluate.captioning.store import StoredCaptions, is_caption_evaluation
from hearken.evaluate.captioning.store import load as load_captions
from hearken.evaluate.report.training import RUN_LOG, RUN_RECORD, Training, read_training
from hearken.evaluate.report.zero_shot import Classification, is_zero_shot, read_zero_shot
from hearken.evaluate.store import Stored, load

RUN_EVALUATIONS, EVALUATION_RECORD = "evaluations", "evaluation.json"
_MAX_DEPTH = 4
_BESIDES = " + "
"""What stands in the label of an evaluation between the model and what was done besides (`evaluate.label_of`)."""
_BROKEN = (HearkenError, OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, BadZipFile)
_LEFTOVERS = ("checkpoints", "clips.csv", "queries.csv", "captions.csv", RUN_LOG)
"""Names that say that a folder was meant to be a run or an evaluation."""


@dataclass(frozen=True, eq=False)
class System:
    """What is compared: a run with its evaluations by name, or an evaluation of something that is no run (`training` is None).

    `captioned` are the evaluations of a run's captions, those in its folder first.
    """

    name: str
    folder: Path
    training: Training | None
    evaluations: dict[str, Stored] = field(default_factory=dict)
    captioned: tuple[StoredCaptions, ...] = ()

    @property
    def recipe_name(self) -> str:
        """The name of its recipe, which runs with other seeds share; its own name where it has none."""
        return self.training.name if self.training else self.name


@dataclass(frozen=True, eq=False)
class Collected:
    """All that was found: `systems`, each with a name of its own, zero-shot classifications, evaluations of captions
    (`captioned`), and a sentence for each folder that was `skipped`."""

    systems: tuple[System, ...]
    skipped: tuple[str, ...] = ()
    classified: tuple[Classification, ...] = ()
    captioned: tuple[StoredCaptions, ...] = ()

    def named(self, name: str) -> tuple[System, ...]:
        """Return the system of this name; without one, all whose recipe is called so, which differ in their seeds."""
        own = tuple(system for system in self.systems if system.name == name)
        return own or tuple(system for system in self.systems if system.recipe_name == name)


def collect(places: Sequence[str | Path]) -> Collected:
    """Return what there is in `places`: runs, evaluations, and folders of them (down to four levels), each folder once.

    An evaluation of a run that is found as well, wherever it lies, belongs to that run. Raises EvaluationError where a place is no folder,
    or nothing can be used at all.
    """
    runs: dict[Path, System] = {}
    alone: dict[Path, Stored] = {}
    others = _Others()
    skipped: list[str] = []
    for place in places:
        folder = Path(place)
        if not folder.is_dir():
            raise EvaluationError(f"There is no folder {show(folder)} to report on.", "Name runs, evaluations, or a folder of them.")
        told = len(skipped)
        found = list(_records(folder, _MAX_DEPTH, skipped))
        for each in found:
            _take(each, runs, alone, others, skipped)
        if not found and len(skipped) == told:
            skipped.append(f"{show(folder)} holds neither a run nor an evaluation.")
    systems = [others.told_of(system) for system in _joined(runs, alone)]
    if not systems and not others.classified and not others.captioned:
        why = " ".join(skipped[:3])
        raise EvaluationError(f"There is nothing to report on. {why}".strip(), "`hearken evaluate` makes evaluations.")
    skipped += [
        f"{show(each.folder)} has no evaluation; `hearken evaluate` makes one."
        for each in systems
        if not (each.evaluations or each.captioned)
    ]
    skipped += [sentence for each in others.classified.values() for sentence in each.broken]
    told_once = tuple(dict.fromkeys(skipped))
    return Collected(_named_apart(systems), told_once, tuple(others.classified.values()), tuple(others.captioned.values()))


@dataclass
class _Others:
    """What was found besides retrieval, by folder."""

    classified: dict[Path, Classification] = field(default_factory=dict)
    captioned: dict[Path, StoredCaptions] = field(default_factory=dict)

    def take(self, folder: Path) -> bool:
        """Read what lies in `folder` and say so, if it is no retrieval; what was read before is not read again."""
        key = folder.resolve()
        if key in self.classified or key in self.captioned:
            return True
        if is_caption_evaluation(folder):
            self.captioned[key] = load_captions(folder)
            return True
        if is_zero_shot(folder) and not (folder / EVALUATION_RECORD).is_file():
            self.classified[key] = read_zero_shot(folder)
            return True
        return False

    def told_of(self, system: System) -> System:
        """Return a run with the evaluations of its captions: those in its folder, and those that say that they are of it."""
        if system.training is None:
            return system
        home = system.folder.resolve()
        below = [each for folder, each in self.captioned.items() if home in folder.parents]
        others = [each for folder, each in self.captioned.items() if home not in folder.parents and _model_of(each) == home]
        return replace(system, captioned=(*below, *others))


def _model_of(stored: StoredCaptions) -> Path | None:
    """The folder of the captioner that wrote the captions; None where it is not told, or is none."""
    model = stored.evaluation.facts.get("model")
    return _resolved(model) if isinstance(model, str) and model else None


def _records(folder: Path, depth: int, skipped: list[str]) -> Iterator[Path]:
    """The runs, evaluations and classifications in `folder`, itself first, in natural order."""
    if (folder / RUN_RECORD).is_file() or (folder / EVALUATION_RECORD).is_file() or is_zero_shot(folder):
        yield folder
        return
    try:
        names = sorted((entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")), key=_natural)
    except OSError as error:
        skipped.append(f"{show(folder)} cannot be read: {error.strerror}.")
        return
    if any((folder / name).exists() for name in _LEFTOVERS):
        skipped.append(f"{show(folder)} is half written: it has neither {RUN_RECORD} nor {EVALUATION_RECORD}.")
        return
    for name in names if depth else ():
        yield from _records(folder / name, depth - 1, skipped)


def _take(folder: Path, runs: dict[Path, System], alone: dict[Path, Stored], others: _Others, skipped: list[str]) -> None:
    """Read a run with its evaluations, an evaluation, or a classification."""
    key = folder.resolve()
    if key in runs or key in alone:
        return
    try:
        if others.take(folder):
            return
        if (folder / EVALUATION_RECORD).is_file():
            alone[key] = load(folder)
            return
        training = read_training(folder, skipped)
    except _BROKEN as error:
        skipped.append(_told(folder, error))
        return
    runs[key] = System(_short(folder), folder, training, dict(_evaluations(folder / RUN_EVALUATIONS, others, skipped)))


def _evaluations(folder: Path, others: _Others, skipped: list[str]) -> Iterator[tuple[str, Stored]]:
    try:
        found = [path for path in folder.iterdir() if path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        skipped.append(_told(folder, error))
        return
    for each in sorted(found, key=lambda path: _natural(path.name)):
        if each.name.startswith("."):
            continue
        try:
            if not others.take(each):
                yield each.name, load(each)
        except _BROKEN as error:
            skipped.append(_told(each, error))


def _joined(runs: dict[Path, System], alone: dict[Path, Stored]) -> list[System]:
    """Give runs their evaluations that lie elsewhere; the others are systems of their own, one for each label."""
    others: dict[str, System] = {}
    for folder, stored in alone.items():
        label, plus, besides = stored.system.partition(_BESIDES)
        owner = _resolved(label)
        if owner is not None and owner in runs:
            runs[owner] = _with(runs[owner], folder, stored)
            continue
        name = show(f"{Path(label).name or label}{plus}{besides}")
        others[stored.system] = _with(others.get(stored.system) or System(name, folder, None), folder, stored)
    return [*runs.values(), *others.values()]


def _resolved(label: str) -> Path | None:
    """The folder that the label of an evaluation names; None where no folder can have that name."""
    try:
        return Path(label).resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL, half a character, a circle of links
        return None


def _with(system: System, folder: Path, stored: Stored) -> System:
    name = folder.name if folder.name not in system.evaluations else str(folder)
    return replace(system, evaluations=system.evaluations | {name: stored})


def _named_apart(systems: Iterable[System]) -> tuple[System, ...]:
    """Systems whose folders have one name get their parents' names before it, and if need be a number after it."""
    found = list(systems)
    counts: dict[str, int] = {}
    for system in found:
        counts[system.name] = counts.get(system.name, 0) + 1
    named: dict[str, System] = {}
    for system in found:
        name = system.name if counts[system.name] == 1 else f"{_short(system.folder.resolve().parent)}/{system.name}"
        number, unique = 2, name
        while unique in named:
            number, unique = number + 1, f"{name} ({number})"
        named[unique] = replace(system, name=unique)
    return tuple(named.values())


def _told(folder: Path, error: Exception) -> str:
    reason = error.message if isinstance(error, HearkenError) else (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{show(folder)} is left out: {show(reason).rstrip('.')}."


def _short(folder: Path) -> str:
    """A folder's name; of what lies in a folder of evaluations, the name of the folder itself."""
    return show(folder.name or folder.resolve().name)


def _natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sorts 2 before 10."""
    return tuple((text.casefold(), int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d{0,9})", name))
