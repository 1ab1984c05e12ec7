"""What a file says about itself: opened safely, checked against the limits, and nothing decoded yet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING

from hearken.audio import sniff
from hearken.audio.source import StrPath, open_regular, read_error
from hearken.audio.tags import clean_tags
from hearken.errors import AudioEmptyError, AudioFormatError, ChannelError, RateError, show
from hearken.limits import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from hearken.types import AudioInfo

if TYPE_CHECKING:
    import av

CONTAINERS = (
    "wav", "w64", "aiff", "au", "caf", "flac", "mp3", "aac", "ogg", "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm",
    "wv", "tta", "tak", "ape", "asf", "ac3", "eac3", "dts", "amr", "avi",
)  # fmt: skip
"""Names of the only demuxers that may look at a file: none of them opens other files or addresses."""

CODECS = (
    "flac", "alac", "wavpack", "tta", "tak", "ape", "mp1float", "mp2float", "mp3float", "mp1", "mp2", "mp3", "aac", "aac_latm", "vorbis",
    "opus", "libopus", "wmav1", "wmav2", "wmapro", "wmalossless", "ac3", "eac3", "dca", "amrnb", "amrwb", "gsm", "gsm_ms", "speex",
    "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_ms", "adpcm_yamaha",
    "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be",
    "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u16le", "pcm_u16be",
)  # fmt: skip
"""Names of the only decoders that may run; pictures and films inside a file are never decoded."""

_OPTIONS = {
    "format_whitelist": ",".join(CONTAINERS),
    "codec_whitelist": ",".join(CODECS),
    "protocol_whitelist": "none",
    "max_probe_packets": "1",  # else every CD-quality wav is searched for hidden DTS: 18 ms instead of 0.5 ms to open
}
_BUFFER_BYTES = 131_072
_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}
_EXACT_CODECS = ("pcm_", "flac", "wavpack")
_GUESSED_CODECS = ("adpcm_", "gsm")
_GUESSED_CONTAINERS = ("aac", "ac3", "eac3", "dts", "amr")
_LOSSY_SLACK_S = 0.15  # encoder delay, padding, and time stamps in whole milliseconds
_HINT = "If other programs play it, convert it to WAV or FLAC."


@dataclass(frozen=True)
class OpenedSound:
    """An open file and its audio stream; `slack_s` is how much less than announced still counts as whole.

    `is_cut` says that the bytes themselves show a broken-off end; `file` is what the container reads.
    """

    container: av.container.InputContainer
    stream: av.AudioStream
    info: AudioInfo
    slack_s: float
    is_cut: bool
    file: FileIO


def probe(path: StrPath) -> AudioInfo:
    """Return what the header of the file at `path` says; nothing is decoded.

    Raises AudioReadError (missing, no permission, no regular file), AudioEmptyError (no bytes), AudioFormatError,
    RateError and ChannelError.
    """
    with open_sound(path) as sound:
        return sound.info


@contextlib.contextmanager
def open_sound(path: StrPath) -> Iterator[OpenedSound]:
    """Open the file at `path` for decoding, as a context manager. Raises as `probe` does."""
    with open_regular(path) as file:
        head = _read_head(file, path)
        with _open_container(file, head, path) as container:
            stream = _sound_stream(container, path)
            info = _describe(container, stream, _length_is_told(container, file, head), path)
            slack_s = 1.5 / info.rate_hz if info.codec.startswith(_EXACT_CODECS) and info.container != "matroska" else _LOSSY_SLACK_S
            yield OpenedSound(container, stream, info, slack_s, _is_cut(container, file), file)


def check_rate(rate_hz: int, subject: str) -> None:
    """Raise RateError, naming `subject`, for a sample rate outside the limits."""
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise RateError(f"{subject} has a sample rate of {rate_hz} Hz; {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz can be read.")


def check_channels(num_channels: int, subject: str) -> None:
    """Raise ChannelError, naming `subject`, for a number of channels outside the limits."""
    if not 1 <= num_channels <= MAX_CHANNELS:
        raise ChannelError(f"{subject} has {num_channels} channels; 1 to {MAX_CHANNELS} can be read.")


def _read_head(file: FileIO, path: StrPath) -> bytes:
    try:
        head = sniff.read_head(file)
        file.seek(0)
    except OSError as error:
        raise read_error(path, error) from error
    if not head:
        raise AudioEmptyError(f"{show(path)} is empty: it has no bytes.")
    return head


@contextlib.contextmanager
def _open_container(file: FileIO, head: bytes, path: StrPath) -> Iterator[av.container.InputContainer]:
    import av

    claims = sniff.wav_rate_and_channels(head)
    if claims is not None:  # the decoder calls such headers invalid data; here they get their name
        check_rate(claims[0], show(path))
        check_channels(claims[1], show(path))
    try:
        container = av.open(file, "r", options=_OPTIONS, buffer_size=_BUFFER_BYTES, metadata_errors="surrogateescape")
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        if isinstance(error, EOFError) or sniff.is_header_only(head):
            raise AudioEmptyError(f"{show(path)} has no samples: it ends where they should begin.") from error
        raise _format_error(path, head, error) from error
    except OSError as error:
        raise read_error(path, error) from error
    with container:
        yield container


def _format_error(path: StrPath, head: bytes, error: av.FFmpegError) -> AudioFormatError:
    """Return why `path` is no sound, in words that name the cause rather than the decoder's complaint."""
    reason = sniff.looks_like(head) or f"has no known format, or is damaged at the start ({error.strerror})"
    return AudioFormatError(f"{show(path)} is no sound that can be read: it {reason}.", _HINT)


