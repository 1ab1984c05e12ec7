import pytest

from hearken.library.records import Filters
from tests.small_library import SmallLibrary, unit


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    for number, (path, duration_s) in enumerate({"/x/b.wav": 5.0, "/x/a.flac": 9.0, "/y/c.wav": 1.0}.items()):
        made.put(path, [unit(1, number, 0, 0)], duration_s=duration_s, content="twin" if number < 2 else "")
    yield made
    made.close()


def test_counts(library):
    browser = library.store.browser
    assert browser.counts("num_channels") == {"1": 3}
    assert browser.counts("rate_hz") == {"44100": 3}
    assert sum(browser.counts("container").values()) == 3


@pytest.mark.parametrize(("order", "expected"), [("name", [2, 1, 3]), ("duration", [3, 2, 1]), ("added", [3, 2, 1])])
def test_pages_are_parts_of_the_whole(library, order, expected):
    browser = library.store.browser
    assert browser.page(Filters(), order, 0, 10).file_ids == expected
    for filters, only in ((Filters(), None), (Filters(path_glob="*"), None), (Filters(), {1, 2, 3})):
        parts = [browser.page(filters, order, offset, 2, only) for offset in (0, 2, 4)]
        assert [each for part in parts for each in part.file_ids] == expected
        assert {part.total for part in parts} == {3}


def test_filters(library):
    browser = library.store.browser
    assert browser.page(Filters(path_glob="/x/"), "name", 0, 10) == (2, [2, 1])
    assert browser.page(Filters(containers=("flac",)), "name", 0, 10).file_ids in ([2], [])
    assert browser.page(Filters(path_glob="/x/"), "name", 0, 10, {1, 3}) == (1, [1])


def test_folders_copies_versions_and_content(library):
    browser, store = library.store.browser, library.store
    assert browser.folders() == {"/x": 2, "/y": 1}
    assert browser.copies(1) == [2]
    assert browser.copies(3) == []
    assert browser.versions([1, 2, 3, 99]) == store.file_versions()
    hashes = {record.id: record.content_hash for record in store.files()}
    assert browser.with_content([hashes[1]]) == {1, 2}
    assert browser.with_content([]) == set()
    assert browser.with_content([hashes[3], "00" * 16]) == {3}
    assert browser.with_content([*(f"{number:032x}" for number in range(1200)), hashes[3]]) == {3}
    assert browser.contents([hashes[1], "00" * 16]) == {hashes[1]}
    assert browser.at_paths([record.path for record in store.files([2, 3])] + ["/absent.wav"]) == {2, 3}
