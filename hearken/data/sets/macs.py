"""MACS: soundscapes of airports, parks and squares with captions and tags by several annotators (Martín-Morató and Mesaros, 2021).

`MACS.yaml` holds `files: [{filename, annotations: [{annotator_id, sentence, tags}]}]`; the sounds are those of TAU Urban
Acoustic Scenes 2019, whose `meta.csv` (tab) names the scene and the place of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, fail, read_csv, read_text, read_yaml, unique
from hearken.limits import MAX_YAML_MB

_TAU = "TAU-urban-acoustic-scenes-2019-development"
_NAME = re.compile(r"([a-z_]+)-([a-z]+-[0-9]+)-[0-9]+-[a-z0-9]+\.wav")  # scene, place (a city and a number), segment, device
_DURATION_S = 10.0  # what TAU's segments are cut to
_TAU_ZENODO = "https://zenodo.org/record/2589280/files"
_ZENODO = "https://zenodo.org/record/5114771/files"


@dataclass(frozen=True)
class _Entry(Row):
    """A file of the YAML, or one of its annotations: the line is looked for only when something is wrong with it."""

    index: int = 0
    annotation: int | None = None

    def fail(self, message: str) -> NoReturn:
        """Raise a DataError about this entry."""
        where = f"file {self.index}" if self.annotation is None else f"file {self.index}, annotation {self.annotation}"
        fail(self.path, _line_of(self.path, self.index, self.annotation), f"{where}: {message}")


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    """Yield the clips of `MACS.yaml` below `folder`; scenes and places come from TAU's `meta.csv` if it is there, or else from the names.

    Raises as `Definition` says.
    """
    path = folder / "MACS.yaml"
    places = _places(folder / _TAU / "meta.csv")
    for split in splits:
        for name, row in _distinct(path):
            if places and name not in places:
                row.fail(f"TAU's meta.csv does not know {name[:80]!a}.")
            yield _clip(row, name, split, places.get(name) or _from_name(name))


def _clip(row: _Entry, name: str, split: str, place: tuple[str, str]) -> Clip:
    captions, tags = _annotations(row)
    return Clip(
        id=name.removesuffix(".wav"),
        split=split,
        audio=f"{_TAU}/audio/{name}",
        captions=captions,
        title=place[0],
        tags=tags,
        duration_s=_DURATION_S,
        origins=(f"tau:{place[1]}",) if place[1] else (),
    )


def read_competence(path: Path) -> dict[str, float]:
    """Return annotator -> competence (0: as if at random, 1: always with the others) of `MACS_competence.csv`. Raises as `read_csv` does."""
    rows = unique(read_csv(path, ("annotator_id", "competence"), delimiter="\t"), "annotator_id")
    return {row.text("annotator_id"): row.number("competence", minimum=0.0) for row in rows}


def _distinct(path: Path) -> Iterator[tuple[str, _Entry]]:
    seen: set[str] = set()
    for entry in _entries(path):
        name = entry.file_name("filename")
        if name in seen:
            entry.fail(f"{name[:80]!a} was there before.")
        seen.add(name)
        yield name, entry


def _entries(path: Path) -> Iterator[_Entry]:
    value = read_yaml(path)
    files = value.get("files") if isinstance(value, dict) else None
    if not isinstance(files, list):
        fail(path, 1, "there is no list under 'files'.")
    for index, item in enumerate(files):
        entry = _Entry(path, 0, item if isinstance(item, dict) else {}, index)
        if not isinstance(item, dict):
            entry.fail("this is no mapping with a filename and annotations.")
        yield entry


def _annotations(row: _Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sentences of a file, in order, and all tags that any annotator gave, each once."""
    items = row.values.get("annotations")
    if not isinstance(items, list) or not items:
        row.wrong("annotations", items, list)
    captions: list[str] = []
    tags: dict[str, None] = {}
    for number, item in enumerate(items):
        one = _Entry(row.path, 0, item if isinstance(item, dict) else {}, row.index, number)
        captions.append(one.exact("sentence"))
        tags.update(dict.fromkeys(one.texts("tags")))
    return tuple(captions), tuple(tags)


