from __future__ import annotations

import pytest

from hearken.metrics.captioning.faults import faults_of


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a dog barks and a man speaks", ()),
        ("a car passes by", ()),
        ("a man is speaking loudly", ()),
        ("a dog barks, a dog whines", ()),
        ("knock knock", ()),
        ("a dog barks and a", ("breaks off",)),
        ("rain falls on the", ("breaks off",)),
        ("", ("breaks off",)),
        ("a man speaks and the man speaks", ("event twice",)),
        ("A man speaks, a bird sings, a man speaks.", ("event twice",)),
        ("a man speaks loudly loudly", ("word twice",)),
        ("a man speaks loudly and loudly", ("word twice",)),
        ("a dog is is barking", ("word twice",)),
    ],
)
def test_faults(text: str, faults: tuple[str, ...]) -> None:
    assert faults_of(text) == faults
