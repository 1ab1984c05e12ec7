"""Draw docs/figures/scenes-*.png: twenty composed scenes as spectrograms with their events and captions.

    python docs/make_scenes.py REF [--split NAME] [--licence GLOB] [--list FILE]

REF is a corpus of isolated sounds, as for `hearken data compose`. The scenes go to a temporary folder. `--list` writes the
recordings that were used, with their authors and licences, as Markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import decode
from hearken.audio.front_ends import PANNS_LOGMEL_32K
from hearken.audio.melspec import log_mel
from hearken.data.load import load
from hearken.data.scenes.compose import compose
from hearken.data.scenes.plan import Settings

FIGURES = Path(__file__).resolve().parent / "figures"
NUM_SCENES, PER_FIGURE = 20, 10
FRONT_END = PANNS_LOGMEL_32K
NAMELESS = "The sound of "  # captions that only spell the name of a file
CHARACTER = 0.01  # width of a letter of the labels, as a share of a spectrogram
COLOURS = ("#ffd166", "#06d6a0", "#ef476f", "#4cc9f0", "#f78c6b", "#c77dff")


def main() -> None:
    """Compose and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("--split", action="append")
    parser.add_argument("--licence", action="append", default=[])
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--list", type=Path)
    parser.add_argument("--out", type=Path, default=FIGURES)
    options = parser.parse_args()
    corpus = load(options.reference)
    corpus = corpus.only(options.split) if options.split else corpus
    corpus = replace(corpus, clips=tuple(clip for clip in corpus.clips if not any(text.startswith(NAMELESS) for text in clip.captions)))
    with tempfile.TemporaryDirectory() as folder:
        compose(corpus, Path(folder), Settings(seed=options.seed, max_duration_s=20.0), NUM_SCENES, licences=options.licence, jobs=2)
        records = [json.loads(line) for line in (Path(folder) / "scenes.jsonl").read_text(encoding="utf-8").splitlines()]
        for number in range(NUM_SCENES // PER_FIGURE):
            draw(records[number * PER_FIGURE : (number + 1) * PER_FIGURE], Path(folder), options.out / f"scenes-{number + 1}.png")
    if options.list:
        options.list.write_text(attribution(records), encoding="utf-8")


def draw(records: list[dict[str, Any]], folder: Path, path: Path) -> None:
    """Draw one figure: a row of spectrograms below each other, two beside each other."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = (len(records) + 1) // 2
    figure, axes = plt.subplots(rows, 2, figsize=(12, 2.45 * rows), dpi=80, squeeze=False)
    for axis, record in zip(axes.ravel(), records, strict=False):
        draw_scene(axis, record, folder)
    figure.tight_layout()
    figure.savefig(path, pil_kwargs={"optimize": True}, metadata={"Software": None})
    plt.close(figure)


def draw_scene(axis: Any, record: dict[str, Any], folder: Path) -> None:  # noqa: ANN401 - matplotlib
    """Draw the mel spectrogram, a bar over every event, and a caption as the title."""
    front_end = FRONT_END
    samples = decode(folder / record["file"], rate_hz=front_end.rate_hz).samples
    mel = np.asarray(log_mel(samples, front_end))
    mel = mel if mel.shape[0] == front_end.num_mels else mel.T
    low, high = np.percentile(mel, (5, 99.8))
    axis.imshow(
        mel, origin="lower", aspect="auto", cmap="gray_r", vmin=low, vmax=high, extent=(0, record["duration_s"], 0, 1), interpolation="none"
    )
    shown = [event for event in record["events"] if not event["background"]]
    for row, event in enumerate(shown):
        colour, top = COLOURS[row % len(COLOURS)], 0.97 - 0.09 * row
        for start_s, end_s in event["times"]:
            axis.axvspan(start_s, end_s, color=colour, alpha=0.28, lw=0)
            axis.plot([start_s, end_s], [top, top], color=colour, lw=4, solid_capstyle="butt")
        label = f"{event['clause']}" + (f" ×{event['repeats']}" if event["repeats"] > 1 else "")
        fits = event["end_s"] + 0.1 + CHARACTER * len(label) * record["duration_s"] < record["duration_s"]
        where, side = (event["end_s"] + 0.1, "left") if fits else (event["start_s"] - 0.1, "right")
        axis.text(where, top - 0.03, label, ha=side, fontsize=7, bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8})
    axis.set_title("\n".join(textwrap.wrap(record["captions"][0], 88)), fontsize=8, loc="left")
    axis.set_yticks([])
    axis.xaxis.set_major_formatter("{x:g} s")
    axis.tick_params(labelsize=7)


def attribution(records: list[dict[str, Any]]) -> str:
    """Return the recordings of the scenes as lines of Markdown: by licence and author, what is heard."""
    heard: dict[str, set[str]] = {}
    for event in (event for record in records for event in record["events"]):
        heard.setdefault(event["licence"], set()).add(event["clause"])
    return "".join(f"* {licence}: {'; '.join(sorted(clauses))}\n" for licence, clauses in sorted(heard.items()))


if __name__ == "__main__":
    main()
