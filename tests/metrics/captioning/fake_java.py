"""A `java` that is none, for tests: a script on the PATH that plays METEOR or SPICE, well or badly."""

import os
import sys
from pathlib import Path

import pytest

from hearken.metrics.captioning.java_files import CORE_NLP

needs_posix = pytest.mark.skipif(os.name != "posix", reason="a script with a first line of its own is no program here")

ANSWERS = """
import json, os, sys, time
if "-version" in sys.argv:
    print('openjdk version "11.0.2" 2019-01-15', file=sys.stderr)
    sys.exit()
if "edu.anu.spice.SpiceScorer" in sys.argv:
    clips = json.load(open("in.json"))
    def score(clip):
        return {"image_id": clip["image_id"], "scores": {"All": {"f": 0.5 if clip["test"] in clip["refs"] else 0.25}}}
    json.dump([score(clip) for clip in reversed(clips)], open(sys.argv[sys.argv.index("-out") + 1], "w"))
    sys.exit()
for line in sys.stdin:
    parts = line.rstrip("\\n").split(" ||| ")
    if parts[0] == "SCORE":
        same = float(parts[-1] in parts[1:-1])
        print(" ".join([f"{len(parts) - 2}.0", str(same), *["0.0"] * 21]), flush=True)
    else:
        scores = [float(part.split()[1]) for part in parts[1:]]
        print(*scores, max(scores), sep="\\n", flush=True)
"""
"""METEOR: 1 for a candidate that is a reference, all together the best. SPICE: 0.5 for it, else 0.25, in another order. Java 11."""


def fake_java(folder: Path, code: str) -> str:
    """Write the program `java`, which runs `code`, into `folder`, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "java"
    program.write_text(f"#!{sys.executable} -S\n{code}", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def jars(folder: Path, *, core: bool = True) -> Path:
    """Write empty files where METEOR's and SPICE's archives would be, with CoreNLP's or not."""
    names = ["meteor/meteor-1.5.jar", "meteor/data/paraphrase-en.gz", "spice/spice-1.0.jar", "spice/lib/fst-2.47.jar"]
    for name in (*names, *(CORE_NLP if core else ())):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder
