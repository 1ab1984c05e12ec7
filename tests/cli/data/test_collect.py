"""`hearken data collect` against both sites on this machine: what is told, and being killed in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.collect.local_site import KEPT, REMOVED, Answer, LocalSites, fill
from tests.local_server import without_proxies

pytest.importorskip("bs4")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSites]:
    without_proxies(monkeypatch)
    with LocalSites() as sites:
        fill(sites)
        sites.routes["soundbible", "/robots.txt"] = Answer(b"User-agent: *\nDisallow: /grab.php?id=8&\n")
        yield sites


def here(sites: LocalSites) -> list[str]:
    pairs = (f"--base-url={site}={url}" for site, url in sites.urls.items())
    return ["data", "collect", "wavtext5k", "--delay", "0", *pairs]


def test_a_run_is_told_to_people(cli, sites: LocalSites, tmp_path: Path) -> None:
    code, out, err = cli(*here(sites), "--folder", str(tmp_path / "w"), "--contact", "me@example.org")
    assert code == 0
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines() if not line.startswith(" ")}
    assert rows["found"] == "17 sounds = 7 kept + 10 removed + 0 failed"
    assert rows["kept"].startswith("7 sounds: 7 captions, 0.00 h of sound")
    assert "4 dead_link: nothing, or no sound, is where the link leads" in out
    assert rows["written"] == f"{tmp_path / 'w'}: WavText5K.csv, manifest.jsonl, ledger.jsonl"
    assert "https://bigsoundbank.com/licenses.html" in err
    assert "https://soundbible.com/about.php" in err
    assert sites.log[0].headers["user-agent"].endswith("; +me@example.org)")


def test_json_the_default_folder_and_failures(cli, sites: LocalSites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    sites.routes["soundbible", "/grab.php?id=12&type=wav"] = Answer(b"", 403)
    code, out, err = cli(
        *here(sites), "--json", "--site", "soundbible", "--limit", "2", f"--base-url=soundbible={sites.urls['soundbible']}"
    )
    report = json.loads(out)
    assert (code, err) == (3, "")
    assert report["folder"] == str(tmp_path / "wavtext5k-collected")
    assert {name: report[name] for name in ("found", "kept", "removed", "failed", "left", "captions", "troubles", "examples")} == {
        "found": 2, "kept": 1, "removed": {}, "failed": {"refused": 1}, "left": 0, "captions": 1, "troubles": [],
        "examples": {"refused": f"{sites.urls['soundbible']}/grab.php?id=12&type=wav is refused (403)"},
    }  # fmt: skip


def test_what_failed_is_told_with_a_way_on(cli, sites: LocalSites, tmp_path: Path) -> None:
    sites.routes["soundbible", "/robots.txt"] = Answer(b"", 401)
    sites.routes["soundbible", "/free-sound-effects-1.html"] = Answer(b"", 403)
    code, out, _ = cli(*here(sites), "--folder", str(tmp_path), "--no-audio", "--site", "soundbible")
    assert code == 3
    assert "trouble  " in out
    assert "free-sound-effects-1.html is refused (403)" in out
    assert "Run the command again" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["clotho"], 1, "'clotho' cannot be collected."),
        (["wavtext5k", "--site", "freesound"], 1, "There is no site 'freesound'."),
        (["wavtext5k", "--delay", "0.5"], 2, "0.5 is no pause"),
        (["wavtext5k", "--delay", "0", "--base-url", "soundbible=http://localhost:1"], 2, "0 is no pause"),
        (["wavtext5k", "--delay", "nan"], 2, "nan is no pause"),
        (["wavtext5k", "--limit", "0"], 2, "greater than or equal to 1"),
        (["wavtext5k", "--base-url", "freesound=http://x"], 2, "is not SITE=URL"),
        (["wavtext5k", "--base-url", "soundbible=file:///x"], 2, "is not SITE=URL"),
        (["wavtext5k", "--contact", "a\nb"], 2, "give a mail or web address"),
        (["wavtext5k", "--from-csv", "none.csv"], 1, "none.csv is not there."),
    ],
)
def test_errors(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    found = cli("data", "collect", *arguments, "--folder", str(tmp_path / "w"))
    assert found.code == code
    assert message in " ".join(found.err.replace("│", " ").split())


def test_killed_again_and_again_nothing_is_lost_or_doubled(sites: LocalSites, tmp_path: Path) -> None:
    sites.pause_s = 0.02
    command = [sys.executable, "-m", "hearken", *here(sites), "--folder", str(tmp_path), "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for num_more in (4, 16, 38):  # requests that are answered before the end
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        while len(sites.log) < num_more and process.poll() is None:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert {line["id"] for line in lines if line["state"] == "kept"} == KEPT
    assert {line["id"]: line["reason"] for line in lines if line["state"] == "removed"} == REMOVED
    assert len(lines) == 17
    assert sorted(path.stem.replace("_", ":") for path in (tmp_path / "audio").iterdir()) == sorted(KEPT)
    assert len((tmp_path / "manifest.jsonl").read_text().splitlines()) == len(KEPT)
    asked = Counter((request.site, request.path) for request in sites.log if request.path != "/robots.txt")
    again = {place: count for place, count in asked.items() if count > 1}
    assert sum(count - 1 for count in again.values()) <= 3  # what was under way at each of the three ends
    assert not list((tmp_path / ".collect" / "sounds").iterdir())
