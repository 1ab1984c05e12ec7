import pytest
from pydantic import ValidationError

from hearken.server.routes.export import ExportItem
from hearken.server.schemas import Asked, Folder, LibraryOut


def test_nothing_undeclared_is_told():
    with pytest.raises(ValidationError):
        Folder(path="a", name="a", depth=0, num_files=1, secret="/x")
    assert LibraryOut(name="a", state="absent").roots == []


def test_not_keeps_its_name():
    assert Asked.model_validate({"not": "music"}).model_dump(by_alias=True)["not"] == "music"


@pytest.mark.parametrize("wrong", [{"id": True}, {"id": "1"}, {"id": 1, "end_s": True}, {"id": 1, "score": "0.5"}, {"id": 1, "more": 1}])
def test_what_is_given_is_taken_as_it_is_declared_or_not_at_all(wrong):
    with pytest.raises(ValidationError):
        ExportItem.model_validate(wrong)
    assert ExportItem.model_validate({"id": 1, "end_s": 2}).end_s == 2
