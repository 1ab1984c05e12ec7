"""Faults of the server (H4): every operation of the OpenAPI document, asked as it says and as it does not say, through a socket.

`HEARKEN_SCHEMA_EXAMPLES=200` asks for that many examples of each kind and operation; a few are asked for otherwise.
"""

from __future__ import annotations

import io
import json
import os
import wave
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import requests
import schemathesis.openapi
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from hearken.audio.sounds import synthesise
from hearken.audio.synth import RATE_HZ, save_wav
from hearken.search.library import Library
from hearken.server.contract import PREFIX, document
from tests.fakes import BYTES_PER_SECOND, fake_result
from tests.server.serving import FakeModel, app_of, listening

NUM_EXAMPLES = int(os.environ.get("HEARKEN_SCHEMA_EXAMPLES", "4"))
TAGS = ("about", "collections", "export", "indexing", "libraries", "map", "media", "notes", "search", "searches", "sounds")
SOUNDS = ("dog_bark", "church_bell", "rain", "siren")
LENGTH_S = 1.5
FINE = {200, 201, 202, 204, 206, 304, 400, 404, 405, 409, 413, 415, 416, 422, 503}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # Starlette leaves a part of a form that is cut off to the garbage collector
)


class HearingModel(FakeModel):
    """The fake model, for sounds that can be decoded: each lasts as long as it says."""

    def _embed(self, path):
        return fake_result(path, Path(path).read_bytes()[: int(LENGTH_S * BYTES_PER_SECOND)], self.dim)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server over a library of imitated sounds, with a favourite, a note and a saved search."""
    folder = tmp_path_factory.mktemp("schema")
    for name in SOUNDS:
        path = folder / "Sounds" / name[0] / f"{name} 48k.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_wav(path, synthesise(name)[: int(LENGTH_S * RATE_HZ)])
    with Library(folder / "small.hearken", HearingModel()) as made:
        made.index(folder / "Sounds", jobs=1)
    library = folder / "small.hearken"
    with listening(library) as port, requests.Session() as session:
        session.trust_env = False
        base = f"http://127.0.0.1:{port}"
        here = f"{base}{PREFIX}/libraries/small"
        session.post(f"{here}/collections/1/items", json={"id": 1, "start_s": 0.5, "end_s": 1.0}).raise_for_status()
        session.post(f"{here}/collections", json={"name": "Second"}).raise_for_status()
        session.put(f"{here}/sounds/2/note", json={"text": "loud"}).raise_for_status()
        session.post(f"{here}/searches", json={"name": "dogs", "query": {"q": "dog"}}).raise_for_status()
        schema = schemathesis.openapi.from_dict(document(app_of(library)))
        schema.config.update(base_url=base)
        schema.config.max_stream_events = 1
        yield SimpleNamespace(session=session, schema=schema, base=base)


def operations_of(place, tag):
    """The operations with a tag; those without any are `about`."""
    found = [result.ok() for result in place.schema.get_all_operations()]
    return [each for each in found if (each.tags or ["about"])[0] == tag]


def test_fault_H4_no_operation_is_left_out(place):
    found = [result.ok() for result in place.schema.get_all_operations()]
    assert {(each.tags or ["about"])[0] for each in found} == set(TAGS)
    assert len(found) > 30


def ask(place, operation, cases, *more):
    """Ask for examples of `cases`, and check every answer."""

    @settings(
        max_examples=1 if operation.path.endswith("/events") else NUM_EXAMPLES,
        database=None,
        derandomize="HEARKEN_SCHEMA_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def asking(case):
        answer = case.call(session=place.session)
        case.validate_response(answer, checks=[*CHECKS, *more])
        assert answer.status_code in FINE, (answer.status_code, answer.content[:300])
        if answer.status_code >= 400:
            told = json.loads(answer.content)
            assert set(told) == {"error"}
            assert set(told["error"]) == {"code", "message", "hint"}
            assert answer.status_code != 503 or "retry-after" in answer.headers
            assert "Traceback" not in told["error"]["message"]

    asking()


PATHS = {"lib": st.just("small"), "id": st.integers(1, len(SOUNDS)), "cid": st.integers(1, 3), "sid": st.integers(1, 3)}
"""Values that lead somewhere: what is asked of a sound that is there goes further than a 404."""
STRETCH = st.fixed_dictionaries({"start_s": st.floats(0, LENGTH_S), "end_s": st.floats(0.1, 2 * LENGTH_S)})
QUERIES = {
    "GET /search": st.fixed_dictionaries(
        {"q": st.sampled_from(["dog", "rain without thunder", "a bell, then a dog"]) | st.text(min_size=1)}
    ),
    "GET /sounds/{id}/excerpt": STRETCH,
    "GET /sounds/{id}/peaks": STRETCH,
    "GET /sounds/{id}/spectrogram": STRETCH,
    "DELETE /collections/{cid}/items": st.sampled_from([{"id": 1}, {"item": 1}]),
}


def a_wav():
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        made.writeframes(b"\0\x10\0\xf0" * 2_000)
    return file.getvalue()


BODIES = {
    "POST /search": st.sampled_from([{"sound": a_wav()}, {"sound": a_wav()[:-5_000]}, {"sound": b"RIFF"}]),
    "POST /collections/{cid}/items": st.fixed_dictionaries(
        {"id": PATHS["id"]}, optional={"start_s": st.just(0.25), "end_s": st.floats(0.3, 9)}
    ),
    "POST /export": st.fixed_dictionaries(
        {
            "format": st.sampled_from(["csv", "json", "m3u", "labels", "raven", "zip"]),
            "items": st.lists(st.fixed_dictionaries({"id": PATHS["id"]}, optional={"score": st.floats(-1, 1)}), min_size=1, max_size=5),
        },
        optional={"pad_s": st.floats(0, 60)},
    ),
}
"""Queries and bodies that make sense, of operations whose document cannot say what does."""


def sensible(operation):
    """Cases with a path that leads somewhere, and a query or a body that makes sense where that is told above."""
    label = operation.label.replace(f"{PREFIX}/libraries/{{lib}}", "")
    fixed = {"path_parameters": st.fixed_dictionaries({each.name: PATHS[each.name] for each in operation.path_parameters})}
    fixed |= {"query": QUERIES[label]} if label in QUERIES else {}
    fixed |= {"body": BODIES[label]} if label in BODIES else {}
    return st.fixed_dictionaries(fixed).flatmap(lambda given: operation.as_strategy(GenerationMode.POSITIVE, **given))


def allowed(operation):
    """Cases that the document allows; most of them are sensible."""
    return st.integers(0, 3).flatmap(lambda which: sensible(operation) if which else operation.as_strategy(GenerationMode.POSITIVE))


def wrong(operation):
    """Cases with a query or a body that the document does not allow, on a path that leads somewhere."""
    paths = st.fixed_dictionaries({each.name: PATHS[each.name] for each in operation.path_parameters})
    return paths.flatmap(lambda path: operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=path))


@pytest.mark.parametrize("tag", TAGS)
def test_fault_H4_what_the_document_allows_is_answered_as_it_says(place, tag):
    for operation in operations_of(place, tag):
        ask(place, operation, allowed(operation))


@pytest.mark.parametrize("tag", TAGS)
def test_fault_H4_what_it_does_not_allow_is_refused(place, tag):
    for operation in operations_of(place, tag):
        if operation.query or operation.body:  # a path has no wrong values, just such as lead nowhere: H1
            ask(place, operation, wrong(operation), checks.negative_data_rejection)


@pytest.mark.parametrize("tag", TAGS)
def test_fault_H4_parameters_that_nobody_declared_are_refused(place, tag):
    for operation in operations_of(place, tag):
        path = operation.path.format(lib="small", id=1, cid=1, sid=1)
        answer = place.session.request(operation.method, place.base + path, params={"undeclared": "1"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid"), operation.label
        assert "undeclared" in answer.json()["error"]["message"]
