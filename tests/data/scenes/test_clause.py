from pathlib import Path

import pytest

from hearken.data.scenes.clause import parse_clause


@pytest.mark.parametrize(
    ("caption", "simple", "progressive", "noun"),
    [
        ("A dog is barking.", "a dog barks", "a dog is barking", "a dog barking"),
        ("A dog barks.", "a dog barks", "a dog is barking", "a dog barking"),
        ("Dogs bark at night.", "dogs bark at night", "dogs are barking at night", "dogs barking at night"),
        ("A bird sings and chirps.", "a bird sings and chirps", "a bird is singing and chirping", "a bird singing and chirping"),
        ("Food is frying and sizzling in a pan.", "food fries and sizzles in a pan", "food is frying and sizzling in a pan", "food frying and sizzling in a pan"),
        ("Wind chimes ring.", "wind chimes ring", "wind chimes are ringing", "wind chimes ringing"),
        ("Wind chimes made of shells are ringing.", "wind chimes made of shells ring", "wind chimes made of shells are ringing", "wind chimes made of shells ringing"),
        ("A sheep bleats.", "a sheep bleats", "a sheep is bleating", "a sheep bleating"),
        ("A pickaxe strikes rock.", "a pickaxe strikes rock", "a pickaxe is striking rock", "a pickaxe striking rock"),
        ("Thunder cracks close by.", "thunder cracks close by", "thunder is cracking close by", "thunder cracking close by"),
        ("A man and a woman talk.", "a man and a woman talk", "a man and a woman are talking", "a man and a woman talking"),
        ("Someone knocks on a door", "someone knocks on a door", "someone is knocking on a door", "someone knocking on a door"),
        ("A gun is fired.", "a gun is fired", "", "a gun being fired"),
        ("A match is struck and ignites.", "a match is struck and ignites", "", "a match being struck and igniting"),
        ("Rain is heard from indoors.", "rain is heard from indoors", "", "rain from indoors"),
        ("There is an explosion.", "there is an explosion", "", "an explosion"),
        ("Footsteps on a wooden floor.", "footsteps on a wooden floor can be heard", "", "footsteps on a wooden floor"),
        ("City traffic noise.", "city traffic noise can be heard", "", "city traffic noise"),
        ("A deep rumbling underground ambience.", "a deep rumbling underground ambience can be heard", "", "a deep rumbling underground ambience"),
        ("Low rumbling and drips in a cave.", "low rumbling and drips in a cave can be heard", "", "low rumbling and drips in a cave"),
        ("A man walking on gravel", "a man walks on gravel", "a man is walking on gravel", "a man walking on gravel"),
        ("V8 engine revs.", "V8 engine revs", "V8 engine is revving", "V8 engine revving"),
        ("The sound of tool breaks.", "the sound of tool breaks can be heard", "", "the sound of tool breaks"),
        ("A robot is flurbing.", "", "a robot is flurbing", "a robot flurbing"),
        ("A dog is barking and a cat is meowing.", "a dog barks and a cat meows", "a dog is barking and a cat is meowing", "a dog barking and a cat meowing"),
        ("A window is smashed and glass shatters.", "a window is smashed and glass shatters", "", "a window being smashed and glass shattering"),
        ("A robot is flurbing and birds sing.", "a robot is flurbing and birds sing", "a robot is flurbing and birds are singing", "a robot flurbing and birds singing"),
        ("Someone suddenly sneezes.", "someone suddenly sneezes", "someone is suddenly sneezing", "someone suddenly sneezing"),
        ("Dogs wildly bark.", "dogs wildly bark", "dogs are wildly barking", "dogs wildly barking"),
        ("A family talks.", "a family talks", "a family is talking", "a family talking"),
        ("Something is whirring and punching.", "", "something is whirring and punching", "something whirring and punching"),
        ("A door is opening or closing.", "", "a door is opening or closing", "a door opening or closing"),
        ("A man walking and punching.", "a man walking and punching can be heard", "", "a man walking and punching"),
        ("A man speaking with water filling and draining.", "a man speaks with water filling and draining", "a man is speaking with water filling and draining", "a man speaking with water filling and draining"),
        ("Humming of an engine with wind blowing.", "humming of an engine with wind blowing can be heard", "", "humming of an engine with wind blowing"),
        ("A drilling and banging sound.", "a drilling and banging sound can be heard", "", "a drilling and banging sound"),
    ],
)  # fmt: skip
def test_forms(caption: str, simple: str, progressive: str, noun: str) -> None:
    clause = parse_clause(caption)
    assert (clause.simple, clause.progressive, clause.noun) == (simple, progressive, noun)
    assert not clause.is_whole


@pytest.mark.parametrize(
    "caption",
    [
        "A steam train whistles as it enters a tunnel.", "A car is running, heard from inside.", "A robot flurbs loudly.", "Robots flurb loudly.",
        "A dog is barking and the cat retorts.", "There is a bang and birds sing.", "Wind blowing and dog barking.", "A bird and insect chirps.",
        "A man hammers steel and uses a saw.", "", "  ", "The air is red.", "A bird sings, then flies away.",
    ],
)  # fmt: skip
def test_what_is_not_understood_stays_a_sentence_of_its_own(caption: str) -> None:
    clause = parse_clause(caption)
    assert clause.is_whole
    assert (clause.simple, clause.progressive) == ("", "")
    assert clause.text == " ".join((caption[:1].lower() + caption[1:]).split()).rstrip(".")


def test_heads_tell_sounds_apart() -> None:
    heads = [parse_clause(text).head for text in ("A brown dog barks.", "The inside of a car hums.", "Church bells are ringing.")]
    assert heads == ["dog", "inside", "bells"]


def test_what_lasts_and_what_is_over_soon() -> None:
    assert parse_clause("A dishwasher is running.").is_durative
    assert not parse_clause("A dog barks.").is_durative
    momentary = (
        "A door is closed.",
        "Thunder cracks close by.",
        "A train passes by.",
        "A jet airplane flies by.",
        "A dog barks and a door slams.",
    )
    assert all(parse_clause(text).is_momentary for text in momentary)
    assert not any(parse_clause(text).is_momentary for text in ("Rain falls.", "A violin is played.", "The wind blows.", "A dog barks."))


def test_what_has_several_actions_or_tells_how_often() -> None:
    assert parse_clause("A drawer is opened and closed.").has_several_actions
    assert not parse_clause("Plates and dishes are clattering.").has_several_actions
    for text in ("An owl hoots twice.", "A bell rings several times.", "A dog barks repeatedly.", "A man sneezes continuously."):
        assert parse_clause(text).tells_how_often
        assert parse_clause(text).has_several_actions
    assert not parse_clause("An owl hoots.").tells_how_often


SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.mark.skipif(not (SHARED / "audio" / "metadata.csv").is_file(), reason="the real captions are not here")
def test_most_real_captions_are_understood() -> None:
    from hearken.data.load import load

    captions = {clip.captions[0] for clip in load(SHARED / "audio" / "metadata.csv").clips}
    whole = [caption for caption in captions if parse_clause(caption).is_whole]
    assert len(captions) > 500
    assert len(whole) < 0.03 * len(captions), whole
