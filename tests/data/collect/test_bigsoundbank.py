"""BigSoundBank's pages, in the markup that public programs have seen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hearken.data.collect import bigsoundbank as module
from hearken.data.collect.markup import clean
from hearken.data.collect.publish import read_public_table
from tests.data.collect.local_site import bank_page

pytest.importorskip("bs4")
URL = "https://bigsoundbank.com/forest-s0100.html"
WAV = "https://bigsoundbank.com/UPLOAD/wav/0100.wav"
PUBLIC = Path(__file__).resolve().parents[4] / "shared" / "captions" / "wavtext5k" / "WavText5K.csv"


def test_addresses_of_then_and_now() -> None:
    pages = ("detail-0100-forest.html", "forest-s0100.html", "a-s100.html", "x-s12345.html", "detail-0157-starting-an-iBook-g4.html")
    assert [module.sound_number(f"https://bigsoundbank.com/{page}") for page in pages] == ["0100", "0100", "0100", "12345", "0157"]
    assert [module.sound_number(f"https://bigsoundbank.com/{page}") for page in ("licenses.html", "a/b-s0100.html", "s0100")] == [""] * 3
    assert module.download_link("0100") == WAV


def test_the_page_as_it_is_now() -> None:
    found = module.read_detail(bank_page("0100", "Forest", "Birds &amp; trees.", "forest, bird").body.decode(), URL)
    assert (found.title, found.description, found.tags) == ("Forest", "Birds & trees.", ("forest", "bird"))
    assert (found.download_link, found.licence, found.author) == (WAV, "CC0-1.0", "Joseph Example")


def test_a_page_without_linked_data() -> None:
    text = (
        "<title>Forest | BigSoundBank</title><meta property='og:description' content='Description: Birds.'>"
        "<a href='/UPLOAD/wav/0101.wav'>another</a><p>Author: A. B. Sound number: 2,715</p>"
    )
    found = module.read_detail(text, URL)
    assert (found.title, found.description, found.tags, found.download_link) == ("Forest", "Birds.", (), "")
    assert (found.licence, found.author) == ("", "A. B.")


@pytest.mark.parametrize("title", ["iPhone - Camera", "Walla group : discussions", "Half-empty - free", "Forest", "A | B"])
def test_titles_with_dashes_stay_whole(title: str) -> None:
    found = module.read_detail(f"<title>{title} - BigSoundBank.com</title>", URL)
    assert found.title == {"Half-empty - free": "Half-empty", "A | B": "A"}.get(title, title)


def test_linked_data_of_the_wrong_kind() -> None:
    text = '<h1>Forest</h1><script type="application/ld+json">{"@type": "AudioObject", "name": 3, "keywords": ["a", 2], "contentUrl": {}}</script>'
    found = module.read_detail(text, URL)
    assert (found.title, found.tags, found.download_link) == ("Forest", ("a",), "")
    text = f'<script type="application/ld+json">{{"@type": "AudioObject", "contentUrl": "{WAV}"}}</script>'
    assert module.read_detail(text, URL).download_link == WAV


@pytest.mark.skipif(not PUBLIC.is_file(), reason="the public table is not here")
def test_addresses_of_the_public_table_give_its_links() -> None:
    with PUBLIC.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "bigsoundbank" in row["view_link"]]
    assert len(rows) == 2467
    assert all(module.download_link(module.sound_number(row["view_link"])) == row["download_link"] for row in rows)


@pytest.mark.skipif(not PUBLIC.is_file(), reason="the public table is not here")
def test_real_words_survive_the_way_through_a_page() -> None:
    entries = [entry for entry in read_public_table(PUBLIC) if entry.site == "bigsoundbank"][::4]
    for entry in entries:
        found = module.read_detail(bank_page(entry.number, entry.title, entry.description).body.decode(), entry.view_link)
        assert (found.title, found.description, found.download_link) == (clean(entry.title), clean(entry.description), entry.download_link)
    assert len(entries) == 617
