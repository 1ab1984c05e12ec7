"""Published lists of recordings that must not be trained on, in their published formats, as sets of origins.

Three formats are read: WavCaps' JSON (`{"AudioSet": ["Y....wav", ...], "FreeSound": ["123", ...]}`), the CSV files of
aac-datasets (`index,id`) and that of DCASE 2025, task 6 (`sound_id`). A list of one's own is a CSV file with a column
`origin` (`freesound:123`, `youtube:...`, `soundbible:...`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hearken.data.card import File
from hearken.data.clip import ORIGINS
from hearken.data.home import data_home
from hearken.data.rows import fail, parse_json, read_csv, read_text
from hearken.errors import DataError, MissingDataError, show

_WAVCAPS = "https://raw.githubusercontent.com/XinhaoMei/WavCaps/a5a9649ce305d7fe82cfcf5d6a4a12f03df9ef1e/data/json_files/blacklist"
_AAC = "https://raw.githubusercontent.com/Labbeti/aac-datasets/631524fb86eef351c1848e42196fbe5cf62442e4/data/wavcaps"
_DCASE = "https://raw.githubusercontent.com/CPJKU/dcase2025_task6_baseline/c78422fcbed579877919620a30075baccf82bf2b/resources"

_NO_ID = "Not found"
"""What stands in Clotho's tables where the recording could not be found on Freesound any more."""
_FREESOUND = re.compile(r"([0-9]{1,9})")
_YOUTUBE = re.compile(r"Y([A-Za-z0-9_-]{11})\.wav")
_ORIGIN = re.compile(rf"(?:{'|'.join(ORIGINS)}):\S{{1,80}}")
_COLUMNS = {"sound_id": (_FREESOUND,), "origin": (_ORIGIN,), "id": (_FREESOUND, _YOUTUBE)}
_SOURCES = {"AudioSet": _YOUTUBE, "FreeSound": _FREESOUND}


@dataclass(frozen=True)
class Published:
    """A list that is known by name: the corpus to whose files it belongs, its `file` there, and what it was made for."""

    corpus: str
    file: File
    summary: str
    num_origins: int


def _entry(url: str, path: str, size_bytes: int, sha256: str, num_origins: int, summary: str) -> Published:
    file = File(path=path, urls=(f"{url}/{path.rsplit('/', 1)[-1]}",), size_bytes=size_bytes, sha256=sha256)
    return Published("dcase2025" if url == _DCASE else "wavcaps", file, summary, num_origins)


PUBLISHED = {
    "wavcaps-all": _entry(
        _WAVCAPS, "json_files/blacklist/blacklist_exclude_all_ac.json", 1_525_390,
        "ab53786c5d0a0fe174013395cae46dfcec8676ba71c8539605691290b63b4803", 56_629,
        "WavCaps, for tests on AudioCaps or Clotho without training on them: all splits of both",
    ),
    "wavcaps-test": _entry(
        _WAVCAPS, "json_files/blacklist/blacklist_exclude_test_ac.json", 77_724,
        "54a84d4e24f5c7eda582ce75d0e34eae51a22df9f1a946db9e43501a6fb386a8", 3_528,
        "WavCaps, for tests on AudioCaps or Clotho: validation and test of both, not their training data",
    ),
    "wavcaps-ub8k-esc50-vggsound": _entry(
        _WAVCAPS, "json_files/blacklist/blacklist_exclude_ub8k_esc50_vggsound.json", 473_374,
        "64e278412489767ce8578e651985c310d8409ed78855bfcc78f9e398ca838c50", 17_729,
        "WavCaps, for zero-shot tests on UrbanSound8K, ESC-50 and VGGSound",
    ),
    "aac-audiocaps": _entry(
        _AAC, "blacklist_audiocaps.full.csv", 1_220_292,
        "22b0c8dd38f19c394202af397521a8829ab429cf7ec3d53f1a9900d2fcdb063c", 51_308,
        "aac-datasets: every video of AudioCaps v1, all splits",
    ),
    "aac-clotho": _entry(
        _AAC, "blacklist_clotho.full.csv", 86_989,
        "ce5c1837363d05cb74a60a004c392442f923945d99c1b387a3937e93a5ce7ef1", 6_904,
        "aac-datasets: every recording of Clotho with the test split",
    ),
    "aac-clotho-v2": _entry(
        _AAC, "blacklist_clotho.full.v2.csv", 99_788,
        "e49bceb098800f4329db3041bbc6fa4d8dbdbd262bf7415b5a7f5bad95ec64a6", 7_941,
        "aac-datasets: `aac-clotho` and `dcase2025` together",
    ),
    "dcase2025": _entry(
        _DCASE, "dcase2025_task6_excluded_freesound_ids.csv", 20_640,
        "243671ebaebad871615e6903d3e23643ea75f121aa873d7e0172a477d04caf20", 3_079,
        "DCASE 2025, task 6: Clotho evaluation and the hidden test recordings",
    ),
}  # fmt: skip
"""The lists that `read_blacklist` knows by name. The digests are of the files at the commits in the addresses."""


