"""METEOR and SPICE, the original programs, where Java and their files are: and why not, where they are not.

Whatever goes wrong with them, an evaluation goes on: a metric that cannot be had is a sentence that says why, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hearken.errors import InputError
from hearken.metrics.captioning.java_files import (
    LAST_WITH_JAVASCRIPT,
    Spice,
    find_java,
    find_meteor,
    find_spice,
    java_version,
    usual_folders,
)
from hearken.metrics.captioning.java_meteor import meteor
from hearken.metrics.captioning.java_process import NotAvailableError
from hearken.metrics.captioning.java_spice import spice
from hearken.metrics.captioning.score import CaptionScore, Tokens, clips_of
from hearken.metrics.captioning.tokens import ptb

JAVA_METRICS = ("meteor", "spice")
TIMEOUT_S = 120.0


class JavaMetrics:
    """METEOR and SPICE by the program `java` (None: that of the PATH, or of $JAVA_HOME), with the archives that `folders` have (None:
    `java_files.usual_folders`). Each call lives `timeout_s` seconds at most. Raises InputError for a limit that is none.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S, *, folders: Sequence[Path] | None = None, java: str | None = None) -> None:
        if not 0 < timeout_s < float("inf"):
            raise InputError(f"The limit of time must be above 0 s, not {timeout_s:g}.")
        self.timeout_s, self._folders, self._java = timeout_s, folders, java

    def why_not(self, name: str) -> str:
        """Return why metric `name`, "meteor" or "spice", cannot be had, in a sentence; "" where all it needs is here.

        Raises InputError for another name.
        """
        try:
            self._needs(name)
        except NotAvailableError as error:
            return str(error)
        return ""

    def score(
        self, name: str, candidates: Sequence[str], references: Sequence[Sequence[str]], *, tokens: Tokens = ptb
    ) -> CaptionScore | str:
        """Return the score of metric `name` of N candidates with their references, or why it cannot be had, in a sentence.

        Captions become words by `tokens` first, as aac-metrics does. Raises InputError for another name, and as `check_captions`.
        """
        clips = clips_of(candidates, references, tokens)
        try:
            java, files = self._needs(name)
            if isinstance(files, Spice):
                return spice(clips, java, files, limit_s=self.timeout_s)
            return meteor(clips, java, files, limit_s=self.timeout_s)
        except NotAvailableError as error:
            return str(error)

    def _needs(self, name: str) -> tuple[str, Path | Spice]:
        if name not in JAVA_METRICS:
            raise InputError(f"There is no metric {name!r} that needs Java.", f"One of {', '.join(JAVA_METRICS)}.")
        folders = usual_folders() if self._folders is None else self._folders
        java = find_java(self._java)
        if name == "meteor":
            return java, find_meteor(folders)
        files = find_spice(folders)
        if not files.has_javascript and (version := java_version(java)) > LAST_WITH_JAVASCRIPT:
            raise NotAvailableError(
                f"SPICE writes its answer by a JavaScript engine, which Java {version} has not. Use Java 8 to {LAST_WITH_JAVASCRIPT}, or put "
                "nashorn-core and asm (org.openjdk.nashorn) into the folder $HEARKEN_JAVA."
            )
        return java, files
