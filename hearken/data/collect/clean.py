"""The cleaning rules of WavText5K (Deshmukh et al. 2022, section 2.1).

The paper removed "empty audio files, incorrect download links, and empty metadata". The published table shows what that
meant: 177 of its 4525 sounds have no description and are there all the same, five have no title either. So metadata count
as empty here where there is neither title nor description: of the published table these are five.
"""

from __future__ import annotations

from hearken.data.collect.entry import Entry
from hearken.data.collect.polite import Kind
from hearken.errors import AudioEmptyError, AudioError, WorkerDiedError

REASONS = {
    "empty_audio": "the file holds not a single sample",
    "dead_link": "nothing, or no sound, is where the link leads",
    "empty_metadata": "there is neither title nor description",
    "unreadable_audio": "the file is sound, but cannot be decoded within the limits",
    "too_large": "the file is larger than is taken",
    "robots": "the site asks not to be visited there",
    "refused": "the site refused to answer",
    "broken": "no whole answer came",
    "crashed": "the process that decodes it died",
}
"""Why a sound is not in the corpus -> what that means. The first three are the paper's."""
PASSING = frozenset({"refused", "broken", "crashed"})
"""Reasons that may be gone next time: such a sound has failed, and is asked for again; others are removed."""
RECHECKED = PASSING | {"robots"}
"""Reasons that are looked at anew in every run."""

_OF_VISITS: dict[Kind, str] = {"gone": "dead_link"}


def visit_reason(kind: Kind) -> str:
    """Return the reason for a visit that came to nothing."""
    return _OF_VISITS.get(kind, kind)


def sound_reason(error: AudioError) -> str:
    """Return the reason for what decoding a file raised: a web page or text in its place is a dead link."""
    if isinstance(error, AudioEmptyError):
        return "empty_audio"
    if isinstance(error, WorkerDiedError):
        return "crashed"
    return "dead_link" if "looks like" in error.message else "unreadable_audio"


def is_empty(entry: Entry) -> bool:
    """Say whether the metadata of `entry` are empty."""
    return not entry.title and not entry.description
