"""Which endpoints are taken, and that the key shows nowhere."""

from __future__ import annotations

import pytest

from hearken.data.rephrase.endpoint import Endpoint, endpoint_of, is_local
from hearken.errors import EndpointError

KEY = "sk-very-secret-0123456789"
NAMED = {"HEARKEN_LLM_URL": "http://localhost:8080/v1", "HEARKEN_LLM_MODEL": "m", "HEARKEN_LLM_KEY": KEY}


def test_the_environment_names_it_and_options_go_first() -> None:
    found = endpoint_of(environment=NAMED)
    assert (found.base, found.model, found.key) == ("http://localhost:8080/v1", "m", KEY)
    assert found.address == "http://localhost:8080/v1/chat/completions"
    other = endpoint_of("https://llm.example/v1/", "other", environment=NAMED, temperature=0.0, max_tokens=9)
    assert (other.base, other.model, other.parameters) == ("https://llm.example/v1", "other", {"temperature": 0.0, "max_tokens": 9})


def test_the_whole_address_is_understood() -> None:
    assert endpoint_of("https://llm.example/v1/chat/completions", "m", environment={}).base == "https://llm.example/v1"


def test_the_key_shows_nowhere() -> None:
    assert KEY not in repr(endpoint_of(environment=NAMED))
    assert KEY not in str(endpoint_of(environment=NAMED).parameters)


@pytest.mark.parametrize(
    ("base", "model", "message", "hint"),
    [
        ("", "m", "No language model is named", "HEARKEN_LLM_URL"),
        ("http://localhost/v1", "", "not said which model", "HEARKEN_LLM_MODEL"),
        ("http://llm.example/v1", "m", "is not encrypted", "--insecure-http"),
        ("ftp://localhost/v1", "m", "neither http nor https", "http://localhost:8080/v1"),
        ("localhost:8080", "m", "neither http nor https", "http://localhost:8080/v1"),
        ("https://", "m", "neither http nor https", ""),
        ("https://[::1/v1", "m", "is none", ""),
        ("https://host:99999/v1", "m", "is none", ""),
        ("https://me:pw@llm.example/v1", "m", "holds a password", "HEARKEN_LLM_KEY"),
        ("https://llm.example/v1?key=abc", "m", "holds a password, a query", "HEARKEN_LLM_KEY"),
    ],
)
def test_what_is_no_endpoint(base: str, model: str, message: str, hint: str) -> None:
    with pytest.raises(EndpointError, match=message) as caught:
        endpoint_of(base, model, environment={})
    assert hint in caught.value.hint
    assert "pw" not in caught.value.message
    assert "abc" not in caught.value.message


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel-0123456789"])
def test_what_is_no_key_is_not_shown(key: str) -> None:
    with pytest.raises(EndpointError, match="HEARKEN_LLM_KEY holds something that is no key") as caught:
        endpoint_of("http://localhost/v1", "m", environment={"HEARKEN_LLM_KEY": key})
    assert key not in caught.value.message + caught.value.hint


def test_plain_http_elsewhere_must_be_said() -> None:
    assert endpoint_of("http://10.0.0.5:8000/v1", "m", environment={}, insecure=True).base == "http://10.0.0.5:8000/v1"


def test_what_is_local() -> None:
    assert [is_local(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "box.localhost")] == [True] * 5
    assert [is_local(host) for host in ("10.0.0.1", "localhost.example", "0.0.0.0", "llm.example")] == [False] * 4


def test_parameters_that_are_not_given_are_not_sent() -> None:
    assert Endpoint("https://x", "m").parameters == {}
    assert Endpoint("https://x", "m", seed=0).parameters == {"seed": 0}
