"""Twelve small sounds, one of them broken, and packs of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hearken.audio.synth import save_wav
from hearken.data.clip import Corpus
from hearken.data.shards.pack import PackReport, pack
from tests.data.shards.packs import BROKEN, corpus_in, draw, plan_of, sounds_of


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(12):
        save_wav(folder / f"{number}.wav", draw(number))  # at 32 kHz
    (folder / f"{BROKEN}.wav").write_bytes(b"RIFF, but no sound")
    return corpus_in(folder)


@pytest.fixture(scope="session")
def _whole(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> PackReport:
    return pack(plan_of(corpus), sounds_of(corpus), tmp_path_factory.mktemp("whole") / "pack")


@pytest.fixture
def report(_whole: PackReport) -> PackReport:
    """What packing came to; its folder is not to be changed."""
    return _whole


@pytest.fixture
def packed(_whole: PackReport, tmp_path: Path) -> Path:
    """A folder of four shards with eleven samples, to do harm to."""
    shutil.copytree(_whole.folder, tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture
def harmed(packed: Path) -> Callable[[str, Callable[[bytes], bytes]], Path]:
    """Return a function that changes the bytes of a file of `packed`."""

    def harm(name: str, change: Callable[[bytes], bytes]) -> Path:
        (packed / name).write_bytes(change((packed / name).read_bytes()))
        return packed

    return harm
