"""The run, end to end against both sites on this machine: with faults, cut off, gone on with; and its manners by their log."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.data.collect.clean import REASONS
from hearken.data.collect.collect import PATIENCE, Report, Wishes, collect
from hearken.data.collect.polite import Visitor
from hearken.data.load import load
from hearken.errors import DataError, DownloadError, MissingDataError
from tests.data.collect import local_site
from tests.data.collect.local_site import KEPT, REMOVED, Answer, FakeClock, LocalSites, fill, sound, wav
from tests.local_server import without_proxies

pytest.importorskip("bs4")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sites(clock: FakeClock) -> Iterator[LocalSites]:
    with LocalSites(lambda: clock.time_s) as sites:
        fill(sites)
        yield sites


def run(folder: Path, local: LocalSites, clock: FakeClock, **wishes: Any) -> Report:
    visitor = Visitor(local.manners(timeout_s=0.5, contact="me@example.org"), clock.clock())
    return collect(folder, Wishes(**wishes), visitor)


def ledger(folder: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    return {line["id"]: line for line in lines}


def outcome(folder: Path) -> dict[str, bytes]:
    """All that a user sees, but for the order of the ledger's lines."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    files["ledger.jsonl"] = b"\n".join(sorted(files["ledger.jsonl"].splitlines()))
    return {name: content for name, content in files.items() if not name.startswith(".collect")}


