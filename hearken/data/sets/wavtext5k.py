"""WavText5K: sound effects of BigSoundBank and SoundBible with titles, descriptions and tags (Deshmukh, Elizalde, Wang, 2022).

The public `WavText5K.csv` is read as it is. What a caption is made of is a choice: `CONSTRUCTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_csv, unique

CONSTRUCTIONS = ("title_description", "description", "title", "title_and_description")
"""What a caption is made of. The first is the paper's, `{title}. {description}` (section 5.3, ablated in its Table 4); the last is the
same of sounds that have both alone, the 4,348 that the paper trains on (section 4.1)."""
_COLUMNS = ("view_link", "download_link", "title", "description", "fname", "tags")
_ORIGINS = (
    ("bigsoundbank", re.compile(r"bigsoundbank\.com/(?:detail-|UPLOAD/wav/)([0-9]+)[-.]")),
    ("soundbible", re.compile(r"soundbible\.com/(?:grab\.php\?id=)?([0-9]+)\b")),
)
_LEFT_HTML = re.compile(r"<li>.*?</li>,?\s*")
_ENDS = (".", "!", "?")


def caption(title: str, description: str, construction: str = CONSTRUCTIONS[0]) -> str:
    """Return the caption of a sound; empty if there is nothing to make it of.

    `title_description` is `{title}. {description}`, without a second full stop after a title that ends a sentence by itself; of
    a sound that has only one of the two, it is that one, and `title_and_description` nothing. Raises ValueError for a construction
    that is not in `CONSTRUCTIONS`.
    """
    if construction not in CONSTRUCTIONS:
        raise ValueError(f"{construction!r} is none of {', '.join(CONSTRUCTIONS)}")
    title, description = title.strip(), description.strip()
    if construction == "title":
        return title
    if construction == "title_and_description" and not (title and description):
        return ""
    if construction == "description" or not title:
        return description
    stop = "" if title.endswith(_ENDS) else "."
    return f"{title}{stop} {description}" if description else title


def read(folder: Path, splits: tuple[str, ...], construction: str = CONSTRUCTIONS[0]) -> Iterator[Clip]:
    """Yield the sounds of `WavText5K.csv` below `folder`. Raises as `Definition` says; ValueError for an unknown construction."""
    for split in splits:
        for row in unique(read_csv(folder / "WavText5K.csv", _COLUMNS), "fname"):
            yield _clip(row, split, construction)


def _clip(row: Row, split: str, construction: str) -> Clip:
    name, title = row.file_name("fname"), row.text("title", default="")
    description = row.text("description", default="")
    text = caption(title, description, construction)
    return Clip(
        id=PurePosixPath(name).stem,
        split=split,
        audio=f"audio/{name}",
        captions=(text,) if text else (),
        title=title,
        description=description,
        tags=_tags(row),
        origins=_origins(row),
    )


def _tags(row: Row) -> tuple[str, ...]:
    """Return the tags, written as a Python list. Three cells of the public file hold a piece of the site's HTML among them."""
    cell = row.text("tags", default="")
    cleaned = Row(row.path, row.line, {"tags": _LEFT_HTML.sub("", cell)})
    return tuple(tag.strip() for tag in cleaned.texts("tags") if tag.strip())


def _origins(row: Row) -> tuple[str, ...]:
    links = f"{row.text('view_link', default='')} {row.text('download_link', default='')}"
    found = ((site, pattern.search(links)) for site, pattern in _ORIGINS)
    return tuple(f"{site}:{match[1]}" for site, match in found if match)


WAVTEXT5K = Definition(
    Card(
        name="wavtext5k",
        title="WavText5K",
        summary="Sound effects of BigSoundBank and SoundBible with titles, descriptions and tags.",
        licence="MIT (the table)",
        audio_licence="those of bigsoundbank.com and soundbible.com, by recording",
        homepage="https://github.com/microsoft/WavText5K",
        citation="S. Deshmukh, B. Elizalde, H. Wang. Audio Retrieval with WavText5K and CLAP Training. Interspeech 2023. arXiv:2209.14275",
        splits=(Split("full", 4_525, 4_520),),
        files=(
            File(
                "WavText5K.csv",
                ("https://raw.githubusercontent.com/microsoft/WavText5K/7f1243befcba524009655747f5088b1573b7db95/WavText5K.csv",),
                size_bytes=1_491_242,
                sha256="a1ebe32c6e97aeb27a99bf5fb79a155c3f4a1924f56a9d0e9e37706e4f553b5d",
            ),
            File(
                "audio",
                holds="audio",
                how="The sounds have no archive: `hearken data collect wavtext5k` fetches them from the two sites, politely; or put them "
                "into audio/ under the names in the column fname.",
            ),
        ),
        size="25 hours of sound",
        text_source="those who put the sounds on the two sites",
        notes=(
            "The table has 4 525 rows: 4 520 with a title, 4 348 with a description, 2 058 with tags (all of SoundBible).",
            "The paper's abstract and Table 1 say 4 525 audios, its section 2.1 says 4 505.",
            (
                "A caption is `{title}. {description}` as in section 5.3: 4 520 captions, of which 172 are a title alone; five rows have neither. "
                "`hearken.data.sets.wavtext5k.read` takes `description` (4 348) or `title` (4 520) instead."
            ),
            "Of the 1 232 clips of WavCaps' soundbible, 1 225 are recordings of this table: the origins tell.",
            "Three lists of tags hold a piece of HTML, which is left out, and some hold empty tags, which are too.",
        ),
    ),
    read=read,
)
