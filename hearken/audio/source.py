"""Opening a file to read foreign bytes from: regular files only, and every refusal has a name."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from io import FileIO

from hearken.errors import AudioReadError, show

StrPath = str | os.PathLike[str]

AUDIO_SUFFIXES = frozenset((
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd", ".flac", ".wv", ".ape", ".tta", ".tak",
    ".mp3", ".mp2", ".mpga", ".ogg", ".oga", ".opus", ".spx", ".m4a", ".m4b", ".aac", ".wma", ".amr", ".ac3", ".eac3", ".dts", ".mka",
    ".weba", ".mp4", ".m4v", ".mkv", ".webm", ".mov", ".3gp", ".avi",
))  # fmt: skip
"""Files with these suffixes, in upper or lower case, are sounds until the decoder says otherwise."""

_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class ForeignFile(FileIO):
    """A file that a decoder reads: being sent to an impossible place is the file's damage, not an error of the system."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move as a file does, but return a negative number, as FFmpeg's own files do, where no file can have a place."""
        try:
            return super().seek(offset, whence)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return -errno.EINVAL
            raise


@contextlib.contextmanager
def open_regular(path: StrPath) -> Iterator[ForeignFile]:
    """Open a regular file for reading, as a context manager. Raises AudioReadError.

    A pipe, socket or device is refused before it is opened, for opening it could wait for ever; one that is put in the
    file's place in between is opened without waiting and refused then.
    """
    try:
        _check_regular(os.stat(path), path)
        file = ForeignFile(os.open(path, _FLAGS), "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise read_error(path, error) from error
    with file:
        _check_regular(os.fstat(file.fileno()), path)
        yield file


def read_error(path: StrPath, error: Exception) -> AudioReadError:
    """Return the operating system's `error` as ours."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return AudioReadError(f"{show(path)} cannot be read: {reason}.")


def _check_regular(status: os.stat_result, path: StrPath) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise AudioReadError(f"{show(path)} is {kind}, not a regular file.")
