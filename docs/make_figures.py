"""Run the README's examples for real, paste their output into the README, and draw docs/figures/search.svg from two of them.

    python docs/make_figures.py

Needs an installed Hearken with its model; works in a temporary folder on the demo's synthetic sounds.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hearken.audio.sounds import write_sounds

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FIGURE = ROOT / "docs" / "figures" / "search.svg"
EXAMPLE = re.compile(r"<!-- example: (?P<command>.+?) -->\n```console\n.*?```\n<!-- end -->", re.DOTALL)
COLUMNS = 100
PICTURED = 2  # the first examples make the picture
# Rich's own template loads a font from the network; a document should not.
WITHOUT_FONTS = re.compile(r"@font-face \{.*?\n    \}\n", re.DOTALL)


def run(command: str, folder: Path, *, colour: bool) -> str:
    """Return what `command` prints on stdout when run in `folder`, as a terminal of COLUMNS cells would show it."""
    environment = os.environ | {
        "HEARKEN_HOME": str(folder / "library"),
        "COLUMNS": str(COLUMNS),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
    }
    environment |= {"FORCE_COLOR": "1"} if colour else {"NO_COLOR": "1"}
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def draw(shown: list[tuple[str, str]]) -> None:
    """Write the picture of commands and their coloured output."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        for command, output in shown:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            console.print(Text.from_ansi(output), soft_wrap=True)
            console.print()
        FIGURE.parent.mkdir(exist_ok=True)
        svg = console.export_svg(title="hearken", unique_id="hearken")
    FIGURE.write_text(WITHOUT_FONTS.sub("", svg), encoding="utf-8")


def main() -> None:
    """Bring README and picture up to date."""
    shown: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write_sounds(folder / "sounds")

        def paste(match: re.Match[str]) -> str:
            command = match["command"]
            coloured = run(command, folder, colour=True)
            shown.append((command, coloured))
            plain = "\n".join(line.rstrip() for line in Text.from_ansi(coloured).plain.splitlines())
            print(f"$ {command}\n{plain}\n")
            return f"<!-- example: {command} -->\n```console\n$ {command}\n{plain.replace(str(folder), '/home/you')}\n```\n<!-- end -->"

        README.write_text(EXAMPLE.sub(paste, README.read_text(encoding="utf-8")), encoding="utf-8")
    draw(shown[:PICTURED])


if __name__ == "__main__":
    main()
