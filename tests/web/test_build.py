"""The built page as it is shipped: small, whole, and asking nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import hearken

STATIC = Path(hearken.__file__).parent / "server" / "static"


def test_the_build_is_there_and_small() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert (STATIC / "index.html") in files
    assert sum(path.stat().st_size for path in files) < 400_000


def test_the_first_file_names_all_others_and_has_no_script_of_its_own() -> None:
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="/([^"]+)"', html)
    assert len(named) >= 4
    assert [name for name in named if not (STATIC / name).is_file()] == []
    assert re.search(r"<script(?![^>]*\ssrc=)", html) is None
    assert re.search(r"\son\w+=", html) is None
    assert all(re.search(r"-[\w-]{8}\.\w+$", path.name) for path in (STATIC / "assets").iterdir())


def test_no_other_machine_is_named() -> None:
    allowed = re.compile(r"https?://(?:www\.w3\.org|svelte\.dev|127\.0\.0\.1|localhost)")
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css", ".html"}:
            found = re.findall(r"https?://[\w.-]+", path.read_text(encoding="utf-8"))
            assert [address for address in found if not allowed.match(address)] == [], path.name
