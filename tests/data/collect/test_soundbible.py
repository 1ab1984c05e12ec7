"""SoundBible's pages, in the markup that public programs and the public CSV have seen."""

from __future__ import annotations

import csv
import html
from pathlib import Path

import pytest

from hearken.data.collect import soundbible as module
from hearken.data.collect.markup import clean
from hearken.data.collect.publish import read_public_table
from tests.data.collect.local_site import bible_page

pytest.importorskip("bs4")
URL = "https://soundbible.com/2219-Airplane-Landing-Airport.html"
PUBLIC = Path(__file__).resolve().parents[4] / "shared" / "captions" / "wavtext5k" / "WavText5K.csv"


def read(text: str, url: str = URL) -> tuple[str, str, tuple[str, ...], str]:
    found = module.read_detail(text, url)
    return found.title, found.description, found.tags, found.download_link


def test_addresses() -> None:
    assert module.sound_number(URL) == "2219"
    assert module.sound_number("https://soundbible.com/tags-9-dogs.html") == module.sound_number("https://soundbible.com/a/2-B.html") == ""
    assert [module.list_number(module.list_page(7)), module.list_number(URL)] == [7, 0]
    assert module.download_link("2219") == "https://soundbible.com/grab.php?id=2219&type=wav"
    assert module.title_of("https://soundbible.com/1782-Tyrannosaurus-Rex%21-.html") == "Tyrannosaurus Rex!"


def test_the_markup_of_2022() -> None:
    text = bible_page(
        "2219", "Airplane Landing Airport", "<b>Description:</b> Large  airplane &amp; runway.", ("big plane", "runway")
    ).body.decode()
    grab = "https://soundbible.com/grab.php?id=2219&type=wav"
    assert read(text) == ("Airplane Landing Airport", "Large airplane & runway.", ("big plane", "runway"), grab)
    assert module.read_detail(text, URL).licence == "Attribution 3.0"


def test_the_markup_of_before() -> None:
    text = (
        "<div id='wrap'><div id='content'><div id='main'><h2>Power-Up</h2></div></div></div><a href='mp3/x.mp3'>m</a><a href='wav/x.wav'>w</a>"
        "<div typeof='v:Review-aggregate'><span property='v:summary'>A power up.</span> License: Sampling Plus 1.0 | File Size: 1 MB |</div>"
        "<p><a href='tags-up.html'>up</a></p>"
    )
    assert read(text, "https://soundbible.com/1639-Power-Up.html") == (
        "Power-Up",
        "A power up.",
        ("up",),
        "https://soundbible.com/wav/x.wav",
    )
    assert module.read_detail(text, "https://soundbible.com/1639-Power-Up.html").licence == "Sampling Plus 1.0"


def test_tags_of_meta_go_first_and_adverts_are_taken_away() -> None:
    text = (
        "<head><title>Airplane Landing Airport Sounds | SoundBible.com</title><meta name='keywords' content='plane, runway,'>"
        "<meta name='description' content='Airplane Landing Airport Sound Effect for Free. Get A plane lands. in Wav or MP3 for free.'></head>"
        "<a href='tags-popular.html'>popular</a><a href='grab.php?id=22190&type=wav'>other</a><a href='grab.php?id=2219&type=mp3'>mp3</a>"
    )
    assert read(text) == ("Airplane Landing Airport", "A plane lands.", ("plane", "runway"), "")


def test_a_heading_that_is_not_the_sounds_does_not_count() -> None:
    assert read("<h1>Free Sound Effects</h1><h2>Most popular</h2>")[0] == "Airplane Landing Airport"
    assert read("<h1>airplane landing-airport</h1>")[0] == "airplane landing-airport"
    assert read("") == ("Airplane Landing Airport", "", (), "")


@pytest.mark.skipif(not PUBLIC.is_file(), reason="the public table is not here")
def test_addresses_of_the_public_table_give_its_titles_and_links() -> None:
    with PUBLIC.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "soundbible" in row["view_link"]]
    assert len(rows) == 2058
    assert all(module.download_link(module.sound_number(row["view_link"])) == row["download_link"] for row in rows)
    same = sum(module.title_of(row["view_link"]).lower() == row["title"].strip().lower() for row in rows)
    assert same >= 2041


@pytest.mark.skipif(not PUBLIC.is_file(), reason="the public table is not here")
def test_real_words_survive_the_way_through_a_page() -> None:
    entries = [entry for entry in read_public_table(PUBLIC) if entry.site == "soundbible"][::9]
    for entry in entries:
        description = f"<b>Description:</b> {html.escape(entry.description)}"
        text = bible_page(entry.number, html.escape(entry.title), description, tuple(html.escape(tag) for tag in entry.tags)).body.decode()
        found = module.read_detail(text, entry.view_link)
        assert (found.title, found.description) == (entry.title, clean(entry.description))
        wanted = [clean(tag) for tag in entry.tags if clean(tag) and "/" not in tag and "?" not in tag and "#" not in tag]
        assert set(wanted) <= set(found.tags)
    assert len(entries) == 229
