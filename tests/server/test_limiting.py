import time

import anyio
import pytest

from hearken.server.limiting import BodyLimit, Busy, is_upload
from hearken.server.problems import Refusal
from hearken.server.settings import Ceilings

SCOPE = {"type": "http", "method": "GET", "path": "/api/v1", "headers": [], "query_string": b""}


async def ask(app, scope, messages=()):
    waiting, sent = list(messages), []

    async def receive():
        if waiting:
            return waiting.pop(0)
        await anyio.sleep(30)
        raise AssertionError

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def fine(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})


def test_what_is_too_much_is_told_to_come_again():
    async def work():
        event = anyio.Event()

        async def slow(scope, receive, send):
            await event.wait()
            await fine(scope, receive, send)

        app = Busy(slow, Ceilings(max_requests=2, max_streams=1, max_uploads=1))
        answers = []
        async with anyio.create_task_group() as tasks:

            async def keep(scope):
                answers.append((await ask(app, scope))[0]["status"])

            for _ in range(2):
                tasks.start_soon(keep, SCOPE)
            tasks.start_soon(keep, {**SCOPE, "path": "/api/v1/libraries/a/events"})
            tasks.start_soon(keep, {**SCOPE, "path": "/api/v1/libraries/a/search", "method": "POST"})
            await anyio.sleep(0.05)
            refused = await ask(app, SCOPE)
            assert (refused[0]["status"], dict(refused[0]["headers"])[b"retry-after"]) == (503, b"2")
            assert (await ask(app, {**SCOPE, "path": "/x/events"}))[0]["status"] == 503
            event.set()
        assert answers == [200] * 4
        assert (await ask(app, SCOPE))[0]["status"] == 200

    anyio.run(work)


def test_a_place_is_given_back_after_an_error():
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    app = Busy(broken, Ceilings(max_requests=1))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            anyio.run(ask, app, SCOPE)


@pytest.mark.parametrize(
    ("path", "method", "expected"), [("/a/search", "POST", True), ("/a/search", "GET", False), ("/a/searches", "POST", False)]
)
def test_uploads(path, method, expected):
    assert is_upload({"path": path, "method": method}) is expected


def test_what_nobody_read_is_thrown_away_before_the_answer_ends():
    scope = {**SCOPE, "method": "POST", "headers": [(b"content-length", b"20")]}
    parts = [{"type": "http.request", "body": b"x" * 10, "more_body": more} for more in (True, False)]
    sent = anyio.run(ask, BodyLimit(fine, Ceilings()), scope, parts)
    assert [message.get("more_body") for message in sent[1:]] == [True, None]


@pytest.mark.parametrize("length", [b"11", b"x", b"-1", b"1" * 30])
def test_what_announces_too_much_is_refused(length):
    scope = {**SCOPE, "method": "POST", "headers": [(b"content-length", length)]}
    end = [{"type": "http.disconnect"}]
    assert anyio.run(ask, BodyLimit(fine, Ceilings(max_body_bytes=10)), scope, end)[0]["status"] == 413


@pytest.mark.parametrize("expects", [[], [(b"expect", b"100-continue")]])
def test_a_body_of_unknown_length_is_counted(expects):
    """Whoever sends `Expect: 100-continue` is bound by the limits, too."""

    async def greedy(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await fine(scope, receive, send)

    scope = {**SCOPE, "method": "POST", "headers": [(b"transfer-encoding", b"chunked"), *expects]}
    parts = [{"type": "http.request", "body": b"x" * 10, "more_body": True}] * 3
    with pytest.raises(Refusal) as raised:
        anyio.run(ask, BodyLimit(greedy, Ceilings(max_body_bytes=25)), scope, parts)
    assert raised.value.status_code == 413
    with pytest.raises(Refusal) as raised:
        anyio.run(ask, BodyLimit(greedy, Ceilings(body_timeout_s=0.05)), scope, parts[:1])
    assert raised.value.status_code == 408


def test_a_body_that_nobody_asked_for_is_not_waited_for():
    scope = {**SCOPE, "method": "POST", "headers": [(b"content-length", b"20"), (b"expect", b"100-continue")]}
    begin_s = time.monotonic()
    assert [each.get("more_body") for each in anyio.run(ask, BodyLimit(fine, Ceilings()), scope)[1:]] == [None]
    assert time.monotonic() - begin_s < 1.5
