"""The built page as it is shipped: small, whole, and asking nobody else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import hearken

STATIC = Path(hearken.__file__).parent / "server" / "static"
WEB = Path(__file__).resolve().parents[2] / "web"


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


def test_the_build_is_that_of_the_sources() -> None:
    """As `web/sources.ts` counts them, but for line endings, which a checkout may change."""
    names = ["index.html", "package-lock.json", "package.json", "svelte.config.js", "tsconfig.json", "vite.config.ts", "sources.ts"]
    for folder in ("public", "src"):
        inside = (path for path in (WEB / folder).rglob("*") if path.is_file() and not path.name.endswith(".test.ts"))
        names += [path.relative_to(WEB).as_posix() for path in inside]
    lines = (f"{hashlib.sha256((WEB / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names))
    built = (STATIC / "sources.sha256").read_text(encoding="ascii").strip()
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == built, "web/ has changed: run `npm run build` there"
