import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from starlette.exceptions import HTTPException

from hearken.errors import LibraryNotFoundError, ModelNotFoundError
from hearken.search.library import Library
from hearken.server.settings import Settings
from hearken.server.state import Models, Shelf
from tests.server.serving import FakeModel, make_library


@pytest.fixture
def shelf(small):
    made = Shelf(Settings((small,), num_searchers=2), Models(FakeModel()))
    yield made
    made.close()


def test_libraries_by_name(shelf):
    assert shelf.names == ["small"]
    assert shelf.get("small").exists
    with pytest.raises(HTTPException) as caught:
        shelf.get("large")
    assert caught.value.status_code == 404


def test_a_lent_library_belongs_to_one_thread(shelf):
    shelved, lent, most = shelf.get("small"), [], []
    lock = threading.Lock()

    def work(_):
        with shelved.borrow() as library:
            with lock:
                assert library not in lent
                lent.append(library)
                most.append(len(lent))
            time.sleep(0.01)
            found = library.search("dog", k=1)
            with lock:
                lent.remove(library)
        return found[0].path

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(40)))) == 1
    assert 1 < max(most) <= 4


def test_run_gives_back_what_fails(shelf):
    shelved = shelf.get("small")

    async def ask():
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await shelved.run(lambda library: 1 / 0)
        return await shelved.run(lambda library: len(library.search("dog")))

    assert anyio.run(ask) == 6


def test_quick_work_does_not_wait_behind_searches(shelf):
    shelved, event = shelf.get("small"), threading.Event()

    async def ask():
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(shelved.run, lambda library: event.wait(20))
            await anyio.sleep(0.2)
            found = await shelved.look(lambda library: len(library.parts().store.files()))
            event.set()
        return found

    assert anyio.run(ask) == 6


def test_a_library_that_was_made_anew_is_opened_anew(tmp_path):
    folder = make_library(tmp_path, ("dog.wav",))
    shelf = Shelf(Settings((folder,)), Models(FakeModel()))
    shelved = shelf.get("small")
    with shelved.borrow() as library:
        assert len(library.search("dog")) == 1
        first = library
    shutil.rmtree(folder)
    make_library(tmp_path, ("dog.wav", "rain.wav"))
    with shelved.borrow() as library:
        assert library is not first
        assert len(library.search("dog")) == 2
    with Library(folder, FakeModel()) as writer:
        (tmp_path / "Sounds/rain.wav").unlink()
        writer.index(tmp_path / "Sounds", jobs=1)
    with shelved.borrow() as again:
        assert again is library
        assert len(again.search("dog")) == 1
    shelf.close()


def test_what_is_not_there(tmp_path):
    shelf = Shelf(Settings((tmp_path,), roots=(tmp_path,)), Models())
    shelved = shelf.get(shelf.names[0])
    assert not shelved.exists
    assert shelved.roots == (tmp_path,)
    with pytest.raises(LibraryNotFoundError), shelved.borrow():
        pass
    shelf.warm()  # says nothing


def test_a_model_is_loaded_once_and_must_be_here(small):
    model = FakeModel()
    assert Models(model).of(small) is model
    with pytest.raises(ModelNotFoundError):
        Models().of(small)
