"""Every error that Hearken raises on purpose, in one tree.

A message says what went wrong and with which file; `hint` says what the user can do about it. Both are safe to print:
names are escaped by `show`, so a strange file name can break neither a terminal nor a log.
"""

from __future__ import annotations

import os


def show(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    """Return `path` as printable text: control, direction-changing and undecodable characters become escapes."""
    text = os.fsdecode(path)
    if text.isprintable():  # nearly always, and quick to know
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii") for char in text)


def extra_hint(extra: str) -> str:
    """Return how to install an extra: from the clone, because the public index has another project under our name."""
    return f'In Hearken\'s folder: pip install ".[{extra}]"'


class HearkenError(Exception):
    """Base of the tree: `message` is one sentence, `hint` is the way out (may be empty)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(HearkenError):
    """Something the user handed in (a file, a query, an option) cannot be used."""


class QueryError(InputError):
    """The query is empty, too long, or a filter in it makes no sense."""


class AudioError(InputError):
    """A sound file or an array cannot be used as sound."""


class AudioFormatError(AudioError):
    """The bytes are no sound that the decoders know."""


class AudioEmptyError(AudioError):
    """There is not a single sample in it."""


class AudioNonFiniteError(AudioError):
    """Samples are NaN, infinite or absurdly large."""


class AudioTruncatedError(AudioError):
    """Strict mode only: the file holds less sound than its header announces."""


class AudioLimitError(AudioError):
    """A limit of `limits.py` would be exceeded."""


class ChannelError(AudioLimitError):
    """The number of channels is zero or above the limit."""


class RateError(AudioLimitError):
    """The sample rate is outside the limits."""


class AudioReadError(AudioError):
    """The operating system would not give us the file: missing, no permission, I/O error, not a regular file."""


class AudioChangedError(AudioError):
    """The file changed while it was being read, twice in a row."""


class WorkerDiedError(AudioError):
    """The isolated process that read this file crashed, hung or ran out of its memory or time allowance."""


class StoreError(HearkenError):
    """The library on disk cannot be used as asked."""


class LibraryNotFoundError(StoreError):
    """There is no library at this path."""


class LockedError(StoreError):
    """Another process is writing to the library."""


class ModelMismatchError(StoreError):
    """The library was made by another model; its vectors mean nothing to this one."""


class FormatVersionError(StoreError):
    """The library was written by a newer Hearken."""


class DamagedError(StoreError):
    """A file of the library does not hold what was written."""


class DiskFullError(StoreError):
    """No space is left where the library lives."""


class ModelError(HearkenError):
    """A model is unknown, incomplete or damaged."""


class ModelNotFoundError(ModelError):
    """No model has this name or path."""


class DigestError(ModelError):
    """A model file differs from the digest in its configuration."""


class CheckpointError(ModelError):
    """A checkpoint file is damaged, or its weights are not those of the architecture it is read as."""


class DownloadError(HearkenError):
    """A download failed, or brought something else than was asked for."""


class MissingExtraError(HearkenError):
    """This needs packages that the plain installation leaves out."""


class DataError(InputError):
    """A file of a corpus is not what it should be; the message names the file and, where there is one, the line."""


class MissingDataError(DataError):
    """Files of a corpus are not here; the hint says what to put where, or which command brings them."""


class LeakError(DataError):
    """Training data holds what is to be tested on."""


class ShardError(DataError):
    """A packed shard is damaged, incomplete, or was made from something else."""


class EndpointError(HearkenError):
    """A language model's endpoint, or a Hearken server, cannot be reached, refuses, or answers nonsense."""


class RecipeError(InputError):
    """A recipe names something that does not exist, or cannot be; the message lists every fault of the file."""


class RunError(HearkenError):
    """A folder of a training run cannot be used as asked: it is missing, damaged, or of another recipe."""


class TrainingError(HearkenError):
    """Training had to stop: updates were not finite again and again, or another process of it ended."""


class EvaluationError(InputError):
    """What is to be evaluated does not fit together: scores, clips, queries, or evaluations of different tasks."""


class SubmissionError(InputError):
    """A submission is not what the challenge asks for; the message lists the faults, with file and row."""
