import pytest
from pydantic import ValidationError

from hearken.server.schemas import Asked, Folder, LibraryOut


def test_nothing_undeclared_is_told():
    with pytest.raises(ValidationError):
        Folder(path="a", name="a", depth=0, num_files=1, secret="/x")
    assert LibraryOut(name="a", state="absent").roots == []


def test_not_keeps_its_name():
    assert Asked.model_validate({"not": "music"}).model_dump(by_alias=True)["not"] == "music"
