import json
import shutil
from pathlib import Path

import pytest

from hearken.errors import ModelMismatchError, ModelNotFoundError
from hearken.library.records import ModelRecord
from hearken.runtime.catalog import find_model, model_info
from hearken.search.origin import find_origin

LIBRARY = Path("/the library")


@pytest.fixture
def owl(tmp_path):
    """Another model, in a folder: pocket by another name, and so of another digest or not, as the configuration has it."""
    folder = tmp_path / "owl"
    shutil.copytree(find_model("pocket"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "name": "owl", "files": {**config["files"], "text.onnx": "0" * 64}}))
    return folder


def test_a_name_is_enough_for_a_built_in_model():
    info = model_info(find_model("pocket"))
    assert find_origin(LIBRARY, ModelRecord("pocket", info.digest, info.dim, "/gone")) == find_model("pocket")


def test_a_folder_is_used_only_while_it_holds_that_model(owl):
    info = model_info(owl)
    assert find_origin(LIBRARY, ModelRecord("owl", info.digest, info.dim, str(owl))) == owl
    with pytest.raises(ModelMismatchError, match=r"the library was made by the model 'owl'.*not by the one of today") as caught:
        find_origin(LIBRARY, ModelRecord("owl", "e" * 64, info.dim, str(owl)))
    assert "--model" in caught.value.hint
    assert "hearken index DIR --library NEW" in caught.value.hint


def test_a_model_of_the_same_name_does_not_hide_the_one_in_the_folder(owl):
    info = model_info(owl)
    assert find_origin(LIBRARY, ModelRecord("pocket", info.digest, info.dim, str(owl))) == owl


def test_none_at_all(tmp_path):
    with pytest.raises(ModelNotFoundError, match="made by the model 'owl', which is not here") as caught:
        find_origin(LIBRARY, ModelRecord("owl", "e" * 64, 4, str(tmp_path / "gone")))
    assert "--model" in caught.value.hint
