"""A WordNet of a few words, in both kinds of files. The meanings are invented or as in every dictionary."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

SYNSETS = (
    ("1-n", "noun.animal", ["dog", "hound"]),
    ("2-n", "noun.artifact", ["pawl", "dog"]),
    ("3-n", "noun.artifact", ["car", "automobile", "machine", "Ford"]),
    ("4-n", "noun.artifact", ["machine", "device"]),
    ("5-v", "verb.communication", ["bark", "yap"]),
    ("6-n", "noun.plant", ["bark", "rind"]),
    ("7-s", "adj.all", ["quick", "rapid"]),
    ("8-r", "adv.all", ["softly", "gently", "piano"]),
    ("9-n", "noun.act", ["rest", "break time"]),
    ("10-v", "verb.motion", ["walk", "stroll"]),
    ("11-n", "noun.person", ["man", "gentleman"]),
    ("12-v", "verb.perception", ["hum", "purr"]),
)
_FILES = {"n": ("noun", 5), "v": ("verb", 38), "s": ("adj", 0), "r": ("adv", 2)}


def write_jsonl(path: Path) -> Path:
    text = "".join(json.dumps({"id": number, "lex": lex, "lemmas": lemmas, "defn": "x"}) + "\n" for number, lex, lemmas in SYNSETS)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def princeton() -> dict[str, str]:
    """The files of Princeton's WordNet for three words: 'dog' means the pawl first here, 'rain down' has a blank, 'quick' a mark."""
    licence = "  1 This is a licence.\n  2 It begins with two spaces.\n"
    data = {
        "noun": "00000100 05 n 02 dog 0 hound 0 001 @ 00000300 n 0000 | a barker\n00000200 06 n 02 pawl 0 dog 1 000 | a catch\n",
        "verb": "00000100 43 v 02 rain 0 rain_down 0 000 01 + 02 00 | fall\n",
        "adj": "00000100 00 s 02 quick(p) 0 rapid 0 000 | fast\n",
        "adv": "00000100 02 r 01 softly 0 000 | not loud\n",
    }
    index = {
        "noun": "dog n 2 1 @ 2 1 00000200 00000100  \nhound n 1 0 1 0 00000100  \npawl n 1 0 1 0 00000200  \n",
        "verb": "rain v 1 0 1 0 00000100  \nrain_down v 1 0 1 0 00000100  \n",
        "adj": "quick a 1 0 1 0 00000100  \nrapid a 1 0 1 0 00000100  \n",
        "adv": "softly r 1 0 1 0 00000100  \n",
    }
    files = {f"data.{name}": licence + text for name, text in data.items()}
    return files | {f"index.{name}": licence + text for name, text in index.items()}


def write_princeton(folder: Path, **changed: str) -> Path:
    """Write the files into `folder`; `changed` replaces files by their name with `_` for the point, "" leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (princeton() | {name.replace("_", "."): text for name, text in changed.items()}).items():
        if text:
            (folder / name).write_text(text)
    return folder


def write_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in princeton().items():
            archive.writestr(f"wordnet/{name}", text)
    return path
