"""METEOR 1.5 (Denkowski and Lavie 2014), the original program, in a conversation of lines.

One line ``SCORE ||| reference ||| ... ||| candidate`` asks for the counts of a clip, 23 numbers; one line ``EVAL ||| counts ||| counts ...`` then
for the score of each, and of all together, which is not the mean: counts are added up. As pycocoevalcap 1.2 and aac-metrics 0.6.0 ask, with
the number format of English, without which METEOR misreads its own counts where decimals have a comma (aac-metrics, issue 9).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hearken.metrics.captioning.java_process import NotAvailableError, Program
from hearken.metrics.captioning.score import CaptionScore, Clip, Words

_BAR = re.compile(r"\|{3,}")
_NUM_COUNTS = 23


def meteor(clips: Sequence[Clip], java: str, jar: Path, *, limit_s: float) -> CaptionScore:
    """Return METEOR of all `clips` and of each (N,), by the program `java` and METEOR's archive `jar`, in at most `limit_s` seconds.

    Raises NotAvailableError where the program ends, hangs or answers what is no score.
    """
    options = ["-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US", "-XX:-UsePerfData", "-Xmx2G"]
    with Program([java, *options, "-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"], limit_s=limit_s) as program:
        program.send(question(clip) for clip in clips)
        counts = [_checked(line) for line in program.lines(len(clips))]
        program.send([" ||| ".join(("EVAL", *counts))])
        scores = [_score(line) for line in program.lines(len(clips) + 1)]
    return CaptionScore("METEOR", scores[-1], np.array(scores[:-1], np.float64))


def question(clip: Clip) -> str:
    """Return the line that asks for the counts of `clip`. No caption can end the line or its part of it."""
    return " ||| ".join(("SCORE", *map(_text, clip.references), _text(clip.candidate)))


def _text(words: Words) -> str:
    return " ".join(_BAR.sub(" ", " ".join(words)).replace("\0", " ").split())


def _checked(line: str) -> str:
    numbers = line.split()
    if len(numbers) != _NUM_COUNTS or not all(_is_number(number) for number in numbers):
        raise NotAvailableError(f"METEOR answered {line[:80]!r}, which is no counts.")
    return " ".join(numbers)


def _score(line: str) -> float:
    if not _is_number(line.strip()):
        raise NotAvailableError(f"METEOR answered {line[:80]!r}, which is no score.")
    return float(line)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
