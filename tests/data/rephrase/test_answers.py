"""Reading numbered answers, and what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearken.data.rephrase.answers import POLICIES, REASONS, judge, policy_of
from hearken.errors import InputError

TABLE_1 = """1. The sound of nails tapping on a metal surface is heard.
2. Fingernails are producing a dull sound when tapped.
3. A person is tapping their nails on a solid, metal surface.
4. The noise of someone tapping their fingernails is audible.
5. Nails are rhythmically tapping on a hard metal object."""
SOURCE = "A person is making noise by tapping their fingernails on a solid surface."
FIVE = "1. One.\n2. Two.\n3. Three.\n4. Four.\n5. Five."


def test_the_papers_own_example_is_kept_and_its_slip_counted() -> None:
    found = judge(TABLE_1, 5, source=SOURCE, finish_reason="stop")
    assert (len(found.texts), found.reason) == (5, "")
    assert found.texts[1] == "Fingernails are producing a dull sound when tapped."
    assert found.faults == (("forbidden", 1),)
    assert judge(TABLE_1, 5, "strict", source=SOURCE).reason == "forbidden"


@pytest.mark.parametrize(
    "text",
    [
        FIVE,
        FIVE.replace(".\n", ".\n\n"),
        "1) One.\n2) Two.\n3) Three.\n4) Four.\n5) Five.",
        "1: One.\n2: Two.\n3: Three.\n4: Four.\n5: Five.",
        "1 - One.\n2 - Two.\n3 - Three.\n4 - Four.\n5 - Five.",
        '1. "One."\n2. “Two.”\n3. ‘Three.’\n4. **Four.**\n5.Five.',
        "**1.** One.\n**2.** Two.\n**3.** Three.\n**4.** Four.\n**5.** Five.",
        "(1) One.\n(2) Two.\n(3) Three.\n(4) Four.\n(5) Five.",
        "<think>\n1. Should I?\nYes.\n</think>\n\n" + FIVE,
        "  " + FIVE.replace("\n", "\r\n   ") + "\r\n",
    ],
)
def test_numbers_are_written_in_many_ways(text: str) -> None:
    assert judge(text, 5).texts == ("One.", "Two.", "Three.", "Four.", "Five.")
    assert judge(text, 5).faults == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("<think>hm</think>", "empty"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("1. As an AI, I have no ears.\n2. b\n3. c\n4. d\n5. e", "refusal"),
        ("NONE", "no_sound"),
        ("1. Failure.", "no_sound"),
        ("Here are five captions:\n" + FIVE, "introduction"),
        (FIVE + "\nLet me know if you need more!", "remark"),
        ("One.\nTwo.\nThree.\nFour.\nFive.", "unnumbered"),
        ("2. b\n1. a\n3. c\n4. d\n5. e", "numbering"),
        ("1. a\n1. b\n1. c\n1. d\n1. e", "numbering"),
        ("\n".join(FIVE.splitlines()[:4]), "count"),
        (FIVE + "\n6. Six.", "count"),
        ("1. a\n2.\n3. c\n4. d\n5. e", "blank"),
    ],
)
def test_what_is_rejected(text: str, reason: str) -> None:
    found = judge(text, 5)
    assert (found.texts, found.reason) == ((), reason)
    assert dict(found.faults)[reason] >= 1


def test_an_answer_that_was_cut_off() -> None:
    assert judge(FIVE, 5, finish_reason="length").reason == "cut_off"


def test_doubles_and_copies_are_left_out() -> None:
    found = judge("1. Rain falls.\n2. rain falls\n3. It rains!\n4. Drops fall.\n5. Water drips.", 5, source="it RAINS")
    assert found.texts == ("Rain falls.", "Drops fall.", "Water drips.")
    assert found.faults == (("duplicate", 1), ("copy", 1))
    assert judge("1. a b\n2. A, b.\n3. a b\n4. a b\n5. a b", 5, source="a b").reason == "nothing_left"


def test_length_and_words_are_counted() -> None:
    long = " ".join(["rain"] * 20)
    found = judge(f"1. {long}\n2. It was recorded.\n3. {long} {long}\n4. {' '.join(['rain'] * 19)}\n5. An unheard tune.", 5)
    assert len(found.texts) == 5
    assert found.faults == (("too_long", 2), ("forbidden", 1))
    assert judge(f"1. {long}", 1, "strict").reason == "too_long"


def test_the_lenient_policy_takes_what_there_is() -> None:
    found = judge("Sure!\n1. One.\n3. Three.\nHope this helps.", 5, "lenient")
    assert (found.texts, found.reason) == (("One.", "Three."), "")
    assert dict(found.faults) == {"introduction": 1, "remark": 1, "numbering": 1, "count": 1}
    assert judge("no numbers", 5, "lenient").reason == "unnumbered"


def test_one_answer_needs_no_number() -> None:
    assert judge('"A dog barks."', 1).texts == ("A dog barks.",)
    assert judge("1. A dog barks.", 1).texts == ("A dog barks.",)
    assert judge("A dog barks.\nA cat meows.", 1).reason == "unnumbered"


@pytest.mark.parametrize("text", ["1. Dogs' barks", "1. 'Tis raining", "1. 3 cars pass", "1. 50 horses run", "1. -5 degrees"])
def test_what_belongs_to_the_sentence_stays(text: str) -> None:
    assert judge(text, 1).texts == (text[3:],)


def test_policies() -> None:
    assert all(set(levels) == set(REASONS) for levels in POLICIES.values())
    with pytest.raises(InputError, match="no policy 'mild'"):
        policy_of("mild")


WORDS = st.lists(
    st.sampled_from(["rain", "falls", "on", "a", "tin", "roof", "while", "dogs", "bark", "loudly", "outside"]), min_size=1, max_size=25
).map(" ".join)
MARKS = st.sampled_from(["{}. ", "{}) ", "{}: ", "({}) ", "**{}.** ", "{} - "])


@given(st.lists(WORDS, min_size=1, max_size=8, unique=True), MARKS, st.sampled_from(["\n", "\n\n", "\r\n"]))
def test_what_is_written_as_asked_is_read_as_written(lines: list[str], mark: str, between: str) -> None:
    text = between.join(mark.format(number) + line for number, line in enumerate(lines, start=1))
    found = judge(text, len(lines))
    assert found.texts == tuple(lines)
    assert dict(found.faults).get("too_long", 0) == sum(len(line.split()) >= 20 for line in lines)


@given(st.text(), st.integers(1, 6), st.sampled_from(sorted(POLICIES)), st.text(max_size=20))
@example("<think>", 1, "lenient", "")
@example("1.\x001", 2, "paper", "")
def test_any_text_is_judged(text: str, num: int, policy: str, source: str) -> None:
    found = judge(text, num, policy, source=source)
    assert bool(found.texts) != bool(found.reason)
    assert all(line.strip() for line in found.texts)
    assert len(set(found.texts)) == len(found.texts)
    if policy == "strict":
        assert len(found.texts) in (0, num)
