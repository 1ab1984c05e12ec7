"""`hearken train --list`: the recipes of the package, by paper, table and row, with the figures that the papers print."""

from __future__ import annotations

from hearken.cli import output


def list_recipes(*, as_json: bool) -> None:
    """Print all recipes: a table for each paper's table, or one JSON object."""
    from hearken.train.recipes.listing import PAPERS, entries, expected_text, to_json

    found = list(entries())
    if as_json:
        output.print_json({"recipes": [to_json(entry) for entry in found]})
        return
    screen = output.console()
    for paper, citation in PAPERS.items():
        screen.print(citation, style="bold")
        tables = dict.fromkeys(entry.table for entry in found if entry.recipe.about.paper == paper)
        for table in tables:
            rows = [
                (entry.recipe.name, entry.row.row if entry.row else entry.recipe.about.summary, expected_text(entry.row))
                for entry in found
                if entry.recipe.about.paper == paper and entry.table == table
            ]
            screen.print(
                output.table((table or "in no table", "row", "published, in percent"), rows, folding=("row", "published, in percent"))
            )
        screen.print()
    screen.print("Train one: hearken train RECIPE.   Try whether it works: hearken train RECIPE --smoke.")
