import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from hearken import errors
from hearken.errors import HearkenError
from hearken.server import problems

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HearkenError)]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_one_shape(kind):
    answer = problems.respond(kind("The file /home/me/my sounds/a.wav\x1b[31m is bad.", "Look at /var/lib/x/y.sqlite."))
    told = json.loads(answer.body)
    assert set(told) == {"error"}
    assert set(told["error"]) == {"code", "message", "hint"}
    assert 400 <= answer.status_code < 600
    assert "/home" not in answer.body.decode()
    assert "/var" not in answer.body.decode()
    assert "\x1b" not in told["error"]["message"]


def test_codes_and_statuses():
    assert len(TREE) > 30
    known = {kind.__name__: (problems.code_of(kind("")), problems.status_of(kind(""))) for kind in TREE}
    assert known["QueryError"] == ("query", 422)
    assert known["LibraryNotFoundError"] == ("library_not_found", 409)
    assert known["DiskFullError"] == ("disk_full", 507)
    assert known["AudioLimitError"] == ("audio_limit", 413)
    assert known["DamagedError"] == ("damaged", 500)
    assert known["MissingExtraError"] == ("missing_extra", 501)


def test_unexpected_errors_tell_nothing():
    answer = problems.respond(RuntimeError("secret /etc/passwd"))
    assert answer.status_code == 500
    assert b"secret" not in answer.body


def test_the_framework_and_parameters():
    assert json.loads(problems.respond(HTTPException(405)).body)["error"]["code"] == "method_not_allowed"
    assert b"Missing boundary" in problems.respond(HTTPException(400, "Missing boundary")).body
    faults = RequestValidationError([{"loc": ("query", "limit"), "msg": "Too large", "type": "x"}])
    assert b"limit: Too large" in problems.respond(faults).body
    assert (
        problems.respond(RequestValidationError([{"loc": ("path", "id"), "msg": "No", "type": "x"}])).body
        == problems.respond(problems.not_found()).body
    )
    busy = problems.respond(problems.problem(503, "Busy.", headers={"Retry-After": "2"}, code="own"))
    assert (busy.headers["retry-after"], json.loads(busy.body)["error"]) == ("2", {"code": "own", "message": "Busy.", "hint": ""})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/b/c.wav is bad", "…/c.wav is bad"),
        ("see https://x.org/a/b and and/or", "see https://x.org/a/b and and/or"),
        ('"/a/b c/d.wav"', '"…/b c/d.wav"'),
        ("at /api", "at /api"),
        ("`hearken index DIR`", "`hearken index DIR`"),
    ],
)
def test_folders_are_left_out(text, expected):
    assert problems.without_folders(text) == expected
