import pytest
from starlette.datastructures import Headers

from hearken.server import guard
from tests.server.serving import client_of

TOKEN = "correct horse"


@pytest.fixture(scope="module")
def guarded(small):
    with client_of(small, host="0.0.0.0", token=TOKEN) as client:
        yield client


def test_headers_are_on_every_answer(client):
    for path in ("/", "/none", "/api/v1", "/api/v1/none", "/api/v1/libraries/small/sounds/1/media"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
        assert not any(name.startswith("access-control") for name in headers)
    assert client.get("/api/v1", headers={"Host": "evil.example"}).headers["x-content-type-options"] == "nosniff"


def test_without_the_token_nothing_is_told(guarded, small):
    guarded.cookies.clear()
    for path in ("/api/v1", "/api/v1/openapi.json", "/api/v1/libraries/small/sounds/1/media", "/api/v1/none"):
        answer = guarded.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert set(answer.json()) == {"error"}
    page = guarded.get("/")
    assert (page.status_code, "<form" in page.text) == (401, True)
    assert guarded.get("/assets/x.js").status_code == 401
    for wrong in ("Bearer wrong", "Bearer", "Basic " + TOKEN, TOKEN, "Bearer " + TOKEN + "x"):
        assert guarded.get("/api/v1", headers={"Authorization": wrong}).status_code == 401
    assert guarded.get("/?token=wrong").status_code == 401


def test_the_token_opens(guarded):
    guarded.cookies.clear()
    assert guarded.get("/api/v1", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    entered = guarded.get("/", params={"token": TOKEN, "q": "rain"}, follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/?q=rain")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(entered.headers["set-cookie"].split("; "))
    assert guarded.get("/api/v1").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/api/v1", headers={"Cookie": f"hearken_8642={TOKEN}"}).status_code == 401
    assert guarded.get("/api/v1", headers={"Cookie": f"hearken_8642={guard.cookie_value(TOKEN)}"}).status_code == 200
    assert guarded.get("/api/v1", headers={"Cookie": f'x="; hearken_1={guard.cookie_value(TOKEN)}'}).status_code == 401


def test_a_redirect_stays_here(guarded):
    guarded.cookies.clear()
    answer = guarded.get("//evil.example/", params={"token": TOKEN}, follow_redirects=False)
    assert not answer.headers.get("location", "").startswith("//")


@pytest.mark.parametrize("path", ["/", "//evil.example/", "///evil.example/", "////evil.example/x"])
def test_a_redirect_never_names_a_host(path):
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"token=correct+horse&q=rain", "headers": []}
    answer = guard._token_answer(scope, Headers(scope=scope), TOKEN, 8642)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/" + path.lstrip("/") + "?q=rain"


@pytest.mark.parametrize("origin", ["http://[", "http://]", "http://[x]", "null", "", "//"])
def test_an_origin_that_is_none_is_foreign(client, origin):
    assert client.post("/api/v1/token", json={"token": "x"}, headers={"Origin": origin}).status_code == 403


def test_pages_of_the_server_may_change_things(client):
    for headers in ({}, {"Origin": "http://127.0.0.1:8642", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert client.post("/api/v1/token", json={"token": "x"}, headers=headers).status_code == 204
    assert client.post("/api/v1/token", json={"token": "x"}, headers={"Origin": "http://localhost:8642"}).status_code == 403
