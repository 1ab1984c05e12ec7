"""Write the figures of the captioner `pocket-captions` anew into its card and into `docs/captions.md`.

    python recipes/caption_card.py --captioner hearken/assets/captioner --page docs/captions.md    # a second

They are read from `config.json` and `training.json`, which `caption_bank.py` makes. Tables are known by their headers and made anew, sentences
by their words, and only their figures change. One that is not there just once is an error, and nothing is written. Scores on the page are those
that `hearken caption` told, where they are the same but for rounding. What is judged has to be read again; the recipe says what.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hearken.caption.folder import read_folder
from hearken.runtime.catalog import files_bytes

CARD = (
    "on held-out sounds about {exact:.0%} of 100 say word for word what the label says.",
    "| digest | `{digest}` |",
    "| listens with | `pocket`, digest `{model_digest}` |",
    "| recordings | the vectors of {recordings:,} training sounds, {dim} numbers of 8 bits each;",
    "`training.json` ({megabytes:.1f} MB together) |",
    "| unsure | a score below {unsure_below:.2f} |",
    "with those recordings: {share:.0%} % of the score is the nearest recording,",
    "a caption without recordings gets {bonus:g} beyond its words' cosine.",
    "Two captions are joined where some window holds the second better than the first by {margin:g}:",
    'Labels that are file names ("The sound of dig snappy.") are left out: {left out:,} recordings.',
    "each unlike those before it (cosine below {apart:g}).",
    "chosen on train by two kinds of {folds} folds:",
    "The mixtures are {mixtures} pairs of left-out clips,",
    "On the dev split: {clips} real recordings with one label each, a sentence; {seen} of these labels are word for word",
    'of dev captions below {unsure_below:.2f} ("unsure", {share unsure:.0%} %) {unsure:.0%} % mean what the label means',
    "(similarity of 0.7 or more), of the others {sure:.0%} %.",
    "Apache-2.0 as stated; {freesound} of the clips rest on Freesound sounds whose own Creative Commons licence",
)
"""Sentences of the card; in braces what stands there, and how it is written. Of a share, the sign for percent is left out."""
PAGE = (
    "makes nothing up: it holds {captions:,} captions that people wrote about other sounds ({of training sounds:,} of its training sounds,",
    "Measured on {clips:,} development recordings with one reference each,",
    "{seen} of the references are word for word among the training captions",
    "(below {unsure_below:.2f}; {share unsure:.0%} % of these) {unsure:.0%} % mean what the reference means, of the others {sure:.0%} %",
    "Joining costs {cost:.3f} [{cost, low:.3f}, {cost, high:.3f}] CIDEr-D on these recordings,",
    "of {mixtures} real mixtures of two training sounds it joins {joined:.0%} %.",
)
OWN, ALONE = "pocket-captions", "the bank, one event"
ON_PAGE = {
    "most frequent caption": "the most frequent training caption, always",
    "caption of the nearest training clip": "the caption of the nearest training sound",
    "nearest training caption": "the training caption whose words are nearest",
    ALONE: "the bank, without joining",
    OWN: f"**{OWN}**",
}
WORDS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L")
MEANING = ("CIDEr-D", "METEOR-style", "sentence similarity", "exact", "different captions")
SEEN = ("CIDEr-D, seen", "CIDEr-D, unseen", "sentence similarity, seen", "sentence similarity, unseen")
SOURCES = "| source | recordings | licence as stated by the source |"
TWENTY = "| true label | machine-made | score |"
JUDGED = (
    "the page: how many of the twenty are right, near, wrong; right about half of the time; the decoder's figures; the weaknesses",
    "the card: no sound with one event gets two; joining costs a little; what a first run lost; ten dev recordings; the weaknesses",
)
_FIGURE = r"([0-9a-f]{64}|[-+]?[\d.,]*\d)"
_TABLE = r"\n\|[-|]+\|\n((?:\|.*\n)+)"
Rows = Sequence[Sequence[str]]


def facts(folder: Path, training: dict[str, Any]) -> dict[str, Any]:
    """Return what stands for the names in the sentences; SystemExit where the two JSON files are not of one captioner."""
    about, chosen, systems = read_folder(folder), training["chosen"], training["dev"]["systems"]
    if (about.unsure_below, about.config["patterns"]["margin"]) != (chosen["unsure_below"], chosen["margin"]):
        raise SystemExit(f"{folder}: config.json and training.json are not of one captioner")
    gain = systems[f"{OWN} - {ALONE}"]["CIDEr-D"]
    known = {**training, **training["settings"], **chosen, **training["dev"], **training["dev, right"], **training["captions"]}
    return known | {
        "digest": about.digest, "model_digest": about.model_digest, "dim": about.dim, "megabytes": files_bytes(folder, about.config) / 1e6,
        "captions": sum(training["captions"].values()), "exact": systems[OWN]["exact"]["value"], "CIDEr-D": systems[OWN]["CIDEr-D"]["value"],
        "cost": -gain["value"], "cost, low": -gain["high"], "cost, high": -gain["low"],
        "joined": next(row["mixtures: joined"] for row in training["margins on train"] if row["margin"] == chosen["margin"]),
        "freesound": sum(count for licence, count in training["licences"].items() if "underlying Freesound sound" in licence),
    }  # fmt: skip


def new_card(text: str, folder: Path, training: dict[str, Any]) -> str:
    """Return the card with the figures of `training`."""
    systems, known = training["dev"]["systems"], facts(folder, training)
    kinds = ", ".join(f"{{{kind}:,}} of {kind.removeprefix('of ')}" for kind in training["captions"])
    text = margins(text, training["margins on train"], known["margin"])
    names = {name: f"**{name}**" if name == OWN else name for name in systems if " - " not in name}
    for metrics in (WORDS, MEANING, SEEN):
        text = _with_systems(text, "| system ", metrics, systems, names)
    pairs = [[name, *(_figure(value, "+") for value in systems[name].values())] for name in systems if " - " in name]
    text = _with_tables(text, "| difference, paired | CIDEr-D | sentence similarity |", pairs)
    examples = [[[*_example(row, known, {}), f"{row['similarity']:.2f}"] for row in rows] for rows in training["examples"].values()]
    text = _with_tables(text, "| true label | machine-made | score | similarity |", *examples)
    licences = {name: licence for name, _, licence in rows_of(text, SOURCES)}
    if unknown := [name for name in training["sources"] if name not in licences]:
        raise SystemExit(f"the card has no licence for the source {', '.join(unknown)}: add its row by hand")
    text = _with_tables(text, SOURCES, [[name, f"{count}", licences[name]] for name, count in training["sources"].items()])
    return with_facts(text, [*CARD, f"| captions | {{captions:,}} real ones: {kinds} |"], known)


def new_page(text: str, folder: Path, training: dict[str, Any]) -> str:
    """Return the page with the figures of `training`."""
    systems, known = training["dev"]["systems"], facts(folder, training)
    text = _with_systems(text, "| what ", [name for name in MEANING if name != "METEOR-style"], systems, ON_PAGE, bold=OWN)
    text = _with_systems(text, "| ", SEEN, systems, {OWN: ON_PAGE[OWN]})
    told = {(label, caption): float(score.split()[0]) for label, caption, score in rows_of(text, TWENTY)}
    text = _with_tables(text, TWENTY, [_example(row, known, told) for row in training["examples"]["every 84th"]])
    return with_facts(text, PAGE, known)


def margins(text: str, table: Sequence[dict[str, float]], chosen: float) -> str:
    """Return `text` with the table of margins, `chosen` in bold; the last one joins nothing. Both kinds of one event have the same clips."""
    rows, kinds = [], ("one event, known: CIDEr-D", "one event, new: CIDEr-D", "mixtures: CIDEr-D", "mixtures: sentence similarity")
    for row in table:
        name = "never" if row is table[-1] else f"{row['margin']:g}"
        known, new, *mixed = (f"{row[kind]:.3f}" for kind in kinds)
        joined = f"{50 * (row['one event, known: joined'] + row['one event, new: joined']):.1f} %"
        shown = f"**{name}**" if row["margin"] == chosen else name
        rows.append([shown, known, new, joined, *mixed, f"{100 * row['mixtures: joined']:.0f} %"])
    header = "| margin | one event, recordings left out | one event, captions left out | of these joined "
    return _with_tables(text, header + "| mixtures: CIDEr-D | mixtures: similarity | mixtures joined |", rows)


def with_facts(text: str, sentences: Sequence[str], known: dict[str, Any]) -> str:
    """Return `text` with the figures of `sentences` as they are `known`; its line breaks stay. SystemExit for one that is not there once."""
    for sentence in sentences:
        words, names = re.split(r"\{[^}]*\}", sentence), re.findall(r"\{([^}:]*):?([^}]*)\}", sentence)
        pattern = _FIGURE.join(r"\s+".join(map(re.escape, part.split(" "))) for part in words)
        (match,) = _found(text, pattern, sentence)
        for place, (name, form) in [*enumerate(names, start=1)][::-1]:
            text = _put(text, match, place, format(known[name], form).rstrip("%"))
    return text


def rows_of(text: str, header: str) -> Rows:
    """Return the rows of the only table with this header."""
    return [line.strip("| ").split(" | ") for line in _found(text, f"^{re.escape(header)}{_TABLE}", header)[0][1].splitlines()]


def _found(text: str, pattern: str, shown: str, count: int = 1) -> list[re.Match[str]]:
    found = list(re.finditer(pattern, text, re.MULTILINE))
    if len(found) != count:
        raise SystemExit(f"there {len(found)} times, not {count}: {shown}")
    return found


def _put(text: str, match: re.Match[str], group: int, new: str) -> str:
    return text[: match.start(group)] + new + text[match.end(group) :]


def _with_tables(text: str, header: str, *tables: Rows) -> str:
    for match, rows in [*zip(_found(text, f"^{re.escape(header)}{_TABLE}", header, len(tables)), tables, strict=True)][::-1]:
        text = _put(text, match, 1, "".join(f"| {' | '.join(row)} |\n" for row in rows))
    return text


def _with_systems(text: str, start: str, metrics: Sequence[str], systems: dict[str, Any], names: dict[str, str], bold: str = "") -> str:
    header = f"{start}| {' | '.join(metrics)} |".replace("exact", "word for word").replace("sentence similarity, ", "similarity, ")
    rows = [[shown, *(_figure(systems[name][metric], bold=name == bold) for metric in metrics)] for name, shown in names.items()]
    return _with_tables(text, header, rows)


def _figure(value: dict[str, float], sign: str = "", *, bold: bool = False) -> str:
    told = [f"{value[name]:{sign}.3f}" for name in ("value", "low", "high") if "low" in value]
    if not told:
        return f"{value['value']}"
    middle, low, high = told if sign else [re.sub(r"^(-?)0\.", r"\1.", each) for each in told]
    return f"**{middle}** [{low}, {high}]" if bold else f"{middle} [{low}, {high}]"


def _example(row: dict[str, Any], known: dict[str, Any], told: dict[tuple[str, str], float]) -> list[str]:
    score = told.get((row["label"], row["caption"]), row["score"])
    shown = score if abs(score - row["score"]) < 0.006 else row["score"]
    return [row["label"], row["caption"], f"{shown:.2f}{' unsure' if row['score'] < known['unsure_below'] else ''}"]


def main() -> None:
    """Parse the command line and run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--captioner", type=Path, required=True, help="its folder; MODEL_CARD.md there is rewritten")
    parser.add_argument("--page", type=Path, help="rewritten too, such as docs/captions.md")
    options = parser.parse_args()
    card, training = options.captioner / "MODEL_CARD.md", json.loads((options.captioner / "training.json").read_text(encoding="utf-8"))
    texts = {card: new_card(card.read_text(encoding="utf-8"), options.captioner, training)}
    if options.page:
        texts[options.page] = new_page(options.page.read_text(encoding="utf-8"), options.captioner, training)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    print("Read again by hand:", *JUDGED, sep="\n* ")


if __name__ == "__main__":
    main()
