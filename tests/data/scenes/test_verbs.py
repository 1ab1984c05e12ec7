import pytest

from hearken.data.scenes import verbs
from hearken.data.scenes.verbs import BASES, GERUNDS, THIRDS, gerund, is_durative, is_momentary, is_participle, third_person


@pytest.mark.parametrize(
    ("verb", "third", "lasting"),
    [
        ("bark", "barks", "barking"), ("screech", "screeches", "screeching"), ("hiss", "hisses", "hissing"), ("buzz", "buzzes", "buzzing"),
        ("cry", "cries", "crying"), ("play", "plays", "playing"), ("moo", "moos", "mooing"), ("go", "goes", "going"),
        ("rustle", "rustles", "rustling"), ("hum", "hums", "humming"), ("squeal", "squeals", "squealing"), ("run", "runs", "running"),
        ("whiz", "whizzes", "whizzing"), ("throb", "throbs", "throbbing"), ("emit", "emits", "emitting"), ("fizz", "fizzes", "fizzing"),
    ],
)  # fmt: skip
def test_forms(verb: str, third: str, lasting: str) -> None:
    assert verb in BASES
    assert (third_person(verb), gerund(verb)) == (third, lasting)
    assert (THIRDS[third], GERUNDS[lasting]) == (verb, verb)


def test_no_two_verbs_share_a_form() -> None:
    assert len(THIRDS) == len(GERUNDS) == len(BASES) > 300


def test_die_is_dying() -> None:
    assert gerund("die") == "dying"
    assert gerund("see") == "seeing"


def test_what_lasts_and_what_is_done() -> None:
    assert is_durative("hum")
    assert not is_durative("bark")
    assert is_momentary("slam")
    assert not is_momentary("bark")
    assert is_participle("fired")
    assert is_participle("struck")
    assert not is_participle("red")


def test_the_lists_agree() -> None:
    assert verbs._DOUBLING | verbs._DURATIVE | verbs._MOMENTARY <= BASES
    assert not verbs._DURATIVE & verbs._MOMENTARY
