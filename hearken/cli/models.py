"""`hearken models`: which models there are to index with, and which checkpoints can be fetched by name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hearken.cli import output
from hearken.cli.options import JsonOption

_WIDE_CELLS = 160  # a narrower terminal has no room for addresses; --json tells them


def models(json: JsonOption = False) -> None:
    """List the models that are here, and the public checkpoints that can be fetched."""
    from hearken.convert.sources import SOURCES
    from hearken.runtime.catalog import list_models

    found = list_models()
    if json:
        output.print_json({"models": [asdict(model) for model in found], "downloads": downloads_json()})
        return
    screen = output.console()
    rows = [(model.name, str(model.dim), output.size(model.size_bytes), model.licence, model.digest[:12], model.summary) for model in found]
    screen.print(output.table(("name", "dim", "size", "licence", "digest", "what it is"), rows))
    screen.print()
    titles: tuple[str, ...] = ("to fetch", "size", "licence", "what it is", "from")
    fetched: list[tuple[str, ...]] = [
        (name, _size(source.expected.size), source.licence, source.title, source.where) for name, source in SOURCES.items()
    ]
    if screen.width < _WIDE_CELLS:
        titles, fetched = titles[:-1], [row[:-1] for row in fetched]
    screen.print(output.table(titles, fetched))


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