@dataclass(frozen=True)
class Blacklist:
    """Recordings that must not be trained on: their `origins`, as in `Clip.origins`.

    `name` is that of the list or of its file, `digest` the SHA-256 of the file; `num_entries` counts its lines, of which
    `num_nameless` say that a recording has no known id.
    """

    name: str
    digest: str
    origins: frozenset[str]
    num_entries: int = 0
    num_nameless: int = 0


def read_blacklist(reference: str | Path, *, home: Path | None = None) -> Blacklist:
    """Return the list that is known as `reference` (see `PUBLISHED`) and lies below `home` (None: `data_home()`), or the file at a path.

    Raises MissingDataError where the file is not there; DataError (with file and line) for what is no such list, for an
    unknown name, and where the file of a known list is not the published one.
    """
    known = PUBLISHED.get(str(reference))
    if known is None and not Path(reference).suffix:
        raise DataError(f"There is no blacklist {show(str(reference))!r}.", f"Known are {', '.join(PUBLISHED)}; a path works as well.")
    path = Path(reference) if known is None else (home or data_home()) / known.corpus / known.file.path
    if known is not None and not path.is_file():
        hint = f"`hearken data prepare {known.corpus}` brings it, or put the file there from {known.file.urls[0]}"
        raise MissingDataError(f"{show(path)} is not there.", hint)
    entries = list(_read_json(path) if path.suffix.lower() == ".json" else _read_table(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if known is not None and digest != known.file.sha256:
        hint = f"Get it from {known.file.urls[0]}, or name the file by its path to use it as it is."
        raise DataError(f"{show(path)} is not the published list: its SHA-256 is {digest}.", hint)
    origins = frozenset(entry for entry in entries if entry)
    if not origins:
        fail(path, None, "there is not one recording on this list.")
    return Blacklist(path.name if known is None else str(reference), digest, origins, len(entries), entries.count(""))


def _read_json(path: Path) -> Iterator[str]:
    """Yield the origins of WavCaps' format, "" for a recording without id."""
    lists = parse_json(path, read_text(path))
    if not isinstance(lists, dict) or not lists or not set(lists) <= set(_SOURCES):
        fail(path, None, f"this should be an object with lists under {' and '.join(_SOURCES)}.")
    for source, entries in lists.items():
        if not isinstance(entries, list):
            fail(path, None, f"there is no list under {source!r}.")
        for number, entry in enumerate(entries):
            origin = _origin(entry, _SOURCES[source])
            if origin is None:
                fail(path, None, f"item {number} under {source!r} is no id: {show(repr(entry)[:60])}.")
            yield origin


def _read_table(path: Path) -> Iterator[str]:
    """Yield the origins of a CSV file, "" for a recording without id; its column is one of `_COLUMNS`."""
    header = next(iter(read_text(path).splitlines()), "").replace('"', "").split(",")
    column = next((name for name in _COLUMNS if name in header), "id")
    for row in read_csv(path, [column]):
        entry = row.text(column)
        origin = next((found for form in _COLUMNS[column] if (found := _origin(entry, form)) is not None), None)
        if origin is None:
            row.fail(f"{column!r} names no recording: {show(entry[:60])!r}.")
        yield origin


def _origin(entry: object, form: re.Pattern[str]) -> str | None:
    """Return the origin that an entry of the `form` stands for: "" where it says that there is none, None where it is no such entry."""
    text = str(entry) if isinstance(entry, int) and not isinstance(entry, bool) else entry
    if text == _NO_ID:
        return ""
    found = form.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    return found[0] if form is _ORIGIN else f"{'youtube' if form is _YOUTUBE else 'freesound'}:{found[1]}"
