"""What is rephrased: one caption, or one clip's metadata, at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hearken.data.clip import Clip, Corpus


@dataclass(frozen=True)
class Item:
    """One thing to ask about: number `index` of its corpus (from 0), the clip, and the texts that a prompt may use."""

    index: int
    clip: Clip
    caption: str = ""
    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()


def items_of(corpus: Corpus, *, per_caption: bool, limit: int | None = None) -> Iterator[Item]:
    """Yield an item for every caption of every clip, in order; or one for every clip that has any text, not `per_caption`.

    An item of a clip without a description has all its captions in its place. A caption is verbatim; the other texts are of one line each.
    """
    index = 0
    for clip in corpus.clips:
        for caption in clip.captions if per_caption else ("",):
            if index == limit:
                return
            item = _item(index, clip, caption)
            if item.caption.strip() or (not per_caption and (item.title or item.description or item.keywords)):
                yield item
                index += 1


def _item(index: int, clip: Clip, caption: str) -> Item:
    described = [clip.description] if clip.description else clip.captions
    description = " ".join(dict.fromkeys(filter(None, map(one_line, described))))
    keywords = tuple(dict.fromkeys(filter(None, map(one_line, clip.tags))))
    return Item(index, clip, caption, one_line(clip.title), description, keywords)


def one_line(text: str) -> str:
    """Return `text` without line breaks and double spaces."""
    return " ".join(text.split())
