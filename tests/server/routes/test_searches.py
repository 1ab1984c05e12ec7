from __future__ import annotations

from pathlib import Path

from tests.server.serving import client_of, make_library

PLACE = "/api/v1/libraries/small/searches"


def test_searches_are_kept_replaced_and_forgotten(tmp_path: Path) -> None:
    with client_of(make_library(tmp_path)) as client:
        assert client.get(PLACE).json() == {"searches": []}
        first = client.post(PLACE, json={"name": "Rain", "query": {"q": "rain", "format": ["wav"]}})
        assert first.status_code == 201
        again = client.post(PLACE, json={"name": "Rain", "query": {"q": "heavy rain"}})
        assert again.json()["id"] == first.json()["id"]
        (kept,) = client.get(PLACE).json()["searches"]
        assert (kept["name"], kept["query"]) == ("Rain", {"q": "heavy rain"})
        assert client.delete(f"{PLACE}/{kept['id']}").status_code == 204
        assert client.delete(f"{PLACE}/{kept['id']}").status_code == 404


def test_wrong_searches_are_refused(tmp_path: Path) -> None:
    with client_of(make_library(tmp_path)) as client:
        for body in ({}, {"name": "x"}, {"name": "", "query": {}}, {"name": "x", "query": []}, {"name": "x", "query": {"q": "y" * 20_000}}):
            assert client.post(PLACE, json=body).status_code == 422
        assert client.delete(f"{PLACE}/none").status_code == 404


def test_what_could_not_be_told_again_is_not_kept(tmp_path: Path) -> None:
    """One such search would make the list of all of them fail for ever."""
    deep = '{"a":' * 300 + "1" + "}" * 300
    with client_of(make_library(tmp_path)) as client:
        for query in ('{"q":"\\ud800"}', '{"\\ud800":1}', deep, '{"q":' + "[" * 200 + "]" * 200 + "}"):
            body = f'{{"name":"x","query":{query}}}'
            assert client.post(PLACE, content=body, headers={"Content-Type": "application/json"}).status_code == 422
        assert client.get(PLACE).json() == {"searches": []}