def test_everything_is_found_and_accounted_for(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    report = run(tmp_path, sites, clock)
    lines = ledger(tmp_path)
    assert {name for name, line in lines.items() if line["state"] == "kept"} == KEPT
    assert {name: line["reason"] for name, line in lines.items() if line["state"] == "removed"} == REMOVED
    assert report.found == 17 == report.kept + report.removed.total() + report.failed.total() + report.left
    assert (report.kept, report.captions, report.failed.total(), report.troubles) == (7, 7, 0, [])
    assert report.removed == {"dead_link": 4, "empty_audio": 2, "empty_metadata": 1, "robots": 2, "unreadable_audio": 1}
    assert set(report.removed) <= set(REASONS)
    assert all(line["detail"] for line in lines.values() if line["state"] == "removed")
    assert report.duration_s == pytest.approx(0.5 + 0.2 + 0.25 + 0.2 + 0.2 + 0.3 + 0.3, abs=1e-3)


def test_the_manifest_can_be_loaded(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    run(tmp_path, sites, clock)
    corpus = load(tmp_path / "manifest.jsonl")
    clips = {clip.origins[0]: clip for clip in corpus.clips}
    assert list(clips) == [
        "bigsoundbank:0100", "bigsoundbank:0595", "bigsoundbank:0740", "bigsoundbank:0903", "soundbible:11", "soundbible:12", "soundbible:2219",
    ]  # fmt: skip
    plane = clips["soundbible:2219"]
    assert plane.captions == ("Airplane Landing Airport. Large commercial airplane landing.",)
    assert (plane.title, plane.tags, plane.licence) == ("Airplane Landing Airport", ("airport", "big plane"), "Attribution 3.0")
    assert plane.audio == "audio/soundbible_2219.flac"
    forest = clips["bigsoundbank:0100"]
    assert (forest.title, forest.tags, forest.licence, forest.author) == ("Forest", ("forest", "birds"), "CC0-1.0", "Joseph Example")
    assert forest.duration_s == pytest.approx(0.5, abs=1e-4)
    assert clips["bigsoundbank:0595"].captions == ("Wind",)  # it has no description
    assert clips["bigsoundbank:0903"].captions == ("Café d'été. À table & co.",)
    assert clips["soundbible:12"].captions == ("Bear Growling. 2 Bear Growls",)
    for clip in corpus.clips:
        heard = decode(tmp_path / clip.audio)
        assert (heard.rate_hz, len(heard.samples) / 44_100) == (44_100, pytest.approx(clip.duration_s, abs=1e-5))


def test_the_csv_has_the_public_columns(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    run(tmp_path, sites, clock)
    with (tmp_path / "WavText5K.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["view_link", "download_link", "title", "description", "fname", "tags"]
    assert len(rows) == 7
    assert rows[-1] == {
        "view_link": "https://soundbible.com/2219-Airplane-Landing-Airport.html",
        "download_link": "https://soundbible.com/grab.php?id=2219&type=wav",
        "title": "Airplane Landing Airport",
        "description": "Large commercial airplane landing.",
        "fname": "soundbible_2219.flac",
        "tags": "['airport', 'big plane']",
    }


def test_the_folder_is_a_wavtext5k(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    run(tmp_path, sites, clock)
    corpus, manifest = load("wavtext5k", folder=tmp_path), load(tmp_path / "manifest.jsonl")
    for mine, public in zip(manifest.clips, corpus.clips, strict=True):
        assert (mine.audio, mine.captions, mine.tags, mine.origins) == (public.audio, public.captions, public.tags, public.origins)


def test_the_log_shows_good_manners(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    run(tmp_path, sites, clock)
    for site, pause_s in (("bigsoundbank", 1.0), ("soundbible", 3.0)):
        asked = [request for request in sites.log if request.site == site]
        assert asked[0].path == "/robots.txt"
        gaps = [after.time_s - before.time_s for before, after in pairwise(asked)]
        assert len(gaps) > 10
        assert min(gaps[1:]) >= pause_s - 1e-9
        assert gaps[0] >= 1.0  # before Crawl-delay is known
        assert len({request.path for request in asked}) == len(asked)
    assert not [path for path in sites.paths() if path.startswith(("/private-", "/grab.php?id=8&"))]
    assert {request.headers["user-agent"] for request in sites.log} == {sites.manners(contact="me@example.org").user_agent}


def test_a_second_run_asks_for_nothing_but_robots(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    first = run(tmp_path, sites, clock)
    before = outcome(tmp_path)
    del sites.log[:]
    assert run(tmp_path, sites, clock) == first
    assert sorted(sites.paths()) == ["/robots.txt", "/robots.txt"]
    assert outcome(tmp_path) == before


FAULTS = {
    "429": [Answer(b"", 429, {"Retry-After": "7"})],
    "500": [Answer(b"oh", 500), Answer(b"oh", 503, {"Retry-After": "Wed, 01 Jan 2020 00:00:01 GMT"})],
    "truncated": [Answer(b"x" * 1000, cut=100), Answer(b"x" * 1000, cut=0)],
    "timeout": [Answer(b"late", stall_s=0.8)],
    "odd": [Answer(b"not packed at all", headers={"Content-Encoding": "gzip"}), Answer(b"", 599)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_that_pass_change_nothing(tmp_path: Path, sites: LocalSites, clock: FakeClock, fault: str) -> None:
    run(tmp_path / "plain", sites, clock)
    places = ["/robots.txt", "/free-sound-effects-2.html", "/11-Bat-Sonar.html", "/grab.php?id=2219&type=wav"]
    places = places[-2:] if fault == "timeout" else places  # each takes half a second
    for place in places:
        sites.first["soundbible", place] = list(FAULTS[fault])
    del sites.log[:]
    report = run(tmp_path / "tried", sites, clock)
    assert (report.failed.total(), report.left, report.troubles) == (0, 0, [])
    assert outcome(tmp_path / "tried") == outcome(tmp_path / "plain")
    assert [sites.paths("soundbible").count(place) for place in places] == [len(FAULTS[fault]) + 1] * len(places)
    if fault == "429":
        times = [request.time_s for request in sites.log if request.path == "/11-Bat-Sonar.html"]
        assert times[1] - times[0] >= 7.0


def test_what_fails_now_is_tried_again_by_the_next_run(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    kept = dict(sites.routes)
    sites.routes["soundbible", "/grab.php?id=12&type=wav"] = Answer(b"", 500)
    sites.routes["bigsoundbank", "/wind-s0595.html"] = Answer(b"", 403)
    report = run(tmp_path, sites, clock)
    assert (report.kept, dict(report.failed)) == (5, {"broken": 1, "refused": 1})
    assert ledger(tmp_path)["bigsoundbank:0595"]["title"] == ""
    sites.routes |= kept
    del sites.log[:]
    report = run(tmp_path, sites, clock)
    assert (report.kept, report.failed.total()) == (7, 0)
    assert set(sites.paths()) == {"/robots.txt", "/grab.php?id=12&type=wav", "/wind-s0595.html", "/UPLOAD/wav/0595.wav"}
    assert {name for name, line in ledger(tmp_path).items() if line["state"] == "kept"} == KEPT


def test_a_half_download_goes_on(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    whole = sites.routes["bigsoundbank", "/UPLOAD/wav/0100.wav"]
    sites.first["bigsoundbank", "/UPLOAD/wav/0100.wav"] = [Answer(whole.body, headers=whole.headers, cut=30_000)]
    run(tmp_path, sites, clock, sites=("bigsoundbank",))
    asked = [request.headers.get("range") for request in sites.log if request.path == "/UPLOAD/wav/0100.wav"]
    assert asked == [None, "bytes=30000-"]
    assert ledger(tmp_path)["bigsoundbank:0100"]["num_bytes"] == len(whole.body)


def test_a_site_that_breaks_down_is_left_alone(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    links = [f"/{number}-Sound.html" for number in range(100, 100 + PATIENCE + 5)]
    sites.routes["soundbible", "/free-sound-effects-3.html"] = local_site.bible_list(*links)
    for key in [key for key in sites.routes if key[0] == "soundbible" and not key[1].startswith(("/free", "/robots"))]:
        del sites.routes[key]
    sites.routes |= {("soundbible", path): Answer(b"", 403) for path in [*links, "/2219-Airplane-Landing-Airport.html"]}
    report = run(tmp_path, sites, clock)
    assert dict(report.failed) == {"refused": PATIENCE}
    assert report.left == 6
    assert report.found == report.kept + report.removed.total() + report.failed.total() + report.left
    assert "left alone after 10 failures in a row" in report.troubles[0]
    assert report.kept == 4  # the other site's


def test_robots_that_cannot_be_had_forbid_everything(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    sites.routes["soundbible", "/robots.txt"] = Answer(b"", 503)
    report = run(tmp_path, sites, clock)
    assert set(sites.paths("soundbible")) == {"/robots.txt"}
    assert "cannot be read, so nothing may be asked there" in report.troubles[0]
    assert (report.found, report.kept) == (8, 4)


def test_a_list_that_says_nothing_is_told_of(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    sites.routes["soundbible", "/free-sound-effects-1.html"] = local_site.page("<p>We have a new look!</p>")
    del sites.routes["bigsoundbank", "/sitemap_bsb.xml"]
    report = run(tmp_path, sites, clock)
    assert "https://soundbible.com lists no sounds: its pages may have changed" in report.troubles[1]
    assert report.troubles[0] == "https://bigsoundbank.com/sitemap_bsb.xml is not there"
    assert report.found == 3  # from the other sitemap, which robots.txt names


class Killed(BaseException):
    """Stands for kill -9: from then on nothing reaches the disk."""


def test_cut_off_anywhere_nothing_is_lost_or_doubled(
    tmp_path: Path, sites: LocalSites, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hearken.data.collect.collect.read_sound", lambda path: decode(path, rate_hz=44_100, repair=True))  # faster
    sites.routes["soundbible", "/free-sound-effects-1.html"] = local_site.bible_list("2219-Airplane-Landing-Airport.html", "6-Owl-.html")
    wishes: dict[str, Any] = {"keep_originals": True, "sites": ("soundbible",)}
    run(tmp_path / "plain", sites, clock, **wishes)
    wanted = outcome(tmp_path / "plain")
    assert set(wanted) >= {"audio/soundbible_2219.flac", "originals/soundbible_2219.wav", "manifest.jsonl"}
    left = [10**9]  # operations until the end; nothing need really reach the disk, which would take long
    real = {"fsync": os.fstat, "replace": Path.replace, "unlink": Path.unlink}

    def dying(name: str) -> Any:
        def operation(*args: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real[name](*args, **options)

        return operation

    monkeypatch.setattr("os.fsync", dying("fsync"))
    monkeypatch.setattr("pathlib.Path.replace", dying("replace"))
    monkeypatch.setattr("pathlib.Path.unlink", dying("unlink"))
    num_killed = 0
    for allowed in range(1000):
        folder = tmp_path / f"killed{allowed}"
        left[0] = allowed
        try:
            run(folder, sites, clock, **wishes)
            break
        except Killed:
            num_killed += 1
        left[0] = 10**9
        run(folder, sites, clock, **wishes)
        found = outcome(folder)
        assert found == wanted, f"after {allowed} operations"
        assert not list((folder / ".collect" / "sounds").iterdir())
    assert num_killed > 20


def test_stopped_by_hand_the_tables_are_written(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    def stop(done: int, total: int | None) -> None:
        if total is not None and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(tmp_path, Wishes(), Visitor(sites.manners(), clock.clock()), stop)
    assert len(ledger(tmp_path)) == 3
    kept = [line for line in ledger(tmp_path).values() if line["state"] == "kept"]
    assert len(load(tmp_path / "manifest.jsonl").clips) == len(kept) > 0
    assert run(tmp_path, sites, clock).kept == 7


def test_the_public_table_replaces_the_pages(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    table = tmp_path / "public.csv"
    table.write_text(
        "view_link,download_link,title,description,fname,tags\n"
        "https://soundbible.com/2219-A.html,https://soundbible.com/grab.php?id=2219&type=wav,Plane, Lands.,../../plane/landing_0.wav,\"['a']\"\n"
        "https://soundbible.com/12-B.html,https://soundbible.com/grab.php?id=12&type=wav,Bear,Growls.,LANDING_0.wav,\"['b', "
        '<li><a href=""x"">c</a></li>, \'c\']"\n'
        "https://bigsoundbank.com/detail-0100-forest.html,https://bigsoundbank.com/UPLOAD/wav/0100.wav,Forest,,0100.wav,\n"
        "https://bigsoundbank.com/detail-0812-x.html,https://bigsoundbank.com/UPLOAD/wav/0812.wav,,,0812.wav,\n"
        "https://soundbible.com/999-C.html,https://soundbible.com/grab.php?id=999&type=wav,C,Gone.,c_2.wav,\n"
    )
    report = run(tmp_path / "out", sites, clock, from_csv=table)
    assert (report.found, report.kept, dict(report.removed)) == (5, 3, {"empty_metadata": 1, "dead_link": 1})
    assert set(sites.paths()) == {
        "/robots.txt",
        "/grab.php?id=2219&type=wav",
        "/grab.php?id=12&type=wav",
        "/UPLOAD/wav/0100.wav",
        "/grab.php?id=999&type=wav",
    }
    clips = {clip.origins[0]: clip for clip in load(tmp_path / "out" / "manifest.jsonl").clips}
    assert {name: (clip.audio, clip.captions, clip.tags) for name, clip in clips.items()} == {
        "bigsoundbank:0100": ("audio/0100.flac", ("Forest",), ()),
        "soundbible:12": ("audio/soundbible_12.flac", ("Bear. Growls.",), ("b", "c")),  # its name was taken
        "soundbible:2219": ("audio/landing_0.flac", ("Plane. Lands.",), ("a",)),
    }


def test_a_table_of_somebody_else_is_not_written_over(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    (tmp_path / "WavText5K.csv").write_text("mine")
    for _ in range(2):
        report = run(tmp_path, sites, clock, limit=2)
        assert report.files[0] == "WavText5K-collected.csv"
        assert (tmp_path / "WavText5K.csv").read_text() == "mine"
    assert (tmp_path / "WavText5K-collected.csv").read_text().count("\n") == 3


def test_words_alone_and_the_sounds_later(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    report = run(tmp_path, sites, clock, audio=False)
    assert (report.kept, report.captions) == (14, 14)
    assert not [path for path in sites.paths() if "grab" in path or "UPLOAD" in path]
    assert (tmp_path / "manifest.jsonl").read_text() == ""
    assert len((tmp_path / "WavText5K.csv").read_text().splitlines()) == 15
    del sites.log[:]
    report = run(tmp_path, sites, clock)
    assert {name for name, line in ledger(tmp_path).items() if line["state"] == "kept"} == KEPT
    assert not [path for path in sites.paths() if path.endswith((".html", ".xml"))]


def test_a_limit_takes_the_sites_in_turns_and_reads_no_more_lists(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    report = run(tmp_path, sites, clock, limit=2)
    assert (report.found, set(ledger(tmp_path))) == (2, {"bigsoundbank:0100", "soundbible:12"})
    assert "/free-sound-effects-2.html" not in sites.paths()
    assert run(tmp_path, sites, clock, sites=("soundbible",), limit=1).found == 1
    assert run(tmp_path, sites, clock).found == 17


def test_lost_files_come_back_and_removed_ones_on_request(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    run(tmp_path, sites, clock)
    (tmp_path / "audio" / "bigsoundbank_0740.flac").unlink()
    sites.routes["bigsoundbank", "/UPLOAD/wav/0904.wav"] = sound(wav(0.2))
    assert run(tmp_path, sites, clock).kept == 7
    assert (tmp_path / "audio" / "bigsoundbank_0740.flac").is_file()
    assert run(tmp_path, sites, clock, retry_removed=True).kept == 8


def test_refresh_asks_whether_pages_have_changed(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    first = sites.routes["soundbible", "/free-sound-effects-1.html"]
    sites.routes["soundbible", "/free-sound-effects-1.html"] = Answer(first.body, headers=first.headers | {"ETag": '"a"'})
    run(tmp_path, sites, clock)
    sites.routes["soundbible", "/free-sound-effects-3.html"] = local_site.bible_list("4-New.html")
    sites.routes["soundbible", "/4-New.html"] = local_site.bible_page("4", "New", "It is new.")
    sites.routes["soundbible", "/grab.php?id=4&type=wav"] = sound(wav(0.2))
    assert run(tmp_path, sites, clock).found == 17
    del sites.log[:]
    assert run(tmp_path, sites, clock, refresh=True).kept == 8
    assert [asked.headers.get("if-none-match") for asked in sites.log if asked.path == "/free-sound-effects-1.html"] == ['"a"']


def test_silence_is_sound_and_originals_can_be_kept(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    silent = bytearray(wav(0.2))
    silent[44:] = bytes(len(silent) - 44)
    sites.routes["bigsoundbank", "/UPLOAD/wav/0740.wav"] = sound(bytes(silent))
    run(tmp_path, sites, clock, keep_originals=True, sites=("bigsoundbank",))
    assert ledger(tmp_path)["bigsoundbank:0740"]["flags"] == ["silent"]
    assert not np.any(decode(tmp_path / "audio" / "bigsoundbank_0740.flac").samples)
    assert (tmp_path / "originals" / "bigsoundbank_0740.wav").read_bytes() == bytes(silent)


def test_errors(tmp_path: Path, sites: LocalSites, clock: FakeClock) -> None:
    import filelock

    with pytest.raises(DataError, match="no site 'freesound'"):
        run(tmp_path, sites, clock, sites=("freesound",))
    with pytest.raises(MissingDataError, match="is not there"):
        run(tmp_path, sites, clock, from_csv=tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text(
        "view_link,download_link,title,description,fname,tags\nhttps://freesound.org/1-x.html,u,t,d,f,\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"odd\.csv, line 2: 'view_link' is no page"):
        run(tmp_path, sites, clock, from_csv=tmp_path / "odd.csv")
    with filelock.FileLock(tmp_path / ".collect" / "lock"), pytest.raises(DownloadError, match="Another process is collecting"):
        run(tmp_path, sites, clock)
