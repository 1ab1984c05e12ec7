"""SPICE 1.0 (Anderson et al. 2016), the original program: what captions say as objects, attributes and relations, and how many agree.

It reads one file and writes one. As aac-metrics 0.6.0 calls it, but for its store of parsed captions, which is left out: the store is what
hangs when two programs use it, and what newer Javas refuse.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence

import numpy as np

from hearken.metrics.captioning.java_files import Spice
from hearken.metrics.captioning.java_process import NotAvailableError, Program
from hearken.metrics.captioning.score import CaptionScore, Clip

_MAX_ANSWER_BYTES = 1 << 28


def spice(clips: Sequence[Clip], java: str, files: Spice, *, limit_s: float, num_threads: int | None = None) -> CaptionScore:
    """Return SPICE of all `clips`, the mean, and of each (N,), by the program `java` and the archives `files`, in at most `limit_s` seconds.

    Raises NotAvailableError where the program ends, hangs or writes what is no score.
    """
    class_path = os.pathsep.join(map(str, files.class_path))
    threads = [] if num_threads is None else ["-threads", str(num_threads)]
    options = ["-Dfile.encoding=UTF-8", "-XX:-UsePerfData", "-Xmx8G", "-cp", class_path, "edu.anu.spice.SpiceScorer"]
    command = [java, *options, "in.json", "-out", "out.json", "-subset", "-silent", *threads]
    with Program(command, limit_s=limit_s, files={"in.json": json.dumps(request(clips)).encode("ascii")}) as program:
        program.finish()
        out = program.folder / "out.json"
        answer = out.read_bytes() if out.is_file() and out.stat().st_size < _MAX_ANSWER_BYTES else b""
    scores = read_answer(answer, len(clips))
    return CaptionScore("SPICE", float(scores.mean()), scores)


def request(clips: Sequence[Clip]) -> list[dict[str, object]]:
    """Return what SPICE reads: captions as text, numbered."""
    return [
        {"image_id": number, "test": " ".join(clip.candidate), "refs": [" ".join(words) for words in clip.references]}
        for number, clip in enumerate(clips)
    ]


def read_answer(answer: bytes, num_clips: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the F scores (N,) of SPICE's `answer`, by number. Raises NotAvailableError for anything but one score of each clip."""
    try:
        found = {int(item["image_id"]): _score(item) for item in json.loads(answer)}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotAvailableError("SPICE wrote what is no list of scores.") from error
    if set(found) != set(range(num_clips)):
        raise NotAvailableError(f"SPICE scored {len(found)} clips of {num_clips}, or others.")
    return np.array([found[number] for number in range(num_clips)], np.float64)


def _score(item: Mapping[str, Mapping[str, Mapping[str, float]]]) -> float:
    score = float(item["scores"]["All"]["f"])
    if not math.isfinite(score):
        raise ValueError("no number")
    return score
