"""`hearken demo`: a first run on real or, failing that, imitated sounds, with three searches."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.index import index_into
from hearken.cli.options import JobsOption
from hearken.errors import AudioReadError, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from hearken.search.library import Library

MIN_SYSTEM_FILES = 10
MAX_SYSTEM_FILES = 300
SYSTEM_FOLDERS = ("~/Sounds", "~/Music", "~/sounds", "/usr/share/sounds", "/System/Library/Sounds", "C:\\Windows\\Media")
SYNTHETIC_QUERIES = ("thunder rolls in heavy rain", "a dog is barking", "an old telephone rings")
PROBES = (
    "a dog is barking", "birds singing", "rain falling", "thunder", "wind blowing", "waves on a beach", "a car engine", "a train passes",
    "a siren", "a bell rings", "a door closes", "footsteps", "a crowd talks", "somebody speaks", "people applaud", "a clock ticks",
    "a camera shutter clicks", "an alarm beeps", "glass breaks", "water is poured", "someone sings", "a guitar is played",
    "piano music", "drums and bass", "electronic music", "a violin", "a short notification sound", "typing on a keyboard",
)  # fmt: skip
HITS_SHOWN = 3


@dataclass(frozen=True)
class Material:
    """What the demo listens to: `roots` to index, a sentence that says what they are, and the queries (none: probe for them)."""

    roots: tuple[str, ...]
    sentence: str
    queries: tuple[str, ...] = ()


def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A folder of sounds. Default: what can be found or made.")
    ] = None,
    jobs: JobsOption = None,
) -> None:
    """Try Hearken out: index some sounds and run three searches."""
    from hearken.search.library import Library

    screen = output.console()
    home = demo_home()
    material = choose(folder, home)
    screen.print(material.sentence)
    with Library(home / library_name(material.roots)) as library:
        index_into(library, material.roots, jobs=jobs, as_json=False)
        for number, query in enumerate(material.queries or best_probes(library)):
            ask(library, query, screen, remark=", with loading the model" if material.queries and number == 0 else "")
        screen.print(f"\nLook at them and listen in a browser:  hearken serve --library {show(library.path)}", style="bold", soft_wrap=True)
        screen.print("Now with your own sounds:  hearken index DIR   and   hearken search 'what you look for'", style="bold")


def demo_home() -> Path:
    """Return the folder, made if need be, for the demo's sounds and libraries: in the user's cache, or else a temporary one."""
    import platformdirs

    home = platformdirs.user_cache_path("hearken") / "demo"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError:  # no home, or one that cannot be written to
        return Path(tempfile.mkdtemp(prefix="hearken-demo-"))


def library_name(roots: Sequence[str]) -> str:
    """Return the name of the demo's library for these roots and today's model, so that two demos never mix."""
    from hearken.runtime.catalog import config_digest, find_model, read_config

    model = config_digest(read_config(find_model("pocket")))
    return "library-" + hashlib.blake2b("\0".join([model, *roots]).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


def choose(folder: Path | None, home: Path, system_folders: Iterable[str] = SYSTEM_FOLDERS) -> Material:
    """Return the material: `folder`, or sounds of the system, or imitated ones. Raises AudioReadError if `folder` is not there."""
    if folder is not None:
        if not folder.exists():
            raise AudioReadError(f"There is no folder {show(folder)}.", "Without a folder, the demo finds or makes its own sounds.")
        return Material((os.path.abspath(folder),), f"Listening to {show(os.path.abspath(folder))}")
    found = system_sounds(system_folders)
    if len(found) >= MIN_SYSTEM_FILES:
        return Material(tuple(found), f"Listening to {output.plural(len(found), 'sound')} found on this computer")
    return _synthetic(home / "sounds")


def system_sounds(folders: Iterable[str] = SYSTEM_FOLDERS) -> list[str]:
    """Return up to MAX_SYSTEM_FILES paths of sounds in the usual places of this system."""
    from hearken.library.records import Found
    from hearken.library.scan import scan

    roots = [path for path in map(os.path.expanduser, folders) if os.path.isdir(path)]
    return [found.path for found in islice((item for item in scan(roots) if isinstance(item, Found)), MAX_SYSTEM_FILES)]


def _synthetic(folder: Path) -> Material:
    from hearken.audio.sounds import SOUNDS, write_sounds

    if not all((folder / f"{name}.wav").exists() for name in SOUNDS):
        write_sounds(folder)
    sentence = f"No recordings at hand, so these are {len(SOUNDS)} SYNTHETIC sounds, made from numbers: {show(folder)}"
    return Material((str(folder),), sentence, SYNTHETIC_QUERIES)


def best_probes(library: Library, count: int = 3) -> list[str]:
    """Return the `count` queries out of PROBES that this library answers best, each with another file in front."""
    best: dict[str, tuple[float, str]] = {}
    for probe in PROBES:
        for hit in library.search(probe, k=1, names=False):
            best[hit.path] = max(best.get(hit.path, (-1.0, "")), (hit.score, probe))
    return [probe for _, probe in sorted(best.values(), reverse=True)[:count]]


def ask(library: Library, query: str, screen: Console, *, remark: str = "") -> None:
    """Run one search by sound alone and print its table and time, with a `remark` on the time."""
    started_s = time.perf_counter()
    hits = library.search(query, k=HITS_SHOWN, names=False)
    took_ms = (time.perf_counter() - started_s) * 1000
    screen.print(f"\nhearken search --sound-only '{query}'   ({took_ms:.0f} ms{remark})", style="bold")
    screen.print(output.hits_table(hits, screen))
