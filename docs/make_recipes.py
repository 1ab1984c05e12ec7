"""Put the tables of recipes and of keys into docs/recipes.md, between their marks: `python docs/make_recipes.py`.

They are made from the recipes and the dataclasses themselves (`hearken.train.recipes.reference`), so run it after any change of a recipe or a key.
"""

from __future__ import annotations

import re
from pathlib import Path

from hearken.files import write_whole
from hearken.train.recipes.reference import keys_markdown, recipes_markdown

PAGE = Path(__file__).parent / "recipes.md"


def filled(text: str) -> str:
    """Return the page with what stands between its marks made anew."""
    for mark, made in (("recipes", recipes_markdown()), ("keys", keys_markdown())):
        begin, end = f"<!-- made: {mark} -->\n", f"<!-- end: {mark} -->\n"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE} has no marks {begin.strip()} and {end.strip()}.")
        text = before + begin + "\n" + re.sub(r"\n{3,}", "\n\n", made).strip() + "\n\n" + end + after
    return text


if __name__ == "__main__":
    write_whole(PAGE, filled(PAGE.read_text(encoding="utf-8")).encode())
