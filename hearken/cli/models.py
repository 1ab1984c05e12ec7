"""`hearken models`: which models there are to index with, which captioners, and which checkpoints can be fetched by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hearken.cli import output
from hearken.cli.options import JsonOption

if TYPE_CHECKING:
    from hearken.caption.folder import CaptionerFolder
    from hearken.runtime.catalog import ModelInfo

_WIDE_CELLS = 160  # a narrower terminal has no room for addresses; --json tells them


def models(json: JsonOption = False) -> None:
    """List the models and captioners that are here, and the public checkpoints that can be fetched."""
    from hearken.caption.catalog import list_captioners
    from hearken.convert.sources import SOURCES
    from hearken.runtime.catalog import list_models

    found = list_models()
    captioners = captioners_json(list_captioners(), found)
    if json:
        output.print_json({"models": [asdict(model) for model in found], "captioners": captioners, "downloads": downloads_json()})
        return
    screen = output.console()
    rows = [(model.name, str(model.dim), output.size(model.size_bytes), model.licence, model.digest[:12], model.summary) for model in found]
    screen.print(output.table(("name", "dim", "size", "licence", "digest", "what it is"), rows))
    if captioners:
        screen.print()
        written = [
            (
                each["name"],
                each["model"] or "not here",
                output.size(each["size_bytes"]),
                each["licence"],
                each["digest"][:12],
                each["summary"],
            )
            for each in captioners
        ]
        screen.print(output.table(("captioner", "listens with", "size", "licence", "digest", "what it is"), written))
    screen.print()
    titles: tuple[str, ...] = ("to fetch", "size", "licence", "what it is", "from")
    fetched: list[tuple[str, ...]] = [
        (name, _size(source.expected.size), source.licence, source.title, source.where) for name, source in SOURCES.items()
    ]
    if screen.width < _WIDE_CELLS:
        titles, fetched = titles[:-1], [row[:-1] for row in fetched]
    screen.print(output.table(titles, fetched))


def captioners_json(captioners: Sequence[CaptionerFolder], models: Sequence[ModelInfo]) -> list[dict[str, Any]]:
    """Return the table of captioners as JSON; `model` is the name of the dual encoder of `models` that each listens with, null where it is not here."""
    from hearken.runtime.catalog import files_bytes

    names = {model.digest: model.name for model in reversed(models)}
    return [
        {
            "name": each.name, "path": str(each.path), "digest": each.digest, "model": names.get(each.model_digest),
            "model_digest": each.model_digest, "design": each.design, "size_bytes": files_bytes(each.path, each.config),
            "licence": each.licence, "summary": each.summary,
        }
        for each in captioners
    ]  # fmt: skip


def downloads_json() -> list[dict[str, Any]]:
    """Return the table of checkpoints as JSON; `sha256`, `md5` and `size_bytes` are null where nobody published them."""
    from hearken.convert.sources import SOURCES

    return [
        {
            "name": name, "title": source.title, "source": source.where, "licence": source.licence, "size_bytes": source.expected.size,
            "sha256": source.expected.sha256, "md5": source.expected.md5,
        }
        for name, source in SOURCES.items()
    ]  # fmt: skip


def _size(num_bytes: int | None) -> str:
    return "?" if num_bytes is None else output.size(num_bytes)
