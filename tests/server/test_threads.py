from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from anyio.to_thread import current_default_thread_limiter

from hearken.server.threads import threads_for
from tests.server.serving import client_of

PLACE = "/api/v1/libraries/small"


def test_each_kind_of_work_has_its_own_and_every_request_the_same():
    async def work():
        app = SimpleNamespace(state=SimpleNamespace())
        first, second = SimpleNamespace(app=app), SimpleNamespace(app=app)
        assert threads_for(first, "send") is threads_for(second, "send")
        assert threads_for(first, "send") is not threads_for(first, "zip")
        assert threads_for(SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace())), "send") is not threads_for(first, "send")

    anyio.run(work)


@pytest.mark.parametrize("address", ["", "/search?q=dog", "/sounds", "/sounds/1/media", "/folders", "/export"])
def test_what_is_asked_most_needs_none_of_the_threads_that_all_share(small: Path, address: str) -> None:
    """Forty requests that wait in them for something else must not make the page stand still."""
    answers: list[int] = []
    with client_of(small) as client:

        async def hold() -> None:
            pool = current_default_thread_limiter()
            for _ in range(int(pool.available_tokens)):
                pool.acquire_on_behalf_of_nowait(object())

        def ask() -> None:
            body = {"format": "zip", "items": [{"id": 1}]}
            answers.append((client.post(PLACE + address, json=body) if address == "/export" else client.get(PLACE + address)).status_code)

        async def free() -> None:
            current_default_thread_limiter().total_tokens = 100

        client.portal.call(hold)
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(10)
        try:
            assert answers == [200]
        finally:
            client.portal.call(free)
            thread.join(10)
