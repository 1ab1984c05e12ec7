"""One file and its ways: from its address, a mirror on the web or on a disk, or a person's hand; always checked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.data import bring as module
from hearken.data.bring import BY_HAND, FAILED, FETCHED, HERE, Brought, Memory, Way, bring, check_mirror, flat, mirrored
from hearken.data.card import Card, File
from hearken.data.download import Expected
from hearken.errors import DownloadError, MissingDataError
from tests.data.site import Site, card, site  # noqa: F401

DATA = b"the published bytes " * 10_000
SHA256, MD5 = hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).hexdigest()


@pytest.fixture
def file(site: Site) -> File:  # noqa: F811
    site.files["pub/x.bin"] = DATA
    return File("sub/x.bin", (f"{site.address}/pub/x.bin",), len(DATA), MD5)


@pytest.fixture
def corpus(file: File) -> Card:
    return Card("tiny", "", "", "", "", "", "", (), (file, File("other/y.bin"), File("y.bin")))


def go(file: File, corpus: Card, home: Path, mirror: str | None = None) -> Brought:
    home.mkdir(exist_ok=True)
    return bring(file, corpus, home, Way(mirror, 5.0, lambda seconds: None), Memory(home))


def test_a_file_comes_from_its_address_once(file: File, corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    assert go(file, corpus, tmp_path / "h") == Brought(file, FETCHED, SHA256, len(DATA))
    assert go(file, corpus, tmp_path / "h") == Brought(file, HERE, SHA256, len(DATA))
    assert (tmp_path / "h" / "sub" / "x.bin").read_bytes() == DATA
    assert len(site.seen) == 1


def test_a_checked_file_is_not_read_again_until_it_changes(
    file: File, corpus: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(file, corpus, tmp_path)
    checked = []
    original = module.verify
    monkeypatch.setattr(module, "verify", lambda path, expected: checked.append(path) or original(path, expected))
    assert go(file, corpus, tmp_path).is_here
    assert checked == []
    (tmp_path / "sub" / "x.bin").write_bytes(b"X" * len(DATA))
    broken = go(file, corpus, tmp_path)
    assert (broken.status, len(checked)) == (FAILED, 1)
    assert "is not the published one: its MD5" in broken.message
    assert "Remove it" in broken.hint
    assert (tmp_path / "sub" / "x.bin").exists()


def test_another_digest_is_asked_for(file: File, corpus: Card, tmp_path: Path) -> None:
    go(file, corpus, tmp_path)
    assert go(replace(file, md5="0" * 32), corpus, tmp_path).status == FAILED


def test_a_damaged_memory_is_no_memory(file: File, corpus: Card, tmp_path: Path) -> None:
    go(file, corpus, tmp_path)
    (tmp_path / ".hearken" / "files.json").write_text('{"sub/x.bin": {"sha256": 5}}')
    assert go(file, corpus, tmp_path).sha256 == SHA256


def test_a_mirror_on_the_web(file: File, corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    site.files["m/tiny/x.bin"] = DATA
    assert go(file, corpus, tmp_path, f"{site.address}/m/").status == FETCHED
    assert [path for path, _ in site.seen] == ["m/tiny/x.bin"]


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_mirror_on_a_disk(file: File, corpus: Card, tmp_path: Path, form: str, site: Site) -> None:  # noqa: F811
    place = tmp_path / "a mirror" / "tiny" / "x.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    mirror = form.format(str(tmp_path / "a mirror").replace(" ", "%20" if form.startswith("file") else " "))
    assert go(file, corpus, tmp_path / "h", mirror) == Brought(file, FETCHED, SHA256, len(DATA))
    assert site.seen == []


def test_a_wrong_file_of_a_mirror_is_refused_and_leaves_nothing(file: File, corpus: Card, tmp_path: Path) -> None:
    place = tmp_path / "m" / "tiny" / "x.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"something else")
    broken = go(file, corpus, tmp_path / "h", str(tmp_path / "m"))
    assert broken.status == FAILED
    assert f"The mirror's {place} is not the published file: it has 14 bytes" in broken.message
    assert list((tmp_path / "h" / "sub").iterdir()) == []


def test_a_mirror_without_the_file(file: File, corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    broken = go(file, corpus, tmp_path / "h", str(tmp_path / "m"))
    assert (broken.status, broken.message) == (FAILED, f"The mirror has no file {tmp_path}/m/tiny/x.bin.")
    assert "404" in go(file, corpus, tmp_path / "h", f"{site.address}/m").message


def test_without_an_address_a_person_is_asked(corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    file = File("audio", holds="audio", how="Ask the author.")
    asked = go(file, corpus, tmp_path)
    assert (asked.status, asked.hint) == (BY_HAND, f"Ask the author. Its place is {tmp_path}/audio.")
    assert asked.message == "audio has no public address."
    assert go(file, corpus, tmp_path, str(tmp_path / "m")).status == BY_HAND
    assert go(file, corpus, tmp_path, f"{site.address}/m").status == BY_HAND
    (tmp_path / "audio").mkdir()
    assert go(file, corpus, tmp_path).status == HERE


def test_a_mirror_may_have_what_has_no_address(corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    site.files["m/tiny/z.bin"] = DATA
    assert go(File("z.bin", how="Ask."), corpus, tmp_path / "h", f"{site.address}/m").sha256 == SHA256
    folder = tmp_path / "m" / "tiny" / "audio" / "deep"
    folder.mkdir(parents=True)
    (folder / "1.wav").write_bytes(b"1")
    for _ in range(2):
        assert go(File("audio", holds="audio"), corpus, tmp_path / "h", str(tmp_path / "m")).is_here
    assert (tmp_path / "h" / "audio" / "deep" / "1.wav").read_bytes() == b"1"


def test_a_mirror_that_is_ill_is_no_reason_to_ask_a_person(corpus: Card, tmp_path: Path, site: Site) -> None:  # noqa: F811
    site.files["m/tiny/z.bin"] = DATA
    site.ills["m/tiny/z.bin"] = [(503, {})] * 9
    assert go(File("z.bin", how="Ask."), corpus, tmp_path, f"{site.address}/m").status == FAILED


def test_names_that_two_files_share_are_mirrored_by_their_paths(corpus: Card) -> None:
    assert mirrored(corpus.files[1], corpus, "https://m/a/") == "https://m/a/tiny/other/y.bin"
    assert mirrored(corpus.files[0], corpus, "https://m/a") == "https://m/a/tiny/x.bin"
    assert mirrored(corpus.files[2], corpus, "/m") == Path("/m/tiny/y.bin")


def test_a_mirror_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    for there in (None, "", "https://m/a", str(tmp_path), tmp_path.as_uri()):
        check_mirror(there)
    with pytest.raises(MissingDataError, match=r"There is no mirror .*/typo"):
        check_mirror(str(tmp_path / "typo"))


def test_volumes_of_a_zip_are_files_of_their_own() -> None:
    urls = tuple(f"http://h/X.{end}?download=1" for end in ("z01", "z02", "zip"))
    split = File("a/X.zip", urls, 99, "0" * 32, holds="audio", unpack_to=".", splits=("s",))
    joined = File("b.7z", ("http://h/b.7z.001", "http://h/b.7z.002"), unpack_to=".")
    made = flat([split, joined])
    assert [(file.path, file.urls, file.unpack_to) for file in made] == [
        ("a/X.z01", urls[:1], None), ("a/X.z02", urls[1:2], None), ("a/X.zip", urls[2:], "."), ("b.7z", joined.urls, "."),
    ]  # fmt: skip
    assert {(file.md5, file.size_bytes, file.holds, file.splits) for file in made[:3]} == {(None, None, "audio", ("s",))}


def test_a_full_disk(file: File, corpus: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "m" / "tiny" / "x.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    assert f"no room for {len(DATA)} bytes" in go(file, corpus, tmp_path / "h", str(tmp_path / "m")).message


def test_a_place_that_cannot_be_written(file: File, corpus: Card, tmp_path: Path) -> None:
    (tmp_path / "sub").write_bytes(b"a file where a folder should be")
    place = tmp_path / "m" / "tiny" / "x.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    broken = go(file, corpus, tmp_path, str(tmp_path / "m"))
    assert broken.status == FAILED
    assert "Check the disk" in broken.hint


def test_memory_raises_for_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    with pytest.raises(DownloadError, match="it has 1 bytes, not 2"):
        Memory(tmp_path).check(tmp_path / "x", Expected(2))
