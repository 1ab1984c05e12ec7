import pytest

from hearken.data.clip import Clip
from hearken.data.scenes.sources import caption_of, classify, digest, from_json, label_of, licence_allows, read_sources, to_json
from tests.data.scenes.small_sounds import STOCK, source


def test_label_and_caption() -> None:
    clip = Clip("1", "train", "a.wav", ("A dog barks.", "Barking"), "Title", ("dog", "pet"))
    assert (label_of(clip), caption_of(clip)) == ("dog", "A dog barks.")
    assert (label_of(Clip("1", "", "a.wav", ("A dog barks.",))), caption_of(Clip("1", "", "a.wav", title="Dog"))) == ("A dog barks.", "Dog")
    assert caption_of(Clip("1", "", "a.wav")) == ""


@pytest.mark.parametrize(
    ("licence", "patterns", "allowed"),
    [
        ("CC0 1.0", ("cc0*",), True),
        ("CC BY-NC 4.0", ("CC0*", "CC BY 4*"), False),
        ("", ("CC0*",), False),
        ("anything", (), True),
        ("", (), True),
    ],
)
def test_licences(licence: str, patterns: tuple[str, ...], allowed: bool) -> None:
    assert licence_allows(licence, patterns) is allowed


def test_what_each_can_be() -> None:
    parts = {
        each.source.id: (each.is_event, each.is_background, each.is_loop, each.is_countable) for each in (classify(s)[0] for s in STOCK)
    }
    assert parts == {
        "dog": (True, False, False, True), "door": (True, False, False, True), "bell": (True, False, False, False),
        "step": (True, False, False, True), "engine": (True, True, True, False), "rain": (False, True, True, False),
        "birds": (False, True, True, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sounding_s": 0.01}, "too short"), ({"sounding_s": 30.0, "spread_db": 40.0}, "too long for an event, too unsteady for a background"),
        ({"peak_db": -70.0}, "too quiet"), ({"floor_db": -20.0, "duration_s": 5.0}, "does not stand out of its own noise"),
    ],
)  # fmt: skip
def test_why_not(changes: dict[str, float], reason: str) -> None:
    material, told = classify(source("x", "A dog barks.", **changes))
    assert told == reason
    assert not material.is_event
    assert not material.is_background


def test_captions_decide_too() -> None:
    assert classify(source("x", "", 0.5))[1] == "no caption"
    assert classify(source("x", "Rain is falling.", 3.0, active_share=0.2))[1] == "a steady sound by its caption, but mostly silent"
    assert classify(source("x", "Rain is falling, and a dog barks.", 12.0))[1].startswith("too long")  # no background without a clause


def test_a_background_lasts() -> None:
    for caption in ("Thunder cracks.", "A train passes by.", "A bell is struck.", "A bell rings twice."):
        assert not classify(source("x", caption, 20.0))[0].is_background
    wind = classify(source("x", "The wind is blowing.", 20.0))[0]
    assert (wind.is_background, wind.is_loop) == (True, False)


def test_json_round_trip_and_digest(tmp_path) -> None:
    lines = [to_json(each) for each in STOCK]
    assert tuple(from_json(line) for line in lines) == STOCK
    import json

    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_sources(tmp_path / "s.jsonl") == STOCK
    assert digest(lines) == digest(lines) != digest(lines[1:])
    assert len(digest([])) == 64
