"""What is evaluated: something that turns sounds and texts into vectors of one space.

A run and a folder of weights are tried with torch, as they are trained; an exported model, built in or installed, with ONNX Runtime, as it
searches, and without torch. Test-time augmentation and window ensembles need torch.

Legend: `N` clips, `Q` queries, `T` samples, `D` embedding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from hearken.errors import EvaluationError, HearkenError, InputError, RunError, show
from hearken.evaluate.marks import marks_of, recipe_of
from hearken.evaluate.open import OpenTask, restricted
from hearken.evaluate.task import Task
from hearken.metrics.scores import VectorScores
from hearken.runtime.catalog import RUN_RECORD, find_model
from hearken.train.runs.home import RUNS
from hearken.types import Failure, FloatArray, Progress, silent
from hearken.zoo.install import need_extra

if TYPE_CHECKING:
    from hearken.models.dual import DualEncoder

_WEIGHTS = "model.safetensors"


class SoundEncoder(Protocol):
    """Encodes one sound in a way of its own, such as test-time augmentation (`tta/`)."""

    @property
    def cost(self) -> Mapping[str, float]:
        """What it came to, for the record."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what it does, for the record."""
        ...

    def encode(self, samples: FloatArray, clip: str) -> FloatArray:
        """Return the vector (D,) of a sound (T,)."""
        ...


class System(Protocol):
    """A model that can be evaluated. `facts` are for the record."""

    name: str
    facts: dict[str, Any]

    def encode_sounds(self, asked: OpenTask, *, jobs: int, on_progress: Progress) -> tuple[list[int], FloatArray, list[Failure]]:
        """Return the numbers of the clips that could be read, ascending, their vectors, and what failed."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors (Q, D) of texts."""
        ...


@dataclass(frozen=True, eq=False)
class Encoded:
    """The vectors of a task, `audio` (N, D) and `text` (Q, D), of those clips that could be read; `failures` are the others."""

    task: Task
    audio: FloatArray
    text: FloatArray
    failures: tuple[Failure, ...]
    facts: dict[str, Any]

    @property
    def scores(self) -> VectorScores:
        """The cosines (Q, N)."""
        return VectorScores(self.text, self.audio)


def encode(system: System, asked: OpenTask, *, jobs: int = 1, on_progress: Progress = silent) -> Encoded:
    """Return the vectors that `system` gives to what is asked.

    Clips that cannot be read are left out, with the queries that only they answer, and counted. Raises EvaluationError when not one clip
    can be read.
    """
    start = time.monotonic()
    numbers, audio, failures = system.encode_sounds(asked, jobs=jobs, on_progress=on_progress)
    if not numbers:
        first = f" {failures[0].message}" if failures else ""
        raise EvaluationError(
            f"None of the {len(asked.task.clips)} clips of {show(asked.task.name)} can be read.{first}", "`hearken data check` says why."
        )
    listened_s = time.monotonic() - start
    task, _ = restricted(asked.task, numbers)
    distinct = list(dict.fromkeys(task.queries))
    place = {text: number for number, text in enumerate(distinct)}
    text = system.encode_texts(distinct)[[place[each] for each in task.queries]]
    facts = {
        **system.facts,
        "corpus": " + ".join(asked.references),
        "seconds_per_clip": round(listened_s / len(numbers), 4),
        "clips_failed": len(failures),
    }
    return Encoded(task, audio, text, tuple(failures), facts)


def open_system(
    name: str, *, max_duration_s: float | None = None, accelerator: str = "auto", precision: str = "32",
    make_encoder: Callable[[DualEncoder, str], SoundEncoder] | None = None,
) -> System:  # fmt: skip
    """Return the model `name`: a run's folder, a folder of weights, an exported model by name or folder.

    `max_duration_s` cuts longer sounds (None: what the run's recipe says, else nothing). `make_encoder` gets the model and `name` and returns
    another way to encode a sound, for which torch is needed. Raises ModelNotFoundError, ModelError, RunError, MissingExtraError.
    """
    folder = folder_of(name)
    if make_encoder is None and not (folder / RUN_RECORD).is_file() and not (folder / _WEIGHTS).is_file():
        return ExportedSystem(find_model(name), max_duration_s)
    return _torch_system(str(folder), max_duration_s, accelerator, precision, make_encoder)


def folder_of(name: str) -> Path:
    """Return the folder that `name` means: that of a run in `runs/` where `name` itself is none, as in training; else `name` as a path."""
    return RUNS / name if not Path(name).exists() and (RUNS / name / RUN_RECORD).is_file() else Path(name)


