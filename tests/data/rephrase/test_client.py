"""Conversations with a server that answers, stalls, breaks off, refuses and talks nonsense."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest

from hearken.data.rephrase.client import Client, Failed, read_answer
from hearken.data.rephrase.endpoint import Endpoint
from hearken.errors import EndpointError, MissingExtraError
from tests.data.rephrase.standin import KEY, MODEL, StandIn, standing_in

QUERY = "'rain falls'"
MESSAGES = [{"role": "user", "content": QUERY}]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


class Asker:
    """A client of the server, and how long it waited between attempts."""

    def __init__(self, server: StandIn, **options: object) -> None:
        self.waits: list[float] = []
        endpoint = dataclasses.replace(Endpoint(server.base, MODEL, KEY, timeout_s=5.0, attempts=3), **options)
        self.client = Client(endpoint, sleep=self.waits.append)

    def ask(self) -> object:
        return self.client.ask(MESSAGES, "k")


def test_a_good_answer(server: StandIn) -> None:
    record = Asker(server, temperature=0.5, seed=7).ask()
    assert not isinstance(record, Failed)
    assert record["text"].startswith("1. Once more: rain falls.\n2. ")
    assert (record["key"], record["finish_reason"], record["prompt_tokens"]) == ("k", "stop", 3)
    assert record["response"]["object"] == "chat.completion"
    assert server.bodies == [{"model": MODEL, "messages": MESSAGES, "temperature": 0.5, "seed": 7}]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(server: StandIn) -> None:
    Asker(server, key="").ask()
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("status:500", "status_500"),
        ("status:529", "status_529"),
        ("status:408", "status_408"),
        ("truncate", "broken_off"),
        ("reset", "broken_off"),
        ('body:{"choices": [', "no_json"),
        ("body:<html>busy</html>", "no_json"),
        ('body:{"error": {"message": "overloaded"}}', "server_error"),
    ],
)
def test_what_passes_is_tried_again(server: StandIn, fault: str, reason: str) -> None:
    server.fault = lambda number, query: fault if number < 2 else ""
    asker = Asker(server)
    assert not isinstance(asker.ask(), Failed)
    assert asker.waits == [0.5, 1.0]
    server.fault = lambda number, query: fault
    failed = Asker(server).ask()
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.attempts) == (reason, 3)
    assert KEY not in repr(failed)


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("9999999", 120.0), ("soon", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5)])
def test_the_server_says_how_long_to_wait_within_bounds(server: StandIn, asked: str, waited: float) -> None:
    server.fault = lambda number, query: f"status:429:{asked}" if number == 0 else ""
    asker = Asker(server)
    assert not isinstance(asker.ask(), Failed)
    assert asker.waits == [waited]


@pytest.mark.parametrize("fault", ["late:3", "drip"])
def test_timeouts(server: StandIn, fault: str) -> None:
    server.fault = lambda number, query: fault
    failed = Asker(server, timeout_s=0.2, attempts=2).ask()
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.attempts) == ("timeout", 2)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("status:401", r"refuses the key \(401\)"),
        ("status:403", r"forbids this \(403\)"),
        ("status:404", r"knows no such address or model \(404\)"),
        ("status:402", r"wants to be paid \(402\)"),
        ("status:429:insufficient_quota", r"wants to be paid \(429\)"),
        ("moved", "sends us to http://elsewhere.example"),
    ],
)
def test_what_cannot_pass_ends_it_at_once(server: StandIn, fault: str, message: str) -> None:
    server.fault = lambda number, query: fault
    asker = Asker(server)
    with pytest.raises(EndpointError, match=message) as caught:
        asker.ask()
    assert len(server.seen) == 1
    assert asker.waits == []
    assert KEY not in caught.value.message + caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("status:400", "status_400"),
        ("status:413", "status_413"),
        ("body:[]", "wrong_shape"),
        ("body:{}", "wrong_shape"),
        ('body:{"choices": []}', "wrong_shape"),
        ('body:{"choices": [{"message": null}]}', "wrong_shape"),
        ('body:{"choices": [{"message": {"content": 7}}]}', "wrong_shape"),
    ],
)
def test_what_is_wrong_with_one_question_is_not_tried_again(server: StandIn, fault: str, reason: str) -> None:
    server.fault = lambda number, query: fault
    failed = Asker(server).ask()
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.attempts) == (reason, 1)
    assert failed.detail


def test_a_key_that_the_server_repeats_is_blotted_out(server: StandIn) -> None:
    server.answer = lambda query: f"1. the key is {KEY}"
    record = Asker(server).ask()
    assert KEY not in json.dumps(record)
    assert "the key is [key]" in json.dumps(record)


def test_a_server_that_is_not_there() -> None:
    with standing_in() as server:
        base = server.base
    asker = Client(Endpoint(base, MODEL, attempts=2), sleep=lambda seconds: None)
    with pytest.raises(EndpointError, match=r"cannot be reached: .*refused"):
        asker.ask(MESSAGES, "k")


def test_a_server_that_goes_away_fails_one_question_after_the_other() -> None:
    with standing_in() as server:
        client = Client(Endpoint(server.base, MODEL, attempts=2), sleep=lambda seconds: None)
        assert not isinstance(client.ask(MESSAGES, "k"), Failed)
    client._pool.clear()
    failed = client.ask(MESSAGES, "k")
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.attempts) == ("unreachable", 2)


def test_an_answer_without_end_is_cut(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.data.rephrase.client._MAX_BYTES", 50)
    failed = Asker(server).ask()
    assert isinstance(failed, Failed)
    assert failed.reason == "too_large"


def test_proxies_are_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib3

    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert isinstance(Client(Endpoint("https://llm.example/v1", MODEL))._pool, urllib3.ProxyManager)
    assert not isinstance(Client(Endpoint("https://localhost/v1", MODEL))._pool, urllib3.ProxyManager)


def test_without_urllib3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "urllib3", None)
    with pytest.raises(MissingExtraError, match="needs urllib3"):
        Client(Endpoint("https://llm.example/v1", MODEL))


def test_answers_in_parts_refusals_and_missing_counts() -> None:
    def body(message: object, **more: object) -> str:
        return json.dumps({"choices": [{"message": message}], **more})

    parts = read_answer(body({"content": [{"type": "text", "text": "1. a"}, {"type": "image"}, {"type": "text", "text": " b"}]}))
    assert not isinstance(parts, Failed)
    assert (parts["text"], parts["finish_reason"], parts["prompt_tokens"]) == ("1. a b", None, None)
    refused = read_answer(body({"content": None, "refusal": "I'm sorry."}, usage={"prompt_tokens": True, "completion_tokens": -1}))
    assert not isinstance(refused, Failed)
    assert (refused["text"], refused["prompt_tokens"], refused["completion_tokens"]) == ("I'm sorry.", None, None)
    odd = read_answer('{"choices": [{"message": {"content": "a\\ud800b\\u0000"}}]}')
    assert not isinstance(odd, Failed)
    assert odd["text"] == "a?b"
    assert isinstance(read_answer("[" * 100_000), Failed)


def test_who_is_told_to_stop_does_not_try_again(server: StandIn) -> None:
    server.fault = lambda number, query: "status:500"
    failed = Client(Endpoint(server.base, MODEL), sleep=lambda seconds: True).ask(MESSAGES, "k")
    assert isinstance(failed, Failed)
    assert len(server.seen) == 1


@pytest.mark.parametrize("key", ["sk/with/slashes-0123", 'sk"quoted"\\0123456'])
def test_a_key_that_the_server_repeats_in_escapes_is_blotted_out(server: StandIn, key: str) -> None:
    said = "".join(f"\\u{ord(char):04x}" for char in key)
    server.fault = lambda number, query: 'body:{"choices": [{"message": {"content": "1. ' + said + '"}}]}'
    record = Asker(server, key=key).ask()
    assert not isinstance(record, Failed)
    assert record["text"] == "1. [key]"
    assert json.dumps(key)[1:-1] not in json.dumps(record)
