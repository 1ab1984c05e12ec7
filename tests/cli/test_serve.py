import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from hearken.cli import serve
from hearken.errors import InputError
from hearken.server.settings import Settings
from tests.server.serving import make_library

PROGRAM = "import typer\nfrom hearken.cli.serve import serve\nfrom hearken.errors import HearkenError\napp = typer.Typer()\napp.command()(serve)\ntry:\n    app()\nexcept HearkenError as error:\n    raise SystemExit(f'{error.message} {error.hint}')"


def start(*arguments, home):
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    environment = os.environ | {"HEARKEN_HOME": str(home)}
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[2]
    )


def address_of(process):
    line = process.stderr.readline()
    assert line.startswith("Hearken is at http://127.0.0.1:"), line
    return line.split()[-1]


def ask(address):
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read()
        except ConnectionError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")


def test_it_serves_until_it_is_told_to_end(tmp_path):
    with start("--port", 0, home=tmp_path / "home") as process:
        address = address_of(process)
        told = json.loads(ask(address + "api/v1/libraries"))["libraries"]
        assert [(each["name"], each["state"]) for each in told] == [("home", "absent")]
        with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1].strip("/")))):  # an idle one does not keep it
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            rest = process.stderr.read()  # what came with the first line is in its buffer already
        assert process.returncode == 0
        assert "no library yet" in rest
        assert "Traceback" not in rest


def test_answers_on_a_connection_that_stays_open_do_not_wait_for_each_other():
    with serve.listen("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP  # else asyncio leaves TCP_NODELAY off, and each answer takes 40 ms more


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen") as caught:
        serve.listen("127.0.0.1", taken.getsockname()[1])
    assert "--port" in caught.value.hint
    with pytest.raises(InputError, match="no address"):
        serve.listen("no.such.host.invalid", 0)
    with pytest.raises(InputError, match="cannot listen"):
        serve.listen("203.0.113.7", 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "http://127.0.0.1:8642/"), ("::1", "http://[::1]:8642/"), ("0.0.0.0", "http://127.0.0.1:8642/?token=" + "t" * 12)],
)
def test_addresses(host, expected):
    assert serve.page_address(Settings((Path("a"),), host, token="t" * 12 if host == "0.0.0.0" else None)) == expected


def test_what_it_says_when_it_starts(tmp_path):
    library = make_library(tmp_path)
    here = Settings((library,))
    assert len(serve.greeting(here, serve.page_address(here))) == 2
    abroad = Settings((library,), "0.0.0.0", token="t" * 12)
    assert "nothing that is sent is encrypted" in serve.greeting(abroad, "x")[-1]
    absent = Settings((tmp_path / "none",), roots=(tmp_path,))
    assert "start indexing on the page" in serve.greeting(absent, "x")[-1]


def test_open_and_token_are_passed_on(tmp_path, monkeypatch):
    from hearken.server import run

    opened, given = [], []
    monkeypatch.setattr(serve.webbrowser, "open", opened.append)
    monkeypatch.setattr(run, "run", lambda settings, listening, grace_s: given.append(settings))
    serve.serve(
        library=[tmp_path / "a", tmp_path / "a"], root=[tmp_path], host="0.0.0.0", port=0, open_browser=True, allow_host=["nas.local"]
    )
    (settings,) = given
    assert settings.libraries == (tmp_path / "a",)
    assert settings.roots == (tmp_path.resolve(),)
    assert len(settings.token) > 20
    assert opened == [f"http://127.0.0.1:{settings.port}/?token={settings.token}"]
    assert settings.allows_host("nas.local")
    with pytest.raises(InputError, match="no folder"):
        serve.serve(root=[tmp_path / "none"], port=0)
