"""What is kept: favourites, collections, notes, saved searches, exports; and indexing from the page."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from hearken.audio.sounds import synthesise
from hearken.audio.synth import save_wav


def open_results(visit, address: str, name: str):
    page = visit(address)
    page.wait_for_function("name => document.querySelector('article .stem')?.textContent === name", arg=name)
    return page


def test_a_star_puts_the_span_among_the_favourites_and_takes_it_out(visit) -> None:
    page = open_results(visit, "/?q=heavy+rain", "rain")
    page.keyboard.press("f")
    page.wait_for_selector("article >> nth=0 >> [aria-label=Favourite][aria-pressed=true]")
    page.click("nav >> text=Favourites")
    page.wait_for_selector("main h2 >> text=Favourites")
    page.wait_for_selector("article >> text=rain")
    page.keyboard.press("f")
    page.wait_for_selector("article >> nth=0 >> [aria-label=Favourite][aria-pressed=false]")
    page.reload()
    page.wait_for_selector("text=Nothing here yet")


def test_a_collection_is_made_filled_renamed_and_deleted(visit) -> None:
    page = open_results(visit, "/?q=a+siren+wails", "siren")
    page.click("article >> nth=0 >> [aria-label=More]")
    page.fill("[aria-label='Name of a new collection']", "Scene 4")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Added to Scene 4")
    page.keyboard.press("Escape")
    page.click("nav >> text=Scene 4")
    page.wait_for_selector("article >> text=siren")
    page.click("[aria-label=Rename]")
    page.fill("dialog input", "Scene 5")
    page.keyboard.press("Enter")
    page.wait_for_selector("main h2 >> text=Scene 5")
    page.click("article >> nth=0 >> [aria-label=More]")
    page.click(".popover .item >> text=Take out of this collection")
    page.wait_for_selector("text=Nothing here yet")
    page.click("[aria-label='Delete the collection']")
    page.click("dialog .primary")
    page.wait_for_selector("nav >> text=Scene 5", state="detached")


def test_a_note_is_kept(visit) -> None:
    page = open_results(visit, "/?q=a+church+bell+rings", "church_bell")
    page.keyboard.press("Enter")
    page.fill("#note", "Good for the opening")
    page.press("#note", "Tab")
    page.wait_for_selector("text=Note saved")
    page.reload()
    page.wait_for_function("() => document.querySelector('#note')?.value === 'Good for the opening'")
    page.wait_for_selector("article >> nth=0 >> [title='You wrote a note']")


def test_a_search_is_saved_with_its_filters(visit) -> None:
    page = open_results(visit, "/?q=a+siren+wails&max_duration_s=20", "siren")
    page.click("[aria-label='Save this search']")
    page.fill("[aria-label='Name of the saved search']", "Short sirens")
    page.keyboard.press("Enter")
    page.click("a.logo")
    page.wait_for_selector("text=What do you want to hear?")
    page.goto(page.url + "?view=browse")
    page.click("nav >> text=Short sirens")
    page.wait_for_url("**q=a+siren+wails&max_duration_s=20")
    page.click("[aria-label='Forget Short sirens']")
    page.wait_for_selector("nav >> text=Short sirens", state="detached")


@pytest.mark.parametrize("name", ["Table", "Playlist", "Labels", "Data", "Excerpts"])
def test_the_list_is_exported(visit, name: str) -> None:
    page = open_results(visit, "/?q=a+dog+barks&max_duration_s=20", "dog_bark")
    page.click("[aria-label='Export this list']")
    with page.expect_download() as downloaded:
        page.click(f".popover .item >> text={name}")
    with open(downloaded.value.path(), "rb") as file:
        data = file.read()
    if name == "Excerpts":
        inside = zipfile.ZipFile(io.BytesIO(data))
        assert inside.testzip() is None
        assert sum(each.endswith(".flac") for each in inside.namelist()) == page.locator("article").count()
        return
    text = data.decode()
    assert "dog_bark" in text
    if name == "Table":
        assert len(list(csv.DictReader(io.StringIO(text)))) == page.locator("article").count()
    if name == "Data":
        json.loads(text)


def test_a_new_sound_is_indexed_from_the_page_and_found(visit, server) -> None:
    page = visit(expected="404")  # its picture may be asked for when the file is gone already
    page.wait_for_selector(".status >> text=27 sounds")
    added = server.sounds / "synthetic" / "whistle_again.wav"
    save_wav(added, synthesise("whistle")[::-1])  # no copy of the other one: those are folded into one hit
    try:
        page.click(".status")
        page.click("text=Look for new sounds")
        page.wait_for_selector("text=28 sounds")
        page.wait_for_selector("text=Indexing is done.")
        page.keyboard.press("Escape")
        page.fill("input[name=q]", "somebody whistles")
        page.wait_for_selector("article >> text=whistle_again")
    finally:
        added.unlink()
        page.goto(server.address)
        page.click(".status")
        page.click("text=Look for new sounds")
        page.wait_for_selector(".status >> text=27 sounds")


def test_the_ledger_says_what_could_not_be_read(visit) -> None:
    page = visit()
    page.click(".status")
    page.click(".popover >> text=1 file")
    page.wait_for_selector("main li >> text=broken.wav")
    assert len(page.inner_text("main li")) > len("broken.wav") + 20
