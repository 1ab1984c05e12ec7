"""A stretch of a sound as a WAV that is decoded while it is sent: of any length, from any place, in little memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from hearken.audio import viewing
from hearken.audio.encode import NUM_BYTES, wav_header, whole
from hearken.audio.excerpt import Depth, SoundForm

_PIECE_BYTES = 2_000_000


@dataclass
class WavSource:
    """The bytes of a WAV of the samples `start` to `stop` of the file at `path`, whose sound is of this form. A `ranged.Source`.

    What the file has less than was announced is silence. Raises InputError when it is more than a WAV can hold.
    """

    path: str
    form: SoundForm
    start: int
    stop: int
    _header: bytes = field(init=False)
    _piece: bytes = field(init=False, default=b"")
    _piece_at: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._header = wav_header(self.form.rate_hz, self.form.num_channels, self.stop - self.start, self.depth)

    @property
    def depth(self) -> Depth:
        """Depth of the samples: whole numbers, which every browser plays."""
        return whole(self.form.depth)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        data_bytes = (self.stop - self.start) * self._frame_bytes
        return len(self._header) + data_bytes + data_bytes % 2

    @property
    def _frame_bytes(self) -> int:
        return self.form.num_channels * NUM_BYTES[self.depth]

    def read(self, offset: int, count: int) -> bytes:
        """Return at most `count` bytes from `offset` on. Raises as `viewing.pcm` does."""
        if offset < len(self._header):
            return self._header[offset : offset + count]
        place = offset - len(self._header)
        if not self._piece_at <= place < self._piece_at + len(self._piece):
            self._fill(place)
        return self._piece[place - self._piece_at :][:count]

    def close(self) -> None:
        """Let go of what was decoded."""
        self._piece = b""

    def _fill(self, place: int) -> None:
        first = self.start + place // self._frame_bytes
        last = min(self.stop, first + max(1, _PIECE_BYTES // self._frame_bytes))
        if first >= last:  # the byte that makes the number of bytes even
            self._piece, self._piece_at = b"\0", place
            return
        data = viewing.pcm(self.path, first, last, self.depth)
        self._piece_at = (first - self.start) * self._frame_bytes
        self._piece = data.ljust((last - first) * self._frame_bytes, b"\0")
