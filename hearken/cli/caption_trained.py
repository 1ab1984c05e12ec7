"""Captioners as they are trained, for `hearken caption --model RUN`: with torch, which is imported only here and when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from hearken.caption.captioner import sentence
from hearken.caption.decoding import Decoding
from hearken.caption.files import CaptionedFile, Told
from hearken.caption.heard import MadeCaption
from hearken.evaluate.captioning.writers import WriterWish, check_writer
from hearken.evaluate.marks import recipe_of
from hearken.evaluate.systems import folder_of
from hearken.runtime.catalog import RUN_RECORD
from hearken.types import Failure

MAX_HEARD_S = 30.0
"""As much of each sound is heard where no recipe says how much."""


class TrainedCaptioner:
    """The captioner that the run, or the folder of weights, `name` has; of a run the best weights so far.

    `name` (for messages), `digest` (SHA-256 of the weights), `decoding`. Raises what `check_writer` raises, and ModelError or CheckpointError
    for weights that cannot be read.
    """

    def __init__(self, name: str) -> None:
        check_writer(name, WriterWish())
        from hearken.models.captioner import Captioner

        folder = folder_of(name)
        is_run = (folder / RUN_RECORD).is_file()
        place = folder / "best" if is_run else folder
        self._captioner = Captioner.from_pretrained(place)
        self._heard_s = float((recipe_of(folder)["data"].get("max_duration_s") if is_run else None) or MAX_HEARD_S)
        self.name, self.digest, self.decoding = folder.resolve().name, _digest(place), Decoding()

    def caption_files(self, paths: Sequence[str], *, jobs: int, decoding: Decoding | None = None) -> Generator[Told, None, None]:
        """Yield the captions of `paths`, or why there are none; `duration_s` is what was heard of each."""
        from hearken.train.captioning.write import write
        from hearken.train.feed.failures import Failures
        from hearken.train.feed.held_out import Listening
        from hearken.train.feed.sounds import Sounds
        from hearken.train.validate import padded

        rate_hz, words = self._captioner.rate_hz, self._captioner.vocabulary
        source = Sounds(rate_hz, round(self._heard_s * rate_hz), cache_mb=0)
        listening = Listening(tuple(paths), tuple(paths), source, Failures(None), jobs)
        with closing(listening.sounds()) as sounds:
            for number, samples in sounds:
                wave, lengths = padded([samples])
                written = write(self._captioner, self._captioner.hear(wave, lengths), decoding or self.decoding)[0]
                made = MadeCaption(sentence(words.decode(written.tokens)), float(written.score))
                yield CaptionedFile(paths[number], made, len(samples) / rate_hz)
        for number, error in listening.failed.items():
            yield Failure(paths[number], "decode", type(error).__name__, error.message, error.hint)


def _digest(folder: Path) -> str:
    with (folder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
