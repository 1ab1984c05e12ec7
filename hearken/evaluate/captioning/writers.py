"""What writes captions of the sounds of a corpus: captioners as they are trained (torch) and exported ones (ONNX Runtime, without torch).

Legend: `N` clips, `T` samples.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from hearken.errors import EvaluationError, InputError, ModelNotFoundError, RunError, show
from hearken.evaluate.marks import marks_of, recipe_of
from hearken.evaluate.nearest import did_you_mean
from hearken.evaluate.open import OpenTask
from hearken.evaluate.systems import folder_of, unreadable
from hearken.runtime.catalog import RUN_RECORD
from hearken.types import Failure, Progress
from hearken.zoo.install import need_extra

if TYPE_CHECKING:
    from hearken.caption.captioner import VectorCaptioner
    from hearken.caption.decoding import Decoding
    from hearken.train.feed.held_out import Listening
    from hearken.tta.captions import CaptionTTA
    from hearken.types import Embedded, EmbeddedFile

BUILT_IN = "pocket-captions"
_BEST, _CONFIG, _KIND, _WEIGHTS = "best", "config.json", "captioner", "model.safetensors"


@dataclass(frozen=True)
class WriterWish:
    """How captions are to be written: with test-time augmentation `tta`, a `beam` of another size and a `search` of another name than the
    captioner's own (0 and "": its own), at most `max_duration_s` of each sound, on `accelerator`, by `jobs` processes, by the chance of `seed`."""

    tta: str = ""
    beam: int = 0
    search: str = ""
    max_duration_s: float | None = None
    accelerator: str = "auto"
    jobs: int = 1
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Made:
    """Captions by the number of the clip (N), what failed, and how they were made, for the record."""

    captions: dict[int, str]
    failures: tuple[Failure, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """Writes captions of the sounds of a task."""

    def write(self, asked: OpenTask, *, on_progress: Progress) -> Made:
        """Return the captions of the clips that could be read."""
        ...


def check_writer(name: str, wish: WriterWish) -> None:
    """Raise what opening the captioner `name` would, as far as its folder tells, before a sound is read: ModelNotFoundError, RunError,
    MissingExtraError, InputError for a search that does not exist, EvaluationError for test-time augmentation of an exported one."""
    from hearken.caption.decoding import Decoding

    decoding_for(Decoding(), wish)
    if is_trained(name):
        need_extra()
        run = folder_of(name)
        if (run / RUN_RECORD).is_file() and not (run / _BEST / _WEIGHTS).is_file():
            hint = f"Finish it first: hearken train ... --run {show(run)} --resume."
            raise RunError(f"The run {show(run)} has no captioner yet.", hint)
        if wish.tta:
            from hearken.tta.strategy import strategy

            strategy(wish.tta)
        return
    _find(name)
    for option, is_given in (("--tta", bool(wish.tta)), ("--max-duration", wish.max_duration_s is not None)):
        if is_given:
            raise EvaluationError(
                f"{option} is for captioners as they are trained, and {show(name)} is an exported one.", "Name the run itself."
            )


def writes_captions(name: str) -> bool:
    """Say whether `name` is a captioner: a run of one, a folder of weights, an exported one by name or folder."""
    from hearken.caption.catalog import list_captioners

    folder = folder_of(name)
    weights = folder / _BEST if (folder / RUN_RECORD).is_file() else folder
    return _kind(weights / _CONFIG) == _KIND or (not folder.exists() and name in {each.name for each in list_captioners()})


def open_writer(name: str, wish: WriterWish | None = None) -> Writer:
    """Return the captioner `name`: a run's folder, a folder of weights, an exported captioner by name or folder.

    Raises what `check_writer` raises, and ModelError or DigestError for a damaged one.
    """
    wish = wish or WriterWish()
    check_writer(name, wish)
    return TrainedWriter(name, wish) if is_trained(name) else ExportedWriter(name, wish)


def is_trained(name: str) -> bool:
    """Say whether `name` is a run, or a folder of weights, for which torch is needed.

    Raises EvaluationError for a run or weights of something that writes no captions.
    """
    folder = folder_of(name)
    is_run = (folder / RUN_RECORD).is_file()
    if not is_run and not (folder / _WEIGHTS).is_file():
        return False
    weights = folder / _BEST if is_run else folder
    kind = _kind(weights / _CONFIG)
    if kind is not None and kind != _KIND:
        raise EvaluationError(
            f"{show(name)} writes no captions: it is a model for retrieval.",
            "`hearken evaluate` without --captions tells how well it finds sounds.",
        )
    return True


class ExportedWriter:
    """An exported captioner, run by ONNX Runtime on the vectors of the model that it belongs to; files are read by several processes."""

    def __init__(self, name: str, wish: WriterWish) -> None:
        from hearken.caption.catalog import model_of, open_captioner

        self._captioner: VectorCaptioner = open_captioner(name)
        self._model, self._wish = model_of(self._captioner), wish
        self._decoding = _decoding_of(self._captioner, wish)
        self.facts: dict[str, Any] = {
            "model": self._captioner.name, "digest": self._captioner.digest, "listens_with": self._captioner.model_digest, "runtime": "onnx",
            "decoding": self._decoding.to_json() if self._decoding else None,
        }  # fmt: skip

    def write(self, asked: OpenTask, *, on_progress: Progress) -> Made:
        """Return captions, failures and facts, as `Writer` says."""
        from hearken.caption.files import SILENCE
        from hearken.caption.heard import heard_of

        start = time.monotonic()
        found, failed = dict[int, str](), list[Failure]()
        with closing(self._vectors(asked, failed)) as heard:  # Ctrl-C stops the processes at once
            for number, vectors in heard:
                made = self._captioner.captions([heard_of(vectors)], self._decoding)[0] if vectors else SILENCE
                found[number] = made.text
                on_progress(len(found) + len(failed), len(asked.task.clips))
        return Made(found, tuple(failed), {**self.facts, **_speed(start, len(found))})

    def _vectors(self, asked: OpenTask, failed: list[Failure]) -> Generator[tuple[int, Embedded | None]]:
        """Numbers of clips and their vectors, None for silence."""
        from hearken.runtime.model import Model

        if all(isinstance(place, str) for place in asked.places):
            yield from self._of_files([str(place) for place in asked.places], failed)
            return
        model = Model(self._model)  # some are in packs
        listening = asked.listening(model.rate_hz, None, jobs=self._wish.jobs)
        for number, samples in listening.sounds():
            yield number, model.embed([samples])
        failed += unreadable(asked, listening.failed)

    def _of_files(self, paths: Sequence[str], failed: list[Failure]) -> Generator[tuple[int, Embedded | None]]:
        from hearken.runtime.pool import FileEmbedder
        from hearken.types import EmbeddedFile

        numbers: dict[str, list[int]] = {}
        for number, path in enumerate(paths):
            numbers.setdefault(path, []).append(number)
        embedding = FileEmbedder(self._model).embed_files(list(numbers), jobs=self._wish.jobs)
        with closing(cast("Generator[tuple[str, EmbeddedFile | Failure], None, None]", embedding)) as results:
            for path, result in results:
                for number in numbers[path]:
                    if isinstance(result, EmbeddedFile):
                        yield number, None if "silent" in result.flags else result.vectors
                    else:
                        failed.append(result)


def decoding_for(own: Decoding, wish: WriterWish) -> Decoding:
    """Return `own` with what is wished. Raises InputError for a search that does not exist, and a beam that makes no sense."""
    changes: dict[str, Any] = {name: value for name, value in (("beam", wish.beam), ("search", wish.search)) if value}
    return replace(own, **changes)


def _decoding_of(captioner: VectorCaptioner, wish: WriterWish) -> Decoding | None:
    own: Decoding | None = getattr(captioner, "decoding", None)
    if own is not None:
        return decoding_for(own, wish)
    asked = next((option for option, value in (("--beam", wish.beam), ("--search", wish.search)) if value), "")
    if asked:
        raise EvaluationError(f"{show(captioner.name)} searches no words: {asked} does not change what it writes.", "Leave it out.")
    return None


def _find(name: str) -> None:
    """Raise ModelNotFoundError, with the nearest name, where there is no exported captioner of this name or folder."""
    from hearken.caption.catalog import find_captioner, list_captioners

    try:
        find_captioner(name)
    except ModelNotFoundError as error:
        near = did_you_mean(name, [each.name for each in list_captioners()])
        raise ModelNotFoundError(error.message, near + error.hint) from error


def _kind(config: Path) -> str | None:
    """The kind of model that a configuration names, "" for one of retrieval, which names none; None where nothing can be read."""
    try:
        found = json.loads(config.read_text(encoding="utf-8"))
        return str(found.get("kind", ""))
    except (OSError, ValueError, AttributeError):
        return None


def _speed(start: float, clips: int) -> dict[str, Any]:
    return {"seconds_per_clip": round((time.monotonic() - start) / max(1, clips), 4)}


class TrainedWriter:
    """A captioner as it is trained: of a run the best weights, which hear as much of each sound as the recipe says."""

    def __init__(self, name: str, wish: WriterWish) -> None:
        from hearken.caption.decoding import Decoding
        from hearken.models.captioner import Captioner
        from hearken.train.validate import device_of

        self._wish, folder = wish, folder_of(name)
        device = device_of(wish.accelerator)
        if wish.accelerator == "cuda" and device != "cuda":
            raise EvaluationError("There is no CUDA device here.", "Take --accelerator auto, or cpu.")
        is_run = (folder / RUN_RECORD).is_file()
        self._captioner = (
            Captioner.from_pretrained(folder / _BEST if is_run else folder).to(device).eval().requires_grad_(requires_grad=False)
        )
        self._device, self._decoding = device, decoding_for(Decoding(), wish)
        of_run = recipe_of(folder)["data"].get("max_duration_s") if is_run else None
        self._max_duration_s = of_run if wish.max_duration_s is None else wish.max_duration_s
        self._tta = self._augmented(folder) if wish.tta else None
        self.facts: dict[str, Any] = {
            "model": name, "runtime": "torch", "max_duration_s": self._max_duration_s, "device": device, "decoding": self._decoding.to_json(),
            "tta": wish.tta, **(marks_of(folder) if is_run else {}),
        }  # fmt: skip

    def write(self, asked: OpenTask, *, on_progress: Progress) -> Made:
        """Return captions, failures and facts, as `Writer` says."""
        start = time.monotonic()
        found = dict[int, str]()
        listening = asked.listening(self._captioner.rate_hz, self._max_duration_s, jobs=self._wish.jobs)
        refused = list[Failure]()
        written = self._together(listening) if self._tta is None else self._one_by_one(self._tta, asked, listening, refused)
        for number, text in written:
            found[number] = text
            on_progress(len(found), len(asked.task.clips))
        facts = {**self.facts, **_speed(start, len(found))}
        facts |= {} if self._tta is None else {"encoder": self._tta.to_json(), "cost": dict(self._tta.cost)}
        return Made(found, (*unreadable(asked, listening.failed), *refused), facts)

    def _augmented(self, folder: Path) -> CaptionTTA:
        from hearken.evaluate.evaluate import augmentation_of
        from hearken.tta.captions import CaptionTTA

        return CaptionTTA(self._captioner, self._wish.tta, augmentation_of(folder), seed=self._wish.seed)

    def _together(self, listening: Listening) -> Generator[tuple[int, str]]:
        """Numbers and captions of sounds that are heard as they are, some at a time."""
        from hearken.train.captioning.write import captions
        from hearken.train.validate import grouped, padded

        for group in grouped(listening.sounds()):
            wave, lengths = padded([samples for _, samples in group])
            heard = self._captioner.hear(wave.to(self._device), lengths)
            yield from zip((number for number, _ in group), captions(self._captioner, heard, self._decoding), strict=True)

    def _one_by_one(self, tta: CaptionTTA, asked: OpenTask, listening: Listening, refused: list[Failure]) -> Generator[tuple[int, str]]:
        """Numbers and captions of sounds with their augmented copies."""
        for number, samples in listening.sounds():
            try:
                written = tta.write(samples, asked.task.clips[number], self._decoding)
            except InputError as error:  # such as of a sound shorter than the network takes
                refused.append(Failure(str(asked.places[number]), "embed", type(error).__name__, error.message, error.hint))
                continue
            yield number, self._captioner.vocabulary.decode(written.tokens)
