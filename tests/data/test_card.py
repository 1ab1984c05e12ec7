"""Every card of the table: it says what a user must know, and its files can be brought, checked or asked for."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from hearken.data.card import Card, Definition, File, Split
from hearken.data.table import CORPORA, definition


def test_a_split_has_no_queries_unless_it_says_so() -> None:
    assert (Split("a", 1, 5).num_queries, Split("a", 1, 5).num_variations) == (0, 0)


def test_a_file_says_nothing_that_nobody_published() -> None:
    file = File("a.csv")
    assert (file.urls, file.size_bytes, file.md5, file.sha256, file.holds, file.unpack_to, file.splits) == (
        (),
        None,
        None,
        None,
        "text",
        None,
        (),
    )


@pytest.mark.parametrize("name", CORPORA)
def test_cards_are_complete(name: str) -> None:
    found = definition(name)
    card = found.card
    assert isinstance(card, Card)
    assert card.name == name
    for text in (card.title, card.summary, card.licence, card.audio_licence, card.citation, card.text_source):
        assert text.strip() == text != ""
    assert urlsplit(card.homepage).scheme == "https"
    assert all(note.endswith(".") for note in card.notes)
    names = [split.name for split in card.splits]
    assert names
    assert len(set(names)) == len(names)
    for split in card.splits:
        assert split.num_clips >= 0
        assert split.num_captions >= 0
        assert split.num_queries >= 0


@pytest.mark.parametrize("name", CORPORA)
def test_files_can_be_brought_checked_or_asked_for(name: str) -> None:
    card = definition(name).card
    paths = [file.path for file in card.files]
    assert len(set(paths)) == len(paths)
    for file in card.files:
        path = PurePosixPath(file.path)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert file.holds in ("text", "audio")
        assert file.urls or file.how, f"{file.path} has neither an address nor a word on how to get it"
        assert all(urlsplit(url).scheme == "https" for url in file.urls)
        assert file.md5 is None or re.fullmatch(r"[0-9a-f]{32}", file.md5)
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size_bytes is None or file.size_bytes > 0
        assert set(file.splits) <= {split.name for split in card.splits}
        if file.unpack_to is not None:
            assert ".." not in PurePosixPath(file.unpack_to).parts


@pytest.mark.parametrize("name", CORPORA)
def test_definitions_read_something(name: str) -> None:
    found: Definition = definition(name)
    assert found.read or found.read_queries or found.read_variations
    if found.clips_of is not None:
        other = {split.name for split in definition(found.clips_of).card.splits}
        assert {split.name for split in found.card.splits} <= other
    if any(split.num_clips for split in found.card.splits):
        assert found.read
    if any(split.num_queries for split in found.card.splits):
        assert found.read_queries
