import pytest

from hearken.server.contract import Operation, document, operations


def test_every_operation_documents_its_errors(client):
    made = client.get("/api/v1/openapi.json").json()
    assert made["openapi"].startswith("3.1")
    found = [(path, method, operation) for path, item in made["paths"].items() for method, operation in item.items()]
    assert len(found) > 20
    for path, method, operation in found:
        assert operation["summary"], (path, method)
        for status in ("400", "401", "403", "404", "409", "413", "422", "503", "default"):
            content = operation["responses"][status]["content"]["application/json"]
            assert content["schema"]["$ref"].endswith("/Problem"), (path, method, status)
    assert "HTTPValidationError" not in made["components"]["schemas"]
    assert "HTTPValidationError" not in str(made["paths"])


def test_what_it_declares_is_what_is_taken(client):
    made = operations(document(client.app))
    assert all(isinstance(each, Operation) for each in made)
    (search,) = [each for each in made if each.pattern.match("/api/v1/libraries/small/search")]
    assert set(search.methods) == {"GET", "HEAD", "POST"}
    assert {"q", "like", "not", "limit", "rate_hz"} <= search.methods["GET"]
    assert "q" not in search.methods["POST"]
    events = [each for each in made if each.pattern.match("/api/v1/libraries/small/events")]
    assert all("HEAD" not in each.methods for each in events)


@pytest.mark.parametrize(
    "target", ["/api/v1?x=1", "/api/v1/libraries?limit=1", "/api/v1/libraries/small?", "/api/v1/libraries/small/search?q=a&Q=b"]
)
def test_undeclared_parameters(client, target):
    assert client.get(target).status_code == (200 if target.endswith("?") else 422)


def test_methods(client):
    answer = client.put("/api/v1/libraries/small/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert client.options("/api/v1/libraries").headers["allow"] == "GET, HEAD"
    assert client.head("/api/v1/libraries/small").status_code == 200
    assert client.get("/api/v1/").status_code == 404
    assert client.get("/api/v1x").status_code == 404
