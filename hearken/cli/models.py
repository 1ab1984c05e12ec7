"""`hearken models`: which models there are to index with."""

from __future__ import annotations

from dataclasses import asdict

from hearken.cli import output
from hearken.cli.options import JsonOption


def models(json: JsonOption = False) -> None:
    """List the models that there are."""
    from hearken.runtime.catalog import list_models

    found = list_models()
    if json:
        output.print_json({"models": [asdict(model) for model in found]})
        return
    screen = output.console()
    rows = [(model.name, str(model.dim), output.size(model.size_bytes), model.licence, model.digest[:12], model.summary) for model in found]
    screen.print(output.table(("name", "dim", "size", "licence", "digest", "what it is"), rows))
