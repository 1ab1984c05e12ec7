"""Captions of files: which are found, stretches, silence, failures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hearken.caption.decoding import Decoding
from hearken.caption.files import CaptionedFile, CaptionedSpan, caption_embedded, caption_files, find_sounds, merged
from hearken.caption.heard import MadeCaption
from hearken.errors import InputError
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Failure, FloatArray, Span
from tests.fakes import FakeEmbedder


class Naming:
    """Says 'dog' where the first number of the first place is above zero, else 'rain'; the score is that number."""

    name, digest, model_digest = "naming", "c" * 64, "m" * 64

    def __init__(self) -> None:
        self.asked: list[Decoding | None] = []

    def warm(self) -> None:
        """Be ready."""

    def captions(self, heard: Sequence[FloatArray], decoding: Decoding | None = None) -> list[MadeCaption]:
        self.asked.append(decoding)
        return [MadeCaption("Dog." if places[0, 0] > 0 else "Rain.", float(places[0, 0])) for places in heard]


def embedded(signs: Sequence[float], *, flags: frozenset[str] = frozenset()) -> EmbeddedFile:
    """A sound of ten seconds for each window, which lie side by side."""
    windows = np.float32([[sign, 0.0] for sign in signs])
    spans = tuple(Span(10.0 * at, 10.0 * at + 10.0) for at in range(len(signs)))
    return EmbeddedFile(AudioInfo("wav", "pcm", 8_000, 1, None), 10.0 * len(signs), flags, Embedded(windows[0], windows, spans))


def test_one_caption_for_all_of_a_sound() -> None:
    naming, asked = Naming(), Decoding(beam=7)
    assert caption_embedded(naming, "/a", embedded([1, -1]), decoding=asked) == CaptionedFile("/a", MadeCaption("Dog.", 1.0), 20.0)
    assert naming.asked == [asked]


def test_stretches_whose_neighbours_are_alike_become_one() -> None:
    told = caption_embedded(Naming(), "/a", embedded([0.5, 1, -1, 0.25]), every_s=10.0)
    assert told.made == MadeCaption("Dog.", 0.5)
    assert [(each.span, each.made) for each in told.spans] == [
        (Span(0.0, 20.0), MadeCaption("Dog.", 1.0)), (Span(20.0, 30.0), MadeCaption("Rain.", -1.0)), (Span(30.0, 40.0), MadeCaption("Dog.", 1.0)),
    ]  # fmt: skip
    assert caption_embedded(Naming(), "/a", embedded([1]), every_s=10.0).spans == ()
    assert merged([]) == ()
    assert merged(told.spans) == told.spans


def test_silence_is_not_guessed_at() -> None:
    told = caption_embedded(Naming(), "/a", embedded([1, 1], flags=frozenset({"silent"})), every_s=10.0)
    assert told == CaptionedFile("/a", MadeCaption("Silence.", 0.0), 20.0)


def test_files_and_failures(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    paths = []
    for name in ("dog", "broken", "rain"):
        (tmp_path / name).write_bytes(b"x" * 1_000)
        paths.append(str(tmp_path / name))
    told = list(caption_files(Naming(), embedder, paths, jobs=1))
    assert [(each.path, type(each)) for each in told] == [(paths[0], CaptionedFile), (paths[1], Failure), (paths[2], CaptionedFile)]
    with pytest.raises(InputError, match=r"Stretches of 1\.5 s are too short"):
        list(caption_files(Naming(), embedder, paths, jobs=1, every_s=1.5))


def test_whoever_stops_early_stops_the_embedder() -> None:
    closed = []

    class Slow(FakeEmbedder):
        def embed_files(self, paths, *, jobs, on_progress=None):
            try:
                for path in paths:
                    yield path, embedded([1])
            finally:
                closed.append(True)

    told = caption_files(Naming(), Slow(), ["/a", "/b"], jobs=1)
    next(told)
    told.close()
    assert closed == [True]


def test_sounds_are_found_in_folders_and_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.wav", "a.flac", "notes.txt", ".hidden.wav", "sub/c.mp3"):
        (folder / name).write_bytes(b"x")
    if os.name != "nt":
        (folder / "z.wav").symlink_to("b.wav")  # a second name is no failure
    odd = tmp_path / "recording"
    odd.write_bytes(b"x")
    paths, failed = find_sounds([odd, folder, folder / "b.wav", tmp_path / "gone.wav"])
    assert paths == [str(odd.resolve()), *(str((folder / name).resolve()) for name in ("a.flac", "b.wav", "sub/c.mp3"))]
    assert [(failure.path, failure.stage) for failure in failed] == [(str(tmp_path / "gone.wav"), "scan")]


def test_spans_keep_their_captions() -> None:
    spans = [CaptionedSpan(Span(0, 1), MadeCaption("A.", 1.0)), CaptionedSpan(Span(1, 2), MadeCaption("B.", 2.0))]
    assert merged(spans) == tuple(spans)


def test_stretches_that_say_the_same_as_the_whole_are_none() -> None:
    assert caption_embedded(Naming(), "/a", embedded([0.5, 1, 0.25]), every_s=10.0).spans == ()
    heard = embedded([-1, -1])
    mixed = replace(heard, vectors=replace(heard.vectors, clip=np.float32([1.0, 0.0])))  # both stretches are rain, the whole is a dog
    told = caption_embedded(Naming(), "/a", mixed, every_s=10.0)
    assert (told.made.text, [(each.span, each.made.text) for each in told.spans]) == ("Dog.", [(Span(0.0, 20.0), "Rain.")])
