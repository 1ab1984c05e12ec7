"""Caption metrics: ours beside pycocoevalcap and aac-metrics, in one run on the same captions; how long each takes, and how far they are apart.

    python benchmarks/bench_caption_metrics.py outputs_clotho_eval.csv [--candidate cands --references mrefs] [--repeat 3]

The file is a table with a column of candidates and a column that holds the list of references as Python or JSON writes it (CoNeTTE's outputs are).
What is not installed is left out. All are given the words that `ptb` finds, as their own tokenizer is a Java program; how long `ptb` takes is
printed too. The ratio is the time of the other over ours, the best of --repeat.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hearken.metrics.captioning.bleu import bleu
from hearken.metrics.captioning.cider_d import cider_d
from hearken.metrics.captioning.rouge_l import rouge_l
from hearken.metrics.captioning.score import CaptionScore
from hearken.metrics.captioning.tokens import ptb

Captions = tuple[list[str], list[list[str]]]
Found = dict[str, tuple[float, np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--candidate", default="cands")
    parser.add_argument("--references", default="mrefs")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    csv.field_size_limit(1 << 30)
    with options.table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    raw = [row[options.candidate] for row in rows], [list(ast.literal_eval(row[options.references])) for row in rows]
    began = time.monotonic()
    words = [" ".join(ptb(text)) for text in raw[0]], [[" ".join(ptb(text)) for text in known] for known in raw[1]]
    number = len(words[0]) + sum(map(len, words[1]))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{len(rows)} clips, {number} captions; words by ptb in {time.monotonic() - began:.2f} s; load before {load:.1f}")
    for name, mine, others in METRICS:
        compare(name, mine, others, words, options.repeat)


def compare(
    name: str, mine: Callable[[Captions], Found], others: Sequence[Callable[[Captions], Found]], words: Captions, repeat: int
) -> None:
    """Print how long ours takes, and of each of `others` the ratio and the largest difference of any value."""
    found, took_s = timed(mine, words, repeat)
    print(f"{name:<8} ours {took_s:7.3f} s  " + "  ".join(f"{key} {value:.6f}" for key, (value, _) in found.items()))
    for other in others:
        package = other.__name__.split("_")[0]
        try:
            theirs, their_s = timed(other, words, repeat)
        except (ImportError, OSError) as error:
            print(f"         {package}: not available ({error})")
            continue
        apart = max(max(abs(value - found[key][0]), float(np.abs(items - found[key][1]).max())) for key, (value, items) in theirs.items())
        print(f"         {package:<5}{their_s:7.3f} s  ratio {their_s / took_s:5.2f}  largest difference, corpus and items: {apart:.1e}")


def timed(run: Callable[[Captions], Found], words: Captions, repeat: int) -> tuple[Found, float]:
    """The result, and the best time of `repeat`."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        found = run(words)
        times.append(time.perf_counter() - began)
    return found, min(times)


def plain(scores: Sequence[CaptionScore]) -> Found:
    return {score.name: (score.value, score.per_item) for score in scores}


def our_bleu(words: Captions) -> Found:
    return plain(bleu(*words, tokens=str.split))


def our_rouge(words: Captions) -> Found:
    return plain([rouge_l(*words, tokens=str.split)])


def our_cider(words: Captions) -> Found:
    return plain([cider_d(*words, tokens=str.split)])


def as_coco(words: Captions) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    return dict(enumerate(words[1])), {number: [text] for number, text in enumerate(words[0])}


def coco_bleu(words: Captions) -> Found:
    from pycocoevalcap.bleu.bleu import Bleu

    values, items = Bleu(4).compute_score(*as_coco(words), verbose=0)
    return {f"BLEU-{n + 1}": (values[n], np.array(items[n])) for n in range(4)}


def coco_rouge(words: Captions) -> Found:
    from pycocoevalcap.rouge.rouge import Rouge

    value, items = Rouge().compute_score(*as_coco(words))
    return {"ROUGE-L": (float(value), items)}


def coco_cider(words: Captions) -> Found:
    from pycocoevalcap.cider.cider import Cider

    value, items = Cider().compute_score(*as_coco(words))
    return {"CIDEr-D": (float(value), items)}


def aac_bleu(words: Captions) -> Found:
    from aac_metrics.functional.bleu import bleu as theirs

    corpus, items = theirs(*words, n=4, return_1_to_n=True)
    return {f"BLEU-{n + 1}": (float(corpus["bleu_1_to_4"][n]), items["bleu_1_to_4"][n].numpy()) for n in range(4)}


def aac_rouge(words: Captions) -> Found:
    from aac_metrics.functional.rouge_l import rouge_l as theirs

    corpus, items = theirs(*words)
    return {"ROUGE-L": (float(corpus["rouge_l"]), items["rouge_l"].numpy())}


def aac_cider(words: Captions) -> Found:
    from aac_metrics.functional.cider_d import cider_d as theirs

    corpus, items = theirs(*words)
    return {"CIDEr-D": (float(corpus["cider_d"]), items["cider_d"].numpy())}


METRICS = (
    ("BLEU", our_bleu, (coco_bleu, aac_bleu)),
    ("ROUGE-L", our_rouge, (coco_rouge, aac_rouge)),
    ("CIDEr-D", our_cider, (coco_cider, aac_cider)),
)


if __name__ == "__main__":
    main()