def _places(path: Path) -> dict[str, tuple[str, str]]:
    """Return file name -> (scene, place) of TAU's table; empty where there is none."""
    if not path.is_file():
        return {}
    rows = read_csv(path, ("filename", "scene_label", "identifier"), delimiter="\t")
    return {row.text("filename").rsplit("/", 1)[-1]: (row.text("scene_label"), row.text("identifier")) for row in rows}


def _from_name(name: str) -> tuple[str, str]:
    found = _NAME.fullmatch(name)
    return (found[1], found[2]) if found else ("", "")


def _line_of(path: Path, index: int, annotation: int | None) -> int | None:
    """Return the line (from 1) of an entry in a file that is known to be good YAML; None if it hides behind a merge."""
    import yaml

    node = yaml.compose(read_text(path, max_mb=MAX_YAML_MB), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found = _child(_child(node, "files"), index)
    inner = _child(_child(found, "annotations"), annotation) if annotation is not None else None
    found = inner or found
    return found.start_mark.line + 1 if found is not None else None


def _child(node: Any, key: str | int | None) -> Any:  # noqa: ANN401 - YAML's nodes have no types
    """Return the value under `key` of a mapping (the last one, as in the parsed value), or item `key` of a sequence."""
    import yaml

    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return node.value[key] if key < len(node.value) else None
    values = [value for name, value in node.value if name.value == key] if isinstance(node, yaml.MappingNode) else []
    return values[-1] if values else None


def _zip(name: str, md5: str) -> File:
    file = f"{_TAU}.{name}.zip"
    return File(file, (f"{_TAU_ZENODO}/{file}",), md5=md5, holds="text" if name == "meta" else "audio", unpack_to=".")


_FILES = (
    File("MACS.yaml", (f"{_ZENODO}/MACS.yaml",), md5="23fcb2ebd0b109094034ef9e87972256"),
    File("MACS_competence.csv", (f"{_ZENODO}/MACS_competence.csv",), md5="4dfe9f951f0af9f29cb7952ec030370a"),
    File("LICENSE.txt", (f"{_ZENODO}/LICENSE.txt",), md5="d3086f4517cccc32c1bb3a081b07cfa1"),
    _zip("meta", "09782f2097e4735687af73c44919329c"),
    _zip("audio.1", "aca4ebfd9ed03d5f747d6ba8c24bc728"),
    _zip("audio.2", "c4f170408ce77c8c70c532bf268d7be0"),
    _zip("audio.3", "c7214a07211f10f3250290d05e72c37e"),
    _zip("audio.9", "3c32a693a6b111ffb957be3c1dd22e9b"),
    _zip("audio.10", "0ffbf60006da520cc761fb74c878b98b"),
    _zip("audio.11", "599055d93b4c11057c29be2df54538d4"),
    _zip("audio.12", "98b8d162ff3665695c4c910e6c372cc8"),
    _zip("audio.13", "a356c08b1a5a21d433eba37ef87587f4"),
)

MACS = Definition(
    Card(
        name="macs",
        title="MACS",
        summary="Soundscapes of airports, parks and public squares with 2 to 5 captions and tags by people.",
        licence="Tampere University's for MACS (LICENSE.txt), non-commercial",
        audio_licence="Tampere University's for TAU Urban Acoustic Scenes 2019, non-commercial",
        homepage="https://zenodo.org/record/5114771",
        citation="I. Martín-Morató, A. Mesaros. Diversity and Bias in Audio Captioning Datasets. DCASE 2021 Workshop, pp. 90-94.",
        splits=(Split("full", 3_930, 17_275),),
        files=_FILES,
        size="13 GB of sound, in archives that hold more",
        text_source="people (crowdsourcing), each clip described by several",
        notes=(
            "The sounds are those of eight of the 21 archives of TAU Urban Acoustic Scenes 2019, which hold other scenes as well.",
            "An origin names the place of a recording, such as tau:lisbon-1000: TAU's segments of one place were recorded in one go.",
            "WavText5K's Table 1 has 10.88 s for each clip; TAU's segments are cut to 10 s.",
            "How far to trust an annotator is in MACS_competence.csv: `hearken.data.sets.macs.read_competence`.",
        ),
    ),
    read=read,
)