def _sound_stream(container: av.container.InputContainer, path: StrPath) -> av.AudioStream:
    """Return the first audio stream, ready for decoding in one thread, and have all others skipped."""
    from av.stream import Discard

    if not container.streams.audio:
        raise AudioFormatError(f"{show(path)} holds no sound, only other things.", _HINT)
    chosen = container.streams.audio[0]
    for stream in container.streams:
        if stream is not chosen:
            stream.discard = Discard.all
    codec = getattr(chosen.codec_context, "name", None)
    if codec not in CODECS:
        raise AudioFormatError(f"{show(path)} is coded as {codec or 'something unknown'}, which is not read.", _HINT)
    chosen.codec_context.thread_count = 1  # threads would change neither sound nor, across processes, speed
    return chosen


def _describe(container: av.container.InputContainer, stream: av.AudioStream, is_told: bool, path: StrPath) -> AudioInfo:
    context = stream.codec_context
    if not context.sample_rate or not context.channels:
        raise AudioFormatError(f"{show(path)} is damaged: neither its sample rate nor its channels can be found.")
    check_rate(context.sample_rate, show(path))
    check_channels(context.channels, show(path))
    duration_s = _duration_s(container, stream) if is_told and not context.name.startswith(_GUESSED_CODECS) else None
    return AudioInfo(
        container=_NAMES.get(container.format.name, container.format.name),
        codec=context.name.removesuffix("float"),
        rate_hz=context.sample_rate,
        num_channels=context.channels,
        num_samples=None if duration_s is None else round(duration_s * context.sample_rate),
        tags=clean_tags(container.metadata, stream.metadata),
    )


def _duration_s(container: av.container.InputContainer, stream: av.AudioStream) -> float | None:
    """Return the length of the sound alone: a film's container announces that of its longest stream."""
    if stream.duration is not None and stream.time_base is not None:
        return max(0.0, float(stream.duration * stream.time_base))
    if container.duration is not None and len(container.streams) == 1:
        return max(0.0, container.duration / 1e6)
    return None


def _length_is_told(container: av.container.InputContainer, file: FileIO, head: bytes) -> bool:
    """Say whether the length stands in the file; elsewhere it is guessed from bit rate and size."""
    name = container.format.name
    if name == "mp3":
        return _without_moving(file, sniff.mp3_tells_length)
    return name not in _GUESSED_CONTAINERS and not (name == "flac" and not sniff.flac_tells_length(head))


def _is_cut(container: av.container.InputContainer, file: FileIO) -> bool:
    look = {"ogg": sniff.ogg_is_cut, "wav": sniff.chunk_is_cut, "w64": sniff.chunk_is_cut, "caf": sniff.chunk_is_cut}.get(
        container.format.name
    )
    return look is not None and _without_moving(file, look)


def _without_moving(file: FileIO, look: Callable[[FileIO], bool]) -> bool:
    """Return what `look` finds, with `file` where the decoder left it."""
    position = file.tell()
    try:
        return look(file)
    finally:
        file.seek(position)
