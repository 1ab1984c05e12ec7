from starlette.testclient import TestClient

from hearken.server.routes import about
from tests.server.serving import ADDRESS, app_of, client_of


def test_every_routes_file_is_mounted(client):
    paths = client.app.openapi()["paths"]
    for part in ("search", "sounds", "folders", "failures", "export", "sounds/{id}/media"):
        assert f"/api/v1/libraries/{{lib}}/{part}" in paths
    assert all(path.startswith("/api/v1") for path in paths)


def test_what_a_route_puts_up_for_closing_is_closed_last_first(small):
    app, closed = app_of(small), []
    with TestClient(app, base_url=ADDRESS):
        app.state.closing += [lambda: closed.append(1), lambda: closed.append(2)]
    assert closed == [2, 1]


def test_an_unexpected_error_is_told_in_the_one_shape(small, monkeypatch):
    monkeypatch.setattr(about, "asdict", lambda _: 1 / 0)
    with client_of(small, raises=False) as client:
        answer = client.get("/api/v1")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
        assert "division" not in answer.text


def test_nothing_is_opened_before_it_runs(tmp_path):
    made = app_of(tmp_path / "absent")
    assert made.title == "Hearken"
    assert not (tmp_path / "absent").exists()
