from hearken.data.scenes.mining import mine


def test_connectives_count_between_verbs_alone() -> None:
    found = mine(["A dog barks, then a car passes.", "A cat and a dog", "A man talking followed by a bell ringing while wind blows"])
    assert found["joints"] == {"followed by": 1, "then": 1, "while": 1}
    assert found["comma"]["then"] == 1
    assert found["comma"]["while"] == 0
    assert found["num_joints"] == {"0": 1, "1": 1, "2": 1}
    assert found["read"] == {"captions": 3}


def test_background_and_counts() -> None:
    found = mine(["A dog barks twice with rain falling in the background", "In the background a man talks", "A bird chirps several times"])
    assert found["background"] == {"with": 1}
    assert found["background_place"] == {"end": 1, "start": 1}
    assert found["times"] == {"several times": 1, "twice": 1}


def test_tense() -> None:
    found = mine(["A dog is barking", "A dog barking", "A dog barks", "Silence"])
    assert found["tense"] == {"participle": 1, "progressive": 1, "simple": 1}


def test_no_content_words_are_kept() -> None:
    words = {word for part in mine(["A secretword barks, then a hiddenname passes twice"]).values() for word in part}
    assert not any("secret" in word or "hidden" in word for word in words)
