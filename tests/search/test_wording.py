"""From what is typed to what is meant."""

from __future__ import annotations

import time

import pytest

from hearken.errors import QueryError
from hearken.search.wording import as_typed, understand


@pytest.mark.parametrize(
    "text",
    [
        "A dog barks.", "Glass is breaking.", "the sound of rain", "An engine starts, then stops.", "a beep", "café ambience", "5 kHz tone",
        "Footsteps on gravel", "A kettle starts to boil", "drums: kick and snare", "rock'n'roll", "ui click", "A Zildjian cymbal", "TR-808 kick",
    ],
)  # fmt: skip
def test_plain_descriptions_come_through_unchanged(text: str) -> None:
    understood = understand(text)
    assert (understood.text, understood.not_text, understood.notes, understood.words) == (text, None, (), text)


def test_typing_errors_are_mended_and_told() -> None:
    understood = understand("glsas braeking")
    assert understood.text == understood.words == "glass breaking"
    assert understood.notes[0] == 'Searched for "glass" instead of "glsas"; double quotes keep a word as it is.'
    assert len(understood.notes) == 2


def test_words_of_the_library_and_of_quotes_are_no_errors() -> None:
    assert understand("glsas one", lambda word: word == "glsas").notes == ()
    assert understand('play "glsas" braeking').text == "play glsas breaking"
    assert understand('"woof without glsas"').text == "woof without glsas"
    assert understand('"woof"').text == "woof"
    assert understand("a GLSAS sensor and Braeking").notes == ()  # abbreviations, and names


def test_another_language_is_left_alone_and_told() -> None:
    german = understand("Hund bellt laut im Garten")
    assert german.text == "Hund bellt laut im Garten"
    assert "English" in german.notes[0]
    russian = understand("собака лает")
    assert russian.text == "собака лает"
    assert '"собака"' in russian.notes[0]


def test_negation_is_taken_out_and_its_words_are_not_looked_up() -> None:
    understood = understand("rain withuot musci")
    assert (understood.text, understood.not_text, understood.words) == ("rain", "music", "rain")
    assert understood.notes[-1] == 'Searched for "rain" that does not sound like "music".'
    nothing = understand("no speech")
    assert (nothing.text, nothing.not_text, nothing.words) == ("a sound", "speech", "")
    assert nothing.notes == ('Searched for whatever does not sound like "speech".',)


def test_imitations_and_british_words_are_looked_up_as_they_were_typed() -> None:
    woof = understand("woof woof")
    assert (woof.text, woof.words, woof.notes) == ("a dog barks", "woof woof", ('Took "woof woof" as "a dog barks".',))
    lorries = understand("where can I hear 2 lorries?")
    assert (lorries.text, lorries.words, lorries.notes) == ("two trucks", "2 lorries", ())
    assert understand("traffic without a lorry").not_text == "truck"


def test_order_gives_parts() -> None:
    assert understand("a dog barks, then a car door slams").parts == ("a dog barks", "a car door slams")
    assert understand("vroom then ding dong").parts == ("an engine revs", "a doorbell rings")
    assert understand("a dog barks").parts == ("a dog barks",)


def test_emoji_and_names_of_files() -> None:
    assert understand("🔔").text == "bell"
    assert understand("🔔").notes == ('Took 🔔 as "bell".',)
    assert understand("DogBark_01.wav").text == "Dog Bark"


def test_long_texts_are_cut_and_told() -> None:
    understood = understand(
        "A dog barks at a passing car in the street. " + "It was a warm day and nothing else had happened so far. " * 10
    )
    assert understood.text.startswith("A dog barks")
    assert 20 < len(understood.text.split()) < 65
    assert understood.text.endswith("so far")
    assert "long" in understood.notes[0]


def test_it_is_refused_what_is_no_query() -> None:
    for text in ("", "  \u200b ", "x" * 1_001):
        with pytest.raises(QueryError):
            understand(text)
        with pytest.raises(QueryError):
            as_typed(text)
    assert as_typed(" rain  without musci ").text == "rain without musci"
    assert as_typed("rain without music").not_text is None


@pytest.mark.parametrize(
    "text",
    ["?", "no", '""', '"', "-", "...", "🏽", "a", "the of and", "not", "without", "©", "no no no", "x3", "_", ".wav", "#", "please", "'s"],
)
def test_hardly_anything_is_still_a_query(text: str) -> None:
    understood = understand(text)
    assert understood.text.strip()
    assert understood.parts


def test_it_is_quick() -> None:
    understand("warm glsas up")
    texts = ["A dog barks while cars pass by on a wet street in the distance", "rain without music", "where can I hear 2 lorries?"] * 20
    start = time.process_time()
    for text in texts:
        understand(text)
    assert (time.process_time() - start) / len(texts) < 0.003  # seconds; about 0.0005 on an idle machine
