"""The paper's rules, and what each failure counts as."""

from __future__ import annotations

import pytest

from hearken.data.collect.clean import PASSING, REASONS, RECHECKED, is_empty, sound_reason, visit_reason
from hearken.data.collect.entry import Entry
from hearken.errors import AudioEmptyError, AudioError, AudioFormatError, WorkerDiedError


def entry(title: str, description: str) -> Entry:
    return Entry("soundbible:1", "v", "d", title, description)


@pytest.mark.parametrize(("title", "description", "empty"), [("A", "B.", False), ("A", "", False), ("", "B.", False), ("", "", True)])
def test_metadata(title: str, description: str, empty: bool) -> None:
    assert is_empty(entry(title, description)) is empty


def test_every_reason_is_explained() -> None:
    reasons = {visit_reason(kind) for kind in ("gone", "robots", "refused", "broken", "too_large")}  # type: ignore[arg-type]
    assert reasons == {"dead_link", "robots", "refused", "broken", "too_large"}
    assert reasons | PASSING | RECHECKED <= set(REASONS)
    assert set(list(REASONS)[:3]) == {"empty_audio", "dead_link", "empty_metadata"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AudioEmptyError("x has no samples."), "empty_audio"),
        (WorkerDiedError("The reading process hung."), "crashed"),
        (AudioFormatError("x is no sound that can be read: it looks like HTML."), "dead_link"),
        (AudioFormatError("x is damaged."), "unreadable_audio"),
        (AudioError("x"), "unreadable_audio"),
    ],
)
def test_what_decoding_says(error: AudioError, reason: str) -> None:
    assert sound_reason(error) == reason
