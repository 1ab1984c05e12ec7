"""A stand-in for a model: deterministic unit vectors out of names and bytes, quick enough for thousands of files.

A file whose name holds a word of `WORDS` gets vectors near that word's vector, and so does a text that holds the word; so
searches over fake vectors have right answers. Which paths fail, wait or run a hook is told by their names or the options.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hearken.caption.heard import MadeCaption
from hearken.library.records import FileText, Found, PutSound
from hearken.library.words import name_words
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Failure, FloatArray, ProgressCallback, Span

WORDS = ("dog", "rain", "siren", "bell", "bird", "engine", "glass", "water")
WINDOW_S = 2.0
BYTES_PER_SECOND = 100  # a fake sound of 1,000 bytes "lasts" ten seconds


def unit(seed: bytes, dim: int) -> FloatArray:
    """Return the unit vector (D,) that belongs to `seed`."""
    generator = np.random.default_rng(int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest(), "little"))
    vector = generator.standard_normal(dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def near_words(text: str, seed: bytes, dim: int) -> FloatArray:
    """Return a unit vector (D,) near the vectors of the `WORDS` in `text`, or one of its own where there are none."""
    known = [word for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS]
    vector = sum((unit(word.encode(), dim) for word in known), np.zeros(dim, np.float32)) + (0.2 if known else 1.0) * unit(seed, dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@dataclass
class FakeEmbedder:
    """Implements `hearken.types.Embedder`. `embedded` lists the paths that it really worked on."""

    name: str = "fake"
    digest: str = "0" * 31 + "f"
    dim: int = 16
    delay_s: float = 0.0
    failing: Callable[[str], Failure | None] = lambda path: None
    hook: Callable[[str], None] = lambda path: None
    embedded: list[str] = field(default_factory=list)

    def embed_files(
        self, paths: Iterable[str], *, jobs: int, on_progress: ProgressCallback | None = None
    ) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
        """Yield a result for every path, in order; names with `broken` fail to decode."""
        for path in paths:
            self.embedded.append(path)
            time.sleep(self.delay_s)
            self.hook(path)
            result = self.failing(path) or self._embed(path)
            if on_progress is not None and isinstance(result, EmbeddedFile):
                on_progress(path, result.duration_s)
            yield path, result

    def encode_text(self, texts: Iterable[str]) -> FloatArray:
        """Return vectors (B, D) of `texts`, near the files that share a word of `WORDS` with them."""
        return np.stack([near_words(text, text.encode(), self.dim) for text in texts])

    def _embed(self, path: str) -> EmbeddedFile | Failure:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            return Failure(path, "read", "AudioReadError", f"Cannot read it: {error.strerror}.")
        if "broken" in os.path.basename(path):
            return Failure(path, "decode", "AudioFormatError", "The bytes are no sound.", "Re-export it.")
        if not data:
            return Failure(path, "decode", "AudioEmptyError", "There is not a single sample in it.")
        return fake_result(path, data, self.dim)


def fake_result(path: str, data: bytes, dim: int = 16) -> EmbeddedFile:
    """Return the result for a file of this name and content: one window for each begun two seconds."""
    duration_s = len(data) / BYTES_PER_SECOND
    starts = np.arange(0.0, duration_s, WINDOW_S)
    spans = tuple(Span(float(start), float(min(start + WINDOW_S, duration_s))) for start in starts)
    name = os.path.basename(path)
    windows = np.stack([near_words(name, data + bytes([index % 256]), dim) for index in range(len(spans))])
    suffix = os.path.splitext(name)[1].lstrip(".").lower() or "wav"
    rate_hz = 48_000 if "48k" in name else 44_100
    info = AudioInfo(suffix, "pcm_s16le", rate_hz, 2 if "stereo" in name else 1, int(duration_s * rate_hz), {"title": "Take five"})
    return EmbeddedFile(info, duration_s, frozenset(), Embedded(near_words(name, data, dim), windows, spans))


def put_sound(
    path: str, content: bytes = b"abc" * 100, *, sound: bytes = b"", folder_words: str = "", caption: str = "", inode: int = 1
) -> PutSound:
    """Return the change that enters a file of this path with vectors of `content`; `sound` names the hash (16 bytes)."""
    found = Found(path, len(content), 1_000_000_000, 1, inode)
    text = FileText(name_words(path), folder_words, caption)
    content_hash = sound.ljust(16, b"-") if sound else hashlib.blake2b(content, digest_size=16).digest()
    return PutSound(found, content_hash, fake_result(path, content), text)


@dataclass
class FakeCaptioner:
    """Implements `hearken.caption.captioner.VectorCaptioner`: says which of `WORDS` the clip vector is nearest to.

    `numbers` are how many sounds each call was about; `hook` is called before each, with what it is about.
    """

    name: str = "parrot"
    digest: str = "c" * 32
    model_digest: str = "0" * 31 + "f"
    phrase: str = "A {} can be heard."
    hook: Callable[[int], None] = lambda count: None
    numbers: list[int] = field(default_factory=list)
    warmed: int = 0

    def warm(self) -> None:
        """Note that it was asked to be ready."""
        self.warmed += 1

    def captions(self, heard: Sequence[FloatArray], decoding: object = None) -> list[MadeCaption]:
        """Return a caption for each of `heard` (S, D), the clip vector first; the score is its cosine."""
        self.hook(len(heard))
        self.numbers.append(len(heard))
        return [self._caption(places[0]) for places in heard]

    def _caption(self, clip: FloatArray) -> MadeCaption:
        scores = {word: float(unit(word.encode(), len(clip)) @ clip) for word in WORDS}
        best = max(WORDS, key=lambda word: scores[word])
        return MadeCaption(self.phrase.format(best), scores[best])


def age(*paths: str | os.PathLike[str], seconds: float = 3600.0) -> None:
    """Make files look as if they were last changed `seconds` ago."""
    then = time.time() - seconds
    for path in paths:
        os.utime(path, (then, then))
