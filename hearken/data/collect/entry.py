"""One sound on its way into the corpus: what is said of it, where it is, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

State = Literal["kept", "removed", "failed"]


@dataclass(frozen=True)
class Entry:
    """A sound as its page, or the public table, describes it. `id` is its origin, such as `soundbible:2219`."""

    id: str
    view_link: str
    download_link: str
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    fname: str = ""
    licence: str = ""
    author: str = ""

    @property
    def site(self) -> str:
        """The name of its site."""
        return self.id.partition(":")[0]

    @property
    def number(self) -> str:
        """The site's number of it."""
        return self.id.partition(":")[2]


@dataclass(frozen=True)
class Record:
    """What became of an entry: a line of the ledger.

    `reason` (of `clean.REASONS`) and `detail` say why it was removed or failed. `file` is the sound, relative to the corpus'
    folder, `duration_s` its length; `sha256` and `num_bytes` are of the site's own file; `flags` are what decoding remarked.
    """

    entry: Entry
    state: State
    reason: str = ""
    detail: str = ""
    file: str = ""
    duration_s: float | None = None
    sha256: str = ""
    num_bytes: int | None = None
    flags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as the object of one line of the ledger."""
        values: dict[str, Any] = asdict(self)
        entry: dict[str, Any] = values.pop("entry")
        return entry | values

    @staticmethod
    def from_json(value: dict[str, Any]) -> Record:
        """Return the record of `to_json`. Raises ValueError for anything else."""
        try:
            entry = Entry(
                _text(value, "id"), _text(value, "view_link"), _text(value, "download_link"), _text(value, "title"),
                _text(value, "description"), _texts(value, "tags"), _text(value, "fname"), _text(value, "licence"), _text(value, "author"),
            )  # fmt: skip
            duration_s, num_bytes = value["duration_s"], value["num_bytes"]
            if value["state"] not in get_args(State) or not entry.number:
                raise ValueError("no such state or id")
            return Record(
                entry, value["state"], _text(value, "reason"), _text(value, "detail"), _text(value, "file"),
                None if duration_s is None else float(duration_s), _text(value, "sha256"),
                None if num_bytes is None else int(num_bytes), _texts(value, "flags"),
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def _text(value: dict[str, Any], name: str) -> str:
    if not isinstance(value[name], str):
        raise TypeError(f"{name} is no text")
    return str(value[name])


def _texts(value: dict[str, Any], name: str) -> tuple[str, ...]:
    if not isinstance(value[name], list) or not all(isinstance(item, str) for item in value[name]):
        raise TypeError(f"{name} is no list of texts")
    return tuple(value[name])