class ExportedSystem:
    """An exported model in `folder`, run by ONNX Runtime; without `max_duration_s`, several processes read and encode whole files."""

    def __init__(self, folder: Path, max_duration_s: float | None = None) -> None:
        from hearken.runtime.model import Model

        self._folder, self._max_duration_s = folder, max_duration_s
        self._model = Model(folder)
        self.name = self._model.name
        self.facts: dict[str, Any] = {"model": self.name, "digest": self._model.digest, "runtime": "onnx", "max_duration_s": max_duration_s}

    def encode_sounds(self, asked: OpenTask, *, jobs: int, on_progress: Progress) -> tuple[list[int], FloatArray, list[Failure]]:
        """Return numbers, vectors and failures, as `System` says."""
        if self._max_duration_s is None and all(isinstance(place, str) for place in asked.places):
            return self._files(asked, jobs, on_progress)
        listening = asked.listening(self._model.rate_hz, self._max_duration_s, jobs=jobs)
        numbers, rows = [], []
        for number, samples in listening.sounds():
            numbers.append(number)
            rows.append(self._model.embed([samples]).clip)
            on_progress(number + 1, len(asked.task.clips))
        return numbers, _stacked(rows, self._model.dim), unreadable(asked, listening.failed)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors (Q, D) of texts."""
        return self._model.encode_text(texts)

    def _files(self, asked: OpenTask, jobs: int, on_progress: Progress) -> tuple[list[int], FloatArray, list[Failure]]:
        from hearken.runtime.pool import FileEmbedder
        from hearken.types import EmbeddedFile

        paths = [str(place) for place in asked.places]
        found: dict[str, FloatArray] = {}
        failed: dict[str, Failure] = {}
        distinct = list(dict.fromkeys(paths))
        embedding = cast(
            "Generator[tuple[str, EmbeddedFile | Failure], None, None]", FileEmbedder(self._folder).embed_files(distinct, jobs=jobs)
        )
        with closing(embedding) as results:  # Ctrl-C stops the processes at once
            for done, (path, result) in enumerate(results, start=1):
                if isinstance(result, EmbeddedFile):
                    found[path] = result.vectors.clip
                else:
                    failed[path] = result
                on_progress(done, len(distinct))
        numbers = [number for number, path in enumerate(paths) if path in found]
        failures = [failed[path] for path in paths if path in failed]  # one for each clip, as those that are left are counted
        return numbers, _stacked([found[paths[number]] for number in numbers], self._model.dim), failures


@dataclass
class TorchSystem:
    """A model as it is trained. `encoder` takes the place of its own way to encode a sound."""

    name: str
    dual: DualEncoder
    max_duration_s: float | None
    precision: str = "32"
    encoder: SoundEncoder | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def encode_sounds(self, asked: OpenTask, *, jobs: int, on_progress: Progress) -> tuple[list[int], FloatArray, list[Failure]]:
        """Return numbers, vectors and failures, as `System` says."""
        from hearken.train.validate import embed_sounds

        listening = asked.listening(self.dual.rate_hz, self.max_duration_s, jobs=jobs)
        count = len(asked.task.clips)
        if self.encoder is None:
            numbers, audio = embed_sounds(self.dual, listening.sounds(), count, precision=self.precision, on_progress=on_progress)
            return numbers, audio, unreadable(asked, listening.failed)
        numbers, rows, refused = list[int](), list[FloatArray](), list[Failure]()
        for number, samples in listening.sounds():
            try:
                rows.append(self.encoder.encode(samples, asked.task.clips[number]))
            except InputError as error:  # such as of a sound shorter than the network takes
                refused.append(Failure(str(asked.places[number]), "embed", type(error).__name__, error.message, error.hint))
                continue
            numbers.append(number)
            on_progress(number + 1, count)
        self.facts |= {"encoder": self.encoder.to_json(), "cost": dict(self.encoder.cost)}
        return numbers, _stacked(rows, self.dual.dim), [*unreadable(asked, listening.failed), *refused]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors (Q, D) of texts."""
        from hearken.train.validate import embed_texts

        return embed_texts(self.dual, texts, precision=self.precision)


def unreadable(asked: OpenTask, failed: Mapping[int, HearkenError]) -> list[Failure]:
    """Return the clips with the numbers `failed` as failures, each with what was wrong with it."""
    return [
        Failure(str(asked.places[number]), "read", type(error).__name__, error.message, error.hint)
        for number, error in sorted(failed.items())
    ]


def _torch_system(
    name: str,
    max_duration_s: float | None,
    accelerator: str,
    precision: str,
    make_encoder: Callable[[DualEncoder, str], SoundEncoder] | None,
) -> TorchSystem:
    need_extra()
    from hearken.train.build import start_model
    from hearken.train.validate import device_of

    device = device_of(accelerator)
    if accelerator == "cuda" and device != "cuda":
        raise EvaluationError("There is no CUDA device here.", "Take --accelerator auto, or cpu.")
    dual = start_model(name).to(device)
    length_s = _length_of_run(Path(name)) if max_duration_s is None else max_duration_s
    encoder = make_encoder(dual, name) if make_encoder else None
    facts = {
        "model": name,
        "digest": weights_digest(dual),
        "runtime": "torch",
        "max_duration_s": length_s,
        "precision": precision,
        "device": device,
    }
    facts |= marks_of(Path(name)) if (Path(name) / RUN_RECORD).is_file() else {}
    return TorchSystem(name, dual, length_s, precision, encoder, facts)


def weights_digest(dual: DualEncoder) -> str:
    """Return the SHA-256 of all weights, by name."""
    import hashlib

    found = hashlib.sha256()
    for key, value in sorted(dual.state_dict().items()):
        found.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _length_of_run(folder: Path) -> float | None:
    """The `max_duration_s` of the recipe that the run in `folder` is of; None where there is no run."""
    length_s = recipe_of(folder)["data"].get("max_duration_s") if (folder / RUN_RECORD).is_file() else None
    if not isinstance(length_s, int | float | None):
        raise RunError(f"{show(folder / RUN_RECORD)} cannot be read: {show(repr(length_s))} is no length.", "It is the record of a run.")
    return length_s


def _stacked(rows: Sequence[FloatArray], dim: int) -> FloatArray:
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, dim), np.float32)
