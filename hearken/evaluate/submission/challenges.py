"""The closed table of challenges whose submissions can be written, checked and scored: DCASE, language-based audio retrieval, 2022 to 2025.

Formats: the baselines' own code, `xieh97/dcase2022-audio-retrieval` (utils/eval_utils.py writes the ten names, eval_script.py scores them)
and `CPJKU/dcase2025_task6_baseline` (d25_t6/predict.py writes the table of scores). Definitions: the task paper of 2022, section 2.3, and
retrieval_module.py of the 2025 baseline. Sizes of the hidden sets: the task paper, section 2.2, and the results page of 2025.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from hearken.errors import SubmissionError, show

DEPTH = 10
"""How many file names a row of the years 2022 to 2024 has."""
LISTS_HEADER = ("caption", *(f"file_name_{rank}" for rank in range(1, DEPTH + 1)))
MATRIX_INDEX = "index"
"""What stands above the queries in a table of scores."""
AUTO = "auto"
"""In the place of a challenge: look at the file."""
_FIGURES = ("mAP@10", "R@1", "R@5", "R@10")


@dataclass(frozen=True)
class Challenge:
    """One year of the challenge.

    `kind` is what a submission holds: "lists" (of the ten best file names) or a "matrix" (of all scores). `task` is the part of a label that
    names the task. `figures` are scored by the `definition` of `hearken.metrics.definitions`, the first decides. `num_queries` is
    the size of the hidden evaluation set, None where no source tells it.
    """

    name: str
    title: str
    task: str
    kind: Literal["lists", "matrix"]
    figures: tuple[str, ...]
    definition: str
    num_queries: int | None
    homepage: str


def _lists(year: int, task: str, title: str) -> Challenge:
    page = f"https://dcase.community/challenge{year}/task-language-based-audio-retrieval"
    return Challenge(f"dcase{year}", f"DCASE {year}, {title}", task, "lists", _FIGURES, "dcase", 1000, page)


CHALLENGES = {
    each.name: each
    for each in (
        _lists(2022, "task6b", "task 6b"),
        _lists(2023, "task6b", "task 6b"),
        _lists(2024, "task8", "task 8"),
        Challenge(
            "dcase2025", "DCASE 2025, task 6", "task6", "matrix", ("mAP@16", *_FIGURES), "dcase2025", 597,
            "https://dcase.community/challenge2025/task-language-based-audio-retrieval",
        ),
    )
}  # fmt: skip
"""By name. The files of 2022 to 2024 do not differ, their labels do."""
OF_KIND = {"lists": CHALLENGES["dcase2024"], "matrix": CHALLENGES["dcase2025"]}
"""Which challenge is taken where a file alone has to say it: the last of its format."""
ANY_YEAR_OF_LISTS = "dcase2022 to dcase2024 (one format)"
"""What ranked lists are right for where nobody named the year, in words."""


def challenge(name: str) -> Challenge:
    """Return the challenge called `name`. Raises SubmissionError, with the nearest name, where there is none."""
    if name not in CHALLENGES:
        near = difflib.get_close_matches(name, CHALLENGES, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise SubmissionError(f"There is no challenge {show(name)!r}.", f"{hint}There are {', '.join(CHALLENGES)}.")
    return CHALLENGES[name]
