from hearken.server.examples import USUAL, examples
from tests.small_library import SmallLibrary, unit


class Captioned:
    def __init__(self, captions):
        self.captions = captions

    def file_versions(self):
        return {number: number for number in self.captions}

    def captions_of(self, versions):
        return {version: self.captions[version] for version in versions}


def test_captions_of_the_library_come_first():
    found = examples(Captioned({1: "A dog barks.", 2: "x" * 100, 3: "", 4: "A dog barks."}))
    assert found == ["a dog barks", *USUAL[:5]]
    many = examples(Captioned({number: f"Sound number {number}." for number in range(500)}))
    assert len(set(many)) == 6
    assert not set(many) & set(USUAL)


def test_without_captions_there_are_the_usual(tmp_path):
    library = SmallLibrary(tmp_path / "lib")
    library.put("/a.wav", [unit(1, 0, 0, 0)])
    assert examples(library.store) == list(USUAL)
    library.close()
