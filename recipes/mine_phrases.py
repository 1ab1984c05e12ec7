"""Count how real captions join events, and write the counts: hearken/assets/scenes/phrases.json.

    python recipes/mine_phrases.py FOLDER

FOLDER holds the published caption files: `clotho_v2.1/clotho_captions_development.csv`, `audiocaps/v1/train.csv` and
`wavcaps/SoundBible/sb_final.json`; training splits alone. Only counts of function words are kept: neither a caption nor a
word that says what is heard goes into the file.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path

from hearken.data.scenes.mining import mine

OUT = Path(__file__).resolve().parents[1] / "hearken" / "assets" / "scenes" / "phrases.json"


def captions(folder: Path) -> Iterator[str]:
    """Yield every caption of the three training splits."""
    with (folder / "clotho_v2.1" / "clotho_captions_development.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield from (row[f"caption_{number}"] for number in range(1, 6))
    with (folder / "audiocaps" / "v1" / "train.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["caption"] for row in csv.DictReader(file))
    content = json.loads((folder / "wavcaps" / "SoundBible" / "sb_final.json").read_text(encoding="utf-8"))
    yield from (item["caption"] for item in content["data"])


def main() -> None:
    """Mine and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    counts = mine(captions(options.folder))
    source = (
        "Counts of function words in the captions of Clotho v2.1 (development), AudioCaps v1 (train) and WavCaps SoundBible, made by "
        "recipes/mine_phrases.py. No caption and no content word is in this file."
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"source": source, **counts}, indent=1) + "\n", encoding="utf-8")
    print(f"{counts['read']['captions']} captions -> {options.out}")


if __name__ == "__main__":
    main()
