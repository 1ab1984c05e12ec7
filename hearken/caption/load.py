"""A captioner for programs: sounds in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hearken import errors
from hearken.audio.crew import num_cores
from hearken.audio.decode import check_samples
from hearken.caption.captioner import VectorCaptioner
from hearken.caption.catalog import BUILT_IN, model_of, open_captioner
from hearken.caption.decoding import Decoding
from hearken.caption.files import SILENCE, CaptionedFile, caption_files
from hearken.caption.heard import MadeCaption, heard_of
from hearken.errors import AudioError, HearkenError, InputError
from hearken.runtime.model import Model
from hearken.runtime.pool import FileEmbedder
from hearken.types import Failure, FloatArray

Sound = str | Path | np.ndarray


def load_captioner(name_or_path: str | Path = BUILT_IN) -> SoundCaptioner:
    """Return a captioner by name (see `hearken models`) or folder, with the model that it listens with.

    Raises ModelNotFoundError or ModelError, also where that model is not here.
    """
    captioner = open_captioner(name_or_path)
    return SoundCaptioner(captioner, model_of(captioner))


class SoundCaptioner:
    """Writes captions of sounds: `writer` from the vectors of the dual encoder in `model_folder`.

    `name`, `digest` (identity, hex) are those of the writer.
    """

    def __init__(self, writer: VectorCaptioner, model_folder: Path) -> None:
        self.writer, self.name, self.digest = writer, writer.name, writer.digest
        self._folder = model_folder
        self._model = Model(model_folder)

    def caption(self, sounds: Sequence[Sound], sample_rate: int | None = None, *, decoding: Decoding | None = None) -> list[str]:
        """Return a caption for each of `sounds`, files (paths) or arrays; written by a machine, which is often wrong.

        Arrays are (T,) or (channels, T), full scale = 1, at `sample_rate` Hz, which is required for them. Files are decoded in
        isolated processes. Raises AudioError subclasses for sound that cannot be used, InputError for arrays without `sample_rate`.
        """
        return [made.text for made in self.captions(sounds, sample_rate, decoding=decoding)]

    def captions(self, sounds: Sequence[Sound], sample_rate: int | None = None, *, decoding: Decoding | None = None) -> list[MadeCaption]:
        """Return what `caption` does with the score of each. Raises as `caption` does."""
        if isinstance(sounds, str | Path | np.ndarray):
            raise InputError("caption takes a list of sounds.", "Put the one sound into a list: caption([sound]).")
        told = self._of_files([str(sound) for sound in sounds if not isinstance(sound, np.ndarray)], decoding)
        return [
            self._of_array(sound, sample_rate, decoding) if isinstance(sound, np.ndarray) else told[str(sound)].made for sound in sounds
        ]

    def _of_files(self, paths: list[str], decoding: Decoding | None) -> dict[str, CaptionedFile]:
        wanted = list(dict.fromkeys(paths))
        told: dict[str, CaptionedFile] = {}
        if not wanted:
            return told
        jobs = min(num_cores(), len(wanted))
        for each in caption_files(self.writer, FileEmbedder(self._folder), wanted, jobs=jobs, decoding=decoding):
            if isinstance(each, Failure):
                raise error_of(each)
            told[each.path] = each
        return told

    def _of_array(self, samples: FloatArray, rate_hz: int | None, decoding: Decoding | None) -> MadeCaption:
        if rate_hz is None:
            raise InputError("An array does not say how fast it is.", "Give sample_rate= in Hz.")
        wave = check_samples(samples, rate_hz, self._model.rate_hz)
        if "silent" in wave.flags:
            return SILENCE
        return self.writer.captions([heard_of(self._model.embed([wave.samples]))], decoding)[0]


def error_of(failure: Failure) -> HearkenError:
    """Return the error that a ledger line tells of, in its own class where there is one of that name."""
    kind = getattr(errors, failure.error, AudioError)
    known = isinstance(kind, type) and issubclass(kind, HearkenError)
    return kind(failure.message, failure.hint) if known else AudioError(failure.message, failure.hint)
