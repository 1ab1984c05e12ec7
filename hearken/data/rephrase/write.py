"""What a run leaves: variations in the layout of GPT-Clotho, or a manifest that `load` reads; and the rejects.

Files are whole or absent: written beside, then renamed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.data.clip import Clip, Corpus
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.run import Accepted, Answers, Rejected
from hearken.errors import DataError, show
from hearken.files import write_whole


@dataclass(frozen=True)
class Variant:
    """The new `texts` for one item, however they were made: by a model (`response` and so on) or offline."""

    item: Item
    texts: tuple[str, ...]
    query: str
    response: Any = None
    finish_reason: str | None = None
    usage: int | None = None


def variants_of(accepted: Iterable[Accepted], records: Answers) -> Iterator[Variant]:
    """Yield the variants out of a model's answers in `records`; `usage` is the number of all tokens, as in GPT-Clotho."""
    for answer in accepted:
        record = records.get(answer.question.key) or {}
        used = [record.get("prompt_tokens"), record.get("completion_tokens")]
        usage = sum(value for value in used if value is not None) if any(value is not None for value in used) else None
        yield Variant(answer.question.item, answer.texts, answer.question.query, record.get("response"), record.get("finish_reason"), usage)


def variation_row(variant: Variant) -> dict[str, Any]:
    """Return one record of GPT-Clotho's layout, and the clip's id. A variant of metadata has the text that it was made of as its caption."""
    item = variant.item
    return {
        "idx": item.index,
        "path": item.clip.audio,
        "clip": item.clip.id,
        "caption": item.caption or item.description or item.title or ", ".join(item.keywords),
        "query": variant.query,
        "response": variant.response,
        "variations": list(variant.texts),
        "finish_reason": variant.finish_reason,
        "usage": variant.usage,
    }


def write_variations(path: Path, variants: Iterable[Variant]) -> int:
    """Write a JSON list, a record on each line, and return how many. Raises DataError if it cannot be written."""
    num_rows = 0

    def rows() -> Iterator[str]:
        nonlocal num_rows
        for num_rows, variant in enumerate(variants, start=1):
            yield (",\n" if num_rows > 1 else "[\n") + _line(variation_row(variant))
        yield "\n]\n" if num_rows else "[\n\n]\n"

    _write(path, rows())
    return num_rows


def write_manifest(path: Path, corpus: Corpus, variants: Iterable[Variant]) -> int:
    """Write a line for every clip that has new texts, with these as its captions, and return how many. Raises DataError."""
    texts: dict[str, tuple[Clip, dict[str, None]]] = {}
    for variant in variants:
        texts.setdefault(variant.item.clip.id, (variant.item.clip, {}))[1].update(dict.fromkeys(variant.texts))
    rows = [_line(manifest_row(corpus, clip, list(captions), path.parent)) for clip, captions in texts.values()]
    _write(path, (f"{row}\n" for row in rows))
    return len(rows)


def manifest_row(corpus: Corpus, clip: Clip, captions: list[str], folder: Path) -> dict[str, Any]:
    """Return a clip as the object of a manifest in `folder`; what is not known of it is left out."""
    audio = (corpus.folder / clip.audio).absolute()
    base = folder.absolute()
    row = {
        "file": audio.relative_to(base).as_posix() if audio.is_relative_to(base) else audio.as_posix(),
        "captions": captions,
        "title": clip.title,
        "tags": list(clip.tags),
        "split": clip.split,
        "id": clip.id,
        "duration_s": clip.duration_s,
        "start_s": clip.start_s,
        "origins": list(clip.origins),
        "licence": clip.licence,
        "author": clip.author,
    }
    return {name: value for name, value in row.items() if value not in ("", [], None)}


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> int:
    """Write a line for every question without a usable answer, and return how many; no file if there are none. Raises DataError."""
    rows = [
        _line(
            {
                "idx": reject.question.item.index,
                "path": reject.question.item.clip.audio,
                "caption": reject.question.item.caption,
                "reason": reject.reason,
                "detail": reject.detail,
                "text": reject.record["text"] if reject.record else None,
                "response": reject.record["response"] if reject.record else None,
                "query": reject.question.query,
            }
        )
        for reject in rejected
    ]
    if rows:
        _write(path, (f"{row}\n" for row in rows))
    else:
        path.unlink(missing_ok=True)
    return len(rows)


def _write(path: Path, pieces: Iterable[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (piece.encode() for piece in pieces))
    except OSError as error:
        raise DataError(f"{show(path)} cannot be written: {error.strerror or error}.", "Check the path and the space left.") from error


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
