from __future__ import annotations

import time
from pathlib import Path

from hearken.library.lock import WriterLock
from tests.server.serving import client_of, make_library

PLACE = "/api/v1/libraries/small/indexing"


def wait(client) -> dict:
    deadline = time.monotonic() + 20
    while (job := client.get(PLACE).json())["state"] in {"running", "stopping"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def test_new_files_are_indexed_on_request(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    (tmp_path / "Sounds" / "new siren.wav").write_bytes(b"new" * 300)
    with client_of(library) as client:
        assert client.get(PLACE).json()["state"] == "idle"
        started = client.post(PLACE)
        assert (started.status_code, started.json()["state"]) == (202, "running")
        job = wait(client)
        assert (job["state"], job["report"]["indexed"], job["report"]["failed"], job["error"]) == ("done", 1, 1, None)
        assert client.get("/api/v1/libraries/small").json()["num_files"] == 6
        assert client.get("/api/v1/libraries/small").json()["indexing"]["state"] == "done"
        assert client.post(PLACE, json={"retry_failed": True}).status_code == 202
        assert wait(client)["report"]["failed"] == 1
        assert client.delete(PLACE).json()["state"] == "done"


def test_another_process_that_writes_is_told_plainly(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    lock = WriterLock(str(library))
    with client_of(library) as client:
        answer = client.post(PLACE, json={})
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "locked"
        assert "Another process" in answer.json()["error"]["message"]
        assert client.get(PLACE).json()["state"] == "idle"
        lock.release()
        assert client.post(PLACE, json={}).status_code == 202
        assert wait(client)["state"] == "done"


def test_a_library_without_folders_and_wrong_wishes_are_refused(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    with client_of(library, tmp_path / "empty.hearken") as client:
        assert client.post("/api/v1/libraries/empty/indexing").status_code == 422
        assert client.post(PLACE, json={"folder": "/etc"}).status_code == 422
        assert client.post(PLACE, json={"captions": "perhaps"}).status_code == 422
        assert client.post("/api/v1/libraries/none/indexing").status_code == 404
