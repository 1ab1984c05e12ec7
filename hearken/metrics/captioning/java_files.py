"""Where the programs METEOR 1.5 and SPICE 1.0 are: nothing of them comes with Hearken, and nothing is ever fetched.

Looked through, in this order:

1. the folder $HEARKEN_JAVA;
2. the Python package pycocoevalcap 1.2, the extra ``java-metrics``, whose wheel brings both programs, METEOR's paraphrases, and all that
   SPICE needs but Stanford's CoreNLP 3.6.0 (GPL, 0.4 GB);
3. what ``aac-metrics-download`` of the package aac-metrics put into its cache, CoreNLP included.

All have one layout: ``meteor/meteor-1.5.jar`` with ``meteor/data/paraphrase-en.gz``, ``spice/spice-1.0.jar`` with ``spice/lib/*.jar``.
CoreNLP's two archives are also found in $HEARKEN_JAVA itself, so that nobody has to write into an installed package.

Neither package is imported. aac-metrics imports torch, refuses a Java above 13 for METEOR too, which does not mind, and waits for METEOR
without end; pycocoevalcap fetches CoreNLP by plain HTTP as soon as SPICE is named, and writes into its own folder.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hearken.errors import extra_hint, show
from hearken.metrics.captioning.java_process import NotAvailableError, Program

CORE_NLP = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
LAST_WITH_JAVASCRIPT = 14
"""SPICE writes its answer by the JavaScript engine of Java, which newer ones lack (JEP 372); Nashorn's own archive puts it back."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_VERSION_LIMIT_S = 20.0


@dataclass(frozen=True)
class Spice:
    """SPICE's archives, in the order in which Java looks through them."""

    class_path: tuple[Path, ...]

    @property
    def has_javascript(self) -> bool:
        """Whether a JavaScript engine is among them."""
        return any(path.name.startswith("nashorn-core") for path in self.class_path)


def usual_folders() -> list[Path]:
    """Return the folders to look through; some may not exist."""
    named = os.environ.get("HEARKEN_JAVA")
    cache = Path(os.environ.get("AAC_METRICS_CACHE_PATH") or "~/.cache")
    return [
        *([Path(named).expanduser().absolute()] if named else []),
        *_package("pycocoevalcap"),
        Path(os.path.expandvars(cache)).expanduser().absolute() / "aac-metrics",
    ]


def find_java(java: str | None = None) -> str:
    """Return the path of the program `java`, by default that of the PATH, or else of $JAVA_HOME. Raises NotAvailableError."""
    found = shutil.which(java or "java")
    if found is None and java is None and os.environ.get("JAVA_HOME"):
        found = shutil.which("java", path=str(Path(os.environ["JAVA_HOME"]).expanduser() / "bin"))
    if found is None:
        raise NotAvailableError(f"There is no program {show(java or 'java')}. Install Java 8 or newer, such as OpenJDK.")
    return os.path.abspath(found)


def java_version(java: str) -> int:
    """Return the version of the program `java`, 8 for "1.8". Raises NotAvailableError where it says none within 20 s."""
    with Program([java, "-version"], limit_s=_VERSION_LIMIT_S) as program:
        said = program.finish()
    found = _VERSION.search(said)
    if found is None:
        raise NotAvailableError(f"The program {show(java)} does not say which version of Java it is.")
    return int(found[1])


def find_meteor(folders: Sequence[Path]) -> Path:
    """Return the path of METEOR's archive, beside which its paraphrases are. Raises NotAvailableError."""
    for folder in folders:
        jar = folder / "meteor" / "meteor-1.5.jar"
        if jar.is_file() and (jar.parent / "data" / "paraphrase-en.gz").is_file():
            return jar
    raise NotAvailableError(f"METEOR is not here: meteor/meteor-1.5.jar and meteor/data/paraphrase-en.gz. {_way_out()}")


def find_spice(folders: Sequence[Path]) -> Spice:
    """Return the archives of SPICE. Raises NotAvailableError, naming what is missing."""
    jar = next((path for folder in folders if (path := folder / "spice" / "spice-1.0.jar").is_file()), None)
    if jar is None:
        raise NotAvailableError(f"SPICE is not here: spice/spice-1.0.jar. {_way_out()}")
    places = [place for folder in folders for place in (folder, folder / "spice", folder / "spice" / "lib")]
    core = [next((path for place in places if (path := place / name).is_file()), None) for name in CORE_NLP]
    missing = [name for name, path in zip(CORE_NLP, core, strict=True) if path is None]
    if missing:
        raise NotAvailableError(
            f"SPICE needs Stanford's CoreNLP, which is not here: {' and '.join(missing)}. Put it into a folder and name that in $HEARKEN_JAVA; it "
            "is in stanford-corenlp-full-2015-12-09.zip of nlp.stanford.edu."
        )
    engine = sorted(path for place in places for pattern in ("nashorn-core-*.jar", "asm*.jar") for path in place.glob(pattern))
    rest = sorted((jar.parent / "lib").glob("*.jar"))
    return Spice(tuple(dict.fromkeys((jar, *filter(None, core), *rest, *engine))))


def _package(name: str) -> list[Path]:
    """The folder of an installed package, which is not imported."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return []
    return [Path(place).absolute() for place in (spec.submodule_search_locations or [])] if spec is not None else []


def _way_out() -> str:
    return f"{extra_hint('java-metrics')}, or name a folder that has it in $HEARKEN_JAVA."
