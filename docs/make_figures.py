"""Run the README's examples for real, paste their output into the README, and draw docs/figures/search.svg from two of them.

    python docs/make_figures.py

Needs an installed Hearken with its model; works in a temporary folder on the demo's synthetic sounds. Rich lays the picture
out; then every word gets a place of its own and every bar becomes a rectangle, so that it looks the same with whatever
font a reader's machine has, and in renderers that know neither `textLength` nor no-break spaces.
"""

from __future__ import annotations

import html
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
CELL_WIDTH = 12.2  # of Rich's template, in its 20 px font
BAR_HEIGHT = 16
EIGHTHS = "▏▎▍▌▋▊▉█"
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, Liberation Mono, monospace"
PLACED = re.compile(r'<text class="(?P<style>\S+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength[^>]*>(?P<text>[^<]*)</text>')
# Rich's template loads a font from the network, which a document should not, and clips each line, which is of no use here.
UNWANTED = re.compile(r"@font-face \{.*?\n    \}\n|<clipPath id=\"hearken-line-\d+\">.*?</clipPath>\n?", re.DOTALL)


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


def picture(shown: list[tuple[str, str]]) -> str:
    """Return the picture (SVG) of commands and their coloured output, as wide as its longest line."""
    lines: list[Text] = []
    for command, output in shown:
        lines += [Text.assemble(("$ ", "green"), (command, "bold")), *Text.from_ansi(output).split("\n"), Text()]
    for line in lines:
        line.rstrip()
    width = max(line.cell_len for line in lines) + 1
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, file=nowhere, force_terminal=True, color_system="truecolor")
        for line in lines[:-1]:
            console.print(line, highlight=False)
        svg = console.export_svg(title="hearken", unique_id="hearken")
    svg = UNWANTED.sub("", svg).replace("Fira Code, monospace", FONTS).replace("font-family: arial", "font-family: sans-serif")
    return "".join(line.rstrip() + "\n" for line in PLACED.sub(place, svg).splitlines() if line.strip())


def place(match: re.Match[str]) -> str:
    """Return a text of the picture as words, each at its own place, and as rectangles where it was a bar."""
    text = html.unescape(match["text"]).replace("\N{NO-BREAK SPACE}", " ")
    return "".join(place_word(word[0], float(match["x"]) + word.start() * CELL_WIDTH, match) for word in re.finditer(r"\S+", text))


def place_word(word: str, x: float, match: re.Match[str]) -> str:
    """Return one word, or bar, of the text in `match` at `x`."""
    style, y = match["style"], float(match["y"])
    if set(word) <= set(EIGHTHS):
        width = sum(EIGHTHS.index(char) + 1 for char in word) / 8 * CELL_WIDTH
        return f'<rect class="{style}" x="{x:.5g}" y="{y - BAR_HEIGHT + 2:.5g}" width="{width:.5g}" height="{BAR_HEIGHT}" rx="2"/>\n'
    length = f'textLength="{len(word) * CELL_WIDTH:.5g}" lengthAdjust="spacingAndGlyphs"'
    return f'<text class="{style}" x="{x:.5g}" y="{y:.5g}" {length}>{html.escape(word)}</text>\n'


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
    FIGURE.parent.mkdir(exist_ok=True)
    FIGURE.write_text(picture(shown[:PICTURED]), encoding="utf-8")


if __name__ == "__main__":
    main()
