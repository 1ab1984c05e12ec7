import os

import pytest
from starlette.exceptions import HTTPException

from hearken.search.library import Library
from hearken.server.files import Located, is_servable, locate, open_file
from tests.server.serving import FakeModel, make_library


@pytest.fixture
def library(tmp_path):
    with Library(make_library(tmp_path, ("pets/dog.wav",)), FakeModel()) as opened:
        yield opened


def test_a_file_is_located_and_opened(library, tmp_path):
    located = locate(library, 1)
    assert located.path == str(tmp_path.resolve() / "Sounds/pets/dog.wav")
    assert located.root == str(tmp_path.resolve() / "Sounds")
    descriptor = open_file(located)
    assert os.read(descriptor, 2) == b"AA"
    os.close(descriptor)


def spoil(path, how, elsewhere):
    content = path.read_bytes()
    if how == "parent link":
        path.unlink()
        path.parent.rmdir()
        elsewhere.mkdir()
        (elsewhere / path.name).write_bytes(content)
        path.parent.symlink_to(elsewhere)
        return
    path.unlink()
    if how == "link":
        elsewhere.write_bytes(content)
        path.symlink_to(elsewhere)
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        path.mkdir()


@pytest.mark.parametrize("how", ["gone", "link", "pipe", "folder", "parent link"])
def test_what_is_no_file_below_its_root_is_not_there(library, tmp_path, how):
    located = locate(library, 1)
    spoil(tmp_path / "Sounds/pets/dog.wav", how, tmp_path / "elsewhere")
    with pytest.raises(HTTPException) as caught:
        locate(library, 1)
    assert caught.value.status_code == 404
    if how != "parent link":  # changed between the two: the descriptor tells
        with pytest.raises(HTTPException):
            open_file(located)


def test_only_what_is_below_a_root(tmp_path, library):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"x")
    roots = library.parts().store.roots()
    assert not is_servable(str(secret), roots)
    assert not is_servable(f"{roots[0]}/../secret.wav", roots)
    assert not is_servable(f"{roots[0]}x/a.wav", roots)
    assert not is_servable("\0", ["\0"])
    assert is_servable(str(secret.resolve()), [str(secret.resolve())])
    with pytest.raises(HTTPException):
        locate(library, 999)
    assert Located._fields == ("record", "path", "root")
