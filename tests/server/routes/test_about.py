from hearken import __version__
from tests.server.serving import client_of

TOKEN = "correct horse"


def test_what_the_server_is(client):
    told = client.get("/api/v1").json()
    assert (told["name"], told["version"], told["libraries"], told["local"]) == ("hearken", __version__, ["small"], True)
    assert told["limits"]["max_upload_bytes"] == 50_000_000
    assert told["limits"]["max_query_chars"] == 1000
    assert told["features"]["tags"] is True


def test_the_token_is_entered_once(small):
    with client_of(small, token=TOKEN) as client:
        assert client.get("/api/v1").status_code == 401
        wrong = client.post("/api/v1/token", json={"token": "wrong"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "token_needed")
        entered = client.post("/api/v1/token", json={"token": TOKEN})
        assert entered.status_code == 204
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/api/v1").status_code == 200


def test_where_no_token_is_needed_entering_one_does_nothing(client):
    answer = client.post("/api/v1/token", json={"token": "anything"})
    assert (answer.status_code, answer.headers.get("set-cookie")) == (204, None)
    assert client.post("/api/v1/token", json={"token": 1, "more": 2}).status_code == 422
