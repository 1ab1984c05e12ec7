from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.web.driving import FLAGS, Served, browser_path, served

WAIT_MS = 60_000  # a busy machine is slow; what never comes fails all the same


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("web")) as made:
        yield made


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    path = browser_path()
    if path is None:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def visit(browser, server: Served):
    """Opens a page with nothing remembered; at the end, nothing may have gone wrong in it, nor been asked of anybody else."""
    contexts, wrong = [], []

    def opened(address: str = "/", *, expected: str = "", **options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: wrong.append(said.text) if said.type == "error" and not (expected and re.search(expected, said.text)) else None,
        )
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((server.address, "blob:", "data:")) else None)
        page.goto(server.address + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
