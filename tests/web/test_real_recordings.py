"""The page over real recordings, where they are at hand: found by words, heard, and found again by their sound."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from hearken.search.library import Library
from tests.web.driving import listening

SHARED = Path(__file__).resolve().parents[3] / "shared" / "audio"
CAPTIONS = ("A dog barks.", "Rain is falling.", "A church bell rings.", "Birds sing.", "A baby cries.", "Glass breaks.")
EACH = 5

pytestmark = pytest.mark.skipif(not (SHARED / "metadata.csv").is_file(), reason="the recordings are not here")


@pytest.fixture(scope="module")
def recordings() -> dict[str, list[Path]]:
    """A few development recordings of each of some captions."""
    with open(SHARED / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    found = {each: [SHARED / row["file"] for row in islice((row for row in rows if row["caption"] == each), EACH)] for each in CAPTIONS}
    return {caption: paths for caption, paths in found.items() if paths}


@pytest.fixture(scope="module")
def address(recordings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("real") / "real.hearken"
    with Library(place) as library:
        report = library.index([path for paths in recordings.values() for path in paths])
    assert report.failed == 0
    with listening(place) as port:
        yield f"http://127.0.0.1:{port}"


def first_names(page, count: int) -> list[str]:
    page.wait_for_selector("article .stem")
    return [each.inner_text() for each in page.query_selector_all("article .stem")[:count]]


def test_a_real_dog_is_found_and_heard(browser, recordings, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/?q=a+dog+barks")
    dogs = {path.stem for path in recordings["A dog barks."]}
    assert len(dogs & set(first_names(page, len(dogs)))) >= len(dogs) - 1
    page.click("article >> nth=0 >> .play")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.2")
    page.close()


def test_a_real_recording_finds_its_like(browser, recordings, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    given, *others = recordings["A dog barks."]
    page.set_input_files("input[type=file]", str(given))
    names = first_names(page, 3)
    assert given.stem in names
    assert {path.stem for path in others} & set(names)
    page.close()
