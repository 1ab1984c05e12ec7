"""What is claimed of a sweep: which run retrieves better than which, and who says so. A YAML file may hold such a list.

- better: cnn                          # a run, or a recipe whose runs differ in their seeds
  worse: cnn-triplet
  text: NT-Xent above sampled triplet
  source: Xie et al. 2022, Table 4
  metric: t2a_mAP@10
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

from hearken.data.yaml_value import load_yaml
from hearken.errors import InputError, show

METRIC = "t2a_mAP@10"
_MAX_BYTES = 1_000_000
_HINT = "An entry is a mapping with `better` and `worse`, and perhaps `text`, `source` and `metric`."


@dataclass(frozen=True)
class Claim:
    """`better` has the better `metric` than `worse`: names of systems or of recipes. `text` says it in words, `source` who found it."""

    better: str
    worse: str
    text: str = ""
    source: str = ""
    metric: str = METRIC

    @property
    def words(self) -> str:
        """The claim in words."""
        return self.text or f"{self.better} above {self.worse}"


def read_claims(path: str | Path) -> tuple[Claim, ...]:
    """Return the claims in a YAML file. Raises InputError, naming the file and the entry, for whatever is no list of claims."""
    file = Path(path)
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"The claims {show(file)} cannot be read: {error.strerror}.", "Name a YAML file.") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"The claims {show(file)} are more than {_MAX_BYTES} bytes.", _HINT)
    entries = _yaml(file, data)
    if not isinstance(entries, list) or not entries:
        raise InputError(f"The claims {show(file)} are no list.", _HINT)
    return tuple(_claim(file, number, entry) for number, entry in enumerate(entries, start=1))


def _yaml(file: Path, data: bytes) -> object:
    def fail(line: int | None, fault: str) -> NoReturn:
        raise InputError(f"The claims {show(file)}{'' if line is None else f', line {line}'}: {fault}", _HINT)

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"The claims {show(file)} are no UTF-8 text.", "Save the file as UTF-8.") from error
    return load_yaml(text, fail)


def _claim(file: Path, number: int, entry: object) -> Claim:
    known = tuple(field.name for field in fields(Claim))
    where = f"Entry {number} of the claims {show(file)}"
    if not isinstance(entry, dict) or not all(isinstance(value, str) and value for value in entry.values()):
        raise InputError(f"{where} is no mapping of texts.", _HINT)
    unknown = [show(str(key)) for key in entry if key not in known]
    missing = [name for name in ("better", "worse") if name not in entry]
    if unknown or missing:
        fault = f"has {', '.join(unknown)}, which means nothing" if unknown else f"lacks {' and '.join(missing)}"
        raise InputError(f"{where} {fault}.", _HINT)
    return Claim(**{str(key): show(value) for key, value in entry.items()})
