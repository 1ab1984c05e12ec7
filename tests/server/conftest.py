from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.serving import NAMES, STRANGE, client_of, make_library


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library that tests only read; its name in addresses is `small`."""
    return make_library(tmp_path_factory.mktemp("served"), (*NAMES, STRANGE))


@pytest.fixture(scope="session")
def client(small: Path) -> Iterator[TestClient]:
    with client_of(small) as made:
        yield made


@pytest.fixture(scope="session")
def ids(client: TestClient) -> dict[str, int]:
    """The sounds of the small library: ids by name."""
    return {each["name"]: each["id"] for each in client.get("/api/v1/libraries/small/sounds").json()["sounds"]}
